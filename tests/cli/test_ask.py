"""`qianhai ask`, `which` and `decide --what-if`: questions, answers, and what is open."""

import json
from pathlib import Path

import pytest

from cli.terminal import Terminal

ON = ("--on", "2023-06-30")
LENT = "y\n100.00 CNY\n{} CNY\n0 CNY\nyes\n"
FACTS = {
    "is_genuine": True,
    "lender.in_zone": False,
    "lender.equity": {"amount": "100.00", "currency": "CNY"},
    "amount": {"amount": "55.00", "currency": "CNY"},
    "outstanding": {"amount": "0", "currency": "CNY"},
}


def _questions(out: str) -> int:
    return out.count(" left] ")


def test_an_interview_asks_only_what_is_needed(qianhai: Terminal) -> None:
    done = qianhai("ask", "overseas_lending", *ON, given="no\n")
    assert _questions(done.out) == 1
    assert "→ refused" in done.out
    done = qianhai("ask", "overseas_lending", *ON, given=LENT.format("80.00"))
    facts = qianhai("facility", "show", "overseas_lending", "--json").document.part("facts")
    assert "→ permitted" in done.out
    assert _questions(done.out) == 5 < len(facts)


def test_it_ends_with_what_decide_prints_and_saves_its_facts(
    qianhai: Terminal, tmp_path: Path
) -> None:
    saved = str(tmp_path / "facts.json")
    done = qianhai("ask", "overseas_lending", *ON, "--save", saved, given=LENT.format("80.01"))
    decided = qianhai("decide", "overseas_lending", *ON, "--facts", saved)
    assert "→ refused" in decided.out
    assert decided.out in done.out


def test_a_wrong_answer_is_told_and_asked_again(qianhai: Terminal) -> None:
    lines = ["maybe", "?", "back", "y", "80", "80.001 CNY", "80.00 CNY", "back", "", "x y", ""]
    done = qianhai("ask", "overseas_lending", *ON, given="\n".join(lines))
    assert "F003 `is_genuine` is `maybe`; expected true or false." in done.out
    assert "genuine: the loan has a genuine business background  [67b]" in done.out
    assert "this is the first question." in done.out
    assert "F005" in done.out
    assert done.out.count("amount and currency, such as 1234.56 CNY") > 3
    assert "→ incomplete" in done.out


def test_the_interview_speaks_chinese(qianhai: Terminal) -> None:
    done = qianhai("ask", "overseas_lending", *ON, given="?\n返回\n是\n?\n", language="zh")
    assert "具有真实业务背景" in done.out
    assert "仅凭此项即可得出结论（不予办理）。" in done.out
    assert "这是第一问。" in done.out
    assert "准予办理：至少 5 问" in done.out


def test_rows_of_a_list_are_answered_one_by_one(qianhai: Terminal) -> None:
    base = {"scheme.is_on_file": True}
    given = json.dumps(base)
    first = qianhai(
        "ask", "three_party_account_release", "--action", "open", "--json", "--facts", "-", *ON,
        given=given,
    ).document  # fmt: skip
    others = [name for name in _open(first) if name != "signatories"]
    skips = [part for name in others for part in ("--skip", name)]
    done = qianhai(
        "ask",
        "three_party_account_release",
        "--action",
        "open",
        *skips,
        *ON,
        given="y\nbank\nother\n\n",
    )
    assert "1 · who signs (bank / factor / enterprise / other)" in done.out
    assert "→ refused" in done.out


def _open(document: object) -> list[str]:
    assert isinstance(document, dict)
    return [one["fact"] for one in document["decision"]["missing"]]


def test_a_page_can_go_on_from_the_document_alone(qianhai: Terminal, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text("{}", encoding="utf-8")
    answers = {
        "is_genuine": True,
        "lender.equity": {"amount": "100.00", "currency": "CNY"},
        "amount": {"amount": "80.00", "currency": "CNY"},
        "outstanding": {"amount": "0", "currency": "CNY"},
        "lender.in_zone": True,
    }
    asked = []
    while True:
        command = ("ask", "overseas_lending", *ON, "--facts", str(facts), "--json")
        document = qianhai(*command).document
        if document["next"] is None:
            break
        name = str(document.part("next")["fact"])
        asked.append(name)
        assert {one["outcome"] for one in document.rows("settles")} <= {"refused", "permitted"}
        line = json.dumps({"fact": name, "answer": answers[name]})
        more = qianhai(*command, "--answers", "-", given=line).document
        facts.write_text(json.dumps(more["facts"]), encoding="utf-8")
    assert set(asked) == set(answers)
    assert document.part("decision")["outcome"] == "permitted"
    assert document["settles"] == []


def test_the_next_question_carries_paper_clause_and_form(qianhai: Terminal) -> None:
    known = json.dumps({"is_genuine": True})
    line = qianhai("ask", "overseas_lending", *ON, "--facts", "-", "--json", given=known).document
    asked = line.part("next")
    assert asked["fact"] == "lender.equity"
    assert asked["known_by"] == "register"
    assert asked["document"] == "audited_statements"
    assert asked.part("why")["zh"]
    assert [one["path"] for one in asked.rows("leaves")] == [
        "lender.equity.amount",
        "lender.equity.currency",
    ]
    assert [one["clause"] for one in asked.rows("bearings")] == ["67b"]


def test_a_fact_that_nobody_can_tell_is_not_asked(qianhai: Terminal) -> None:
    unknown = json.dumps({"fact": "is_genuine", "unknown": True})
    done = qianhai(
        "ask", "overseas_lending", *ON, "--json", "--answers", "-", given=f"\n{unknown}\n"
    ).document
    assert done["skipped"] == ["is_genuine"]
    assert done.part("next")["fact"] != "is_genuine"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("no json", "C008"),
        ('{"answer": 1}', "C008"),
        ('{"fact": "is_genuine"}', "C008"),
        ('{"fact": "is_genuin", "answer": true}', "C002"),
        ('{"fact": "is_genuine", "answer": "maybe"}', "F003"),
    ],
)
def test_a_wrong_line_of_answers_is_told(qianhai: Terminal, line: str, code: str) -> None:
    done = qianhai("ask", "overseas_lending", *ON, "--json", "--answers", "-", given=line)
    (flaw,) = done.document.part("error").rows("flaws")
    assert (done.code, flaw["code"]) == (2, code)
    assert str(flaw["zh"]).endswith("。")


def test_answers_from_a_file_end_with_the_decision(qianhai: Terminal, tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text('{"fact": "is_genuine", "answer": false}\n', encoding="utf-8")
    assert "→ refused" in qianhai("ask", "overseas_lending", "--answers", str(answers)).out
    done = qianhai("ask", "overseas_lending", "--answers", str(tmp_path / "none"), "--json")
    assert done.document.part("error").rows("flaws")[0]["code"] == "C006"
    done = qianhai("ask", "overseas_lending", "--skip", "genuine", "--json")
    assert done.document.part("error").rows("flaws")[0]["code"] == "C002"


def test_which_names_what_is_permitted_and_what_is_near(qianhai: Terminal) -> None:
    facts = json.dumps({**FACTS, "amount": {"amount": "50.00", "currency": "CNY"}})
    done = qianhai("which", "--facts", "-", *ON, "--json", given=facts).document
    assert [one["facility"] for one in done.rows("permits")] == ["overseas_lending"]
    sizes = [(len(one.rows("fails")), len(one.rows("needs"))) for one in done.rows("misses")]
    assert sizes == sorted(sizes)
    shown = qianhai("which", "--facts", "-", *ON, given=facts).out
    assert "permitted: 1" in shown
    assert "use none of these facts" in shown
    assert "准予办理：1 项" in qianhai("which", "--facts", "-", *ON, given=facts, language="zh").out


def test_a_near_miss_names_what_fails_and_the_other_way(qianhai: Terminal) -> None:
    facts = json.dumps(FACTS)
    (miss,) = [
        one
        for one in qianhai("which", "--facts", "-", *ON, "--json", given=facts).document.rows(
            "misses"
        )
        if one["facility"] == "overseas_lending"
    ]
    assert [one["id"] for one in miss.rows("fails")] == ["lending"]
    assert miss.rows("needs") == []
    assert miss.part("other_way")["zh"]
    assert "✗ ceiling of overseas loans" in qianhai("which", "--facts", "-", *ON, given=facts).out


def test_which_refuses_a_name_that_no_facility_has(qianhai: Terminal) -> None:
    done = qianhai("which", "--facts", "-", "--json", given='{"is_genuin": true}')
    (flaw,) = done.document.part("error").rows("flaws")
    assert "is_genuine" in str(flaw["en"])
    assert done.code == 2


def test_what_if_tells_amount_day_and_fact(qianhai: Terminal) -> None:
    command = ("decide", "overseas_lending", "--facts", "-", *ON, "--what-if")
    found = qianhai(*command, "--json", given=json.dumps(FACTS)).document.part("what_if")
    (amount,) = found.rows("amounts")
    assert (amount["fact"], amount["most"], amount["currency"]) == ("amount.amount", "50.00", "CNY")
    assert found.rows("days") == [{"from": "2026-03-20", "to": None}]
    (turn,) = found.rows("turns")
    assert (turn["fact"], turn["found"], turn["permitted"]) == ("lender.in_zone", False, [True])
    assert found.part("sole")["id"] == "lending"
    shown = qianhai(*command, given=json.dumps(FACTS)).out
    assert "amount.amount (amount lent): 0.01 to 50.00 CNY" in shown
    assert "day judged: 2026-03-20 to …" in shown
    assert "lender.in_zone (the lender is in the zone): false → true" in shown


def test_what_if_says_when_more_than_one_thing_has_to_change(qianhai: Terminal) -> None:
    facts = {**FACTS, "is_genuine": False, "lender.equity": {"amount": "-1.00", "currency": "CNY"}}
    command = ("decide", "overseas_lending", "--facts", "-", *ON, "--what-if")
    shown = qianhai(*command, given=json.dumps(facts)).out
    assert "nothing: more than one has to change." in shown


def test_what_if_tells_the_days_of_a_fact(qianhai: Terminal) -> None:
    facts = Path("examples/facts/special_refund.json").read_text(encoding="utf-8")
    command = ("decide", "special_refund", "--facts", "-", "--on", "2025-06-30", "--what-if")
    shown = qianhai(*command, given=facts).out
    assert "refund.on (day of the refund): 2025-06-19 to …" in shown
    assert "original.on (day of the original receipt or payment): … to 2024-12-31" in shown


def test_an_explanation_names_what_an_answer_makes_needless(qianhai: Terminal) -> None:
    done = qianhai("ask", "overseas_lending", *ON, given="y\n100 CNY\n?\n80 CNY\n")
    assert "may make needless: equity_rate" in done.out
    assert "→ incomplete" in done.out


def test_a_fact_in_another_form_is_left_out_where_it_cannot_be_read(qianhai: Terminal) -> None:
    facts = json.dumps({"direction": "payment", "person.lives_in_zone": True})
    misses = qianhai("which", "--facts", "-", *ON, "--json", given=facts).document.rows("misses")
    unread = {str(one["facility"]): one["unread"] for one in misses if one["unread"]}
    assert unread["personal_rmb_on_id"] == ["direction"]
    assert all(one == ["direction"] for one in unread.values())
    shown = qianhai("which", "--facts", "-", *ON, given=facts).out
    assert "direction: another form here, left out" in shown
