"""The shadow: what a candidate says is kept beside, and nothing it does reaches the live answer."""

import json
from dataclasses import replace

from qianhai import journal
from qianhai.kernel import Outcome
from qianhai.policy import Policy, bundled, open_policy
from route import candidate
from route.desk import Desk, plan_files
from route.lending import Lenders, moved, moved_files
from route.umbrella import everyone, keep


def shadowed(desk: Desk) -> dict[str, tuple[str, str]]:
    """Return what the candidate said to each instruction."""
    with desk.database.transaction() as conn:
        rows = conn.execute(
            "select instruction_id, outcome, explained from instructions.shadow_decisions"
        ).fetchall()
    return {number: (outcome, said) for number, outcome, said in rows}


def whole(desk: Desk) -> bool:
    with desk.database.transaction() as conn:
        return list(journal.verify(conn)) == []


def files_with(old: str, new: str) -> dict[str, bytes]:
    files = plan_files()
    name = next(one for one in files if one.endswith("umbrella_storage.facility.yaml"))
    assert old.encode() in files[name]
    return {**files, name: files[name].replace(old.encode(), new.encode())}


def test_the_same_pack_in_the_shadow_says_the_same(desk: Desk, policy: Policy) -> None:
    candidate.shadow(desk, policy, bundled(plan_files()))
    desk.register(*everyone())
    live = [keep(desk, "a1"), keep(desk, "a2", "45.00"), keep(desk, "a3", is_dry="false")]
    said = shadowed(desk)
    assert [said[one.instruction.id][0] for one in live] == [
        one.decision.outcome.value for one in live
    ]
    assert whole(desk)


def test_a_candidate_without_the_business_is_kept_as_not_judged(desk: Desk) -> None:
    files = plan_files()
    gone = {name: raw for name, raw in files.items() if "umbrella_" not in name}
    candidate.shadow(desk, open_policy(gone), bundled(gone))
    desk.register(*everyone())
    assert keep(desk, "a1").decision.outcome is Outcome.PERMITTED
    outcome, said = shadowed(desk)["a1"]
    assert outcome == "unjudged"
    assert json.loads(said) == {"name": "umbrella_storage", "why": "facility_gone"}


def test_a_candidate_that_breaks_is_kept_as_an_error_and_the_live_answer_stands(
    desk: Desk, policy: Policy
) -> None:
    broken = Policy(policy.pack, {}, policy.overlays, policy.figures)
    candidate.shadow(desk, broken, bundled(plan_files()))
    desk.register(*everyone())
    answer = keep(desk, "a1")
    assert (answer.decision.outcome, answer.ledger_result) == (Outcome.PERMITTED, "posted")
    outcome, said = shadowed(desk)["a1"]
    assert outcome == "error"
    assert said.startswith("KeyError")
    assert whole(desk)


def test_a_row_that_cannot_be_written_leaves_the_live_answer_whole(
    desk: Desk, policy: Policy
) -> None:
    shadow = candidate.shadow(desk, policy, bundled(plan_files()))
    desk.road.recorder.beside = replace(shadow, turn=99)  # there is no such turn
    desk.register(*everyone())
    assert keep(desk, "a1").decision.outcome is Outcome.PERMITTED
    assert shadowed(desk) == {}
    assert whole(desk)


def test_moved_ratios_are_seen_live_while_nothing_is_refused(desk: Desk) -> None:
    candidate.shadow(desk, moved(), bundled(moved_files()))
    cast = Lenders(1, 1)
    desk.register(*cast.rows())
    who = {"lender": "lender-0", "bank": "bank-1", "borrower": "abroad"}
    facts = {"amount.currency": "CNY", "is_genuine": "true"}
    outcomes = []
    for at, amount in enumerate(("500000.00", "80000.00", "30000.00")):
        loan = {**facts, "amount.amount": amount}
        answer = desk.submit(f"l{at}", "overseas_lending", "lend", who, loan)
        outcomes.append(answer.decision.outcome.value)
    assert outcomes == ["permitted", "refused", "refused"]
    assert [one for one, _ in shadowed(desk).values()] == ["permitted"] * 3
