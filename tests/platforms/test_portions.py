"""Apportioned and rounded amounts add up to the cent, whatever the shares."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qianhai.platforms import apportion, half_up, withheld

SHARES = st.lists(st.fractions(min_value=0, max_value=10), min_size=1, max_size=9).filter(any)


@given(st.integers(-(10**12), 10**12), SHARES)
def test_parts_add_up_and_lie_within_a_unit_of_their_share(
    total: int, shares: list[Fraction]
) -> None:
    parts = apportion(total, shares)
    assert sum(parts) == total
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - total * share / sum(shares)) < 1


def test_shares_that_divide_nothing_are_refused() -> None:
    for shares in ([], [Fraction(0)], [Fraction(-1), Fraction(2)]):
        with pytest.raises(ValueError, match="shares"):
            apportion(10, shares)


@given(st.fractions())
def test_rounding_goes_to_the_nearest_and_a_half_away_from_zero(value: Fraction) -> None:
    rounded = half_up(value)
    assert abs(rounded - value) <= Fraction(1, 2)
    assert rounded == -half_up(-value)
    if abs(rounded - value) == Fraction(1, 2):
        assert abs(rounded) > abs(value)


@given(st.integers(0, 10**12), st.fractions(0, 1))
def test_what_is_withheld_is_never_more_than_the_whole(gross: int, rate: Fraction) -> None:
    assert 0 <= withheld(gross, rate) <= gross
