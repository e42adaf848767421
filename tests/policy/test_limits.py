"""Limits: rounded once, drawn pool by pool, never below zero, and decided when certain."""

from collections.abc import Mapping

import pytest

from policy.small import decided, with_action
from qianhai.kernel import Outcome
from qianhai.policy import LimitUse, Policy, limit_data

FACTS = """\
  own: {type: money, currency: CNY, provider: balance, with: {account: bank.nostro}, zh: 自, en: o}
  theirs: {type: money, currency: CNY, zh: 他, en: theirs}
  own_used:
    {type: money, currency: CNY, provider: used, with: {limit: debt, pool: own}, zh: 自用, en: used}
  their_used:
    {type: money, currency: CNY, provider: used, with: {limit: debt, pool: theirs}, zh: 用, en: u}
  asked:
    {type: money, currency: CNY, provider: balance, with: {account: bank.nostro}, zh: 请, en: asked}
  has_parent: {type: boolean, zh: 有母, en: has a parent}
  applies: {type: boolean, zh: 适用, en: applies}
  part: {type: number, zh: 份, en: part}
"""
POOLS = """\
limits:
  - id: debt
    asset: CNY
    when: applies
    amount: asked * part
    pools:
      - {id: own, holder: borrower, cap: own, used: own_used, zh: 自, en: own}
      - {id: theirs, holder: bank, cap: theirs, used: their_used, when: has_parent, zh: 他, en: t}
    zh: 外债
    en: debt
"""
KNOWN: Mapping[str, object] = {
    "own": "100.00",
    "own_used": "40.00",
    "theirs": "50.00",
    "their_used": "20.00",
    "asked": "70.00",
    "has_parent": True,
    "applies": True,
    "part": "1",
}


@pytest.fixture(scope="module")
def pools() -> Policy:
    return with_action(POOLS, FACTS)


@pytest.mark.parametrize(
    ("changes", "outcome", "missing"),
    [
        ({}, "permitted", []),
        ({"asked": "90.00"}, "permitted", []),
        ({"asked": "90.01"}, "refused", []),
        # a draw rounds up and headroom rounds down
        ({"asked": "90.00", "part": "1.00001"}, "refused", []),
        # without a parent there is one pool
        ({"has_parent": False}, "refused", []),
        ({"has_parent": False, "asked": "60.00", "theirs": None}, "permitted", []),
        # a ceiling below what is used, or below zero, is no room and takes none from another
        ({"own": "-500.00", "asked": "30.00"}, "permitted", []),
        ({"own": "-500.00", "asked": "30.01"}, "refused", []),
        ({"own": "10.00", "asked": "30.01"}, "refused", []),
        # nothing, and giving back, always fits
        ({"asked": "0", "own": None, "has_parent": None}, "permitted", []),
        ({"asked": "-5.00", "own_used": None, "applies": None}, "permitted", []),
        ({"applies": False, "asked": "999.00", "own": None}, "permitted", []),
        # what is unknown is asked for
        ({"own": None}, "incomplete", ["own"]),
        ({"own_used": None}, "incomplete", ["own_used"]),
        ({"asked": None}, "incomplete", ["asked"]),
        ({"has_parent": None}, "incomplete", ["has_parent"]),
        ({"applies": None}, "incomplete", ["applies"]),
    ],
)
def test_a_limit_holds_what_its_pools_hold_together(
    pools: Policy, changes: Mapping[str, object], outcome: str, missing: list[str]
) -> None:
    decision = decided(pools, {**KNOWN, **changes}).decision
    assert (decision.outcome, [one.fact for one in decision.missing]) == (outcome, missing)
    if outcome == "refused":
        assert [reason.code for reason in decision.reasons] == ["AM14"]


def test_every_pool_shows_how_it_stands_and_what_it_is_asked_for(pools: Policy) -> None:
    assert decided(pools, KNOWN).decision.limits == (
        LimitUse("debt.own", "CNY", "100.00", "40.00", "60.00", "60.00"),
        LimitUse("debt.theirs", "CNY", "50.00", "20.00", "10.00", "30.00"),
    )
    unknown = decided(pools, {**KNOWN, "own": None}).decision.limits
    assert [(use.asked, use.left) for use in unknown] == [("70.00", None), (None, "30.00")]
    assert decided(pools, {**KNOWN, "applies": False}).decision.limits == ()


def test_a_refusal_tells_the_figures_over_all_pools(pools: Policy) -> None:
    verdict = decided(pools, {**KNOWN, "asked": "90.01"})
    figures = {"cap": "150.00", "used": "60.00", "left": "90.00", "asked": "90.01", "asset": "CNY"}
    words = {"limit": "debt", "zh": "外债", "en": "debt"}
    assert verdict.decision.reasons[0].data == words | figures
    assert limit_data(verdict.draws) == figures
    unasked = decided(pools, {**KNOWN, "asked": None})
    assert limit_data(unasked.draws) == {n: v for n, v in figures.items() if n != "asked"}
    assert limit_data(()) == {}


def test_a_limit_none_of_whose_pools_applies_has_no_room() -> None:
    policy = with_action(
        POOLS.replace("cap: own, used: own_used", "cap: own, used: own_used, when: has_parent"),
        FACTS,
    )
    refused = decided(policy, {**KNOWN, "has_parent": False}).decision
    assert (refused.outcome, refused.limits) == (Outcome.REFUSED, ())
    nothing = decided(policy, {**KNOWN, "has_parent": False, "asked": "0"}).decision
    assert nothing.outcome is Outcome.PERMITTED


def test_where_the_ledger_decides_what_was_used_before_is_not_asked_for(pools: Policy) -> None:
    for changes in ({"own_used": None, "their_used": None}, {"asked": "999.00"}):
        verdict = decided(pools, {**KNOWN, **changes}, ledger_decides=True)
        assert verdict.decision.outcome is Outcome.PERMITTED
    lacking = decided(pools, {**KNOWN, "own": None, "own_used": None}, ledger_decides=True)
    assert [one.fact for one in lacking.decision.missing] == ["own"]
    no_pool = {**KNOWN, "applies": False, "asked": "999.00"}
    assert decided(pools, no_pool, ledger_decides=True).draws == ()


@pytest.mark.parametrize("otherwise", ["ordinary", "referred", "register_first"])
def test_a_limit_that_is_passed_gives_what_it_says(otherwise: str) -> None:
    policy = with_action(
        POOLS.replace("asset: CNY", f"asset: CNY\n    otherwise: {otherwise}"), FACTS
    )
    assert decided(policy, {**KNOWN, "asked": "90.01"}).decision.outcome == otherwise


def test_a_limit_that_waits_for_evidence_asks_for_what_it_is_decided_on() -> None:
    policy = with_action(
        POOLS.replace("asset: CNY", "asset: CNY\n    otherwise: incomplete"), FACTS
    )
    decision = decided(policy, {**KNOWN, "asked": "90.01"}).decision
    assert decision.outcome is Outcome.INCOMPLETE
    assert {one.fact for one in decision.missing} == set(KNOWN)


STATED = """\
limits:
  - {id: room, asset: amount.currency, holder: borrower, cap: cap * part, used: taken,
     amount: amount, zh: 余地, en: room}
"""
IN_ITS_OWN = """\
  cap: {type: money, currency: amount.currency, zh: 上限, en: cap}
  part: {type: number, zh: 份, en: part}
  taken:
    {type: money, currency: amount.currency, provider: used, with: {limit: room}, zh: 用, en: u}
"""


def test_a_limit_is_not_decided_before_its_currency_is_known() -> None:
    """The decimals of the currency decide how headroom rounds, so without it nothing is sure."""
    policy = with_action(STATED, IN_ITS_OWN)
    facts = {"cap": "10", "part": "0.95", "taken": "0", "amount": {"amount": "9"}}

    def told(currency: str | None, amount: str) -> tuple[str, list[str], tuple[str | None, ...]]:
        money = {"amount": amount, "currency": currency}
        decision = decided(policy, {**facts, "amount": money}).decision
        (use,) = decision.limits
        missing = [one.fact for one in decision.missing]
        return decision.outcome, missing, (use.asset, use.cap, use.asked, use.left)

    assert told("CNY", "9.50") == ("permitted", [], ("CNY", "9.50", "9.50", "9.50"))
    assert told("JPY", "9") == ("permitted", [], ("JPY", "9", "9", "9"))
    assert told("JPY", "10") == ("refused", [], ("JPY", "9", "10", "9"))
    unknown = (None, None, None, None)
    assert told(None, "9.50") == ("incomplete", ["amount.currency"], unknown)


def test_a_limit_may_be_kept_in_more_decimals_than_its_currency() -> None:
    policy = with_action(STATED.replace("asset: ", "scale: 4, asset: "), IN_ITS_OWN)
    facts = {"cap": "10", "part": "0.9999", "taken": "0"}
    decision = decided(policy, {**facts, "amount": {"amount": "9", "currency": "JPY"}}).decision
    (use,) = decision.limits
    assert (use.cap, use.left, use.asked) == ("9.9990", "9.9990", "9.0000")


def test_a_missing_rate_is_unknown_and_the_same_currency_needs_none() -> None:
    facts = {"is_sound": True, "use": "pier", "used": "0"}
    policy = with_action("conditions: []\n")

    def drawn(currency: str, rate: str | None) -> tuple[str, list[str]]:
        money = {"amount": "20.00", "currency": currency}
        decision = decided(policy, {**facts, "amount": money, "rate": rate}, action="draw").decision
        return decision.outcome, [one.fact for one in decision.missing]

    assert drawn("CNY", None) == ("permitted", [])
    assert drawn("USD", None) == ("incomplete", ["rate"])
    assert drawn("USD", "5") == ("permitted", [])
    assert drawn("USD", "5.0001") == ("refused", [])
