"""The SQL of whoever reads all of the history: rows of whole batches as columns, in order.

Holds reads only, a bounded number of rows at a time. Must not judge what it reads (`verify`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from psycopg import sql

from qianhai.db import Connection
from qianhai.ledger.batch import Records
from qianhai.ledger.columns import CHAIN_FORM, CHAINS, TRANSFER_FORM, TRANSFERS, Detail, Field
from qianhai.ledger.digest import BatchRow
from qianhai.ledger.past import RESULTS
from qianhai.ledger.store import columns_of
from qianhai.ledger.wire import columns_cursor

#: Rows fetched at once by a streaming read.
_FETCHED: Final = 2000

_NUMBER: Final = {
    "V16": "coalesce({0}, '00000000-0000-0000-0000-000000000000')",
    "value_on": "({0} - date '2000-01-01')::bigint",
    "posted_at": "(extract(epoch from {0}) * 1000000)::bigint - 946684800000000",
    "expires_at": "coalesce((extract(epoch from {0}) * 1000000)::bigint - 946684800000000, 0)",
    "institution": "institution_id",
}


@dataclass(slots=True)
class Slab:
    """Some rows in the order of their numbers; `details` are those of chains by their place."""

    rows: Records
    institutions: list[str]
    details: dict[int, Detail]


def fix_snapshot(conn: Connection) -> None:
    """Have all reads of this transaction see one moment, so that writers need not wait for them.

    Must be the first thing a transaction does, unless it is `repeatable read` already.
    """
    row = conn.execute("show transaction_isolation").fetchone()
    if row is None or row[0] not in ("repeatable read", "serializable"):
        conn.execute("set transaction isolation level repeatable read")


def stream(
    conn: Connection, table: str, fields: Sequence[str], order: str
) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of all rows of a table in order."""
    query = sql.SQL("select {} from {} order by {}").format(
        columns_of(fields), sql.Identifier("ledger", table), sql.Identifier(order)
    )
    with conn.cursor(name=f"ledger_{table}_{fields[0]}") as cursor:
        cursor.itersize = _FETCHED
        yield from cursor.execute(query)


def stream_batches(conn: Connection) -> Iterator[BatchRow]:
    """Yield all batches in order."""
    for fields in stream(conn, "batches", BatchRow._fields, "number"):
        yield BatchRow(*fields)


def transfers(conn: Connection, after: int, last: int) -> Slab:
    """Return the transfers numbered after one up to another."""
    return _slab(conn, "transfers", TRANSFERS, TRANSFER_FORM, after, last)


def chains(conn: Connection, after: int, last: int) -> Slab:
    """Return the chains numbered after one up to another, with their details."""
    slab = _slab(conn, "chains", CHAINS, CHAIN_FORM, after, last)
    query = sql.SQL("""
        select seq, {} from ledger.chains where seq > %s and seq <= %s
        and (closed, failed_leg, asked, amounts, available, used, salt, content) is distinct from
            (null::bigint[], null::int, null::bigint[], null::bigint[], null::bigint[],
             null::bigint[], null::bytea, null::bytea)
        order by seq
    """).format(columns_of(Detail.__slots__))
    seqs = slab.rows["seq"]
    for seq, *detail in conn.execute(query, (after, last)):
        place = int(np.searchsorted(seqs, seq))
        slab.details[place] = Detail(*detail)
        slab.rows["detail"][place] = np.void(slab.details[place].digest())
    return slab


def _slab(
    conn: Connection,
    table: str,
    fields: Sequence[Field],
    form: np.dtype[Any],
    after: int,
    last: int,
) -> Slab:
    columns = [_expression(field) for field in fields]
    flags = dict.fromkeys(field.is_set for field in fields if field.is_set)
    tested = {flag: next(f.name for f in fields if f.is_set == flag) for flag in flags}
    columns += [sql.SQL("({} is not null)::int::bigint").format(sql.Identifier(name))
                for name in tested.values()]  # fmt: skip
    query = sql.SQL("""
        select {} from (
          select * from {} where seq > %s and seq <= %s order by seq) r
    """).format(
        sql.SQL(", ").join(sql.SQL("array_agg({})").format(column) for column in columns),
        sql.Identifier("ledger", table),
    )
    with columns_cursor(conn) as cursor:
        found = cursor.execute(query, (after, last)).fetchone()
    if found is None or found[0] is None:
        return Slab(np.zeros(0, form), [], {})
    rows = np.zeros(len(found[0]), form)
    institutions: dict[str, int] = {}
    for name, column in zip((*(field.name for field in fields), *flags), found, strict=True):
        if name == "institution":
            rows[name] = [institutions.setdefault(one, len(institutions)) for one in column]
        else:
            rows[name] = column
    return Slab(rows, list(institutions), {})


def _expression(field: Field) -> sql.Composed:
    form = _NUMBER.get(field.name) or _NUMBER.get(field.form)
    if form is None:
        form = "coalesce({0}, 0)::bigint" if field.is_set else "{0}::bigint"
    return sql.SQL(form).format(sql.Identifier(field.name))


def misresolved_holds(conn: Connection) -> list[tuple[int, str]]:
    """Return holds whose row is not what the chains say, with what is wrong in one word."""
    return conn.execute(
        """
        with expected as (
          select c.seq as chain_seq, c.institution_id, c.id as chain_id, c.expires_at,
                 n.seq as resolved_by
          from ledger.chains c left join ledger.chains n
            on n.institution_id = c.institution_id and n.of_id = c.id and n.result = 0
          where c.kind = 1 and c.result = 0
        )
        select coalesce(h.chain_seq, e.chain_seq),
          case when h.chain_seq is null then 'missing' when e.chain_seq is null then 'added'
               when h.institution_id <> e.institution_id then 'institution_id'
               when h.chain_id <> e.chain_id then 'chain_id'
               when h.expires_at is distinct from e.expires_at then 'expires_at'
               when h.schema_version <> 1 then 'schema_version'
               else 'resolved_by' end
        from ledger.holds h full join expected e on e.chain_seq = h.chain_seq
        where (h.institution_id, h.chain_id, h.expires_at, h.resolved_by, h.schema_version)
          is distinct from
              (e.institution_id, e.chain_id, e.expires_at, e.resolved_by, 1::smallint)
        order by 1
        """
    ).fetchall()


_CARRIED_CHAINS: Final = """
    select f.seq, f.institution_id, f.id, array_position(
             array['post', 'hold', 'commit', 'void', 'reverse'], f.kind) - 1,
           f.value_on, f.posted_at, array_position(%(results)s::text[], f.result) - 1,
           f.transfer_first, f.transfer_last, f.of_id,
           f.expires_at, nullif(f.closed, '{}'), f.failed_leg, f.asked, f.amounts, f.available,
           f.used, f.salt, f.content, 0::bigint
    from ledger.chains_first_form f
"""


def miscarried(conn: Connection) -> list[tuple[str, int]]:
    """Return table and number of the rows that are not as the first form has them."""
    return conn.execute(
        f"""
        with first as ({_CARRIED_CHAINS}), now as (
          select seq, institution_id, id, kind::integer, value_on, posted_at, result::integer,
                 transfer_first, transfer_last, of_id, expires_at, closed, failed_leg, asked,
                 amounts, available, used, salt, content, row_check
          from ledger.chains where schema_version = 1
        ), first_transfer as (
          select ledger.transfer_id(c.posted_at, t.seq), t.seq, t.institution_id, c.id, t.leg,
                 t.debit_account_id, t.credit_account_id, t.amount, t.held, t.cap, null::bigint,
                 t.debit_balance, t.debit_pending, t.credit_balance, t.credit_pending, c.value_on,
                 array_position(array['post', 'hold', 'commit', 'void', 'reverse'], c.kind) - 1,
                 0::bigint
          from ledger.transfers_first_form t join ledger.chains_first_form c on c.seq = t.chain_seq
        ), now_transfer as (
          select id, seq, institution_id, chain_id, leg, debit_account_id, credit_account_id,
                 amount, held, cap, spilled, debit_balance, debit_pending, credit_balance,
                 credit_pending, value_on, kind::integer, row_check
          from ledger.transfers where schema_version = 1
        )
        select 'chains', seq from ((table first except table now)
                                   union (table now except table first)) d
        union
        select 'transfers', seq from ((table first_transfer except table now_transfer)
                                      union (table now_transfer except table first_transfer)) d
        order by 1, 2
        """,  # noqa: S608 - both parts stand in this file
        {"results": [result.value for result in RESULTS]},
    ).fetchall()
