"""What stands on a day: dated values, readings, and clauses that instruments open and close."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from policy.small import FILES, PARAMETERS, changed, decided, opened, small
from qianhai.kernel import Outcome
from qianhai.policy import Authorisation, as_status, open_clauses

SOUND = {
    "is_sound": True,
    "use": "pier",
    "amount": {"amount": "40.00", "currency": "CNY"},
    "used": "0",
}


@pytest.mark.parametrize(
    ("on", "room"),
    [
        (date(2029, 12, 31), None),
        (date(2030, 1, 1), Decimal(100)),
        (date(2031, 12, 31), Decimal(100)),
        (date(2032, 1, 1), None),
        (date(2033, 6, 1), None),
        (date(2034, 1, 1), Decimal(300)),
    ],
)
def test_a_parameter_has_the_value_of_the_day_or_none_that_is_sure(
    on: date, room: Decimal | None
) -> None:
    assert small().standing(on).parameters.get("room") == room


def test_days_that_stand_alike_share_their_values_and_each_decides_as_its_own_day() -> None:
    policy = small()
    days = [date(2030, 6, 1), date(2030, 6, 2), date(2034, 6, 1)]
    first, second, later = (policy.standing(day) for day in days)
    assert first.ids == second.ids != later.ids
    assert [decided(policy, SOUND, on=day).decision.on for day in days] == days


def test_what_is_kept_is_bounded_and_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [date(2030, 6, 1), date(2034, 6, 1), date(2030, 6, 1)]
    plenty = [decided(small(), SOUND, on=day).decision for day in days]
    monkeypatch.setattr("qianhai.policy.policy._KEPT_MAX", 1)
    fresh = opened(FILES)
    assert [decided(fresh, SOUND, on=day).decision for day in days] == plenty


@pytest.mark.parametrize("on", [date(2032, 6, 1), date(2033, 6, 1)])
def test_a_value_that_is_not_established_decides_nothing_and_is_named(on: date) -> None:
    decision = decided(small(), SOUND, on=on).decision
    assert decision.outcome is Outcome.INCOMPLETE
    assert [(one.fact, one.document) for one in decision.missing] == [("p.room", "")]


def test_a_series_from_an_unsure_memory_decides_only_where_a_value_is_sure() -> None:
    policy = opened(changed("rooms.yaml", "confidence: page", "confidence: memory-unsure"))
    assert policy.standing(date(2030, 6, 1)).parameters == {}
    sure = PARAMETERS.replace("confidence: page", "confidence: memory-unsure").replace(
        'value: "300"', 'value: "300", confidence: page'
    )
    policy = opened({**FILES, "parameters/rooms.yaml": sure})
    assert policy.standing(date(2034, 6, 1)).parameters == {"room": Decimal(300)}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "0.10", Decimal("0.10")),
        ("integer", "180", 180),
        ("date", "2030-02-28", date(2030, 2, 28)),
        ("text", "NO", "NO"),
    ],
)
def test_a_parameter_is_read_as_its_type_says(kind: str, text: str, value: object) -> None:
    more = f"""\
- id: other
  title: {{zh: 值, en: value}}
  type: {kind}
  unit: {{zh: 无, en: none}}
  measures: [2]
  confidence: page
  source: 河发〔2030〕1号
  values: [{{from: 2030-01-01, value: "{text}"}}]
"""
    policy = opened({**FILES, "parameters/rooms.yaml": PARAMETERS + more})
    assert policy.standing(date(2030, 6, 1)).parameters["other"] == value


def test_readings_have_their_default_until_another_is_chosen() -> None:
    policy = small()
    assert policy.standing(date(2030, 6, 1)).switches == {"2.reading": "wide"}
    narrow = policy.standing(date(2030, 6, 1), switches={"2.reading": "narrow"})
    assert narrow.switches == {"2.reading": "narrow"}
    for wrong in ({"2.reading": "other"}, {"3.reading": "wide"}):
        with pytest.raises(KeyError):
            policy.standing(date(2030, 6, 1), switches=wrong)


def test_nothing_is_open_before_the_plan_takes_effect() -> None:
    assert open_clauses(small().pack, date(2029, 12, 31)) == frozenset()
    assert open_clauses(small().pack, date(2030, 1, 1)) == {"1a", "2a"}


def test_a_proposed_clause_opens_by_an_instrument_and_closes_after_it() -> None:
    pack = small().pack
    given = Authorisation("1b", "in_force", date(2030, 3, 1), date(2030, 4, 30), "no. 1")
    for day, is_open in (("02-28", False), ("03-01", True), ("04-30", True), ("05-01", False)):
        found = open_clauses(pack, date.fromisoformat(f"2030-{day}"), [given])
        assert ("1b" in found) is is_open


def test_the_latest_instrument_that_holds_decides_whatever_their_order() -> None:
    opens = Authorisation("1b", "in_force", date(2030, 3, 1), None, "no. 1")
    closes = Authorisation("1b", "proposed", date(2030, 6, 1), None, "no. 2")
    for given in ([opens, closes], [closes, opens]):
        assert "1b" in open_clauses(small().pack, date(2030, 5, 31), given)
        assert "1b" not in open_clauses(small().pack, date(2030, 6, 1), given)


def test_a_reading_may_choose_the_status_of_a_clause() -> None:
    text = (
        FILES["vocabulary/switches.yaml"]
        + """\
1b.status:
  values: [proposed, supported]
  default: proposed
  settles: {zh: 状态, en: its status}
  reason: {zh: 原因, en: why}
"""
    )
    policy = opened({**FILES, "vocabulary/switches.yaml": text})
    day = date(2030, 6, 1)
    assert "1b" not in policy.standing(day).open_clauses
    assert "1b" in policy.standing(day, switches={"1b.status": "supported"}).open_clauses


def test_a_word_is_a_clause_status_or_a_bug() -> None:
    assert as_status("pilot") == "pilot"
    with pytest.raises(AssertionError):
        as_status("closed")


def test_the_same_question_has_the_same_standing_and_program() -> None:
    policy = opened(FILES)
    first = policy.standing(date(2030, 6, 1))
    assert policy.standing(date(2030, 6, 1)) is first
    one = decided(policy, SOUND)
    assert decided(policy, SOUND) == one


def test_what_is_kept_by_day_is_bounded_and_forgotten_without_a_trace() -> None:
    policy = opened(FILES)
    days = [date(2034, 1, 1) + timedelta(days=number) for number in range(4_200)]
    outcomes = {decided(policy, SOUND, on=day).decision.outcome for day in [*days, *days[:3]]}
    assert outcomes == {Outcome.PERMITTED}
    assert len(policy._standings) < 4_200
    assert len(policy._bound) < 4_200
