"""Topics tell which instructions may be decided together: by what is asked, not by who is named."""

from datetime import date

import pytest

from qianhai.instructions import PROVIDERS, Instruction, Known
from qianhai.instructions.effects import _ENDINGS
from qianhai.instructions.handover import Handover
from qianhai.instructions.topics import _LOOKING, ACCOUNTS, LOOKS_UNDER, Filings, topics_of
from qianhai.kernel import Place
from qianhai.policy import Policy
from qianhai.registers import Entry

LISTED = {"kind": "qualification", "party": "bank-1", "name": "pilot", "since": "2025-06-30"}
OPENED = {"kind": "account", "number": "62", "party": "firm", "since": "2025-06-30"}


def asking(policy: Policy) -> Handover:
    """What stands of an instruction that names a firm and its bank."""
    compiled = policy.compiled("overseas_lending", "lend")
    day = date(2025, 6, 30)
    instruction = Instruction("a", "local", compiled.facility, compiled.name, day, {})
    named = {"lender": "firm", "bank": "bank-1"}
    row = Known(instruction, compiled, policy.standing(day), None, named, {})
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
    filings = Filings()
    filings.add(topics_of([Entry(Place("effect"), filed)]), 3)
    one = asking(policy)
    assert filings.meet(one, headings, 4) is is_met
    assert not filings.meet(one, headings, 3), (
        "what a row itself files, or a later one, is no matter"
    )
