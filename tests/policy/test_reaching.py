"""How far a pack reaches: measures with a facility, and clauses decided and shown."""

from collections.abc import Mapping

from policy.small import FILES, changed, opened, small
from qianhai.policy import Reach, done_by, reach_of

#: A clause that waits, an action of it, and what its examples show of it.
PROPOSED = "id: 2a, status: proposed"
ACT = "en: may be done, action: loan.pier}\n  - {id: 2b"


def acting(files: Mapping[str, str] = FILES) -> Mapping[str, str]:
    """The small pack in which clause 2a has an act."""
    name = "measures/002_pier/measure.yaml"
    text = files[name].replace("en: may be done}\n  - {id: 2b", ACT)
    return {**files, name: text}


def clauses(reach: Reach) -> dict[str, tuple[bool, bool | None, bool]]:
    return {one.clause.id: (one.permitted, one.closed, one.is_whole) for one in reach.clauses}


def test_a_measure_without_a_facility_and_a_clause_nobody_decides_are_named() -> None:
    reach = reach_of(small())
    assert reach.measures == {1: False, 2: True}
    assert clauses(reach) == {"1b": (False, False, False)}
    assert reach.lacking == ("1", "1b")


def test_a_clause_with_an_act_is_reached_when_an_example_is_permitted_under_it() -> None:
    reach = reach_of(opened(acting()))
    assert clauses(reach)["2a"] == (True, None, True)
    assert reach.lacking == ("1", "1b")
    assert done_by(small().pack.facilities.values(), "2a") == [
        ("pier_loan", "draw"),
        ("pier_loan", "repay"),
    ]


def test_a_proposed_clause_must_be_seen_closed_and_opened() -> None:
    waiting = changed("002_pier/measure.yaml", "id: 2a, status: in_force", PROPOSED)
    shut = opened(acting(waiting))
    assert clauses(reach_of(shut))["2a"] == (False, True, False)
    text = waiting["measures/002_pier/pier_loan.facility.yaml"].replace(
        "id: sound_draw, on: 2030-06-30,", "id: sound_draw, opens: [2a], on: 2030-06-30,"
    )
    both = {**waiting, "measures/002_pier/pier_loan.facility.yaml": text}
    assert clauses(reach_of(opened(acting(both))))["2a"] == (True, True, True)
