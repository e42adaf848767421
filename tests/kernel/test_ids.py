"""Ids say the same thing everywhere, and two things never share one."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from qianhai.kernel import derived_id, uuid7

PARTS = st.lists(st.text(max_size=8), max_size=4)
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2038, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given
RANDOM = st.binary(min_size=10, max_size=10)


@given(PARTS, PARTS)
def test_two_lists_of_parts_share_an_id_only_when_they_are_the_same(
    one: list[str], other: list[str]
) -> None:
    assert (derived_id(*one) == derived_id(*other)) is (one == other)


@given(PARTS)
def test_a_derived_id_says_that_it_is_one(parts: list[str]) -> None:
    made = derived_id(*parts)
    assert (made.version, made.variant) == (8, RFC_4122)


def test_a_derived_id_is_the_same_on_every_machine_for_ever() -> None:
    assert derived_id("chain", "local", "a1") == UUID("67771443-2eb3-8b49-aad2-66bb1be3bcac")


@given(INSTANTS, RANDOM)
def test_a_made_id_says_its_version_and_its_instant(at: datetime, random: bytes) -> None:
    made = uuid7(at, random)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert made.int >> 80 == (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@given(INSTANTS, RANDOM, RANDOM)
def test_made_ids_sort_by_their_instants(at: datetime, one: bytes, other: bytes) -> None:
    assert uuid7(at, one) < uuid7(at + timedelta(milliseconds=1), other)


@given(INSTANTS, RANDOM, RANDOM)
def test_the_randomness_that_comes_in_is_all_that_tells_ids_of_one_instant_apart(
    at: datetime, one: bytes, other: bytes
) -> None:
    low = (1 << 74) - 1
    same = int.from_bytes(one, "big") & low == int.from_bytes(other, "big") & low
    assert (uuid7(at, one) == uuid7(at, other)) is same
