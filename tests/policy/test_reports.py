"""What a report holds is data: every name of a form leads somewhere, every code is of its table."""

from datetime import date

import pytest

from policy.small import FILES, as_bytes, changed, opened, small
from qianhai.policy import check_pack, period_of
from qianhai.policy.reporting import general_form

FORM = "loan_report.yaml"
CODES = "berths.yaml"
PIER = "pier_loan.facility.yaml"

REST = "optional: true, zh: 泊位"
BERTH = f"of: [berth], {REST}"
HARBOUR = "of: [berth], optional: true, zh: 港"

#: What is changed into what, the code of the mistake and a word of its message.
BREAKS = [
    (FORM, "id: loan_report", "id: lone_report", "P401", "`loan_report`"),
    (FORM, "id: loan_report", "id: lone_report", "P021", "file begins"),
    (FORM, "of: [borrower]", "of: [lender]", "P413", "`pier_loan.draw` owes this report"),
    (FORM, "of: [is_sound], optional: true", "of: [on_fil]", "P413", "`sound`"),
    (FORM, "of: [is_sound], optional: true", "of: [rate], optional: true", "P414", "type rate"),
    (FORM, "of: [is_sound], optional: true", "optional: true", "P414", "needs more"),
    (FORM, "{from: id, zh", "{from: idd, zh", "P012", "`id`"),
    (FORM, "{from: id, zh", "{from: amount, type: money, zh", "P414", "under `lines`"),
    (FORM, "{from: amount, type: money", "{from: amount, type: text", "P414", "type: money"),
    (FORM, "{from: amount, type: money", "{from: constant, type: money", "P414", "an amount"),
    (FORM, "counts: money", "counts: none", "P414", "lines"),
    (FORM, "of: [nostro]", "of: [nostr]", "P401", "`nostro`"),
    (FORM, "else: moved", "other: moved", "P414", "needs more"),
    (FORM, "table: berths", "table: berth", "P401", "`berths`"),
    (FORM, "codes: berths", "codes: berth", "P401", "`berths`"),
    (FORM, "table: berths, of: [berth]", "of: [berth]", "P414", "needs more"),
    (FORM, "{from: group, of: [berth]", "{from: group, of: [side]", "P414", "of a code"),
    (FORM, "{from: group, of: [berth]", "{from: group, of: [harbour]", "P401", "harbour"),
    (FORM, "by: [side, berth]", "by: [side, bert]", "P401", "`berth`"),
    (FORM, "document: contract", "document: contrct", "P401", "`contract`"),
    (FORM, "facts:\n  berth: {type: text", "facts:\n  berth: {type: list", "P414", "plain value"),
    (FORM, "  berth: {type: text", "  use: {type: text", "P414", "column of pier_loan"),
    (FORM, "  side: {from", "  borrower: {from", "P414", "stands twice"),
    (FORM, BERTH, "of: [berth], implied: {pier_loan.draw: A90}, " + REST,
     "P414", "for sure"),
    (FORM, BERTH, "of: [berth], implied: {pier_loan.drew: A01}, " + REST,
     "P401", "`pier_loan.draw`"),
    (FORM, BERTH, "of: [berth], unless: [pier_loan.drew], " + REST,
     "P401", "`pier_loan.draw`"),
    (FORM, HARBOUR, "of: [berth], only: {sid: [lent]}, optional: true, zh: 港",
     "P401", "`side`"),
    (FORM, "period: month", "period: week", "P012", "'month'"),
    (FORM, "facts:\n", "facts:\n  kind: {type: text, zh: 类, en: kind}\n", "P414", "every input"),
    (CODES, "confidence: memory-unsure", "confidence: guess", "P012", "'page'"),
    (CODES, 'pattern: "[A-Z][0-9]{2}"', 'pattern: "[A-Z"', "P416", "no pattern"),
    (CODES, "{code: A90", "{code: 90A", "P416", "one capital"),
    (CODES, ", to: 2030-05-31}", "}", "P416", "twice"),
    (CODES, "id: berths", "id: births", "P021", "file begins"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "code", "word"), BREAKS)
def test_a_form_that_does_not_fit_the_pack_is_told_with_its_place(
    file: str, old: str, new: str, code: str, word: str
) -> None:
    differences = check_pack(as_bytes(changed(file, old, new))).differences
    found = [flaw for flaw in differences if flaw.code == code and word in flaw.en]
    assert found, [str(flaw) for flaw in differences]
    assert all(flaw.place.line and flaw.zh.endswith(("。", "）")) for flaw in found)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (FORM, "period: month", "period: week"),
        (CODES, "confidence: memory-unsure", "confidence: x"),
    ],
)
def test_who_rests_on_a_file_that_cannot_be_read_is_not_told_it_is_unknown(
    file: str, old: str, new: str
) -> None:
    differences = check_pack(as_bytes(changed(file, old, new))).differences
    assert {flaw.code for flaw in differences} == {"P012"}


def test_two_forms_that_ask_the_same_ask_it_in_the_same_words() -> None:
    name = next(one for one in FILES if one.endswith(FORM))
    other = (
        FILES[name].replace("id: loan_report", "id: other_report").replace("en: berth}", "en: bed}")
    )
    words = next(one for one in FILES if one.endswith("vocabulary/reports.yaml"))
    files = {
        **FILES,
        "reports/other_report.yaml": other,
        words: FILES[words] + "other_report: {zh: 另报, en: other}\n",
    }
    assert "P414" in {flaw.code for flaw in check_pack(as_bytes(files)).differences}


def test_a_report_without_a_form_holds_what_its_business_says() -> None:
    files = {name: text for name, text in FILES.items() if not name.endswith(FORM)}
    assert check_pack(as_bytes(files)).differences == ()
    form = opened(files).pack.form("loan_report")
    business = ["instruction", "business", "facility", "action", "value_date"]
    stated = ["is_sound", "use", "due_on", "amount.amount", "amount.currency", "back", "rate"]
    assert list(form.fields) == [*business, "borrower", "bank", *stated, "paper"]
    kinds = {name: form.fields[name].type for name in ("is_sound", "use", "due_on", "rate", "back")}
    assert list(kinds.values()) == ["boolean", "text", "date", "number", "money"]
    assert form.fields["use"].zh == "用途"
    assert (form.counts, form.line_of("amount")) == ("money", "leg.amount")
    assert opened(files).report_facts == {"pier_loan": {}}


def test_one_name_of_two_types_is_a_text_and_without_legs_records_are_counted() -> None:
    (pier,) = small().pack.facilities.values()
    still = pier.model_copy(
        update={
            "facts": {"paper": pier.facts["paper"].model_copy(update={"type": "integer"})},
            "actions": {"note": pier.actions["draw"].model_copy(update={"legs": ()})},
        }
    )
    assert general_form("x", [still]).counts == "none"
    assert general_form("x", [still]).fields["paper"].type == "integer"
    assert general_form("x", [pier, still]).fields["paper"].type == "text"


def test_a_table_knows_a_code_on_its_days_and_a_doubtful_one_proves_nothing() -> None:
    table = small().pack.codes["berths"]
    days = [date(2028, 12, 31), date(2029, 1, 1), date(2030, 5, 31), date(2030, 6, 1)]
    told = [found.en if (found := table.on("A01", day)) else None for day in days]
    assert told == [None, "first berth", "first berth", "first berth, rebuilt"]
    assert [table.is_sure(code, days[3]) for code in ("A01", "A90", "B07")] == [True, False, False]
    assert [table.group(code) for code in ("A01", "A90", "B07")] == ["A", "A9", None]
    assert [table.fits(code) for code in ("B07", "B7", "b07", "B077")] == [
        True,
        False,
        False,
        False,
    ]


def test_what_a_report_asks_of_the_sender_belongs_to_the_facilities_that_owe_it() -> None:
    assert {name: list(facts) for name, facts in small().report_facts.items()} == {
        "pier_loan": ["berth"]
    }


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (date(2023, 1, 1), ["2023-01", "2023-Q1", "2023"]),
        (date(2023, 3, 31), ["2023-03", "2023-Q1", "2023"]),
        (date(2023, 4, 1), ["2023-04", "2023-Q2", "2023"]),
        (date(2023, 12, 31), ["2023-12", "2023-Q4", "2023"]),
    ],
)
def test_a_day_falls_into_one_month_quarter_and_year(day: date, found: list[str]) -> None:
    assert [period_of("month", day), period_of("quarter", day), period_of("year", day)] == found
