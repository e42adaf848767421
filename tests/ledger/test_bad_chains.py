"""A bad chain has its own answer, and the chains around it in the batch do not notice it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import pytest

from ledger.books import (
    ALICE,
    AT,
    BOB,
    CNY,
    EVERYONE,
    LOAN,
    NOSTRO,
    VAULT,
    Books,
    chain,
    draw,
    pay,
    release,
)
from qianhai.ledger import AccountSpec, Asset, Balance, Chain, Kind, Leg, Result, find_chain
from qianhai.ledger.model import INT64_MAX, INT64_MIN

MINT: Final = AccountSpec("mint", CNY, "nostro", "bank-1")
FULL: Final = AccountSpec("full", CNY, "settlement", "party-9")
FINE: Final = Asset("XAU", 9, "metal")
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Bad:
    """A chain that cannot be, what it needs before it, and the answer that is its own."""

    chain: Chain
    result: Result
    failed_leg: int | None = None
    before: Sequence[Chain] = ()
    amounts: tuple[int, ...] = ()


def posted_hold(name: str) -> Chain:
    return chain(name, pay(7, ALICE, BOB), draw(7, 100), kind=Kind.HOLD, expires=HOUR)


CASES: Final[dict[str, Bad]] = {
    "the amount is zero": Bad(chain("x", pay(0)), Result.AMOUNT_NOT_POSITIVE, 0),
    "the amount is negative": Bad(chain("x", pay(5), pay(-5)), Result.AMOUNT_NOT_POSITIVE, 1),
    "the amount is the lowest there is": Bad(
        chain("x", pay(INT64_MIN)), Result.AMOUNT_NOT_POSITIVE, 0
    ),
    "the debited account is unknown": Bad(
        chain("x", Leg("nobody", "alice", 1)), Result.ACCOUNT_UNKNOWN, 0
    ),
    "the credited account is unknown": Bad(
        chain("x", pay(1), Leg("alice", "nobody", 1)), Result.ACCOUNT_UNKNOWN, 1
    ),
    "the account is another institution's": Bad(
        chain("x", pay(1), institution="bank-2", opens=[NOSTRO]), Result.ACCOUNT_UNKNOWN, 0
    ),
    "the accounts hold different assets": Bad(
        chain("x", pay(1), pay(1, NOSTRO, VAULT)), Result.ASSET_MISMATCH, 1
    ),
    "the asset has nine decimals": Bad(
        chain("x", pay(1), opens=[*EVERYONE, AccountSpec("gold", FINE, "metal", "party-1")]),
        Result.ASSET_SCALE,
    ),
    "the asset has less than none": Bad(
        chain(
            "x",
            opens=[AccountSpec("gold", replace(FINE, scale=-1), "metal", "party-1")],
        ),
        Result.ASSET_SCALE,
    ),
    "a credit passes 64 bits": Bad(
        chain("x", pay(3, NOSTRO, BOB), pay(1, NOSTRO, FULL)),
        Result.OVERFLOW,
        1,
        [chain("fill", pay(INT64_MAX, MINT, FULL), opens=[MINT, FULL])],
    ),
    "two amounts pass 64 bits together": Bad(
        chain("x", draw(INT64_MAX, 10, spills=True), draw(INT64_MAX, INT64_MAX)),
        Result.OVERFLOW,
        1,
    ),
    "a leg debits and credits one account": Bad(
        chain("x", pay(1), pay(1, ALICE, ALICE)), Result.SAME_ACCOUNT, 1
    ),
    "the hold was resolved before": Bad(
        chain("x", kind=Kind.COMMIT, of="h"),
        Result.HOLD_RESOLVED,
        None,
        [posted_hold("h"), chain("c", kind=Kind.COMMIT, of="h")],
    ),
    "the hold's time is over": Bad(
        chain("x", kind=Kind.COMMIT, of="h"),
        Result.HOLD_EXPIRED,
        None,
        [chain("h", pay(7, ALICE, BOB), kind=Kind.HOLD, expires=timedelta(0))],
    ),
    "a commit asks for more than was held": Bad(
        chain("x", kind=Kind.COMMIT, of="h", amounts=[7, 8]),
        Result.HOLD_EXCEEDED,
        1,
        [posted_hold("h")],
    ),
    "a commit asks for less than nothing": Bad(
        chain("x", kind=Kind.COMMIT, of="h", amounts=[7, -1]),
        Result.AMOUNT_NOT_POSITIVE,
        1,
        [posted_hold("h")],
    ),
    "the id came with other content": Bad(
        chain("x", pay(2)), Result.ID_CONFLICT, None, [chain("x", pay(1))]
    ),
    "the draw passes its limit": Bad(
        chain("x", pay(5), draw(501, 500)), Result.LIMIT_PASSED, 1, (), (0, 0)
    ),
    "there is not enough": Bad(
        chain("x", pay(5, NOSTRO, ALICE), pay(2000, ALICE, BOB)),
        Result.FLOOR_PASSED,
        1,
        (),
        (0, 0),
    ),
}
FUND: Final = chain("fund", pay(1000))


def good(name: str) -> Chain:
    """Three legs: money from Alice to Bob, a draw and its release."""
    return chain(name, pay(10, ALICE, BOB), draw(20, 100), release(20))


@pytest.mark.parametrize("told", CASES)
@pytest.mark.parametrize("comes_together", [True, False])
def test_a_bad_chain_has_its_own_answer_and_harms_no_other(
    books: Books, told: str, *, comes_together: bool
) -> None:
    case = CASES[told]
    early = [FUND, *case.before]
    batch = [good("first"), case.chain, good("last")]
    if comes_together:
        results = books.post(*early, *batch)[len(early) :]
    else:
        assert all(books.one(each).is_posted for each in early)
        results = books.post(*batch)
    assert [each.is_posted for each in results] == [True, False, True]
    assert (results[1].result, results[1].failed_leg) == (case.result, case.failed_leg)
    if case.amounts:
        assert results[1].amounts == case.amounts
    assert results[2].before[0] == (
        results[0].before[0][0] - 10,
        results[0].before[0][1] + 10,
    ), "the second good chain stands on the first, as if nothing had come between"
    assert books.flaws() == []
    with books.database.transaction() as conn:
        stored = find_chain(conn, case.chain.institution_id, case.chain.id)
    assert stored is not None
    assert stored.result.result is case.result or case.result is Result.ID_CONFLICT


def test_all_bad_chains_of_one_batch_are_each_told_their_own(books: Books) -> None:
    batch, expected = [FUND], [Result.POSTED]
    for number, case in enumerate(CASES.values()):
        # Each case has names, and accounts that fill up, of its own.
        own = [_renamed(each, number) for each in (*case.before, case.chain)]
        batch += [*own, good(f"good-{number}")]
        expected += [*[Result.POSTED] * len(case.before), case.result, Result.POSTED]
    results = books.post(*batch)
    wrong = [
        (result.result, want)
        for result, want in zip(results, expected, strict=True)
        if result.result is not want
    ]
    assert wrong == []
    assert books.balance(LOAN).balance == 7
    assert books.flaws() == []
    again = books.post(*batch)
    assert [each.result for each in again] == expected
    assert not any(each.first for each in again if each.result is not Result.ID_CONFLICT)


def _renamed(chain_: Chain, number: int) -> Chain:
    other = chain(str((number, str(chain_.id))))
    of = None if chain_.of is None else chain(str((number, str(chain_.of)))).id
    return replace(chain_, id=other.id, of=of)


def test_a_chain_may_touch_one_account_in_several_legs_and_each_sees_the_ones_before(
    books: Books,
) -> None:
    funded = books.one(FUND)
    assert funded.is_posted
    through = chain("x", pay(400, ALICE, BOB), pay(700, BOB, ALICE), pay(1300, ALICE, BOB))
    # Bob has 400 when his 700 are asked for.
    found = books.one(through)
    assert (found.result, found.failed_leg) == (Result.FLOOR_PASSED, 1)
    assert found.before == ((1000, 0), (400, 600))
    fitting = chain("y", pay(400, ALICE, BOB), pay(400, BOB, ALICE), pay(1000, ALICE, BOB))
    result = books.one(fitting)
    assert result.is_posted
    assert result.before == ((1000, 0), (400, 600), (1000, 0))
    assert (books.balance(ALICE), books.balance(BOB)) == (Balance(0), Balance(1000))
    assert books.flaws() == []


def test_a_draw_in_two_legs_may_not_pass_the_limit_together(books: Books) -> None:
    found = books.one(chain("x", draw(60, 100), draw(60, 100)))
    assert (found.result, found.failed_leg) == (Result.LIMIT_PASSED, 1)
    assert books.balance(LOAN) == Balance()
    assert books.one(chain("y", draw(60, 100), draw(40, 100))).is_posted
    assert books.balance(LOAN).used == 100


@pytest.mark.parametrize("kinds", [(Kind.COMMIT, Kind.COMMIT), (Kind.VOID, Kind.COMMIT),
                                   (Kind.COMMIT, Kind.VOID), (Kind.VOID, Kind.VOID)])  # fmt: skip
def test_a_hold_is_resolved_by_the_first_of_two_in_one_batch(
    books: Books, kinds: tuple[Kind, Kind]
) -> None:
    first, second = kinds
    results = books.post(
        FUND,
        posted_hold("h"),
        chain("one", kind=first, of="h"),
        good("between"),
        chain("two", kind=second, of="h"),
        good("after"),
    )
    assert [each.result for each in results] == [
        *[Result.POSTED] * 4,
        Result.HOLD_RESOLVED,
        Result.POSTED,
    ]
    moved = 7 if first is Kind.COMMIT else 0
    assert books.balance(BOB) == Balance(20 + moved)
    assert books.flaws() == []


def test_a_hold_that_expired_since_can_be_voided_only_by_the_sweep_before_the_batch(
    books: Books,
) -> None:
    assert all(each.is_posted for each in books.post(FUND, posted_hold("h")))
    results = books.post(
        good("first"),
        chain("late", kind=Kind.COMMIT, of="h"),
        chain("later", kind=Kind.VOID, of="h"),
        good("last"),
        at=AT + HOUR,
    )
    assert [each.result for each in results] == [
        Result.POSTED,
        Result.HOLD_EXPIRED,
        Result.HOLD_RESOLVED,
        Result.POSTED,
    ]
    assert books.balance(ALICE) == Balance(980)
    assert books.flaws() == []


def test_of_one_id_twice_in_a_batch_the_first_content_counts(books: Books) -> None:
    results = books.post(
        FUND, chain("x", pay(1)), good("g"), chain("x", pay(2)), chain("x", pay(1))
    )
    assert [each.result for each in results[1:]] == [
        Result.POSTED,
        Result.POSTED,
        Result.ID_CONFLICT,
        Result.POSTED,
    ]
    assert [each.first for each in results[1:]] == [True, True, True, False]
    assert books.balance(ALICE) == Balance(991)
    assert books.flaws() == []
