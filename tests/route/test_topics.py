"""Topics tell which instructions may be decided together: by what is asked, not by who is named."""

from collections.abc import Mapping
from datetime import date

import pytest

from qianhai.instructions import PROVIDERS, Instruction, Known
from qianhai.instructions.effects import _ENDINGS
from qianhai.instructions.handover import Handover
from qianhai.instructions.topics import _LOOKING, ACCOUNTS, LOOKS_UNDER, Filings, Lookups, topics_of
from qianhai.kernel import Place
from qianhai.policy import Compiled, Policy
from qianhai.registers import Entry

LISTED = {"kind": "qualification", "party": "bank-1", "name": "pilot", "since": "2025-06-30"}
OPENED = {"kind": "account", "number": "62", "party": "firm", "since": "2025-06-30"}


class Looking(Lookups):
    """Lookups by which every action looks under the same headings."""

    def __init__(self, policy: Policy, headings: frozenset[tuple[str, str]] | None) -> None:
        super().__init__(policy)
        self._headings = headings

    def of(self, compiled: Compiled) -> frozenset[tuple[str, str]] | None:
        del compiled
        return self._headings


def asking(
    policy: Policy,
    facility: str = "overseas_lending",
    action: str = "lend",
    named: Mapping[str, str] = {"lender": "firm", "bank": "bank-1"},
    facts: Mapping[str, object] = {},
) -> Handover:
    """What stands of an instruction that names some parties, and what it was told."""
    compiled = policy.compiled(facility, action)
    day = date(2025, 6, 30)
    instruction = Instruction("a", "local", facility, action, day, {})
    row = Known(instruction, compiled, policy.standing(day), None, named, {}, dict(facts))
    return Handover(row, policy.decide(compiled, {}, row.standing), None)


def test_every_provider_and_every_effect_that_looks_is_told() -> None:
    assert LOOKS_UNDER.keys() == PROVIDERS.keys()
    assert _ENDINGS.keys() == _LOOKING


@pytest.mark.parametrize(
    ("filed", "headings", "is_met"),
    [
        (LISTED, frozenset({("qualification", "pilot")}), True),
        (LISTED, frozenset({("qualification", "other"), ACCOUNTS}), False),
        (LISTED, None, True),
        (LISTED | {"party": "bank-2"}, frozenset({("qualification", "pilot")}), False),
        (OPENED, frozenset({ACCOUNTS}), True),
        (OPENED, frozenset({("record", "")}), False),
    ],
)
def test_what_is_filed_is_met_by_who_asks_for_it(
    policy: Policy,
    filed: dict[str, str],
    headings: frozenset[tuple[str, str]] | None,
    *,
    is_met: bool,
) -> None:
    filings = Filings(Looking(policy, headings))
    filings.add(topics_of([Entry(Place("effect"), filed)]), 3)
    one = asking(policy)
    assert filings.meet(one, 4) is is_met
    assert not filings.meet(one, 3), "what a row itself files, or a later one, is no matter"


@pytest.mark.parametrize(
    ("told", "filed", "is_met"),
    [
        ({"branch.is_set_up": True}, {}, False),
        ({"branch.is_set_up": True}, {"until": "2025-07-01"}, True),
        ({"branch.is_set_up": False}, {}, True),
        ({}, {}, True),
    ],
)
def test_a_qualification_granted_again_changes_nothing_for_who_knows_it_is_held(
    policy: Policy, told: dict[str, object], filed: dict[str, str], *, is_met: bool
) -> None:
    filings = Filings(Lookups(policy))
    entry = LISTED | {"party": "branch-1", "name": "technology_sub_branch"} | filed
    filings.add(topics_of([Entry(Place("effect"), entry)]), 3)
    one = asking(policy, "sci_tech_branch_setup", "establish", {"branch": "branch-1"}, told)
    assert filings.meet(one, 4) is is_met


def test_what_an_overlay_asks_is_met_whoever_holds_it(policy: Policy) -> None:
    lookups = Lookups(policy)
    lookups._beside |= {("qualification", "technology_sub_branch")}
    one = asking(policy, "sci_tech_branch_setup", "establish", {"branch": "branch-1"}, {})
    assert not lookups.holds(one.row, "technology_sub_branch", "branch-1")
