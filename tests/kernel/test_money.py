"""Money is exact: what a sender writes is what is kept, or it is refused."""

from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qianhai.kernel import (
    CURRENCIES,
    EXACT,
    Money,
    format_minor,
    parse_decimal,
    scale_of,
    to_minor,
)

MINOR = st.integers(-(2**63 - 1), 2**63 - 1)
CURRENCY = st.sampled_from(sorted(CURRENCIES))


@given(MINOR, st.integers(0, 8))
def test_what_is_written_is_read_back_exactly(minor: int, scale: int) -> None:
    assert to_minor(parse_decimal(format_minor(minor, scale)), scale) == minor


@given(MINOR, CURRENCY)
def test_money_is_read_back_from_how_it_is_written(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    code, amount = str(money).split(" ")
    assert Money.parse(amount, code) == money


@given(MINOR, st.integers(0, 8))
def test_a_written_amount_is_the_exact_fraction(minor: int, scale: int) -> None:
    assert Fraction(format_minor(minor, scale)) == Fraction(minor, 10**scale)


@given(st.integers(1, 9), CURRENCY)
def test_one_decimal_more_than_the_currency_has_is_refused(digit: int, currency: str) -> None:
    text = f"1.{'0' * scale_of(currency)}{digit}"
    with pytest.raises(ValueError, match=text):
        Money.parse(text, currency)


def test_trailing_zeros_beyond_the_scale_change_nothing_and_are_taken() -> None:
    assert Money.parse("1.0000", "CNY") == Money(100, "CNY")


@pytest.mark.parametrize("minor", [2**63, -(2**63)])
def test_an_amount_beyond_64_bits_is_refused(minor: int) -> None:
    with pytest.raises(ValueError, match=str(minor)):
        to_minor(Decimal(minor), 0)


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1 ", "+1", ".5", "1.", "1e3", "1,000", "١", "１", "NaN", "Infinity", "0x1"),
        *("--1", "1" * 25, "1." + "0" * 13, "1\n"),
    ],
)
def test_a_text_two_readers_may_take_differently_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text itself is the message, also when empty
        parse_decimal(text)


def test_the_longest_text_that_is_an_amount_is_taken() -> None:
    text = f"-{'9' * 24}.{'9' * 12}"
    assert format(parse_decimal(text), "f") == text


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(KeyError, match="XXX"):
        Money.parse("1.00", "XXX")


def test_exact_arithmetic_never_rounds() -> None:
    with pytest.raises(Inexact):
        EXACT.divide(Decimal(1), Decimal(3))
