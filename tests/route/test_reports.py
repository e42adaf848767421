"""Records are filled in with the decision, corrected by new versions, and returned to the cent."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import psycopg
import pytest

from qianhai import journal
from qianhai.db import Database
from qianhai.instructions import Instruction, Records, amount_of
from qianhai.instructions.interpret import declared_facts
from qianhai.kernel import BadInput, Outcome, Place
from qianhai.policy import bundled, open_policy, read_facts
from qianhai.registers import erase
from route import tampering
from route.desk import DAY, Desk, make_desk, plan_files
from route.filing import correct, cover, records, returned, versions
from route.test_personal_business import FACTS as REMITTED
from route.test_personal_business import WHO as PERSONS
from route.umbrella import FACILITY, FACTS, everyone, keep, keeping

BOP = "bop_declaration"


def coded(desk: Desk, number: str, amount: str, **more: str) -> Instruction:
    """A deposit whose sender states what only the report asks for."""
    said = {**FACTS, "fee.amount": amount, **more}
    facts, flaws = read_facts(declared_facts(desk.road.policy, FACILITY), said.items(), Place)
    assert not flaws, flaws
    return replace(keeping(desk, number, amount), facts=facts)


@pytest.fixture
def kept(desk: Desk) -> Desk:
    desk.register(*everyone())
    for number, amount, more in (
        ("a1", "10.00", {"bop_code": "121010"}),
        ("a2", "3.07", {"bop_code": "622011"}),
        ("a3", "0.01", {"bop_code": "225021"}),
        ("a4", "5.00", {}),
    ):
        answer = desk.road.submit(coded(desk, number, amount, **more), at=desk.now())
        assert answer.decision.outcome is Outcome.PERMITTED, answer.decision
    return desk


def line(desk: Desk, number: str) -> Mapping[str, str | None]:
    (version,) = versions(desk, number, BOP)
    assert version.record is not None
    (found,) = version.record.lines
    return found


def test_a_record_says_what_the_leg_was_and_the_code_its_sender_stated(kept: Desk) -> None:
    (version,) = versions(kept, "a1", BOP)
    assert version.record is not None
    assert dict(version.record.fields) == {
        "instruction": "a1",
        "business": "a1",
        "facility": FACILITY,
        "action": "keep",
        "value_date": "2025-06-30",
    }
    assert dict(line(kept, "a1")) == {
        "item": "fee",
        "direction": "payment",
        "amount": "10.00",
        "currency": "CNY",
        "declarant": "firm",
        "counterparty": None,
        "counterparty_area": None,
        "code": "121010",
        "code_group": "1",
    }
    assert (version.version, version.period, version.actor) == (1, "2025-06", "")


def test_a_code_that_is_not_given_is_missing_and_one_that_is_not_sure_is_told(kept: Desk) -> None:
    told = {}
    for number in ("a1", "a2", "a3", "a4"):
        (version,) = versions(kept, number, BOP)
        assert version.record is not None
        told[number] = list(version.record.missing), list(version.record.unproven)
    nobody = ["lines.1.counterparty"]
    assert told == {
        "a1": (nobody, []),
        "a2": (nobody, ["lines.1.code"]),
        "a3": (nobody, ["lines.1.code"]),
        "a4": ([*nobody, "lines.1.code"], []),
    }
    assert [line(kept, one)["code_group"] for one in ("a2", "a3", "a4")] == ["6", "2", None]


def test_a_refusal_and_a_retry_leave_no_record(kept: Desk) -> None:
    assert keep(kept, "b1", "9999.00").decision.outcome is Outcome.REFUSED
    assert versions(kept, "b1", BOP) == []
    again = kept.road.submit(coded(kept, "a1", "10.00", bop_code="121010"), at=kept.now())
    assert again.is_repeat
    assert len(versions(kept, "a1", BOP)) == 1


def test_a_correction_is_a_version_with_who_when_and_why_and_the_old_one_stays(kept: Desk) -> None:
    before = versions(kept, "a4", BOP)
    with kept.database.transaction() as conn:
        correct(kept, conn, "a4", BOP, {"code": "228021", "lines.1.counterparty": "overseas"})
    first, second = versions(kept, "a4", BOP)
    assert [first] == before
    assert (second.version, second.actor, second.reason) == (2, "lin", "the client said so")
    assert second.created_at > first.created_at
    assert second.record is not None
    assert (second.record.missing, second.record.unproven) == (("lines.1.counterparty_area",), ())
    (now,) = second.record.lines
    assert (now["code"], now["code_group"], now["amount"]) == ("228021", "2", "5.00")
    with kept.database.transaction() as conn:
        assert list(journal.verify(conn)) == []
        (said,) = conn.execute(
            "select subject, body from journal.entries where kind = 'report.corrected'"
        ).fetchall()
    assert said[0] == "a4"
    assert '"version":2' in said[1]


@pytest.mark.parametrize(
    ("number", "kind", "stated", "why", "codes"),
    [
        ("a1", BOP, {"code": "12101"}, "x", ["I030"]),
        ("a1", "nra_return", {"code": "121010"}, "x", ["I031"]),
        ("zz", BOP, {"code": "121010"}, "x", ["I031"]),
        ("a1", BOP, {"cod": "121010", "lines.2.code": "121010"}, "x", ["I032", "I032"]),
        ("a1", BOP, {"instruction": "a9", "code_group": "2"}, "x", ["I033", "I033"]),
        ("a1", BOP, {"code": "121010"}, "x", ["I034"]),
        ("a1", BOP, {"code": "121020"}, " ", ["I035"]),
        ("a1", BOP, {"amount": "1.001"}, "x", ["F005"]),
        ("a1", BOP, {"amount": "-1.00", "currency": "RMB"}, "x", ["F003", "F003"]),
    ],
)
def test_a_correction_that_cannot_stand_says_why_and_leaves_nothing(
    kept: Desk, number: str, kind: str, stated: dict[str, str], why: str, codes: list[str]
) -> None:
    with pytest.raises(BadInput) as raised, kept.database.transaction() as conn:
        records(kept).correct(conn, number, kind, stated, why=why, by="lin", at=kept.now())
    assert [flaw.code for flaw in raised.value.flaws] == codes
    assert all(flaw.zh and flaw.en for flaw in raised.value.flaws)
    assert len(versions(kept, "a1", BOP)) == 1


def test_an_amount_is_read_in_the_currency_that_is_stated_with_it(kept: Desk) -> None:
    with kept.database.transaction() as conn:
        correct(kept, conn, "a1", BOP, {"amount": "12", "currency": "KWD"})
    record = versions(kept, "a1", BOP)[-1].record
    assert record is not None
    assert (record.lines[0]["amount"], record.lines[0]["currency"]) == ("12.000", "KWD")


@pytest.mark.parametrize(
    ("version", "period", "actor"),
    [(3, "2025-06", "lin"), (2, "2025-07", "lin"), (2, "2025-06", None), (1, "2025-06", "lin")],
)
def test_the_database_itself_refuses_a_version_out_of_turn(
    kept: Desk, version: int, period: str, actor: str | None
) -> None:
    with pytest.raises(psycopg.errors.IntegrityError), kept.database.transaction() as conn:
        conn.execute(
            "insert into instructions.reports (institution_id, instruction_id, kind, version,"
            " period, fields, created_at, actor, reason, salt)"
            " values ('local', 'a1', %s, %s, %s, '{}', now(), %s, 'x', '')",
            (BOP, version, period, actor),
        )


@pytest.mark.parametrize("change", ["fields = '{}'", "period = '2025-07'"])
def test_a_record_changed_behind_the_journal_is_found_and_named(kept: Desk, change: str) -> None:
    with pytest.raises(psycopg.Error), kept.database.transaction() as conn:
        conn.execute(f"update instructions.reports set {change}".encode())  # noqa: S608 - ours
    with kept.database.transaction(rollback=True) as conn:
        tampering.silence_triggers(conn)
        conn.execute(
            f"update instructions.reports set {change} where instruction_id = 'a2'".encode()  # noqa: S608 - ours
        )
        found = list(journal.verify(conn))
    assert {flaw.place.file for flaw in found} == {"instructions.reports"}
    assert all('"a2"' in (flaw.place.column or "") for flaw in found)


def test_what_was_sent_may_be_noted(kept: Desk) -> None:
    with kept.database.transaction() as conn:
        conn.execute("update instructions.reports set sent_at = now(), attempts = 1")
        assert list(journal.verify(conn)) == []


def test_a_return_sums_the_latest_records_and_the_ledger_says_the_same(kept: Desk) -> None:
    with kept.database.transaction() as conn:
        correct(kept, conn, "a4", BOP, {"code": "121010"})
    made = returned(kept, BOP)
    assert {
        key: (count, str(amount_of(total.amount, "CNY")))
        for key, (count, total) in made.rows.items()
    } == {
        ("payment", "1", "121010", "", "CNY"): (2, "15.00"),
        ("payment", "2", "225021", "", "CNY"): (1, "0.01"),
        ("payment", "6", "622011", "", "CNY"): (1, "3.07"),
    }
    assert made.is_proven
    assert dict(made.reported) == dict(made.booked)
    assert (made.records, made.corrected, made.incomplete, made.unproven) == (4, 1, 4, 2)
    assert str(amount_of(made.booked["CNY", "payment"].amount, "CNY")) == "18.08"
    assert returned(kept, BOP, "2025-07").records == 0


def test_a_record_that_says_a_cent_more_than_the_ledger_is_told(kept: Desk) -> None:
    with kept.database.transaction() as conn:
        correct(kept, conn, "a2", BOP, {"amount": "3.08"})
    made = returned(kept, BOP)
    (found,) = made.differences
    assert (made.is_proven, made.differing) == (False, 1)
    assert (found.instruction_id, found.what, found.currency, found.side) == (
        "a2",
        "amount",
        "CNY",
        "payment",
    )
    assert found.reported.amount - found.booked.amount == 10**6


def test_a_record_on_the_wrong_side_is_told_on_both(kept: Desk) -> None:
    with kept.database.transaction() as conn:
        correct(kept, conn, "a1", BOP, {"direction": "receipt"})
    sides = {
        (one.side, one.reported.amount, one.booked.amount)
        for one in returned(kept, BOP).differences
    }
    assert sides == {("receipt", 10**9, 0), ("payment", 0, 10**9)}


def test_a_record_that_is_gone_and_one_that_nothing_owes_are_told(kept: Desk) -> None:
    with kept.database.transaction() as conn:
        tampering.silence_triggers(conn)
        conn.execute("delete from instructions.reports where instruction_id = 'a1'")
        conn.execute(
            "update instructions.decisions set outcome = 'ordinary' where instruction_id = 'a2'"
        )
    told = {(one.instruction_id, one.what) for one in returned(kept, BOP).differences}
    assert told == {("a1", "no_record"), ("a2", "not_owed")}


def test_a_column_writes_its_records_in_one_block(desk: Desk) -> None:
    desk.register(*everyone())
    asked = [coded(desk, f"c{at:02}", "0.01", bop_code="121010") for at in range(40)]
    list(desk.road.submit_many(asked, now=desk.now))
    with desk.database.transaction() as conn:
        rows = conn.execute(
            "select count(*), count(distinct block), count(block) from instructions.reports"
        ).fetchone()
        assert list(journal.verify(conn)) == []
    assert rows == (40, 1, 40)
    made = returned(desk, BOP)
    assert made.is_proven
    assert made.rows["payment", "1", "121010", "", "CNY"][0] == 40
    with desk.database.transaction() as conn:
        correct(desk, conn, "c07", BOP, {"code": "121020"})
    with desk.database.transaction() as conn:
        assert list(journal.verify(conn)) == []


@pytest.fixture
def remitted(desk: Desk) -> Desk:
    party = {"kind": "party", "jurisdiction": "CN", "area": "original"}
    desk.register(
        {**party, "id": "person-1", "type": "person", "name": "陈大文"},
        {**party, "id": "aunt", "type": "person", "name": "李小明", "jurisdiction": "HK"},
        {**party, "id": "bank-1", "type": "bank", "name": "某银行"},
        {"kind": "qualification", "party": "bank-1", "name": "procedure_60"},
        {
            "kind": "account",
            "number": "6200009",
            "party": "person-1",
            "bank": "bank-1",
            "currency": "CNY",
            "account_kind": "settlement",
            "opening_balance": "100000.00",
        },
    )
    answer = desk.submit("p1", "personal_rmb_on_id", "remit", PERSONS, REMITTED)
    assert answer.decision.outcome is Outcome.PERMITTED, answer.decision.reasons
    with desk.database.transaction() as conn:
        correct(desk, conn, "p1", BOP, {"code": "421010"})
    return desk


def test_a_persons_record_and_the_reason_of_its_correction_rest_sealed(remitted: Desk) -> None:
    with remitted.database.transaction() as conn:
        rows = conn.execute("select fields, reason from instructions.reports").fetchall()
    texts = [text for row in rows for text in row if text is not None]
    assert len(texts) == 5, "three records, a correction and its reason"
    assert all(text.startswith("sealed:") for text in texts)
    first, second = versions(remitted, "p1", BOP)
    assert second.reason == "the client said so"
    assert first.record is not None
    assert first.record.lines[0]["counterparty_area"] == "HK"


def test_an_erased_persons_record_is_counted_apart_and_the_return_still_agrees(
    remitted: Desk,
) -> None:
    with remitted.database.transaction() as conn:
        assert erase(
            conn,
            "person-1",
            institution_id="local",
            reason="asked for by the subject",
            by="test",
            at=remitted.now(),
            salts=lambda: remitted.admission.salts(16),
        )
    assert [one.record for one in versions(remitted, "p1", BOP)] == [None, None]
    made = returned(remitted, BOP)
    assert (made.records, made.unreadable, made.rows, made.is_proven) == (1, 1, {}, True)
    assert made.erased == made.booked
    with pytest.raises(BadInput, match="I036"), remitted.database.transaction() as conn:
        correct(remitted, conn, "p1", BOP, {"code": "421990"})


def test_a_report_without_a_form_says_what_the_business_says_and_is_proven_as_well(
    database: Database,
) -> None:
    files = {
        name: raw
        for name, raw in plan_files().items()
        if not name.startswith(("reports/", "codes/"))
    }
    desk = make_desk(database, open_policy(files), pack_files=bundled(files))
    desk.register(*everyone())
    assert keep(desk, "a1").decision.outcome is Outcome.PERMITTED
    now = Records(open_policy(plan_files()), "local", cover(), bytes)
    with database.transaction() as conn:
        (version,) = now.of(conn, "a1")
    assert version.record is not None
    fields, (leg,) = version.record.fields, version.record.lines
    assert (fields["instruction"], fields["keeper"], fields["is_dry"]) == ("a1", "firm", "true")
    assert "back" not in fields, "what was not said is left out, and not told as missing"
    assert version.record.missing == ()
    assert (leg["leg.amount"], leg["leg.payer"], leg["leg.to_kind"]) == ("30.00", "firm", "nostro")
    made = returned(desk, BOP)
    assert made.is_proven
    assert made.rows[FACILITY, "keep", "CNY"][0] == 1
    with desk.database.transaction() as conn:
        correct(desk, conn, "a1", BOP, {"leg.amount": "30.01", "is_dry": "false"})
    assert [one.what for one in returned(desk, BOP).differences] == ["amount"]


def test_a_code_of_goods_trade_asks_for_the_goods_fields_and_another_does_not(
    remitted: Desk,
) -> None:
    kind = "rmb_cross_border_report"
    (first,) = versions(remitted, "p1", kind)
    assert first.record is not None
    assert first.record.missing == ("lines.1.code",)
    with remitted.database.transaction() as conn:
        correct(remitted, conn, "p1", kind, {"code": "121010", "lines.1.customs_amount": "9.00"})
        correct(remitted, conn, "p1", kind, {"code": "421010"})
    _, goods, gift = versions(remitted, "p1", kind)
    assert goods.record is not None
    assert gift.record is not None
    assert goods.record.missing == ("lines.1.prepaid_amount", "lines.1.resale_amount")
    assert goods.record.lines[0]["customs_amount"] == "9.00"
    assert gift.record.missing == ()
    assert "customs_amount" not in gift.record.lines[0]


def test_two_who_correct_one_record_at_once_get_a_version_each(kept: Desk) -> None:
    begin = Barrier(2)

    def state(code: str) -> int:
        begin.wait()
        with kept.database.transaction() as conn:
            return correct(kept, conn, "a1", BOP, {"code": code}).version

    with ThreadPoolExecutor(2) as both:
        numbers = sorted(both.map(state, ["121020", "121030"]))
    assert numbers == [2, 3]
    with kept.database.transaction() as conn:
        assert list(journal.verify(conn)) == []


@pytest.fixture
def lending(desk: Desk) -> Callable[..., None]:
    """Lend to a party abroad, and have what was lent come back."""
    party = {"kind": "party", "type": "enterprise", "jurisdiction": "CN", "area": "original"}
    abroad = {**party, "id": "abroad", "jurisdiction": "SG", "area": "", "name": "某外企"}
    money = {"value.amount": "1000.00", "value.currency": "CNY"}
    account = {"kind": "account", "number": "62", "bank": "bank-1", "currency": "CNY"}
    desk.register(
        {**party, "id": "firm", "name": "某公司"},
        {**party, "id": "bank-1", "type": "bank", "name": "某银行"},
        abroad,
        {"kind": "attribute", "party": "firm", "name": "equity", **money},
        {**account, "party": "firm", "account_kind": "settlement", "opening_balance": "100.00"},
    )
    who = {"lender": "firm", "bank": "bank-1", "borrower": "abroad"}
    declared = declared_facts(desk.road.policy, "overseas_lending")

    def submit(number: str, action: str, said: Mapping[str, str], of: str = "") -> None:
        facts, flaws = read_facts(declared, said.items(), Place)
        assert not flaws, flaws
        parties = {} if of else who
        one = Instruction(number, "local", "overseas_lending", action, DAY, parties, {}, facts, of)
        answer = desk.road.submit(one, at=desk.now())
        assert answer.decision.outcome is Outcome.PERMITTED, answer.decision

    return submit


LENT = {"amount.amount": "10.00", "amount.currency": "CNY", "is_genuine": "true"}


def test_principal_and_interest_are_lines_of_their_own_each_under_its_code(
    desk: Desk, lending: Callable[..., None]
) -> None:
    lending("l1", "lend", LENT)
    back = {"returned": "4.00", "interest": "0.25"}
    codes = {"bop_code": "822030", "bop_interest_code": "322031"}
    lending("l2", "return", {**back, **codes}, "l1")
    (version,) = versions(desk, "l2", BOP)
    assert version.record is not None
    told = [
        tuple(line[name] for name in ("item", "amount", "code", "code_group", "counterparty"))
        for line in version.record.lines
    ]
    assert told == [
        ("returned", "4.00", "822030", "8", "abroad"),
        ("interest", "0.25", "322031", "3", "abroad"),
    ]
    assert version.record.unproven == ("lines.2.code",)
    assert version.record.fields["business"] == "l1"
    assert returned(desk, BOP).is_proven


def test_a_code_that_follows_from_the_business_stands_unless_the_sender_states_another(
    database: Database,
) -> None:
    files, name = plan_files(), f"reports/{BOP}.yaml"
    implied = b"implied: {umbrella_storage.keep: '226000'}, of: [bop_code]"
    files[name] = files[name].replace(b"of: [bop_code]", implied)
    desk = make_desk(database, open_policy(files), pack_files=bundled(files))
    desk.register(*everyone())
    desk.road.submit(coded(desk, "a1", "1.00"), at=desk.now())
    desk.road.submit(coded(desk, "a2", "1.00", bop_code="225010"), at=desk.now())
    assert [line(desk, one)["code"] for one in ("a1", "a2")] == ["226000", "225010"]


def test_an_area_is_asked_for_anew_when_the_register_was_told(
    desk: Desk, lending: Callable[..., None]
) -> None:
    def area(number: str) -> str | None:
        (version,) = versions(desk, number, "overseas_lending_register")
        assert version.record is not None
        return version.record.fields["borrower_area"]

    lending("l1", "lend", LENT)
    moved = {"kind": "party", "id": "abroad", "type": "enterprise", "jurisdiction": "HK"}
    desk.register({**moved, "name": "某外企", "since": "2021-01-01"})
    lending("l2", "lend", LENT)
    assert [area("l1"), area("l2")] == ["SG", "HK"]
    kind = "overseas_lending_register"
    with desk.database.transaction() as conn:
        moved_away = correct(desk, conn, "l1", kind, {"borrower": "other"}).record
        stated = correct(desk, conn, "l2", kind, {"borrower": "x", "borrower_area": "MO"}).record
    assert moved_away is not None
    assert stated is not None
    assert (moved_away.fields["borrower_area"], moved_away.missing) == (None, ("borrower_area",))
    assert stated.fields["borrower_area"] == "MO"
