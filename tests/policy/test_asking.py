"""The next question of a small pack: what may settle at once first, a guard before its branch."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from policy.small import FACILITY, FILES, ON, opened, small, with_action
from qianhai.kernel import Outcome, Place
from qianhai.policy import (
    Authorisation,
    Matter,
    Policy,
    fits_of,
    flatten,
    next_question,
    read_facts,
    settlings,
    what_if,
)

ALL = {
    "is_sound": True,
    "use": "pier",
    "amount": {"amount": "40.00", "currency": "CNY"},
    "used": "0",
}
FACTS = """\
  a: {type: boolean, document: contract, zh: 甲, en: a}
  b: {type: boolean, document: contract, zh: 乙, en: b}
  c: {type: boolean, document: contract, zh: 丙, en: c}
  sort: {type: enum, values: [one, two], zh: 种类, en: sort}
  day: {type: date, zh: 日, en: day}
  other_day: {type: date, zh: 另日, en: other day}
  fee: {type: money, currency: CNY, zh: 费, en: fee}
  count: {type: integer, zh: 数, en: count}
  who: {type: text, zh: 谁, en: who}
  owner: {type: text, zh: 主, en: owner}
"""


def _matter(policy: Policy, action: str = "", on: date = ON) -> Matter:
    return Matter(policy, policy.compiled("pier_loan", action), policy.standing(on))


def _tested(conditions: str, more: str = "") -> Matter:
    lines = "".join(f"  - {line}\n" for line in conditions.splitlines())
    return _matter(with_action(f"conditions:\n{lines}{more}", FACTS))


def _read(matter: Matter, facts: Mapping[str, object]) -> dict[str, object]:
    values, flaws = read_facts(matter.compiled.facts, flatten(facts), Place)
    assert not flaws
    return values


def _asked(matter: Matter, full: Mapping[str, object], skipped: tuple[str, ...] = ()) -> list[str]:
    facts: dict[str, object] = {}
    order = []
    while found := next_question(matter, facts, skipped):
        order.append(found.question.fact)
        facts |= {path: full[path] for path in found.question.paths}
    return order


def test_one_answer_that_settles_ends_the_interview() -> None:
    matter = _matter(small())
    assert _asked(matter, {"is_sound": False}) == ["is_sound"]
    first = next_question(matter, {})
    assert first
    assert first.ends == (Outcome.REFUSED,)
    assert [(one.id, one.clause) for one in first.bearings] == [("sound", "2a")]
    assert first.left == 5


def test_a_fact_of_one_branch_comes_after_the_fact_that_chooses_it() -> None:
    full = _read(_matter(small()), ALL)
    assert _asked(_matter(small()), full) == ["is_sound", "amount", "used", "use"]
    guarded = _tested(
        "{id: x, when: not a or b, zh: 甲, en: a}\n{id: y, when: not b or c, zh: 乙, en: b}"
    )
    order = _asked(guarded, {"a": False, "b": False, "c": False})
    assert order[0] == "b"
    found = next_question(guarded, {})
    assert found
    assert found.spares == ("a", "c")


def test_a_yes_or_no_is_asked_before_a_word_and_a_word_before_a_figure() -> None:
    matter = _tested(
        "{id: x, when: fee <= p.room, zh: 甲, en: a}\n{id: y, when: sort = 'one', zh: 乙, en: b}\n"
        "{id: z, when: a, zh: 丙, en: c}"
    )
    full = {"fee": Decimal("5.00"), "sort": "one", "a": True}
    assert _asked(matter, full) == ["a", "sort", "fee"]
    assert _asked(matter, full, ("sort",)) == ["a", "fee"]
    found = {one.outcome: one for one in settlings(matter, {})}
    assert (len(found[Outcome.PERMITTED].facts), found[Outcome.PERMITTED].is_least) == (3, True)


def test_a_paper_still_to_be_brought_is_asked_once() -> None:
    matter = _tested("{id: x, when: a, otherwise: incomplete, asks: [b], zh: 甲, en: a}")
    assert _asked(matter, {"a": False, "b": True}) == ["a", "b"]
    found = next_question(matter, {"a": False})
    assert found
    assert [one.id for one in found.bearings] == ["x"]


def test_the_fewest_facts_that_settle_are_found_with_their_answers() -> None:
    matter = _matter(small())
    found = {one.outcome: one for one in settlings(matter, {})}
    assert found[Outcome.REFUSED].facts == ("is_sound",)
    assert found[Outcome.PERMITTED].is_least
    assert set(found[Outcome.PERMITTED].facts) == {"is_sound", "use", "amount", "used"}
    assert found[Outcome.ORDINARY].answers["use"] == "ship"
    for outcome, one in found.items():
        assert matter.decide(one.answers).outcome is outcome
    assert settlings(matter, {"is_sound": False}) == ()


def test_a_search_that_ends_early_says_that_its_set_is_an_upper_bound() -> None:
    matter = _tested("{id: x, when: who = owner and count >= 2 and day > other_day, zh: 甲, en: a}")
    found = {one.outcome: one for one in settlings(matter, {}, looks_max=8)}
    assert not found[Outcome.PERMITTED].is_least
    assert [one.outcome for one in settlings(matter, {}, looks_max=4)] == [Outcome.REFUSED]


def test_what_nobody_can_tell_is_left_out_of_what_settles() -> None:
    found = settlings(_matter(small()), {}, ("is_sound", "amount"))
    assert {one.outcome for one in found} <= {Outcome.ORDINARY}


def test_facts_compared_with_each_other_are_needed_together() -> None:
    both = _tested("{id: x, when: who = owner and count >= 2 and day > other_day, zh: 甲, en: a}")
    found = {one.outcome: one for one in settlings(both, {})}
    assert len(found[Outcome.PERMITTED].facts) == 5
    assert found[Outcome.REFUSED].is_least


def test_rows_are_answered_by_kinds() -> None:
    matter = _tested("{id: x, when: 'any_of(shares, part > 0)', zh: 甲, en: a}")
    found = {one.outcome: one for one in settlings(matter, {})}
    assert found[Outcome.PERMITTED].facts == ("shares",)
    assert found[Outcome.REFUSED].answers == {"shares": []}
    some = [{"name": "A", "part": None}]
    assert matter.look({"shares": some}).outcome is Outcome.INCOMPLETE
    assert next_question(matter, {"shares": some}) is None


def test_an_optional_fact_may_be_absent() -> None:
    matter = _tested("{id: x, when: due_on is null or due_on > day, zh: 甲, en: a}")
    assert len(settlings(matter, {})[0].facts) == 1


def test_the_largest_amount_is_permitted_and_the_next_unit_is_not() -> None:
    matter = _matter(small())
    found = what_if(
        matter, _read(matter, {**ALL, "amount": {"amount": "140.00", "currency": "CNY"}})
    )
    (span,) = found.amounts
    assert (span.leaf.path, span.lowest, span.highest, span.is_bounded, span.is_steady) == (
        "amount.amount",
        1,
        10000,
        True,
        True,
    )
    assert found.sole
    assert found.sole.reason.code == "AM14"
    assert not found.is_permitted
    assert what_if(matter, {}).amounts == ()


def test_what_is_left_of_a_limit_is_found_to_the_cent() -> None:
    matter = _matter(small())
    facts = _read(matter, {**ALL, "used": "33.37"})
    (span,) = what_if(matter, facts).amounts
    assert span.highest == 6663
    over = {**facts, "amount.amount": Decimal("66.64")}
    assert matter.decide(over).outcome is Outcome.REFUSED


def test_an_amount_that_is_no_ceiling_or_permits_with_gaps_is_said_to_be_so() -> None:
    matter = _tested(
        "{id: x, when: fee >= p.room and (fee < p.room * 2 or fee >= p.room * 3), zh: 甲, en: a}"
    )
    (span,) = what_if(matter, {"fee": Decimal("1.00")}).amounts
    assert (span.lowest, span.is_bounded, span.is_steady) == (10000, False, False)
    assert what_if(_tested("{id: x, when: fee < 0, zh: 甲, en: a}"), {}).amounts == ()


def test_the_days_on_which_it_is_permitted_are_those_between_two_changes() -> None:
    matter = _matter(small())
    facts = _read(matter, ALL)
    days = what_if(matter, facts).days
    assert days
    for one in days:
        for edge, step in ((one.first, -1), (one.until, 1)):
            if edge:
                assert _on(edge, facts) is Outcome.PERMITTED
                beyond = date.fromordinal(edge.toordinal() + step)
                assert _on(beyond, facts) is not Outcome.PERMITTED


def _on(day: date, facts: Mapping[str, object]) -> Outcome:
    return _matter(small(), on=day).decide(facts).outcome


def test_an_instrument_moves_the_first_day_and_the_last() -> None:
    given = Authorisation("2a", "proposed", date(2031, 1, 1), date(2031, 1, 31), "rule 1")
    policy = opened({**FILES, "measures/002_pier/pier_loan.facility.yaml": FACILITY})
    matter = _matter(policy)
    days = what_if(matter, _read(matter, ALL), [given]).days
    assert date(2030, 12, 31) in {one.until for one in days}
    assert date(2031, 2, 1) in {one.first for one in days}


def test_the_day_and_the_word_that_permit_are_found() -> None:
    matter = _tested(
        "{id: x, when: 'days_between(other_day, day) <= 180', zh: 甲, en: a}\n"
        "{id: y, when: sort = 'one', zh: 乙, en: b}"
    )
    start = date(2030, 1, 1)
    late = {"other_day": start, "day": date(2030, 12, 1), "sort": "one"}
    spans = {one.leaf.path: one for one in what_if(matter, late).dates}
    assert date.fromordinal(spans["day"].highest) == date(2030, 6, 30)
    turned = what_if(matter, {**late, "day": start, "sort": "two"})
    assert [(one.leaf.path, one.permitted) for one in turned.turns] == [("sort", ("one",))]
    assert what_if(matter, {**late, "sort": "two"}).dates == ()


def test_what_is_permitted_comes_first_and_then_what_lacks_least() -> None:
    policy = small()
    given = list(flatten({**ALL, "use": "ship"}))
    fits, flaws = fits_of(policy, given, policy.standing(ON), Place)
    assert not flaws
    assert [(fit.decision.action, fit.is_permitted) for fit in fits] == [("draw", False)]
    assert [one.id for one in fits[0].fails] == ["for_pier"]
    assert fits[0].needs == ()
    fits, _ = fits_of(policy, list(flatten(ALL)), policy.standing(ON), Place)
    assert fits[0].is_permitted
    assert fits[0].used == 5


@pytest.mark.parametrize(
    ("facts", "code", "en"),
    [
        ({"is_sond": True}, "F001", "Nearest name: `is_sound`"),
        ({"zzzzzzzzzz": True}, "F001", "no facility has a fact"),
        ({"use": "boat"}, "F003", "expected one of pier, ship"),
    ],
)
def test_a_fact_that_no_facility_knows_or_can_read_is_told(
    facts: Mapping[str, object], code: str, en: str
) -> None:
    policy = small()
    _, flaws = fits_of(
        policy, list(flatten(facts)), policy.standing(ON), lambda leaf: Place("f", 1, leaf)
    )
    assert [flaw.code for flaw in flaws] == [code]
    assert en in flaws[0].en
