"""A business nobody wrote Python for goes the whole road: pools, a hold, later actions."""

from datetime import timedelta

import pytest

from qianhai import journal, ledger
from qianhai.kernel import BadInput, Outcome
from route.desk import Desk
from route.umbrella import FACTS, MONEY, WHO, balance, everyone, keep, shed


@pytest.fixture(autouse=True)
def _registered(desk: Desk) -> None:
    desk.register(*everyone())


def test_pools_are_drawn_in_order_and_shown_as_they_stood(desk: Desk) -> None:
    answer = keep(desk, "a1")
    assert answer.decision.outcome is Outcome.PERMITTED, answer.decision.reasons
    own, parent = answer.decision.limits
    assert (own.id, own.cap, own.used, own.asked) == ("shed.own", "20.00", "0.00", "20.00")
    assert (parent.id, parent.used, parent.asked) == ("shed.parent", "0.00", "10.00")
    assert balance(desk, MONEY) == 7000


def test_a_limit_is_refused_by_the_ledger_and_the_refusal_is_on_record(desk: Desk) -> None:
    keep(desk, "a1")
    answer = keep(desk, "a2", "15.01")
    assert answer.decision.outcome is Outcome.REFUSED
    assert answer.decision.reasons[0].code == "AM14"
    assert answer.decision.reasons[0].data["left"] == "15.00"
    assert keep(desk, "a3", "15.00").decision.outcome is Outcome.PERMITTED
    with desk.database.transaction() as conn:
        stored = conn.execute(
            "select instruction_id, outcome from instructions.decisions order by decided_at"
        ).fetchall()
    assert stored == [("a1", "permitted"), ("a2", "refused"), ("a3", "permitted")]


def test_a_release_gives_back_the_draws_own_units_and_the_last_takes_the_rest(desk: Desk) -> None:
    keep(desk, "a1")
    first = desk.submit("b1", "umbrella_storage", "give_back", {}, {"back": "10.00"}, of="a1")
    assert first.decision.outcome is Outcome.PERMITTED, first.decision.reasons
    assert keep(desk, "a2", "25.01").decision.outcome is Outcome.REFUSED
    too_much = desk.submit("b2", "umbrella_storage", "give_back", {}, {"back": "20.01"}, of="a1")
    assert too_much.decision.outcome is Outcome.REFUSED
    last = desk.submit("b3", "umbrella_storage", "give_back", {}, {"back": "20.00"}, of="a1")
    assert last.decision.outcome is Outcome.PERMITTED
    assert keep(desk, "a4", "45.00").decision.outcome is Outcome.PERMITTED


def test_ordinary_posts_nothing(desk: Desk) -> None:
    answer = keep(desk, "a1", is_dry="false")
    assert answer.decision.outcome is Outcome.ORDINARY
    assert answer.ledger_seq is None
    assert balance(desk, MONEY) == 10000


def test_money_that_is_not_there_refuses_and_draws_nothing(desk: Desk) -> None:
    desk.register(shed("group", "1000.00") | {"since": "2021-01-01"})
    answer = keep(desk, "a1", "100.01")
    assert answer.decision.outcome is Outcome.REFUSED
    assert answer.decision.reasons[0].code == "AM04"
    assert keep(desk, "a2", "100.00").decision.outcome is Outcome.PERMITTED


def test_a_missing_fact_is_named_with_its_document(desk: Desk) -> None:
    facts = {"fee.amount": "1.00", "fee.currency": "CNY"}
    answer = desk.submit("a1", "umbrella_storage", "keep", WHO, facts)
    assert answer.decision.outcome is Outcome.INCOMPLETE
    assert [(m.fact, m.document) for m in answer.decision.missing] == [("is_dry", "loan_contract")]


def test_the_same_id_answers_the_same_and_other_content_is_refused(desk: Desk) -> None:
    first = keep(desk, "a1")
    again = keep(desk, "a1")
    assert again.is_repeat
    assert again.decision == first.decision
    assert balance(desk, MONEY) == 7000
    with pytest.raises(BadInput, match="used before"):
        keep(desk, "a1", "29.00")


def test_a_hold_is_committed_once_or_voided(desk: Desk) -> None:
    facts = {**FACTS, "fee.amount": "15.00", "until": "2025-07-31"}
    held = desk.submit("h1", "umbrella_storage", "reserve", WHO, facts)
    assert held.decision.outcome is Outcome.PERMITTED, held.decision.reasons
    assert keep(desk, "a1", "30.01").decision.outcome is Outcome.REFUSED
    assert balance(desk, MONEY) == 10000
    done = desk.submit("h2", "umbrella_storage", "confirm", {}, {}, of="h1")
    assert done.decision.outcome is Outcome.PERMITTED, done.decision.reasons
    assert balance(desk, MONEY) == 8500
    late = desk.submit("h3", "umbrella_storage", "cancel", {}, {}, of="h1")
    assert late.decision.outcome is Outcome.REFUSED
    assert late.decision.reasons[0].code == "QH06"


def test_what_was_not_permitted_cannot_be_continued(desk: Desk) -> None:
    keep(desk, "a1", is_dry="false")
    answer = desk.submit("b1", "umbrella_storage", "give_back", {}, {"back": "1.00"}, of="a1")
    assert answer.decision.outcome is Outcome.REFUSED
    assert answer.decision.reasons[0].code == "QH06"


def test_a_dry_run_is_the_same_road_undone(desk: Desk) -> None:
    instruction = desk.instruction("a1", "umbrella_storage", "keep", WHO, FACTS)
    answer = desk.road.submit(instruction, at=desk.now(), dry_run=True)
    assert answer.decision.outcome is Outcome.PERMITTED
    assert balance(desk, MONEY) == 10000
    assert not keep(desk, "a1").is_repeat


def test_the_books_and_the_journal_prove_themselves(desk: Desk) -> None:
    keep(desk, "a1")
    keep(desk, "a2", "500.00")
    with desk.database.transaction() as conn:
        assert list(ledger.verify(conn)) == []
    with desk.database.transaction() as conn:
        assert list(journal.verify(conn)) == []
        conn.execute("alter table instructions.decisions disable trigger user")
        conn.execute(
            "update instructions.decisions set outcome = 'permitted' where instruction_id = 'a2'"
        )
    with desk.database.transaction() as conn:
        flaws = list(journal.verify(conn))
    assert len(flaws) == 1
    assert "a2" in str(flaws[0])


def test_a_hold_whose_time_is_over_frees_what_it_set_aside(desk: Desk) -> None:
    facts = {**FACTS, "fee.amount": "15.00", "until": "2025-06-30"}
    desk.submit("h1", "umbrella_storage", "reserve", WHO, facts)
    assert desk.road.expire_holds(at=desk.now()) == 0
    tomorrow = desk.now() + timedelta(days=1)
    assert desk.road.expire_holds(at=tomorrow) == 1
    late = desk.instruction("h2", "umbrella_storage", "confirm", {}, {}, of="h1")
    answer = desk.road.submit(late, at=tomorrow + timedelta(seconds=1))
    assert answer.decision.reasons[0].code == "QH06"
    full = desk.instruction("a1", "umbrella_storage", "keep", WHO, {**FACTS, "fee.amount": "45.00"})
    answer = desk.road.submit(full, at=tomorrow + timedelta(seconds=2))
    assert answer.decision.outcome is Outcome.PERMITTED
