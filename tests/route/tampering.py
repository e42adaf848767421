"""What the database's owner can do behind the rooms' backs: change, remove, add, chain anew."""

from dataclasses import dataclass

from psycopg import sql

from qianhai.db import Connection
from qianhai.journal.digest import entry_digest, next_chain
from qianhai.journal.store import read_entries, read_head, read_seals
from qianhai.ledger import history
from qianhai.ledger.columns import (
    CHAINS,
    TRANSFERS,
    pack,
    row_checks,
    seal_chains,
    seal_transfers,
)
from qianhai.ledger.digest import GENESIS, AccountRow, AssetRow, digest_row, hash_batch
from qianhai.ledger.history import Slab

#: How one byte of a value is changed, by the type of its column; null becomes a value.
_CHANGES = {
    "text": "overlay(coalesce({c}, '~') placing '~' from 1 for 1)",
    "boolean": "not coalesce({c}, true)",
    "smallint": "coalesce({c}, 0) + 1024",
    "integer": "coalesce({c}, 0) + 1024",
    "bigint": "coalesce({c}, 0) + 1024",
    "date": "coalesce({c}, date '2020-01-01') + 1",
    "timestamp with time zone": "coalesce({c}, timestamptz '2020-01-01Z') + interval '1 second'",
    # The last digit: a transfer whose id says another month does not stay in its partition.
    "uuid": "(left({u}, -1) || translate(right({u}, 1), '0123456789abcdef', '123456789abcdef0')"
    ")::uuid".replace("{u}", "coalesce({c}::text, repeat('0', 32))"),
    "bytea": "set_byte(coalesce({c}, '\\x01'), 0, get_byte(coalesce({c}, '\\x01'), 0) # 1)",
    "jsonb": "coalesce({c}, '{{}}') || '{{\"~\": 1}}'",
    "_text": "array_append({c}, '~')",
    "_int8": "array_append({c}, 1)",
    "_bytea": "array_append({c}, '\\x01')",
}


#: What numbers the rows of tables that have no primary key, so that rows may come unsorted.
_NUMBERED = {"ledger.chains": ("seq",), "ledger.transfers": ("seq",)}


@dataclass(frozen=True)
class Column:
    """A column of a table of ours, with the columns that name a row."""

    table: str
    name: str
    type: str
    key: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


def columns(conn: Connection) -> list[Column]:
    """Return every column of every table of the rooms.

    A partition is part of its table. What the ledger's first form left is tampered with in
    tests/db/test_first_form.py: a ledger that never had that form has no row there.
    """
    rows = conn.execute("""
        select c.table_schema || '.' || c.table_name, c.column_name,
               case when c.data_type = 'ARRAY' then c.udt_name else c.data_type end,
               array(select a.attname::text from pg_index i
                     join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
                     where i.indisprimary
                     and i.indrelid = (c.table_schema || '.' || c.table_name)::regclass
                     order by array_position(i.indkey::int2[], a.attnum))
        from information_schema.columns c
        join pg_class r on r.oid = (c.table_schema || '.' || c.table_name)::regclass
        where c.table_schema in ('instructions', 'ledger', 'journal', 'registers')
        and r.relkind in ('r', 'p') and not r.relispartition
        and c.table_name not like '%\\_first\\_form'
        order by 1, c.ordinal_position
    """).fetchall()
    return [
        Column(table, name, kind, tuple(key) or _NUMBERED.get(table, ()))
        for table, name, kind, key in rows
    ]


def unlock(conn: Connection) -> None:
    """Take down every constraint but the keys, as an owner can: only verify is then in the way."""
    constraints = conn.execute("""
        select conrelid::regclass::text, conname from pg_constraint
        join pg_class c on c.oid = conrelid
        where contype in ('c', 'f', 'u') and connamespace::regnamespace::text
          in ('instructions', 'ledger', 'journal', 'registers')
        and not relispartition
        order by contype desc
    """).fetchall()  # those of a partition go with its table's
    for table, name in constraints:
        dropped = sql.SQL("alter table {} drop constraint {}")
        conn.execute(dropped.format(_table(table), sql.Identifier(name)))
    indexes = conn.execute("""
        select indexrelid::regclass::text from pg_index join pg_class c on c.oid = indrelid
        where indisunique and not indisprimary and relnamespace::regnamespace::text
          in ('instructions', 'ledger', 'journal', 'registers')
    """).fetchall()
    for (name,) in indexes:
        conn.execute(sql.SQL("drop index {}").format(_table(name)))


def silence_triggers(conn: Connection) -> None:
    conn.execute("set local session_replication_role = replica")


def change(conn: Connection, column: Column) -> str:
    """Change one byte of a column in the last row of its table; return that row's key."""
    changed = sql.SQL(_CHANGES[column.type]).format(c=sql.Identifier(column.name))
    row = conn.execute(
        sql.SQL(
            "with last as ("
            " select tableoid as part, ctid, {key} as k from {table}"
            " order by tableoid desc, ctid desc limit 1"
            ") update {table} t set {column} = {changed} from last"
            " where t.tableoid = last.part and t.ctid = last.ctid returning last.k"
        ).format(
            key=_key(column),
            table=_table(column.table),
            column=sql.Identifier(column.name),
            changed=changed,
        )
    ).fetchone()
    assert row is not None, f"{column.table} has a row after the day"
    return str(row[0])


def remove(conn: Connection, column: Column) -> str:
    """Remove the last row of a table; return its key."""
    row = conn.execute(
        sql.SQL(
            "with last as ("
            " select tableoid as part, ctid from {table} order by tableoid desc, ctid desc limit 1"
            ") delete from {table} t using last"
            " where t.tableoid = last.part and t.ctid = last.ctid returning {key}"
        ).format(key=_key(column, "t"), table=_table(column.table))
    ).fetchone()
    assert row is not None, f"{column.table} has a row after the day"
    return str(row[0])


def add(conn: Connection, column: Column) -> None:
    """Add the last row of a table again under another key, where a key is a number or a text."""
    conn.execute(
        sql.SQL(
            "create temporary table again on commit drop as"
            " select * from {table} order by {column} desc limit 1"
        ).format(table=_table(column.table), column=sql.Identifier(column.name))
    )
    changed = sql.SQL(_CHANGES[column.type]).format(c=sql.Identifier(column.name))
    conn.execute(
        sql.SQL("update again set {column} = {changed}").format(
            column=sql.Identifier(column.name), changed=changed
        )
    )
    conn.execute(
        sql.SQL("insert into {table} select * from again").format(table=_table(column.table))
    )


def _table(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def _key(column: Column, alias: str = "") -> sql.Composed:
    parts = (sql.Identifier(*filter(None, (alias, name))) for name in column.key)
    return sql.SQL("jsonb_build_array({})::text").format(sql.SQL(", ").join(parts))


def rechain_journal(conn: Connection, table: str) -> None:
    """Seal a table's rows as they are now, and chain the whole journal anew over that."""
    silence_triggers(conn)
    conn.execute(
        sql.SQL(
            "update journal.seals s set digest = sha256(convert_to("
            " (jsonb_strip_nulls(to_jsonb(r)) - t.mutable_columns)::text"
            " || t.mutable_columns::text, 'UTF8'))"
            " from {table} r, journal.sealed_tables t where t.table_name = {name}"
            " and s.table_name = {name} and s.row_key = jsonb_build_array("
            " r.institution_id, r.instruction_id)::text"
        ).format(table=_table(table), name=sql.Literal(table))
    )
    seals = list(read_seals(conn))
    chain = bytes(32)
    for entry in list(read_entries(conn)):
        digest = entry_digest(
            seq=entry.seq,
            institution_id=entry.institution_id,
            schema_version=entry.schema_version,
            kind=entry.kind,
            subject=entry.subject,
            at=entry.at,
            content=entry.content,
            seals=[
                (one.institution_id, one.schema_version, one.seal)
                for one in seals
                if one.entry_seq == entry.seq
            ],
        )
        chain = next_chain(chain, digest)
        conn.execute(
            "update journal.entries set digest = %s, chain = %s where seq = %s",
            (digest, chain, entry.seq),
        )
    conn.execute("update journal.heads set chain = %s", (chain,))
    assert read_head(conn).chain == chain


def rechain_ledger(conn: Connection) -> None:
    """Give a chain another value date, and make every digest and hash after it anew."""
    silence_triggers(conn)
    for table, number in (("chains", "seq = 2"), ("transfers", "chain_id = c.id")):
        conn.execute(
            sql.SQL(
                "update {} t set value_on = t.value_on - 1"
                " from (select id from ledger.chains where seq = 2) c where t."
            ).format(_table(f"ledger.{table}"))
            + sql.SQL(number)
        )
    assets = [AssetRow(*row) for row in history.stream(conn, "assets", AssetRow._fields, "id")]
    accounts = [
        AccountRow(*row) for row in history.stream(conn, "accounts", AccountRow._fields, "id")
    ]
    before = GENESIS
    for batch in list(history.stream_batches(conn)):
        _check_again(conn, "chains", history.chains(conn, before.chain_last, batch.chain_last))
        _check_again(
            conn, "transfers", history.transfers(conn, before.transfer_last, batch.transfer_last)
        )
        chains = history.chains(conn, before.chain_last, batch.chain_last)
        transfers = history.transfers(conn, before.transfer_last, batch.transfer_last)
        row = batch._replace(
            chains_digest=seal_chains(
                pack(chains.rows, CHAINS, chains.institutions),
                chains.rows["detail"][sorted(chains.details)].tobytes(),
            ),
            transfers_digest=seal_transfers(
                pack(transfers.rows, TRANSFERS, transfers.institutions)
            ),
        )
        opened = [
            *(digest_row(each) for each in assets[before.asset_last : row.asset_last]),
            *(digest_row(each) for each in accounts[before.account_last : row.account_last]),
        ]
        row = row._replace(hash=hash_batch(before.hash, row, opened))
        for name in ("batches", "heads"):
            conn.execute(
                sql.SQL(
                    "update {} set chains_digest = %s, transfers_digest = %s, hash = %s"
                    " where number = %s"
                ).format(_table(f"ledger.{name}")),
                (row.chains_digest, row.transfers_digest, row.hash, row.number),
            )
        before = row


def _check_again(conn: Connection, table: str, slab: Slab) -> None:
    """Give rows the checksum of what they hold now."""
    checks = row_checks(slab.rows, slab.institutions)
    conn.execute(
        sql.SQL(
            "update {} t set row_check = n.row_check"
            " from unnest(%s::bigint[], %s::bigint[]) as n (seq, row_check) where t.seq = n.seq"
        ).format(_table(f"ledger.{table}")),
        (slab.rows["seq"].tolist(), checks.tolist()),
    )
