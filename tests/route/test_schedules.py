"""A business with a schedule: each line is paid once, to the cent, until the schedule ends."""

from datetime import date, timedelta

import pytest

from qianhai import journal, ledger
from qianhai.instructions import Answer
from qianhai.kernel import Outcome
from qianhai.policy import Decision
from qianhai.registers import Register
from route.desk import DAY, Desk
from route.umbrella import MONEY, balance, everyone

WHO = {"keeper": "firm", "bank": "bank-1"}
#: The reference of the spreadsheet function PMT: 10,000 at 8 per cent in ten months, 1,037.03 each.
FACTS = {
    "umbrella": "U1",
    "price.amount": "10000.00",
    "price.currency": "CNY",
    "residual": "0.00",
    "rate": "0.08",
    "method": "annuity",
    "number": "10",
    "first_on": DAY.isoformat(),
}
FIRST_DUE = date(2025, 7, 30)
#: 1,037.03 less 7 per cent of the first month's interest of 66.67.
FIRST_NET = "1032.36"


@pytest.fixture(autouse=True)
def _registered(desk: Desk) -> None:
    desk.register(*everyone())


def hire(desk: Desk, as_id: str = "h1", **facts: str) -> Answer:
    return desk.submit(as_id, "umbrella_hire", "hire", WHO, {**FACTS, **facts})


def pay(desk: Desk, number: str, line: int, paid: str, on: date = FIRST_DUE) -> Decision:
    facts = {"line": str(line), "paid": paid}
    answer = desk.submit(number, "umbrella_hire", "pay", {}, facts, of="h1", on=on)
    return answer.decision


def end(desk: Desk, number: str, paid: str, on: date) -> Decision:
    answer = desk.submit(number, "umbrella_hire", "end", {}, {"paid": paid}, of="h1", on=on)
    return answer.decision


def failed(decision: Decision) -> set[str]:
    return {one.id for one in decision.conditions if one.value is False}


def test_a_line_is_paid_in_turn_to_the_cent_and_once(desk: Desk) -> None:
    assert hire(desk).decision.outcome is Outcome.PERMITTED
    assert balance(desk, MONEY) == 10_000 + 1_000_000
    assert failed(pay(desk, "p0", 2, "1032.82")) == {"in_turn"}
    assert failed(pay(desk, "p1", 1, "1032.35")) == {"exact"}
    paid = pay(desk, "p2", 1, FIRST_NET)
    assert paid.outcome is Outcome.PERMITTED, paid.reasons
    assert balance(desk, MONEY) == 10_000 + 1_000_000 - 103_236
    assert pay(desk, "p3", 1, FIRST_NET).outcome is Outcome.REFUSED
    assert failed(pay(desk, "p4", 11, FIRST_NET)) >= {"line"}
    assert pay(desk, "p5", 2, "1032.82", date(2025, 8, 30)).outcome is Outcome.PERMITTED


def test_a_line_without_principal_is_paid_in_turn_and_once_too(desk: Desk) -> None:
    """Its turn is not seen in what is open, but in what is paid."""
    assert hire(desk, method="bullet").decision.outcome is Outcome.PERMITTED
    assert pay(desk, "p1", 1, "62.00").outcome is Outcome.PERMITTED
    assert failed(pay(desk, "p2", 3, "62.00")) == {"in_turn"}
    assert failed(pay(desk, "p3", 1, "62.00")) == {"in_turn"}
    assert pay(desk, "p4", 2, "62.00").outcome is Outcome.PERMITTED


def test_of_two_payments_of_a_line_in_one_column_the_first_counts(desk: Desk) -> None:
    hire(desk)
    facts = {"line": "1", "paid": FIRST_NET}
    column = [
        desk.instruction(number, "umbrella_hire", "pay", {}, facts, of="h1", on=FIRST_DUE)
        for number in ("p1", "p2")
    ]
    outcomes = [one.decision.outcome for one in desk.road.submit_many(column, now=desk.now)]
    assert outcomes == [Outcome.PERMITTED, Outcome.REFUSED]


def test_a_day_after_the_due_day_is_late(desk: Desk) -> None:
    hire(desk)
    assert failed(pay(desk, "p1", 1, FIRST_NET, FIRST_DUE + timedelta(1))) == {"late"}


def test_an_early_end_pays_what_is_open_and_what_has_run_and_ends_the_papers(desk: Desk) -> None:
    hire(desk)
    pay(desk, "p1", 1, FIRST_NET)
    half_month = FIRST_DUE + timedelta(15)
    assert failed(end(desk, "e0", "9029.64", FIRST_DUE - timedelta(1))) == {"nothing_due", "exact"}
    assert failed(end(desk, "e1", "9057.74", half_month)) == {"exact"}
    assert end(desk, "e2", "9057.73", half_month).outcome is Outcome.PERMITTED
    late = pay(desk, "p2", 2, "1032.82", date(2025, 8, 30))
    assert late.outcome is Outcome.REFUSED
    assert "line" in failed(late)
    assert hire(desk, "h2").decision.outcome is Outcome.REFUSED  # on a day the umbrella was out


def test_papers_end_the_day_before_and_are_remembered(desk: Desk) -> None:
    hire(desk)
    on = FIRST_DUE + timedelta(15)
    pay(desk, "p1", 1, FIRST_NET)
    assert end(desk, "e1", "9057.73", on).outcome is Outcome.PERMITTED
    with desk.database.transaction() as conn:
        for day, is_there in ((on - timedelta(1), True), (on, False), (on + timedelta(1), False)):
            then = Register(conn, "local", day, desk.now())
            assert (then.records("umbrella_out", ["U1"])["U1"] is not None) is is_there
            assert (then.records("hire_plan", ["h1"])["h1"] is not None) is is_there
            assert then.qualifications(["firm"], "hires_umbrellas")["firm"] is is_there
        kept = Register(conn, "local", DAY, desk.now()).records("umbrella_out", ["U1"])["U1"]
    assert kept is not None
    assert (kept.party, str(kept.attributes["price"])) == ("firm", "CNY 10000.00")


def test_what_ends_on_its_first_day_ends_with_it(desk: Desk) -> None:
    hire(desk)
    assert end(desk, "e1", "10000.00", DAY).outcome is Outcome.PERMITTED
    with desk.database.transaction() as conn:
        for day, is_there in ((DAY, True), (DAY + timedelta(1), False)):
            then = Register(conn, "local", day, desk.now())
            assert (then.records("umbrella_out", ["U1"])["U1"] is not None) is is_there


def test_terms_filed_again_replace_the_schedule_from_their_day(desk: Desk) -> None:
    hire(desk)
    pay(desk, "p1", 1, FIRST_NET)
    facts = {"line": "1"}
    changed = desk.submit("c1", "umbrella_hire", "change_rate", {}, facts, of="h1", on=FIRST_DUE)
    assert changed.decision.outcome is Outcome.PERMITTED
    # 9,029.64 at a half for 31 days of 360: 388.78, with no tax in these terms.
    assert failed(pay(desk, "p2", 1, "388.77", date(2025, 8, 30))) == {"exact"}
    assert pay(desk, "p3", 1, "388.78", date(2025, 8, 30)).outcome is Outcome.PERMITTED


def test_what_rests_on_terms_filed_in_the_same_column_sees_them(desk: Desk) -> None:
    hire(desk)
    pay(desk, "p1", 1, FIRST_NET)
    later = date(2025, 8, 30)
    facts = [{"line": "1"}, {"line": "1", "paid": "388.78"}]
    column = [
        desk.instruction(number, "umbrella_hire", action, {}, said, of="h1", on=day)
        for number, action, said, day in (
            ("c1", "change_rate", facts[0], FIRST_DUE),
            ("p2", "pay", facts[1], later),
        )
    ]
    answers = list(desk.road.submit_many(column, now=desk.now))
    assert [one.decision.outcome for one in answers] == [Outcome.PERMITTED] * 2


@pytest.mark.parametrize(
    "wrong", [{"number": "0"}, {"rate": "1.01"}, {"residual": "10000.00"}, {"number": "601"}]
)
def test_terms_that_make_no_schedule_are_refused_and_nothing_moves(
    desk: Desk, wrong: dict[str, str]
) -> None:
    decision = hire(desk, **wrong).decision
    assert (decision.outcome, decision.reasons[0].code) == (Outcome.REFUSED, "AM12")
    assert balance(desk, MONEY) == 10_000


def test_the_schedule_is_sealed_with_the_business(desk: Desk) -> None:
    hire(desk)
    pay(desk, "p1", 1, FIRST_NET)
    with desk.database.transaction() as conn:
        assert list(ledger.verify(conn)) == []
        assert list(journal.verify(conn)) == []
        conn.execute("alter table registers.records disable trigger user")
        conn.execute("update registers.records set until = since where record = 'h1'")
    with desk.database.transaction() as conn:
        assert ["registers.records" in str(flaw) for flaw in journal.verify(conn)] == [True]
