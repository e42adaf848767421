"""The vocabulary names what the code registers, both ways, and every name is used or explained."""

from datetime import date

import pytest

from plan.the_pack import POLICY
from qianhai.instructions import EFFECTS, PROVIDERS, SCHEDULE_PARTS
from qianhai.kernel import Reason
from qianhai.policy import Authorisation, Facility, Overlay, Pack, open_clauses
from qianhai.policy.deciding import REASON_OF
from qianhai.rules.functions import FORMS

pytestmark = pytest.mark.untraced

#: The plan's 28 clauses that wait for an instrument.
WAITING = frozenset(
    """11b 11c 11d 21d 28a 29b 31c 32b 44e 47b 50f 60b 62b 65a 65b 66b 72b 74b 74c 74d 79c 82b
    90a 91a 98c 106b 107a 109b""".split()  # noqa: SIM905 (a list of ids reads better as one text)
)


@pytest.fixture(scope="module")
def pack() -> Pack:
    assert POLICY
    return POLICY.pack


def test_functions_are_those_of_the_rules(pack: Pack) -> None:
    assert set(pack.vocabulary["functions"]) == set(FORMS)


def test_providers_are_those_the_road_knows_and_the_sender(pack: Pack) -> None:
    assert set(pack.vocabulary["providers"]) == {*PROVIDERS, "sender"}
    assert all(term.known_by for term in pack.vocabulary["providers"].values())


def test_the_parts_of_a_schedule_are_those_the_road_answers(pack: Pack) -> None:
    words = pack.vocabulary["providers"]["scheduled"].words
    assert {arg: frozenset(one) for arg, one in words.items()} == {"part": SCHEDULE_PARTS}


def test_effects_are_those_the_road_carries_out(pack: Pack) -> None:
    assert set(pack.vocabulary["effects"]) == set(EFFECTS)


def test_every_reason_a_decision_gives_has_its_words_and_its_place(pack: Pack) -> None:
    reasons = pack.vocabulary["reasons"]
    assert set(reasons) >= {"AG01", "AM14", "QH00", "QH01", *REASON_OF.values()}
    orders = [term.order for term in reasons.values()]
    assert orders == sorted(set(orders))
    assert all(reasons[code].outcome == outcome for outcome, code in REASON_OF.items())
    assert Reason("QH00", "").code in reasons


def test_every_document_report_account_and_parameter_is_used(pack: Pack) -> None:
    owners: list[Facility | Overlay] = [*pack.facilities.values(), *pack.overlays.values()]
    used = {fact.document for owner in owners for fact in owner.facts.values()}
    actions = [action for one in pack.facilities.values() for action in one.actions.values()]
    used |= {name for action in actions for name in action.documents}
    assert set(pack.vocabulary["documents"]) - {"account_register"} <= used
    assert set(pack.vocabulary["reports"]) == {name for one in actions for name in one.reports}


def test_waiting_clauses_open_by_an_instrument_from_its_day_and_close_after_it(pack: Pack) -> None:
    assert {clause for clause, status in pack.clauses.items() if status == "proposed"} == WAITING
    for clause in sorted(WAITING):
        given = Authorisation(clause, "in_force", date(2025, 3, 1), date(2025, 4, 30), "x")
        days = [date(2025, 2, 28), date(2025, 3, 1), date(2025, 4, 30), date(2025, 5, 1)]
        opened = [clause in open_clauses(pack, day, [given]) for day in days]
        assert opened == [False, True, True, False]
        assert clause not in open_clauses(pack, date(2025, 3, 1))
