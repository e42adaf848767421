"""What a sender writes is read exactly, and every mistake in it is told at once."""

from datetime import date
from decimal import Decimal

import pytest

from policy.small import small
from qianhai.kernel import Flaw, Place
from qianhai.policy import Fact, flatten, leaves_of, read_facts, read_leaf
from qianhai.policy.facts import Values
from qianhai.rules import ABSENT

DECLARED = small().pack.facilities["pier_loan"].facts


def _read(document: object) -> tuple[Values, list[Flaw]]:
    return read_facts(DECLARED, flatten(document), lambda leaf: Place("day.json", 1, leaf))


def _codes(document: object) -> list[tuple[str, str]]:
    return [(flaw.code, str(flaw.place)) for flaw in _read(document)[1]]


def test_money_without_a_currency_of_its_own_is_two_leaves() -> None:
    assert {"amount.amount", "amount.currency", "used"} <= leaves_of(DECLARED).keys()
    assert leaves_of(DECLARED)["amount.amount"].currency == "amount.currency"


def test_every_type_is_read_as_its_value() -> None:
    values, flaws = _read(
        {
            "is_sound": True,
            "is_listed": "false",
            "use": "ship",
            "due_on": "2030-02-28",
            "amount": {"amount": "40.10", "currency": "CNY"},
            "used": 7,
            "rate": "7.1",
            "paper": "河-1",
            "shares": [{"name": "a", "part": "1.5"}, {"name": "b", "part": None}],
        }
    )
    assert flaws == []
    assert values == {
        "is_sound": True,
        "is_listed": False,
        "use": "ship",
        "due_on": date(2030, 2, 28),
        "amount.amount": Decimal("40.10"),
        "amount.currency": "CNY",
        "used": Decimal(7),
        "rate": Decimal("7.1"),
        "paper": "河-1",
        "shares": [{"name": "a", "part": Decimal("1.5")}, {"name": "b"}],
    }


def test_null_is_absence_where_absence_is_recorded_and_else_unknown() -> None:
    assert _read({"due_on": None, "is_sound": None}) == ({"due_on": ABSENT}, [])


@pytest.mark.parametrize(
    ("leaf", "value", "code"),
    [
        ("is_sond", "true", "F001"),
        ("used", 7.5, "F002"),
        ("amount", {"amount": ["1"]}, "F002"),
        ("is_sound", "yes", "F003"),
        ("use", "peer", "F003"),
        ("due_on", "2030-2-28", "F003"),
        ("due_on", "2030-02-30", "F003"),
        ("used", "1e3", "F003"),
        ("used", "1,000", "F003"),
        ("amount.currency", "CNX", "F003"),
        ("amount.amount", "0", "F003"),
        ("back", "-0.01", "F003"),
        ("rate", "0", "F003"),
        ("paper", "", "F003"),
        ("paper", "a\nb", "F003"),
        ("paper", "x" * 501, "F003"),
        ("shares", "all", "F004"),
        ("shares", ["all"], "F004"),
        ("shares", [{"nmae": "a"}], "F001"),
        ("shares", [{"part": 1.5}], "F002"),
        ("shares", [{"part": "one"}], "F003"),
        ("shares", [{"part": "1.005"}], "F005"),
        ("used", "0.001", "F005"),
        ("used", "99999999999999999999", "F005"),
    ],
)
def test_a_value_of_another_form_is_told_with_what_was_expected(
    leaf: str, value: object, code: str
) -> None:
    values, (flaw,) = _read({leaf: value})
    assert flaw.code == code
    assert str(flaw.place).startswith(f"day.json:1: {leaf}")
    assert flaw.en.endswith(".")
    assert flaw.zh.endswith("。")
    assert code in {"F004", "F005"} or values.get(leaf) in (None, [{}])


def test_a_form_of_a_currency_or_a_name_brings_the_nearest() -> None:
    _, flaws = _read({"amount": {"currency": "CNX"}, "is_sond": "true", "zzzz": "1"})
    assert "CNY" in flaws[0].en
    assert "`is_sound`" in flaws[1].en
    assert flaws[2].en == "unknown fact `zzzz`."
    assert "CNY" in _read({"amount": {"currency": "?"}})[1][0].en


def test_what_the_register_or_the_ledger_says_may_be_below_zero() -> None:
    assert _read({"spare": "-1.00"})[1] == []


def test_decimals_are_judged_by_the_currency_that_is_stated() -> None:
    yen = {"amount": {"amount": "40.50", "currency": "JPY"}}
    assert _codes(yen) == [("F005", "day.json:1: amount.amount")]
    assert _codes({"amount": {"amount": "40.505"}}) == []
    assert _codes({"amount": {"amount": "40.00", "currency": "JPY"}}) == []


def test_a_whole_number_is_a_whole_number() -> None:
    declared = {
        "days": Fact(type="integer", zh="天", en="days"),
        "part": Fact(type="number", zh="份", en="part"),
    }

    def read(value: object) -> tuple[Values, list[str]]:
        values, flaws = read_facts(declared, [("days", value)], lambda leaf: Place("x", 1, leaf))
        return values, [flaw.code for flaw in flaws]

    assert read("-3") == ({"days": -3}, [])
    assert read("1.5") == ({}, ["F003"])
    assert read("9" * 19) == ({}, ["F003"])


def test_all_flaws_of_an_input_come_at_once() -> None:
    assert len(_codes({"is_sound": "?", "use": "?", "back": "-1", "no": "1"})) == 4


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("is_sound", True),
        ("is_sound", "yes"),
        ("due_on", "2030-02-28"),
        ("due_on", "28.2.2030"),
        ("paper", "河-1"),
        ("used", "7.25"),
        ("used", "7.255"),
        ("used", 7.25),
        ("shares", "many"),
    ],
)
def test_a_leaf_by_itself_is_read_as_in_company_and_without_a_flaw_only(
    path: str, raw: object
) -> None:
    values, flaws = _read({path: raw})
    assert read_leaf(leaves_of(DECLARED)[path], raw) == (None if flaws else values[path])
