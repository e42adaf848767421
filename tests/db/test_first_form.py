"""A ledger of the first form is upgraded whole: proofs, balances, answers, what is still open."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count, product
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from db.first_form_business import ALL, BATCHES, SENT
from ledger.books import ALICE, AT, BANK, GROUP, LOAN, NOSTRO, Books, chain, named, pay
from ledger.forging import FIRST_FORM, change, columns, forgery, named_rows, numbers
from qianhai.db import Connection, Server, migrate, migrations, open_database
from qianhai.ledger import (
    ChainResult,
    Head,
    Kind,
    Leg,
    Result,
    balance_as_of,
    balances,
    find_chain,
    seq_at,
    statement,
    verify,
)

FOLDER: Final = Path(__file__).parent
#: What the program of that time said: its head, and what it had answered to whom.
THEN: Final[dict[str, Any]] = json.loads((FOLDER / "first_form_answers.json").read_bytes())
KEPT: Final = Head.parse(THEN["head"])
#: After everything that was posted then, and while one hold of then has not expired yet.
LATER: Final = AT + timedelta(days=3)
MOVED: Final = ("chains_first_form", "transfers_first_form")

_numbers = count(1)


@pytest.fixture(scope="module")
def upgraded_url(server: Server, server_dir: Path) -> Iterator[str]:
    """A database whose rows the first form wrote, brought to the latest form once."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        admin.execute("create database first_form template template0 encoding 'UTF8'")
        with psycopg.connect(server.conninfo("first_form"), autocommit=True) as conn:
            migrate(conn, [step for step in migrations() if step.number <= 4])
            with conn.transaction():
                conn.execute((FOLDER / "first_form_ledger.sql").read_bytes())
        open_database(url=server.conninfo("first_form"), data_dir=server_dir).close()
        yield "first_form"
        admin.execute("drop database first_form with (force)")


@pytest.fixture
def books(upgraded_url: str, server: Server, server_dir: Path) -> Iterator[Books]:
    """The upgraded ledger, once more for each test."""
    name = f"upgraded_{next(_numbers)}"
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        identifiers = {"new": sql.Identifier(name), "old": sql.Identifier(upgraded_url)}
        admin.execute(sql.SQL("create database {new} template {old}").format(**identifiers))
        with open_database(url=server.conninfo(name), data_dir=server_dir) as database:
            yield Books(database)
        admin.execute(sql.SQL("drop database {new} with (force)").format(**identifiers))


def answered(name: str) -> ChainResult:
    """What a chain was answered then, as it is answered again."""
    result, failed_leg, asked, amounts, before, first, last = THEN["answers"][str(named(name))]
    return ChainResult(
        Result(result),
        failed_leg,
        tuple(asked),
        tuple(amounts),
        tuple((available, used) for available, used in before),
        first,
        last,
        first=False,
    )


def codes(conn: Connection) -> set[tuple[str, str]]:
    """What verify finds, and where."""
    return {(flaw.code, flaw.place.file) for flaw in verify(conn, KEPT)}


def test_the_history_is_proven_against_the_head_kept_from_then(books: Books) -> None:
    assert books.flaws(KEPT) == []
    assert books.head() == KEPT
    books.one(chain("new", pay(1)), LATER)
    assert books.flaws(KEPT) == []
    assert [flaw.code for flaw in books.flaws(replace(KEPT, hash=bytes(32)))] == ["L110"]


def test_every_balance_and_every_statement_is_what_it_was(books: Books) -> None:
    with books.database.transaction() as conn:
        for place, (posted, pending_in, pending_out, cap_seen) in THEN["balances"].items():
            institution, name = place.split("/")
            found = balances(conn, institution, [name])[name]
            assert (found.balance, found.pending_in, found.pending_out) == (
                posted,
                pending_in,
                pending_out,
            )
            assert found.cap_seen == cap_seen
            now = balance_as_of(conn, institution, name, seq_at(conn, LATER))
            assert now == replace(found, cap_seen=None)
        for place, lines in THEN["statements"].items():
            institution, name = place.split("/")
            assert [
                [
                    line.seq,
                    line.kind.value,
                    line.counterpart,
                    line.amount,
                    line.held,
                    line.balance,
                    line.value_on.isoformat(),
                    line.posted_at.isoformat(),
                ]
                for line in statement(conn, institution, name)
            ] == lines


def test_every_chain_is_found_with_its_instant_and_its_answer(books: Books) -> None:
    with books.database.transaction() as conn:
        for at, chains in BATCHES:
            for sent in chains or ():
                found = find_chain(conn, sent.institution_id, sent.id)
                assert found is not None
                result, failed_leg, *_ = THEN["answers"][str(sent.id)]
                assert (found.result.result, found.result.failed_leg) == (result, failed_leg)
                assert (found.kind, found.of, found.posted_at) == (sent.kind, sent.of, at)
                assert (found.value_on, found.expires_at) == (sent.value_on, sent.expires_at)


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_what_was_sent_then_is_answered_the_same_when_it_is_sent_again(
    books: Books, *, in_one_batch: bool
) -> None:
    sent = list(SENT.values())
    kept = books.head()
    results = books.post(*sent) if in_one_batch else [books.one(each) for each in sent]
    for each, result in zip(sent, results, strict=True):
        found, failed_leg, asked, amounts, before, first, last = THEN["answers"][str(each.id)]
        assert result == ChainResult(
            Result(found),
            failed_leg,
            tuple(asked),
            tuple(amounts),
            tuple((available, used) for available, used in before),
            first,
            last,
            first=False,
        )
    assert books.head() == kept


def test_other_content_under_an_id_of_then_is_a_conflict(books: Books) -> None:
    for sent in SENT.values():
        other = replace(sent, value_on=sent.value_on - timedelta(1))
        assert books.one(other).result is Result.ID_CONFLICT
    assert books.one(chain("fund", pay(99_999))).result is Result.ID_CONFLICT
    assert books.flaws(KEPT) == []
    with books.database.transaction() as conn:
        assert conn.execute("select count(*) from ledger.chains").fetchone() == (len(SENT) + 1,)


#: Holds of then still open: what each leg holds, and amounts that a commit may post of them.
OPEN: Final = {
    "open": ((60, 60), (59, 60)),
    "open, no room": ((0, 70, 5), (0, 70, 4)),
    "open, nothing spilled": ((8, 40, 0), (1, 40, 0)),
}


@pytest.mark.parametrize("hold", OPEN)
@pytest.mark.parametrize("is_partial", [True, False])
def test_a_hold_of_then_is_committed_and_the_commit_reversed(
    books: Books, hold: str, *, is_partial: bool
) -> None:
    whole, partial = OPEN[hold]
    amounts = partial if is_partial else whole
    asked = chain("now", kind=Kind.COMMIT, of=hold, amounts=partial if is_partial else ())
    result = books.one(asked, LATER)
    assert (result.result, result.amounts) == (Result.POSTED, amounts)
    assert books.one(asked, LATER) == replace(result, first=False)
    assert Books(books.database).one(asked, LATER) == replace(result, first=False)
    assert books.flaws(KEPT) == []
    less = replace(asked, amounts=tuple(max(0, amount - 1) for amount in amounts))
    assert books.one(less, LATER).result is Result.ID_CONFLICT
    undone = chain("undone", kind=Kind.REVERSE, of="now")
    reversal = books.one(undone, LATER)
    assert (reversal.result, reversal.amounts) == (Result.POSTED, amounts)
    assert books.one(undone, LATER) == replace(reversal, first=False)
    assert books.flaws(KEPT) == []
    with books.database.transaction() as conn:
        found = find_chain(conn, BANK, asked.id)
        assert found is not None
        assert found.result.amounts == amounts
        assert [(each.leg, each.amount) for each in found.transfers] == [
            (leg, amount) for leg, amount in enumerate(amounts) if whole[leg]
        ]


@pytest.mark.parametrize("hold", OPEN)
def test_a_hold_of_then_is_committed_in_full_by_saying_so_and_never_beyond(
    books: Books, hold: str
) -> None:
    whole, _ = OPEN[hold]
    for leg, amount in enumerate(whole):
        more = [*whole[:leg], amount + 1, *whole[leg + 1 :]]
        result = books.one(chain(f"{leg}", kind=Kind.COMMIT, of=hold, amounts=more), LATER)
        assert (result.result, result.failed_leg) == (Result.HOLD_EXCEEDED, leg)
    fewer = books.one(chain("x", kind=Kind.COMMIT, of=hold, amounts=whole[:-1]), LATER)
    assert (fewer.result, fewer.failed_leg) == (Result.HOLD_EXCEEDED, None)
    full = books.one(chain("now", kind=Kind.COMMIT, of=hold, amounts=whole), LATER)
    assert (full.result, full.amounts) == (Result.POSTED, whole)
    silent = books.one(chain("now", kind=Kind.COMMIT, of=hold), LATER)
    assert silent == replace(full, first=False)
    assert books.flaws(KEPT) == []


@pytest.mark.parametrize("hold", [*OPEN, "open, to be voided"])
def test_a_hold_of_then_is_voided(books: Books, hold: str) -> None:
    void = chain("now", kind=Kind.VOID, of=hold)
    result = books.one(void, LATER)
    assert (result.result, set(result.amounts)) == (Result.POSTED, {0})
    assert books.one(void, LATER) == replace(result, first=False)
    assert books.one(chain("c", kind=Kind.COMMIT, of=hold), LATER).result is Result.HOLD_RESOLVED
    assert books.flaws(KEPT) == []


def test_a_hold_of_then_expires_in_its_time(books: Books) -> None:
    with books.database.transaction() as conn:
        before = balances(conn, BANK, [NOSTRO.name])[NOSTRO.name]
    assert books.writer.expire(at=LATER) == []
    late = AT + timedelta(days=40)
    commit = chain("now", kind=Kind.COMMIT, of="open until August")
    assert books.one(commit, late).result is Result.HOLD_EXPIRED
    assert books.balance(NOSTRO) == replace(before, pending_out=before.pending_out - 6)
    assert books.flaws(KEPT) == []


@pytest.mark.parametrize(
    ("hold", "result"),
    [
        ("for a commit", Result.HOLD_RESOLVED),
        ("for a void", Result.HOLD_RESOLVED),
        ("whole", Result.HOLD_RESOLVED),
        ("open until evening", Result.HOLD_EXPIRED),
        ("hold refused", Result.HOLD_NOT_FOUND),
    ],
)
def test_a_hold_resolved_then_stays_resolved(books: Books, hold: str, result: Result) -> None:
    assert books.one(chain("now", kind=Kind.COMMIT, of=hold), LATER).result is result
    assert books.flaws(KEPT) == []


@pytest.mark.parametrize(
    "original",
    [
        "fund",
        "drawn",
        "all in the first",
        "spilled over",
        "no room",
        "beyond 64 bits",
        "committed",
        "committed whole",
        "July",
    ],
)
def test_a_chain_of_then_is_reversed_once(books: Books, original: str) -> None:
    missing = books.one(
        chain("more", pay(200_000), opens=[]), LATER
    )  # so that all can be given back
    assert missing.is_posted
    undone = chain("undone", kind=Kind.REVERSE, of=original)
    result = books.one(undone, LATER)
    assert (result.result, result.amounts) == (Result.POSTED, answered(original).amounts)
    assert books.one(undone, LATER) == replace(result, first=False)
    again = books.one(chain("again", kind=Kind.REVERSE, of=original), LATER)
    assert again.result is Result.ORIGINAL_REVERSED
    assert books.flaws(KEPT) == []


@pytest.mark.parametrize(
    ("original", "result"),
    [
        ("taken back", Result.ORIGINAL_REVERSED),
        ("reversal", Result.ORIGINAL_NOT_FOUND),
        ("refused", Result.ORIGINAL_NOT_FOUND),
        ("open", Result.ORIGINAL_NOT_FOUND),
    ],
)
def test_what_could_not_be_reversed_then_cannot_be_now(
    books: Books, original: str, result: Result
) -> None:
    assert books.one(chain("undone", kind=Kind.REVERSE, of=original), LATER).result is result


def test_limits_and_closed_accounts_of_then_still_bind(books: Books) -> None:
    with books.database.transaction() as conn:
        group = balances(conn, BANK, [GROUP.name])[GROUP.name]
    too_much = Leg("quota source", GROUP.name, 1000 - group.used + 1, 1000)
    assert books.one(chain("a", too_much, opens=ALL[:-2]), LATER).result is Result.ACCOUNT_CLOSED
    assert books.one(chain("b", too_much, opens=[]), LATER).result is Result.LIMIT_PASSED
    assert books.one(chain("c", pay(1), opens=[]), LATER).is_posted
    lower = chain("d", pay(1), opens=[replace(ALICE, floor=-1)])
    assert books.one(lower, LATER).result is Result.ACCOUNT_DIFFERS
    assert books.balance(LOAN).used == 500


#: A change, and the table that is named by it.
FORGED: Final = {
    "update ledger.transfers_first_form set amount = amount + 1 where seq = 1": MOVED[1],
    "update ledger.transfers_first_form set salt = digest where seq = 9": MOVED[1],
    "update ledger.chains_first_form set value_on = value_on + 1 where seq = 2": MOVED[0],
    "update ledger.chains_first_form set result = 'posted' where seq = 3": MOVED[0],
    "delete from ledger.transfers_first_form where seq = 9": MOVED[1],
    "delete from ledger.chains_first_form where seq = 3": MOVED[0],
    "update ledger.chains set value_on = value_on + 1 where seq = 2": "chains",
    "update ledger.chains set result = 0 where seq = 3": "chains",
    "update ledger.chains set asked = '{7}' where seq = 3": "chains",
    "update ledger.chains set content = salt where seq = 3": "chains",
    "update ledger.chains set schema_version = 2 where seq = 2": "chains",
    "update ledger.transfers set cap = 9 where seq = 1": "transfers",
    "update ledger.transfers set value_on = value_on + 1 where seq = 9": "transfers",
    "update ledger.transfers set amount = amount + 1 where seq = 1": "transfers",
    "update ledger.transfers set schema_version = 2 where seq = 1": "transfers",
    "delete from ledger.transfers where seq = 9": "transfers",
    "delete from ledger.chains where seq = 3": "chains",
}


@pytest.mark.parametrize("change", FORGED)
def test_a_row_of_either_form_that_was_changed_is_found(books: Books, change: str) -> None:
    books.one(chain("new", pay(1)), LATER)
    with forgery(books) as conn:
        assert conn.execute(change.encode()).rowcount == 1
        found = codes(conn)
    assert f"ledger.{FORGED[change]}" in {table for _, table in found}


def test_a_row_changed_alike_in_both_forms_is_found_by_its_digest(books: Books) -> None:
    with forgery(books) as conn:
        for table in ("chains", "chains_first_form"):
            statement = sql.SQL("update {} set value_on = value_on + 1 where seq = 3")
            conn.execute(statement.format(sql.Identifier("ledger", table)))
        assert codes(conn) == {("L101", "ledger.chains_first_form")}


@pytest.mark.parametrize("table", ["chains", "transfers", *FIRST_FORM])
def test_one_changed_byte_in_any_column_of_either_form_is_found_and_named(
    books: Books, table: str
) -> None:
    with books.database.transaction() as conn:
        every = columns(conn, table)
        rows = numbers(conn, table)
    assert len(rows) >= 30
    for (column, kind), row in product(every, (rows[2], rows[len(rows) // 2])):
        with forgery(books) as conn:
            change(conn, table, column, kind, row)
            found = named_rows(list(verify(conn)), table)
        assert found & {row, row + 1}, f"{column} of {table} {row} was changed and is not named"


@pytest.mark.parametrize("table", ["chains", "transfers", *FIRST_FORM])
def test_a_row_of_either_form_that_is_missing_is_found(books: Books, table: str) -> None:
    with books.database.transaction() as conn:
        rows = numbers(conn, table)
    for row in rows:
        with forgery(books) as conn:
            statement = sql.SQL("delete from {} where seq = %s")
            conn.execute(statement.format(sql.Identifier("ledger", table)), (row,))
            assert list(verify(conn)), f"row {row} of {table} is gone"
