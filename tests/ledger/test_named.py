"""Named chains in columns are answered and booked as the same chains one by one."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from random import Random

import numpy as np
import pytest

from ledger.books import (
    ALICE,
    AT,
    BOB,
    EVERYONE,
    GROUP,
    LOAN,
    NOSTRO,
    SOURCE,
    VAULT,
    Books,
    chain,
    pay,
)
from qianhai.db import Connection
from qianhai.kernel import StaleState
from qianhai.ledger import (
    EXPECTED,
    INT64_MAX,
    NAMED,
    Chain,
    ChainResult,
    Leg,
    NamedChains,
    PostedChains,
    Result,
    Submission,
    balances,
    day_number,
    verify,
)
from qianhai.ledger.kernel import NO_CAP

OTHER = "bank-2"
SAFES = [replace(ALICE, name=f"safe-{number}", floor=0) for number in range(4)]
SPECS = [*EVERYONE, *SAFES]
NAMES = [spec.name for spec in SPECS]


def named(chains: Sequence[Chain]) -> NamedChains:
    """Chains of everyone's accounts in columns; what has no legs opens what it says."""
    legs = [leg for one in chains for leg in one.legs]
    expects = [
        (at, NAMES.index(name), held) for at, one in enumerate(chains) for name, held in one.expects
    ]
    begins = [
        (at, NAMES.index(spec.name))
        for at, one in enumerate(chains)
        if not one.legs
        for spec in one.opens
    ]
    closes = [(at, NAMES.index(name)) for at, one in enumerate(chains) for name in one.closes]
    return NamedChains(
        OTHER,
        np.frombuffer(b"".join(one.id.bytes for one in chains), "V16"),
        np.zeros(len(chains), np.int8),
        np.array([day_number(one.value_on) for one in chains], np.int32),
        np.full(len(chains), INT64_MAX),
        np.array([len(one.legs) for one in chains]),
        np.array([NAMES.index(leg.debit) for leg in legs], np.int64),
        np.array([NAMES.index(leg.credit) for leg in legs], np.int64),
        np.array([leg.amount for leg in legs], np.int64),
        np.array([NO_CAP if leg.cap is None else leg.cap for leg in legs], np.int64),
        np.array([leg.spills for leg in legs], np.int8),
        NAMES,
        SPECS,
        np.array(expects, EXPECTED),
        np.array(begins, NAMED),
        np.array(closes, NAMED),
    )


def post(books: Books, chains: Sequence[Chain]) -> PostedChains:
    """Post chains in columns, with nothing beside them."""
    return books.writer.post_named(named(chains), lambda _conn, _posted: None, at=AT)


def some(dice: Random, number: int) -> Chain:
    """A chain that pays, draws, spills, or relies on what it cannot know."""
    amount = dice.choice([1, 5, 40, 900])
    legs = [
        Leg(SOURCE.name, LOAN.name, amount, 60, spills=True),
        Leg(SOURCE.name, GROUP.name, 0, 2_000),
        pay(amount, *dice.sample([NOSTRO, ALICE, BOB], 2)),
    ]
    expects = [(ALICE.name, dice.choice([0, 5]))] if dice.random() < 0.2 else []
    return chain(f"c{number}", *legs[dice.choice([0, 2]) :], expects=expects)


def answered_alike(books: Books, chains: Sequence[Chain]) -> list[ChainResult]:
    """Post chains one by one and, elsewhere, in columns; return what came of the latter."""
    alone = books.writer.submit([Submission(one) for one in chains], at=AT)
    posted = post(books, [replace(one, institution_id=OTHER) for one in chains])
    found = [posted.one(place) for place in range(len(chains))]
    assert [told(one) for one in found] == [told(one) for one in alone]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_chains_come_to_the_same(books: Books, seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - chains to try, nothing to guess
    chains = [some(dice, number) for number in range(200)]
    found = answered_alike(books, chains)
    assert {Result.POSTED, Result.STALE, Result.FLOOR_PASSED} <= {one.result for one in found}
    with books.database.transaction() as conn:
        moved = [name for name in NAMES if name != VAULT.name]
        assert balances(conn, OTHER, moved) == balances(conn, "bank-1", moved)
        assert balances(conn, OTHER, [VAULT.name]) == {}, "only what is moved is opened"
    with books.database.transaction() as conn:
        assert list(verify(conn)) == []


def of_a_safe(dice: Random, number: int) -> Chain:
    """A chain that opens an account, moves money on it, or closes it."""
    safe = dice.choice(SAFES)
    match dice.randrange(5):
        case 0:
            return chain(f"c{number}", opens=[safe])
        case 1:
            return chain(f"c{number}", opens=[safe], closes=[safe.name])
        case 2:
            return chain(
                f"c{number}", pay(5, safe, NOSTRO), opens=[safe, NOSTRO], closes=[safe.name]
            )
        case _:
            return chain(f"c{number}", pay(5, NOSTRO, safe), opens=[safe, NOSTRO])


@pytest.mark.parametrize("seed", range(6))
def test_accounts_are_opened_and_closed_without_a_leg_as_one_by_one(
    books: Books, seed: int
) -> None:
    dice = Random(seed)  # noqa: S311 - chains to try, nothing to guess
    chains = [of_a_safe(dice, number) for number in range(12)]
    answered_alike(books, chains)
    with books.database.transaction() as conn:
        opened = set(NAMES) & balances(conn, "bank-1", NAMES).keys()
        moved = {name for one in chains for leg in one.legs for name in (leg.debit, leg.credit)}
        begun = {spec.name for one in chains if not one.legs for spec in one.opens}
        assert balances(conn, OTHER, NAMES).keys() == opened & (moved | begun)
    with books.database.transaction() as conn:
        assert list(verify(conn)) == []


def told(one: ChainResult) -> tuple[object, ...]:
    if one.result is Result.STALE:
        return (one.result,)
    return one.result, one.failed_leg, one.asked, one.amounts, one.before, one.seq_last is None


def test_an_id_on_record_undoes_everything(books: Books) -> None:
    first = [chain(f"c{number}", pay(5), institution=OTHER) for number in range(40)]
    post(books, first)
    again = [chain("d", pay(7), institution=OTHER), first[3]]
    with pytest.raises(StaleState):
        post(books, again)
    with books.database.transaction() as conn:
        assert balances(conn, OTHER, [ALICE.name])[ALICE.name].balance == 200


def test_what_the_record_raises_undoes_everything(books: Books) -> None:
    def refuse(_conn: Connection, _posted: PostedChains) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        books.writer.post_named(named([chain("c", pay(5), institution=OTHER)]), refuse, at=AT)
    with books.database.transaction() as conn:
        assert balances(conn, OTHER, [ALICE.name]) == {}


def test_chains_that_stand_on_others_are_posted_after_them_in_one_transaction(
    books: Books,
) -> None:
    ids = iter(range(3))
    seen: list[int] = []

    def more(conn: Connection, _posted: PostedChains) -> NamedChains | None:
        held = balances(conn, OTHER, [ALICE.name])[ALICE.name].balance
        seen.append(held)
        following = [chain(f"c{at}", pay(5), institution=OTHER) for at in islice(ids, 1)]
        stands = [replace(one, expects=((ALICE.name, held),)) for one in following]
        return named(stands) if stands else None

    first = named([chain("a", pay(7), institution=OTHER)])
    last = books.writer.post_named(first, more, at=AT)
    assert last.is_posted.all()
    assert seen == [7, 12, 17, 22]
    with books.database.transaction() as conn:
        assert list(verify(conn)) == []
        told = conn.execute("select count(distinct xmin::text) from ledger.chains").fetchone()
    assert told == (1,)


def test_what_a_later_record_raises_undoes_what_was_posted_before_it(books: Books) -> None:
    def more(_conn: Connection, posted: PostedChains) -> NamedChains:
        assert posted.is_posted.all(), "an id was used twice"
        return named([chain("c", pay(5), institution=OTHER)])

    with pytest.raises(StaleState):
        books.writer.post_named(named([chain("b", pay(5), institution=OTHER)]), more, at=AT)
    with books.database.transaction() as conn:
        assert balances(conn, OTHER, [ALICE.name]) == {}
