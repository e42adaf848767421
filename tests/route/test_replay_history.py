"""A history replayed with a moved ratio: exactly the flips, and exactly their sums."""

import secrets
import time
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

import pytest

from qianhai.db import Database
from qianhai.instructions import Cover, Flip, Replay, Wanted
from qianhai.policy import Policy
from qianhai.registers import Keyring
from route.desk import Desk
from route.lending import Expected, booked, moved


def replayed(desk: Desk, replay: Replay) -> Iterator[Flip]:
    with desk.database.transaction() as conn:
        for found in replay.run(conn, Wanted()):
            assert isinstance(found, Flip)
            yield found


def make_replay(live: Policy, candidate: Policy) -> Replay:
    cover = Cover("local", Keyring(bytes(32)), secrets.token_bytes)
    return Replay(candidate, institution_id="local", cover=cover, live=live)


def assert_exact(flips: dict[str, tuple[str, str]], replay: Replay, expected: Expected) -> None:
    tally = replay.tally
    assert flips == expected.flips
    assert set(flips.values()) == {("permitted", "refused"), ("refused", "permitted")}
    sums = {code: Decimal(minor).scaleb(-2) for code, minor in expected.sums.items()}
    assert tally.flips.amounts == sums
    assert tally.flips.count == len(expected.flips)
    assert tally.count == len(expected.outcomes)
    assert tally.untried == sum(after == "permitted" for _, after in flips.values())
    parameters = {
        (key.name, key.was, key.now): total.count
        for key, total in tally.by_cause.items()
        if key.kind == "parameter" and key.before == "permitted"
    }
    lost = sum(before == "permitted" for before, _ in flips.values())
    assert parameters["overseas_lending_zone_ratio", "0.8", "0.7"] == lost


def test_a_moved_ratio_names_exactly_the_flips_of_a_history_and_their_sum(
    database: Database, policy: Policy
) -> None:
    desk, expected = booked(database, policy, 500, 6, 67)
    replay = make_replay(policy, moved())
    flips = {one.id: (one.before, one.after) for one in replayed(desk, replay)}
    assert_exact(flips, replay, expected)


def test_the_same_pack_flips_nothing(database: Database, policy: Policy) -> None:
    desk, expected = booked(database, policy, 60, 3, 1)
    replay = make_replay(policy, policy)
    assert list(replayed(desk, replay)) == []
    assert replay.tally.equal == len(expected.outcomes)
    assert replay.tally.changed == 0


@pytest.mark.soak
def test_a_hundred_thousand_decisions_are_replayed_exactly(
    database: Database, policy: Policy, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.perf_counter()
    desk, expected = booked(database, policy, 100_000, 1_200, 67)
    booking = time.perf_counter() - began
    replay = make_replay(policy, moved())
    began = time.perf_counter()
    flips = {one.id: (one.before, one.after) for one in replayed(desk, replay)}
    seconds = time.perf_counter() - began
    assert_exact(flips, replay, expected)
    tracemalloc.start()
    # Counting every allocation is slow: some portions show as well as all that none is kept.
    assert len(list(islice(replayed(desk, make_replay(policy, moved())), 1_500))) == 1_500
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20, "memory holds a portion, however long the history"
    with capsys.disabled():
        print(f"\nbooked {booking:.0f} s, replayed {seconds:.1f} s, peak {peak >> 20} MiB")  # noqa: T201
        print(f"{len(flips)} flips of {replay.tally.count}, {replay.tally.flips.amounts}")  # noqa: T201
