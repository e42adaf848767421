"""Every result of the closed list is given by one case, and in its order of precedence."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from ledger.books import (
    ALICE,
    AT,
    BOB,
    CNY,
    NOSTRO,
    VAULT,
    Books,
    chain,
    draw,
    pay,
    release,
)
from qianhai.ledger import AccountSpec, Asset, Chain, Kind, Leg, Result, kernel
from qianhai.ledger.model import INT64_MAX

CAPPED: Final = AccountSpec("capped", CNY, "settlement", "party-9", ceiling=100)

#: Result: the chains before, and the chain that gives it.
CASES: Final[dict[Result, tuple[Sequence[Chain], Chain]]] = {
    Result.POSTED: ([], chain("x", pay(1))),
    Result.ID_CONFLICT: ([chain("x", pay(1))], chain("x", pay(2))),
    Result.STALE: ([], chain("x", pay(1), expects=[("alice", 1)])),
    Result.HOLD_NOT_FOUND: ([chain("p", pay(1))], chain("x", kind=Kind.COMMIT, of="p")),
    Result.HOLD_RESOLVED: (
        [chain("h", pay(1), kind=Kind.HOLD), chain("v", kind=Kind.VOID, of="h")],
        chain("x", kind=Kind.COMMIT, of="h"),
    ),
    Result.HOLD_EXPIRED: (
        [chain("h", pay(1), kind=Kind.HOLD, expires=timedelta(0))],
        chain("x", kind=Kind.COMMIT, of="h"),
    ),
    Result.HOLD_EXCEEDED: (
        [chain("h", pay(1), kind=Kind.HOLD)],
        chain("x", kind=Kind.COMMIT, of="h", amounts=[2]),
    ),
    Result.ORIGINAL_NOT_FOUND: (
        [chain("h", pay(1), kind=Kind.HOLD)],
        chain("x", kind=Kind.REVERSE, of="h"),
    ),
    Result.ORIGINAL_REVERSED: (
        [chain("p", pay(1)), chain("r", kind=Kind.REVERSE, of="p")],
        chain("x", kind=Kind.REVERSE, of="p"),
    ),
    Result.ASSET_SCALE: ([], chain("x", opens=[replace(NOSTRO, asset=Asset("CNY", 9, "c"))])),
    Result.ASSET_DIFFERS: (
        [chain("p", pay(1))],
        chain("x", opens=[AccountSpec("new", Asset("CNY", 3, "currency"), "k", "h")]),
    ),
    Result.ACCOUNT_DIFFERS: ([chain("p", pay(1))], chain("x", opens=[replace(ALICE, floor=-1)])),
    Result.ACCOUNT_UNKNOWN: ([], chain("x", Leg("nostro", "nobody", 1))),
    Result.ACCOUNT_CLOSED: (
        [chain("p", closes=["bob"])],
        chain("x", pay(1, NOSTRO, BOB), opens=[NOSTRO]),
    ),
    Result.ASSET_MISMATCH: ([], chain("x", pay(1, NOSTRO, VAULT))),
    Result.SAME_ACCOUNT: ([], chain("x", pay(1, NOSTRO, NOSTRO))),
    Result.AMOUNT_NOT_POSITIVE: ([], chain("x", pay(0))),
    Result.OVERFLOW: ([chain("p", pay(INT64_MAX))], chain("x", pay(1))),
    Result.LIMIT_PASSED: ([], chain("x", draw(501, 500))),
    Result.CEILING_PASSED: ([], chain("x", pay(101, NOSTRO, CAPPED), opens=[NOSTRO, CAPPED])),
    Result.FLOOR_PASSED: ([], chain("x", pay(1, ALICE, BOB))),
    Result.ACCOUNT_NOT_EMPTY: ([], chain("x", pay(1), closes=["alice"])),
}


@pytest.mark.parametrize("result", Result)
def test_every_result_has_its_case_and_is_given_again(books: Books, result: Result) -> None:
    before, last = CASES[result]
    assert all(books.one(each).is_posted for each in before)
    assert books.one(last).result is result
    again = books.one(last)
    assert again.result is result
    assert again.first is (result in (Result.ID_CONFLICT, Result.STALE))
    assert books.flaws() == []


@pytest.mark.parametrize("result", Result)
def test_a_result_is_the_same_when_everything_comes_in_one_batch(
    books: Books, result: Result
) -> None:
    before, last = CASES[result]
    assert books.post(*before, last)[-1].result is result
    assert books.flaws() == []


def test_the_kernel_counts_results_and_kinds_in_the_order_of_the_model() -> None:
    assert [getattr(kernel, result.name) for result in Result] == list(range(len(Result)))
    assert [getattr(kernel, kind.name) for kind in Kind] == list(range(len(Kind)))


@pytest.mark.parametrize(
    ("legs", "result", "failed_leg"),
    [
        ([pay(0), Leg("nostro", "nobody", 1)], Result.ACCOUNT_UNKNOWN, 1),
        ([pay(0), pay(1, NOSTRO, VAULT), pay(1, NOSTRO, NOSTRO)], Result.ASSET_MISMATCH, 1),
        ([pay(1, ALICE, BOB), pay(0)], Result.AMOUNT_NOT_POSITIVE, 1),
        ([pay(1, ALICE, BOB), draw(501, 500)], Result.FLOOR_PASSED, 0),
        ([Leg("alice", "limit:loan", 1, 0)], Result.ASSET_MISMATCH, 0),
        ([release(1), draw(501, 500)], Result.FLOOR_PASSED, 0),
        ([pay(-5)], Result.AMOUNT_NOT_POSITIVE, 0),
    ],
)
def test_what_stands_before_any_leg_moves_goes_before_what_does_not_fit(
    books: Books, legs: list[Leg], result: Result, failed_leg: int
) -> None:
    found = books.one(chain("x", *legs))
    assert (found.result, found.failed_leg) == (result, failed_leg)


def test_within_a_leg_the_limit_goes_before_ceiling_and_floor(books: Books) -> None:
    ceiling = replace(CAPPED, floor=0)
    both = Leg("alice", "capped", 101, cap=100)
    assert books.one(chain("x", both, opens=[ALICE, ceiling])).result is Result.LIMIT_PASSED
    loose = Leg("alice", "capped", 101, cap=200)
    assert books.one(chain("y", loose, opens=[ALICE, ceiling])).result is Result.CEILING_PASSED


@pytest.mark.parametrize(
    "broken",
    [
        lambda: chain("x", opens=[]),
        lambda: chain("x", pay(1), kind=Kind.COMMIT, of="p"),
        lambda: chain("x", kind=Kind.VOID),
        lambda: chain("x", pay(1), of="p"),
        lambda: chain("x", kind=Kind.HOLD),
        lambda: chain("x", pay(1), kind=Kind.HOLD, closes=["alice"]),
        lambda: chain("x", draw(1, 1, spills=True)),
        lambda: chain("x", pay(1), expires=timedelta(1)),
        lambda: chain("x", pay(1), amounts=[1]),
        lambda: chain("x", kind=Kind.COMMIT, of="p", amounts=[2**63]),
        lambda: Leg("a", "b", 2**63),
        lambda: Leg("a", "b", 1, spills=True),
        lambda: AccountSpec("", CNY, "k", "h"),
        lambda: AccountSpec("a", CNY, "k", "h", floor=1),
        lambda: AccountSpec("a", CNY, "k", "h", ceiling=-1),
        lambda: replace(chain("x", pay(1), kind=Kind.HOLD), expires_at=AT.replace(tzinfo=None)),
    ],
)
def test_a_chain_that_contradicts_itself_cannot_be_written(broken: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        broken()
