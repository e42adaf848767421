"""Many senders at once on the whole road: no limit is passed, no business is done twice."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TypeVar

import pytest

from qianhai import journal, ledger
from qianhai.db import Database
from qianhai.instructions import Answer
from qianhai.kernel import BadInput, Outcome, format_minor, parse_decimal, to_minor
from qianhai.policy import Policy, open_policy
from route.desk import Desk, make_desk, plan_files
from route.umbrella import MONEY, balance, everyone, give_back, keep
from tracing import untraced

Result = TypeVar("Result")
OWN = "limit:88.shed.own:firm:outstanding:quota.CNY"
PARENT = "limit:88.shed.parent:group:outstanding:quota.CNY"


@pytest.fixture(scope="module")
@untraced()
def policy() -> Policy:
    return open_policy(plan_files())


@pytest.fixture
def desk(database: Database, policy: Policy) -> Desk:
    desk = make_desk(database, policy)
    desk.register(*everyone())
    return desk


def at_once(acts: Sequence[Callable[[], Result]]) -> list[Result]:
    """Have every act begin at the same moment, each in a thread of its own."""
    gate = threading.Barrier(len(acts))

    def begin(act: Callable[[], Result]) -> Result:
        gate.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(begin, acts))


def dollars(party: str, name: str, amount: str) -> Mapping[str, str]:
    value = {"value.amount": amount, "value.currency": "USD"}
    return {"kind": "attribute", "party": party, "name": name, **value}


def minor(text: str | None) -> int:
    assert text is not None
    return to_minor(parse_decimal(text), 2)


def decided_in_order(desk: Desk) -> list[dict[str, object]]:
    """The stored decisions in the order of their commits."""
    with desk.database.transaction() as conn:
        rows = conn.execute(
            "select d.explained from instructions.decisions d join journal.entries e"
            " on e.subject = d.instruction_id and e.kind = 'decision' order by e.seq"
        ).fetchall()
    return [json.loads(row[0]) for row in rows]


def is_whole(desk: Desk) -> bool:
    with desk.database.transaction() as conn:
        assert list(ledger.verify(conn)) == []
    with desk.database.transaction() as conn:
        assert list(journal.verify(conn)) == []
    return True


def test_sixty_four_senders_never_pass_a_limit_and_every_answer_shows_the_truth(
    desk: Desk,
) -> None:
    amounts = [Random(number).randint(1, 200) for number in range(64)]  # noqa: S311

    def send(number: int) -> Callable[[], Answer]:
        return lambda: keep(desk, f"n{number}", format_minor(amounts[number], 2))

    answers = at_once([send(number) for number in range(64)])
    permitted = [
        amount
        for amount, answer in zip(amounts, answers, strict=True)
        if answer.decision.outcome is Outcome.PERMITTED
    ]
    used = balance(desk, OWN) + balance(desk, PARENT)
    assert sum(permitted) == used == 10000 - balance(desk, MONEY)
    assert 4500 - 200 < used <= 4500
    assert balance(desk, OWN) == 2000
    running = {"shed.own": 0, "shed.parent": 0}
    for decision in decided_in_order(desk):
        shown = {use["id"]: use for use in decision["limits"]}  # type: ignore[attr-defined]
        assert {name: minor(use["used"]) for name, use in shown.items()} == running
        if decision["outcome"] == "permitted":
            running["shed.own"] += min(
                minor(shown["shed.own"]["asked"]), 2000 - running["shed.own"]
            )
            running["shed.parent"] += minor(shown["shed.parent"]["asked"])
        else:
            data = decision["reasons"][0]["data"]  # type: ignore[index]
            assert minor(data["used"]) == sum(running.values())
            assert minor(data["left"]) == 4500 - sum(running.values()) < minor(data["asked"])
    assert sum(running.values()) == used
    assert is_whole(desk)


def test_sixteen_sendings_of_one_instruction_post_it_once(desk: Desk) -> None:
    answers = at_once([lambda: keep(desk, "same", "10.00")] * 16)
    assert sorted(answer.is_repeat for answer in answers) == [False] + [True] * 15
    first = next(answer for answer in answers if not answer.is_repeat)
    assert all(answer.decision == first.decision for answer in answers)
    assert balance(desk, MONEY) == 9000
    assert balance(desk, OWN) == 1000
    assert is_whole(desk)


def test_one_id_with_sixteen_contents_is_taken_once_and_told_to_the_others(desk: Desk) -> None:
    def send(number: int) -> Callable[[], str]:
        def act() -> str:
            try:
                keep(desk, "same", f"{number}.00")
            except BadInput as fault:
                (flaw,) = fault.flaws
                assert (flaw.code, flaw.value) == ("I011", "same")
                return "told"
            return "taken"

        return act

    answers = at_once([send(number) for number in range(1, 17)])
    assert sorted(answers) == ["taken"] + ["told"] * 15
    (stored,) = decided_in_order(desk)
    assert stored["outcome"] == "permitted"
    assert is_whole(desk)


def test_what_is_given_back_at_once_never_exceeds_what_was_drawn(desk: Desk) -> None:
    keep(desk, "kept", "30.00")
    assert (balance(desk, OWN), balance(desk, PARENT)) == (2000, 1000)

    def send(number: int) -> Callable[[], Answer]:
        return lambda: give_back(desk, f"b{number}", "7.77", "kept")

    answers = at_once([send(number) for number in range(12)])
    permitted = [a for a in answers if a.decision.outcome is Outcome.PERMITTED]
    assert len(permitted) == 3
    assert {a.decision.reasons[0].code for a in answers if a not in permitted} == {"RR04"}
    assert balance(desk, MONEY) == 10000 - 3000 + 3 * 777
    # Pro rata of what is left each time, rounded down: 518 + 259, 3 times; the rest stays drawn.
    assert (balance(desk, OWN), balance(desk, PARENT)) == (446, 223)
    assert give_back(desk, "last", "6.69", "kept").decision.outcome is Outcome.PERMITTED
    assert (balance(desk, OWN), balance(desk, PARENT), balance(desk, MONEY)) == (0, 0, 10000)
    assert is_whole(desk)


def test_a_decision_on_a_balance_is_made_again_when_the_balance_moved(desk: Desk) -> None:
    desk.register(
        {"kind": "party", "id": "fund", "type": "fund", "jurisdiction": "CN", "name": "某基金"},
        {"kind": "qualification", "party": "firm", "name": "qflp"},
        {"kind": "attribute", "party": "fund", "name": "manager", "value": "firm"},
        *(
            {
                "kind": "attribute",
                "party": party,
                "name": name,
                "value.amount": amount,
                "value.currency": "USD",
            }
            for party, name, amount in (
                ("firm", "qflp_quota", "50.00"),
                ("fund", "paid_in", "1.00"),
            )
        ),
    )

    def send(size: int) -> Callable[[], Answer]:
        return lambda: desk.submit(
            f"to-{size}",
            "qflp_resize",
            "resize",
            {"manager": "firm", "fund": "fund"},
            {"new_size": f"{size}.00", "documents_allow": "true"},
        )

    answers = at_once([send(size) for size in range(10, 26)])
    assert {answer.decision.outcome for answer in answers} == {Outcome.PERMITTED}
    with desk.database.transaction() as conn:
        ((last,),) = conn.execute(
            "select subject from journal.entries where kind = 'decision' order by seq desc limit 1"
        ).fetchall()
    size = int(last.removeprefix("to-")) * 100
    assert balance(desk, "fund_size:fund:USD") == size
    assert balance(desk, "limit:41.quota:firm:outstanding:quota.USD") == size
    assert is_whole(desk)


def test_effects_and_register_loads_do_not_wait_for_each_other_for_ever(desk: Desk) -> None:
    desk.register({"kind": "qualification", "party": "firm", "name": "qflp"})

    def switch(number: int) -> Callable[[], None]:
        def act() -> None:
            answer = desk.submit(
                f"s{number}",
                "qflp_resize",
                "switch_project",
                {"manager": "firm"},
                {"project.kind": "convertible", "documents_allow": "true"},
            )
            assert answer.decision.outcome is Outcome.PERMITTED, answer.decision

        return act

    def load(number: int) -> Callable[[], None]:
        row = {"kind": "qualification", "party": "firm", "name": f"list_{number}"}
        return lambda: desk.register(row)

    at_once([act(number) for number in range(8) for act in (switch, load)])
    with desk.database.transaction() as conn:
        counts = conn.execute(
            "select (select count(*) from registers.records),"
            " (select count(*) from registers.qualifications where name like 'list_%')"
        ).fetchone()
    assert counts == (8, 8)
    assert is_whole(desk)
