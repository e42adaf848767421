"""Chains that come in columns are answered and booked as those that come one by one."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest

from ledger.books import ALICE, AT, BANK, BOB, LOAN, ON, SOURCE, Books, chain, pay
from qianhai.db import Database
from qianhai.ledger import Chain, Kind, Leg, LegColumns, PostedColumns, Result, statement
from qianhai.ledger.columns import day_number
from qianhai.ledger.kernel import INT64_MAX, NO_CAP

RESULTS: Final = tuple(Result)
KINDS: Final = tuple(Kind)
#: One leg: id of its chain, debit, credit, amount, cap, whether it spills.
Row = tuple[str, int, int, int, int | None, bool]


def number(name: str) -> UUID:
    """The id of a chain the tests call by a word."""
    return chain(name).id


@pytest.fixture
def opened(books: Books) -> Books:
    """A ledger with everyone's accounts, numbered as they are listed."""
    books.one(chain("open"))
    return books


def columns(
    *rows: Row, kind: Kind = Kind.POST, of: str = "", expires: int = INT64_MAX
) -> LegColumns:
    """Legs from rows, all of one kind."""
    return LegColumns.of(
        chain_id=np.frombuffer(b"".join(number(row[0]).bytes for row in rows), "V16"),
        debit_account_id=[row[1] for row in rows],
        credit_account_id=[row[2] for row in rows],
        amount=[row[3] for row in rows],
        value_on=day_number(ON),
        kind=KINDS.index(kind),
        cap=[NO_CAP if row[4] is None else row[4] for row in rows],
        spills=[int(row[5]) for row in rows],
        of_id=np.void(number(of).bytes if of else bytes(16)),
        expires_at=expires,
    )


def post(books: Books, legs: LegColumns, at: datetime = AT) -> PostedColumns:
    """Post legs of the tests' bank."""
    return books.writer.post(legs, institution_id=BANK, at=at)


def results(posted: PostedColumns) -> list[Result]:
    """What became of each chain."""
    return [RESULTS[number] for number in posted.result.tolist()]


NOSTRO_ID, ALICE_ID, BOB_ID, VAULT_ID, SOURCE_ID, LOAN_ID, GROUP_ID = range(1, 8)


def plain(name: str, amount: int = 5, debit: int = NOSTRO_ID, credit: int = ALICE_ID) -> Row:
    """A leg of money."""
    return (name, debit, credit, amount, None, False)


def test_each_chain_is_whole_or_not_at_all(opened: Books) -> None:
    legs = columns(
        plain("a", 100),
        ("a", SOURCE_ID, LOAN_ID, 100, 150, False),
        plain("b", 100),
        ("b", SOURCE_ID, LOAN_ID, 100, 150, False),
        plain("c", 7, ALICE_ID, BOB_ID),
    )
    posted = post(opened, legs)
    assert results(posted) == [Result.POSTED, Result.LIMIT_PASSED, Result.POSTED]
    assert posted.failed_leg.tolist() == [-1, 1, -1]
    assert posted.transfer_first.tolist() == [1, 0, 3]
    assert posted.is_posted.tolist() == [True, False, True]
    assert posted.counts() == {"posted": 2, "limit_passed": 1}
    assert opened.balance(ALICE).balance == 93
    assert opened.balance(LOAN).cap_seen == 150
    assert opened.flaws() == []


@pytest.mark.parametrize("count", [3, 2_500])
def test_legs_sent_again_are_answered_as_the_first_time(opened: Books, count: int) -> None:
    legs = columns(*(plain(str(place), 1) for place in range(count)), plain("no", 9, BOB_ID))
    first = post(opened, legs)
    assert results(first)[-1] is Result.FLOOR_PASSED
    again = post(opened, legs)
    assert results(again) == results(first)
    assert again.transfer_first.tolist() == first.transfer_first.tolist()
    assert again.failed_leg.tolist() == first.failed_leg.tolist()
    assert not again.is_first.any()
    other = post(opened, columns(plain("0", 2), plain("new", 1), plain("no", 8, BOB_ID)))
    assert results(other) == [Result.ID_CONFLICT, Result.POSTED, Result.ID_CONFLICT]
    third = post(opened, columns(plain("newer", 1)))
    assert (results(third), third.is_first.tolist()) == ([Result.POSTED], [True])
    assert opened.balance(ALICE).balance == count + 2
    assert opened.flaws() == []


def test_an_id_twice_in_one_batch_is_posted_once(opened: Books) -> None:
    legs = columns(plain("a"), plain("b"), plain("a"), plain("b", 6), plain("x", -1), plain("y"),
                   plain("x", -1))  # fmt: skip
    posted = post(opened, legs)
    assert results(posted) == [
        *[Result.POSTED] * 3,
        Result.ID_CONFLICT,
        Result.AMOUNT_NOT_POSITIVE,
        Result.POSTED,
        Result.AMOUNT_NOT_POSITIVE,
    ]
    assert posted.is_first.tolist() == [True, True, False, True, True, True, False]
    assert opened.balance(ALICE).balance == 15


def test_what_came_in_columns_is_known_when_it_comes_as_a_chain_and_the_other_way(
    opened: Books,
) -> None:
    post(opened, columns(plain("a"), ("a", SOURCE_ID, LOAN_ID, 3, 9, True),
                         ("a", SOURCE_ID, GROUP_ID, 2, 9, False)))  # fmt: skip
    legs = (
        pay(5),
        Leg(SOURCE.name, LOAN.name, 3, 9, spills=True),
        Leg("quota source", "limit:group", 2, 9),
    )
    again = opened.one(chain("a", *legs))
    assert (again.is_posted, again.first, again.seq_first) == (True, False, 1)
    assert opened.one(chain("a", *legs[:1])).result is Result.ID_CONFLICT
    opened.one(chain("b", pay(6)))
    posted = post(opened, columns(plain("b", 6), plain("c")))
    assert (results(posted), posted.is_first.tolist()) == ([Result.POSTED] * 2, [False, True])


def test_accounts_of_another_institution_or_of_no_number_are_unknown(opened: Books) -> None:
    opened.one(chain("theirs", institution="bank-2"))
    posted = post(
        opened, columns(plain("a", credit=8), plain("b", credit=99), plain("c", credit=-1))
    )
    assert results(posted) == [Result.ACCOUNT_UNKNOWN] * 3
    other = opened.writer.post(columns(plain("a")), institution_id="bank-2", at=AT)
    assert results(other) == [Result.ACCOUNT_UNKNOWN]


def test_holds_are_committed_voided_and_reversed_in_columns(opened: Books) -> None:
    post(opened, columns(plain("in", 100)))
    soon = int((AT + timedelta(hours=1)).timestamp()) * 1_000_000
    holds = columns(plain("h1", 10, ALICE_ID, BOB_ID), plain("h2", 20, ALICE_ID, BOB_ID),
                    plain("h3", 30, ALICE_ID, BOB_ID), kind=Kind.HOLD, expires=soon)  # fmt: skip
    assert results(post(opened, holds)) == [Result.POSTED] * 3
    assert opened.balance(ALICE).pending_out == 60
    for name, kind, of in (
        ("c1", Kind.COMMIT, "h1"),
        ("v2", Kind.VOID, "h2"),
        ("r1", Kind.REVERSE, "c1"),
    ):
        assert results(post(opened, columns(plain(name), kind=kind, of=of))) == [Result.POSTED]
    assert opened.balance(BOB).balance == 0
    again = post(opened, columns(plain("c1"), kind=Kind.COMMIT, of="h1"))
    assert (results(again), again.is_first.tolist()) == ([Result.POSTED], [False])
    late = AT + timedelta(hours=2)
    assert results(post(opened, columns(plain("c3"), kind=Kind.COMMIT, of="h3"), at=late)) == [
        Result.HOLD_EXPIRED
    ]
    nothing = columns(plain("cx"), kind=Kind.COMMIT, of="nowhere")
    assert results(post(opened, nothing, at=late)) == [Result.HOLD_NOT_FOUND]
    assert (opened.balance(ALICE).balance, opened.balance(ALICE).pending_out) == (100, 0)
    assert opened.flaws() == []


def test_a_chain_may_continue_another_of_the_same_columns(opened: Books) -> None:
    hold, commit = (
        columns(plain("h", 10), kind=Kind.HOLD),
        columns(plain("c"), kind=Kind.COMMIT, of="h"),
    )
    reverse = columns(plain("r"), kind=Kind.REVERSE, of="c")
    early = columns(plain("e"), kind=Kind.VOID, of="later")
    both = LegColumns.of(
        **{
            name: np.concatenate([getattr(one, name) for one in (early, hold, commit, reverse)])
            for name in LegColumns.__slots__
        }
    )
    assert results(post(opened, both)) == [Result.HOLD_NOT_FOUND, *[Result.POSTED] * 3]
    assert opened.balance(ALICE).balance == 0


def test_columns_and_chains_come_to_the_same_on_random_days(
    opened: Books, database: Database
) -> None:
    random = Random(20230630)  # noqa: S311 - a test's dice
    names = ("nostro", "alice", "bob", "vault", "quota source", "limit:loan", "limit:group")
    for day in range(6):
        rows: list[Row] = []
        for place in range(random.choice([1, 40, 2_100])):
            for _ in range(random.choice([1, 1, 3])):
                capped = random.random() < 0.4
                debit, credit = (
                    (5, random.choice([6, 7])) if capped else random.sample([1, 2, 3], 2)
                )
                cap = random.choice([50, 500, 5_000]) if capped else None
                rows.append(
                    (f"{day}-{place}", debit, credit, random.choice([1, 7, 90, 0]), cap, False)
                )
        by_columns = post(opened, columns(*rows))
        twin = Books(database)
        twins = _as_chains(rows, names)
        found = twin.post(*twins)
        assert [one.result for one in found] == results(by_columns)
    assert opened.flaws() == []


def _as_chains(rows: Sequence[Row], names: Sequence[str]) -> list[Chain]:
    """The same legs as chains of another bank, whose accounts have the same names."""
    legs: dict[str, list[Leg]] = {}
    for name, debit, credit, amount, cap, spills in rows:
        legs.setdefault(name, []).append(
            Leg(names[debit - 1], names[credit - 1], amount, cap, spills)
        )
    return [chain(name, *each, institution="twin") for name, each in legs.items()]


def test_balances_are_right_before_they_are_written_back_and_after(
    opened: Books, database: Database
) -> None:
    legs = columns(*(plain(str(place), 1) for place in range(2_000)),
                   ("draw", SOURCE_ID, LOAN_ID, 4, 9, False))  # fmt: skip
    post(opened, legs)
    with database.transaction() as conn:
        stored = conn.execute("select balance from ledger.accounts where id = 2").fetchone()
    assert stored == (0,)
    assert (opened.balance(ALICE).balance, opened.balance(LOAN).cap_seen) == (2_000, 9)
    assert opened.flaws() == []
    elsewhere = Books(database)
    assert elsewhere.one(chain("over", pay(2_001, ALICE, BOB))).result is Result.FLOOR_PASSED
    assert elsewhere.one(chain("fits", pay(2_000, ALICE, BOB))).is_posted
    post(opened, columns(*(plain(f"more {place}", 1) for place in range(2_000))))
    opened.writer.settle()
    with database.transaction() as conn:
        rows = conn.execute("select balance, last_seq from ledger.accounts where id = 2").fetchone()
    assert rows == (2_000, 4_002)
    assert opened.flaws() == []


def test_a_batch_crosses_into_the_next_partition_and_the_next_month(
    opened: Books, database: Database
) -> None:
    with database.transaction() as conn:
        conn.execute("update ledger.heads set transfer_last = 1048570, settled = 1048570")
    later = datetime(2023, 6, 30, 16, 0, tzinfo=UTC)  # July in Shanghai
    post(opened, columns(*(plain(str(place), 1) for place in range(2_100))))
    post(opened, columns(plain("july")), at=later)
    with database.transaction() as conn:
        rows = conn.execute(
            "select tableoid::regclass::text, count(*) from ledger.transfers group by 1 order by 1"
        ).fetchall()
        lines = statement(conn, BANK, "alice")
    assert rows == [
        ("ledger.transfers_2023_06_0", 5),
        ("ledger.transfers_2023_06_1", 2_095),
        ("ledger.transfers_2023_07_1", 1),
    ]
    assert [line.balance for line in lines][-1] == 2_105
    assert lines[-1].posted_at == later


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": [1, 2, 3]}, "column amount has 3 rows, chain_id has 2"),
        ({"colour": [1, 2]}, r"no columns \['colour'\]"),
        ({"kind": 5}, r"kind is none of 0 to 4 \(row 0\)"),
        ({"spills": [0, 1]}, r"spills without the cap it spills over \(row 1\)"),
        ({"spills": [0, 1], "cap": 5}, r"last leg has no next leg to spill into \(row 0\)"),
        ({"kind": 2}, r"names its original in of_id \(row 0\)"),
        ({"of_id": np.void(bytes(15) + b"1")}, r"post and hold continue nothing \(row 0\)"),
        ({"expires_at": 5}, r"only a hold expires \(row 0\)"),
        ({"amount": [1.5, 2]}, "column amount is float64, not int64"),
        ({"value_on": [2**40, 1]}, "column value_on has a number that int32 cannot hold"),
        ({"amount": np.array([2**63, 1], np.uint64)}, "column amount has a number that int64"),
    ],
)
def test_columns_that_no_chain_can_have_are_told_with_their_row(
    change: dict[str, object], said: str
) -> None:
    legs = columns(plain("a"), plain("a"))
    given = {name: getattr(legs, name) for name in LegColumns.__slots__} | change
    with pytest.raises(ValueError, match=said):
        LegColumns.of(**given)
    with pytest.raises(ValueError, match=r"lack \['value_on'\]"):
        LegColumns.of(**{name: value for name, value in given.items() if name in _WITHOUT_DAY})


_WITHOUT_DAY: Final = ("chain_id", "debit_account_id", "credit_account_id", "amount")


def test_no_legs_are_no_chains(opened: Books) -> None:
    assert len(post(opened, columns()).result) == 0


def test_legs_come_from_an_arrow_table(opened: Books) -> None:
    ids = [number(name).bytes for name in ("h", "h", "p")]
    soon = AT + timedelta(hours=1)
    table = pa.table(
        {
            "chain_id": pa.array(ids, pa.binary(16)),
            "debit_account_id": pa.chunked_array([[NOSTRO_ID], [SOURCE_ID, NOSTRO_ID]]),
            "credit_account_id": pa.array([ALICE_ID, LOAN_ID, BOB_ID]),
            "amount": pa.array([5, 6, 7]),
            "value_on": pa.array([date(2023, 6, 30)] * 3),
            "kind": pa.array([1, 1, 0], pa.int8()),
            "cap": pa.array([None, 10, None], pa.int64()),
            "spills": pa.array([False] * 3),
            "of_id": pa.array([None] * 3, pa.binary(16)),
            "expires_at": pa.array(
                [AT + timedelta(hours=1), None, None], pa.timestamp("us", "UTC")
            ),
        }
    )
    assert results(post(opened, LegColumns.from_arrow(table))) == [Result.POSTED] * 2
    assert results(post(opened, LegColumns.from_arrow(table.slice(2).to_batches()[0]))) == [
        Result.POSTED
    ]
    assert (opened.balance(LOAN).pending_in, opened.balance(BOB).balance) == (6, 7)
    opened.writer.expire(at=soon)
    assert opened.balance(LOAN).pending_in == 0
    for name, column, said in (
        ("amount", pa.array([1, None, 2]), "column amount has 1 empty rows"),
        ("amount", pa.array(["1", "2", "3"]), "whole numbers are needed"),
        ("chain_id", pa.array(["a", "b", "c"]), "not fixed_size_binary"),
        ("colour", pa.array([1, 2, 3]), "have no column colour"),
    ):
        place = table.column_names.index(name) if name in table.column_names else 0
        changed = (
            table.set_column(place, name, column)
            if name in table.column_names
            else table.append_column(name, column)
        )
        with pytest.raises(ValueError, match=said):
            LegColumns.from_arrow(changed)


def test_accounts_left_for_later_are_written_back_by_and_by(
    opened: Books, database: Database
) -> None:
    nothing = ("p", SOURCE_ID, LOAN_ID, 3, 0, True), ("p", SOURCE_ID, GROUP_ID, 2, 9, False)
    post(opened, columns(*(plain(str(place), 1) for place in range(700)), *nothing))
    settled = []
    for turn in range(5):
        opened.one(chain(f"small {turn}", pay(1)))
        with database.transaction() as conn:
            row = conn.execute("select settled, transfer_last from ledger.heads").fetchone()
        assert row is not None
        settled.append(row[0] == row[1])
        assert opened.flaws() == []
    assert settled == [False, False, True, True, True]
    with database.transaction() as conn:
        rows = conn.execute("select id, balance, last_seq from ledger.accounts order by id")
        assert rows.fetchall() == [
            (1, -705, 707),
            (2, 705, 707),
            (3, 0, 0),
            (4, 0, 0),
            (5, -5, 702),
            (6, 0, 701),
            (7, 5, 702),
        ]
