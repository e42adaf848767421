"""Holds set aside, and are posted, partly posted, voided or expire as a whole chain."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ledger.books import (
    ALICE,
    AT,
    BANK,
    BOB,
    CNY,
    EVERYONE,
    GROUP,
    LOAN,
    NOSTRO,
    Books,
    chain,
    draw,
    named,
    pay,
)
from qianhai.db import Connection
from qianhai.kernel import derived_id
from qianhai.ledger import (
    AccountSpec,
    Balance,
    Chain,
    ChainResult,
    Kind,
    Leg,
    Result,
    Submission,
    Writer,
    find_chain,
)
from qianhai.ledger.writer import SWEPT_MAX

HOLD = chain("h", pay(60, ALICE, BOB), draw(60, 100), kind=Kind.HOLD, expires=timedelta(hours=1))


@pytest.fixture
def held(books: Books) -> Books:
    """Alice has 100, of which 60 are held for Bob, under a limit of 100."""
    assert books.one(chain("fund", pay(100))).is_posted
    assert books.one(HOLD).is_posted
    return books


def test_a_hold_sets_aside_without_posting(held: Books) -> None:
    assert held.balance(ALICE) == Balance(100, pending_out=60)
    assert held.balance(BOB) == Balance(0, pending_in=60)
    assert held.balance(LOAN) == Balance(0, pending_in=60, cap_seen=100)
    assert held.one(chain("x", pay(41, ALICE, BOB))).result is Result.FLOOR_PASSED
    assert held.flaws() == []


def test_a_commit_posts_the_whole_chain(held: Books) -> None:
    result = held.one(chain("c", kind=Kind.COMMIT, of="h"))
    assert (result.result, result.amounts) == (Result.POSTED, (60, 60))
    assert held.balance(ALICE) == Balance(40)
    assert held.balance(BOB) == Balance(60)
    assert held.balance(LOAN) == Balance(60, cap_seen=100)
    assert held.flaws() == []


def test_a_partial_commit_posts_less_and_releases_the_rest(held: Books) -> None:
    result = held.one(chain("c", kind=Kind.COMMIT, of="h", amounts=[25, 0]))
    assert (result.result, result.amounts) == (Result.POSTED, (25, 0))
    assert held.balance(ALICE) == Balance(75)
    assert held.balance(BOB) == Balance(25)
    assert held.balance(LOAN) == Balance(0, cap_seen=100)
    assert held.flaws() == []


def test_a_void_releases_everything(held: Books) -> None:
    result = held.one(chain("v", kind=Kind.VOID, of="h"))
    assert (result.result, result.amounts) == (Result.POSTED, (0, 0))
    assert (held.balance(ALICE), held.balance(BOB)) == (Balance(100), Balance())
    assert held.one(chain("c", kind=Kind.COMMIT, of="h")).result is Result.HOLD_RESOLVED
    assert held.flaws() == []


@pytest.mark.parametrize(
    ("amounts", "result", "failed_leg"),
    [
        ([60, 61], Result.HOLD_EXCEEDED, 1),
        ([60], Result.HOLD_EXCEEDED, None),
        ([60, 60, 60], Result.HOLD_EXCEEDED, None),
        ([-1, 60], Result.AMOUNT_NOT_POSITIVE, 0),
        ([60, -2], Result.AMOUNT_NOT_POSITIVE, 1),
    ],
)
def test_a_commit_posts_no_more_than_was_held(
    held: Books, amounts: list[int], result: Result, failed_leg: int | None
) -> None:
    found = held.one(chain("c", kind=Kind.COMMIT, of="h", amounts=amounts))
    assert (found.result, found.failed_leg) == (result, failed_leg)
    assert held.balance(ALICE) == Balance(100, pending_out=60)
    assert held.one(chain("d", kind=Kind.COMMIT, of="h")).is_posted


def test_a_hold_is_resolved_once_in_a_batch_too(held: Books) -> None:
    results = held.post(
        chain("c", kind=Kind.COMMIT, of="h", amounts=[61, 0]),
        chain("d", kind=Kind.COMMIT, of="h", amounts=[10, 10]),
        chain("e", kind=Kind.COMMIT, of="h"),
        chain("v", kind=Kind.VOID, of="h"),
    )
    assert [each.result for each in results] == [
        Result.HOLD_EXCEEDED,
        Result.POSTED,
        Result.HOLD_RESOLVED,
        Result.HOLD_RESOLVED,
    ]
    assert held.flaws() == []


def test_a_hold_born_in_a_batch_is_committed_and_reversed_in_it(books: Books) -> None:
    results = books.post(
        chain("fund", pay(100)),
        chain("h", pay(60, ALICE, BOB), kind=Kind.HOLD),
        chain("c", kind=Kind.COMMIT, of="h", amounts=[50]),
        chain("r", kind=Kind.REVERSE, of="c"),
    )
    assert [each.amounts for each in results] == [(100,), (60,), (50,), (50,)]
    assert (books.balance(ALICE), books.balance(BOB)) == (Balance(100), Balance(0))
    assert books.flaws() == []


def test_a_chain_continues_only_what_stands_before_it(books: Books) -> None:
    results = books.post(chain("c", kind=Kind.COMMIT, of="h"), chain("h", pay(1), kind=Kind.HOLD))
    assert [each.result for each in results] == [Result.HOLD_NOT_FOUND, Result.POSTED]
    assert books.one(chain("c", kind=Kind.COMMIT, of="h")).result is Result.HOLD_NOT_FOUND


def test_a_hold_of_another_institution_is_not_found(held: Books) -> None:
    stranger = chain("c", kind=Kind.COMMIT, of="h", institution="bank-2")
    assert held.one(stranger).result is Result.HOLD_NOT_FOUND


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_a_held_pool_is_committed_leg_by_leg_as_it_was_asked(
    books: Books, *, in_one_batch: bool
) -> None:
    chains = [
        chain("full", draw(100, 100)),
        chain("h", draw(70, 100, spills=True), draw(0, 100, GROUP), pay(5), kind=Kind.HOLD),
        chain("x", kind=Kind.COMMIT, of="h", amounts=[1, 30, 5]),
        chain("c", kind=Kind.COMMIT, of="h", amounts=[0, 30, 5]),
        chain("r", kind=Kind.REVERSE, of="c"),
    ]
    results = books.post(*chains) if in_one_batch else [books.one(each) for each in chains]
    assert [each.amounts for each in results[1:]] == [(0, 70, 5), (), (0, 30, 5), (0, 30, 5)]
    assert (results[2].result, results[2].failed_leg) == (Result.HOLD_EXCEEDED, 0)
    assert results[3].before == ((-170, 100), (-170, 70), (-5, 5))
    assert books.post(*chains) == [replace(each, first=False) for each in results]
    assert books.balance(GROUP) == Balance(0, cap_seen=100)
    assert books.flaws() == []


def test_an_expired_hold_is_voided_before_it_could_be_committed(held: Books) -> None:
    late = AT + timedelta(hours=1)
    commit = chain("c", kind=Kind.COMMIT, of="h")
    results = held.post(commit, chain("v", kind=Kind.VOID, of="h"), at=late)
    assert [each.result for each in results] == [Result.HOLD_EXPIRED, Result.HOLD_RESOLVED]
    assert held.balance(ALICE) == Balance(100)
    later = held.one(chain("d", kind=Kind.COMMIT, of="h"), late + timedelta(days=1))
    assert later.result is Result.HOLD_EXPIRED
    again = Books(held.database).one(chain("e", kind=Kind.COMMIT, of="h"), late)
    assert again.result is Result.HOLD_EXPIRED
    assert held.flaws() == []


def test_a_hold_whose_time_was_over_when_it_came_is_voided_by_the_next_batch(books: Books) -> None:
    over = chain("h", pay(5), kind=Kind.HOLD, expires=timedelta(0))
    results = books.post(over, chain("c", kind=Kind.COMMIT, of="h"))
    assert [each.result for each in results] == [Result.POSTED, Result.HOLD_EXPIRED]
    assert books.balance(ALICE) == Balance(0, pending_in=5)
    assert books.one(chain("v", kind=Kind.VOID, of="h")).result is Result.HOLD_RESOLVED
    assert books.balance(ALICE) == Balance()
    assert books.flaws() == []


def test_a_hold_may_be_voided_in_the_batch_in_which_its_time_was_over(books: Books) -> None:
    over = chain("h", pay(5), kind=Kind.HOLD, expires=timedelta(0))
    assert [each.is_posted for each in books.post(over, chain("v", kind=Kind.VOID, of="h"))] == [
        True,
        True,
    ]
    assert books.writer.expire(at=AT) == []
    assert books.flaws() == []


def test_a_dry_run_answers_as_if_the_overdue_had_been_swept_and_sweeps_nothing(
    held: Books,
) -> None:
    late, before = AT + timedelta(hours=1), held.head()
    asked = [Submission(chain("x", pay(100, ALICE, BOB)))]
    assert held.writer.submit(asked, at=late, dry_run=True)[0].is_posted
    assert held.head() == before
    assert held.balance(ALICE) == Balance(100, pending_out=60)


def test_a_hold_can_be_committed_to_the_last_microsecond(held: Books) -> None:
    just = AT + timedelta(hours=1, microseconds=-1)
    assert held.one(chain("c", kind=Kind.COMMIT, of="h"), just).is_posted


def test_the_sweep_voids_expired_holds_by_chains_on_record(held: Books) -> None:
    held.one(chain("h2", pay(7), kind=Kind.HOLD, expires=timedelta(hours=2)))
    held.one(chain("h3", pay(7), kind=Kind.HOLD))
    assert held.writer.expire(at=AT) == []
    results = held.writer.expire(at=AT + timedelta(hours=1))
    assert [each.result for each in results] == [Result.POSTED]
    assert held.balance(ALICE) == Balance(100, pending_in=14)
    with held.database.transaction() as conn:
        stored = find_chain(conn, BANK, named("h"))
    assert stored is not None
    assert stored.continued_by == derived_id("ledger.expire", BANK, str(named("h")))
    assert [each.is_posted for each in held.writer.expire(at=AT + timedelta(days=9))] == [True]
    assert held.writer.expire(at=AT + timedelta(days=9)) == []
    assert held.flaws() == []


def test_what_another_room_records_commits_with_the_void_of_an_expired_hold(
    held: Books,
) -> None:
    with held.database.transaction() as conn:
        conn.execute("create table notes (hold uuid, at timestamptz, result text)")

    def note(void: Chain, at: datetime) -> Submission:
        def record(conn: Connection, result: ChainResult) -> None:
            conn.execute(
                "insert into notes values (%s, %s, %s)", (void.of, at, result.result.value)
            )

        return Submission(void, record)

    late = AT + timedelta(hours=1)
    sweeping = Writer(held.database, on_expiry=note)
    assert sweeping.submit([Submission(chain("x", pay(100, ALICE, BOB)))], at=late)[0].is_posted
    with held.database.transaction() as conn:
        assert conn.execute("select * from notes").fetchall() == [(named("h"), late, "posted")]
        batches = conn.execute(
            "select c.posted_at, b.number from ledger.chains c"
            " join ledger.batches b on b.chain_last = c.seq order by c.seq desc limit 2"
        ).fetchall()
    assert batches == [(late, 4), (late, 3)]
    assert held.flaws() == []


def test_a_record_of_a_sweep_that_raises_leaves_the_hold_and_the_batch_after_it(
    held: Books,
) -> None:
    def refuse(void: Chain, _at: datetime) -> Submission:
        def record(_conn: Connection, _result: ChainResult) -> None:
            raise LookupError("no such table")

        return Submission(void, record)

    before, late = held.head(), AT + timedelta(hours=1)
    with pytest.raises(LookupError):
        Writer(held.database, on_expiry=refuse).submit([Submission(chain("x", pay(1)))], at=late)
    assert held.head() == before
    assert held.one(chain("x", pay(1)), late).is_posted
    assert held.balance(ALICE) == Balance(101)


def test_a_sweep_takes_so_many_and_leaves_the_others_to_the_next_batch(books: Books) -> None:
    number = SWEPT_MAX + 5
    books.post(
        *(
            chain(f"h{each}", pay(1), kind=Kind.HOLD, expires=timedelta(seconds=1 + each))
            for each in range(number)
        )
    )
    late = AT + timedelta(days=1)
    last = chain("c", kind=Kind.COMMIT, of=f"h{number - 1}")
    assert books.one(last, late).result is Result.HOLD_EXPIRED
    assert books.balance(ALICE) == Balance(0, pending_in=5)
    assert len(books.writer.expire(at=late)) == 5
    assert books.balance(ALICE) == Balance()
    assert books.flaws() == []


def test_a_sweep_of_many_institutions_voids_each_in_its_own(books: Books) -> None:
    for institution in (BANK, "bank-2"):
        hold = chain("h", pay(5), kind=Kind.HOLD, expires=timedelta(1), institution=institution)
        books.one(hold)
    late = AT + timedelta(1)
    assert [each.is_posted for each in books.writer.expire(at=late)] == [True, True]
    assert books.balance(NOSTRO, "bank-2") == Balance()


def test_a_reversal_posts_the_opposite_and_gives_the_limit_back(books: Books) -> None:
    books.one(chain("a", pay(100), draw(100, 100)))
    result = books.one(chain("r", kind=Kind.REVERSE, of="a"))
    assert (result.result, result.amounts) == (Result.POSTED, (100, 100))
    assert (books.balance(ALICE).balance, books.balance(LOAN).used) == (0, 0)
    assert books.one(chain("r2", kind=Kind.REVERSE, of="a")).result is Result.ORIGINAL_REVERSED
    again = chain("rr", kind=Kind.REVERSE, of="r")
    assert books.one(again).result is Result.ORIGINAL_NOT_FOUND
    assert books.flaws() == []


def test_a_reversal_needs_what_it_takes_back(books: Books) -> None:
    books.one(chain("a", pay(100)))
    books.one(chain("b", pay(1, ALICE, BOB)))
    result = books.one(chain("r", kind=Kind.REVERSE, of="a"))
    assert (result.result, result.failed_leg) == (Result.FLOOR_PASSED, 0)


def test_a_failed_reversal_leaves_the_original_to_be_reversed(books: Books) -> None:
    results = books.post(
        chain("a", pay(100)),
        chain("b", pay(1, ALICE, BOB)),
        chain("r", kind=Kind.REVERSE, of="a"),
        chain("c", pay(1)),
        chain("r2", kind=Kind.REVERSE, of="a"),
    )
    assert [each.is_posted for each in results] == [True, True, False, True, True]


MOST = 2**63 - 1


def test_used_and_pending_together_never_pass_64_bits(books: Books) -> None:
    most = Leg("quota source", "limit:loan", MOST)
    one = Leg("quota source", "limit:loan", 1)
    assert books.one(chain("h", most, kind=Kind.HOLD)).is_posted
    assert books.one(chain("a", one)).result is Result.OVERFLOW
    assert books.one(chain("v", kind=Kind.VOID, of="h")).is_posted
    assert books.flaws() == []


def test_what_is_pending_alone_never_passes_64_bits(books: Books) -> None:
    other = AccountSpec("other", CNY, "nostro", "bank-1")
    opens = [*EVERYONE, other]
    assert books.one(chain("a", pay(10), opens=opens)).is_posted
    most, one = Leg("other", "nostro", MOST), Leg("other", "nostro", 1)
    assert books.one(chain("h", most, kind=Kind.HOLD)).is_posted
    assert books.balance(NOSTRO).used == MOST - 10
    assert books.one(chain("h2", one, kind=Kind.HOLD)).result is Result.OVERFLOW
    assert books.one(chain("p", one)).is_posted
    assert books.one(chain("c", kind=Kind.COMMIT, of="h")).is_posted
    assert books.flaws() == []
