"""The SQL of the registers, and all of it.

Holds the one question every register answers (which row stood on a day, as known at an instant),
the rows a load compares itself with, and the keys of persons. Must not decide, encrypt or check.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from psycopg.rows import dict_row

from qianhai.db import Connection
from qianhai.registers.rows import TABLES, Row, Table


@dataclass(frozen=True, slots=True)
class AsOf:
    """Whose register is asked, about which day, as known at which instant."""

    institution_id: str
    true_on: date
    known_at: datetime

    @property
    def params(self) -> dict[str, object]:
        """The three as statement parameters."""
        return {
            "institution": self.institution_id,
            "true_on": self.true_on,
            "known_at": self.known_at,
        }


_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_EVERYTHING = sql.SQL("true")
#: All columns of a row, what proves and hides it too.
_WHOLE = sql.SQL("*")
#: Rows a later row with the same key and day superseded, or retracted, are gone.
_CURRENT = """
    select * from (
        select distinct on ({key}, since) * from {table}
        where institution_id = %(institution)s and known_since <= %(known_at)s and {condition}
        order by {key}, since, known_since desc
    ) superseding where not retracted
"""
#: Of what is current, the row that began last holds the day, unless it has ended before.
_STANDING = """
    select {columns} from (
        select distinct on ({key}) * from ({current}) kept
        where since <= %(true_on)s
        order by {key}, since desc
    ) latest where until is null or until >= %(true_on)s
    order by {key}
"""
_EVER_HELD = sql.SQL(
    "party = any(array(select party from registers.parties"
    " where institution_id = %(institution)s and blind_index && %(blinds)s::bytea[]))"
)


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier("registers", table.name)


def _key(table: Table) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, table.key))


def _current(table: Table, condition: sql.Composable) -> sql.Composed:
    return sql.SQL(_CURRENT).format(key=_key(table), table=_name(table), condition=condition)


def _standing(
    table: Table,
    condition: sql.Composable = _EVERYTHING,
    columns: sql.Composable | None = None,
) -> sql.Composed:
    """Ask for what rows say, unless other columns are named."""
    said = sql.SQL(", ").join(map(sql.Identifier, table.said))
    return sql.SQL(_STANDING).format(
        columns=columns or said, key=_key(table), current=_current(table, condition)
    )


def _rows(
    conn: Connection, query: sql.Composed | bytes, params: Mapping[str, object]
) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, params).fetchall()


def standing(
    conn: Connection,
    kind: str,
    as_of: AsOf,
    column: str,
    keys: Collection[str],
    *,
    name: str | None = None,
) -> list[dict[str, Any]]:
    """Return the rows standing for keys in one key column, all of them in one statement.

    `name` narrows registers that are keyed by a name beside it: of an attribute, a purpose.
    """
    params = as_of.params | {"keys": list(keys), "name": name}
    return _rows(conn, _standing_for(kind, column, is_named=name is not None), params)


def whole_parties(conn: Connection, as_of: AsOf, ids: Collection[str]) -> list[dict[str, Any]]:
    """Return the standing rows of parties, with what of a person is told only with the key."""
    query = _standing(TABLES["party"], sql.SQL("party = any(%(keys)s)"), _WHOLE)
    return _rows(conn, query, as_of.params | {"keys": list(ids)})


def key_of(kind: str) -> tuple[str, str]:
    """Return the columns that a register with a name beside the id is keyed by."""
    first, second = TABLES[kind].key
    return first, second


@lru_cache
def _standing_for(kind: str, column: str, *, is_named: bool) -> bytes:
    condition = sql.SQL("{} = any(%(keys)s)").format(sql.Identifier(column))
    if is_named:
        condition += sql.SQL(" and {} = %(name)s").format(sql.Identifier(TABLES[kind].key[1]))
    return _standing(TABLES[kind], condition).as_bytes()


def party_ids_like(
    conn: Connection, institution_id: str, text: str, after: str, most: int
) -> list[str]:
    """Return the ids of parties whose id or name has a text in it, after one, in their order.

    A person's name rests encrypted, so a person is found by id alone.
    """
    escaped = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    rows = conn.execute(
        "select distinct party from registers.parties where institution_id = %(institution)s"
        " and party > %(after)s and (party ilike %(like)s or name ilike %(like)s"
        " or name_en ilike %(like)s) order by party limit %(most)s",
        {
            "institution": institution_id,
            "after": after,
            "like": f"%{escaped}%",
            "most": most,
        },
    )
    return [row[0] for row in rows]


def standing_everywhere(conn: Connection, kind: str, as_of: AsOf) -> list[dict[str, Any]]:
    """Return every row of a register standing on the day."""
    return _rows(conn, _standing(TABLES[kind]), as_of.params)


def ever_on_record(
    conn: Connection, kind: str, institution_id: str, known_at: datetime
) -> list[dict[str, Any]]:
    """Return every row of a register as known at an instant, for whatever days."""
    query = _current(TABLES[kind], _EVERYTHING)
    return _rows(conn, query, {"institution": institution_id, "known_at": known_at})


_ACCOUNTS_OF: Final = _standing(
    TABLES["account"],
    sql.SQL(
        "number = any(array(select number from registers.accounts"
        " where institution_id = %(institution)s and party = any(%(keys)s)))"
    ),
).as_bytes()


def accounts_of(conn: Connection, as_of: AsOf, parties: Collection[str]) -> list[dict[str, Any]]:
    """Return the accounts parties hold on the day; one that went to another party is not theirs."""
    rows = _rows(conn, _ACCOUNTS_OF, as_of.params | {"keys": list(parties)})
    theirs = set(parties)
    return [row for row in rows if row["party"] in theirs]


def parties_like(
    conn: Connection, as_of: AsOf, text: str, types: Collection[str], most: int
) -> list[dict[str, Any]]:
    """Return standing parties whose id begins with a text, or whose open name holds it."""
    like = sql.SQL(
        "(starts_with(party, %(text)s) or strpos(lower(coalesce(name, '')), lower(%(text)s)) > 0"
        " or strpos(lower(coalesce(name_en, '')), lower(%(text)s)) > 0)"
        " and (%(types)s::text[] = '{{}}' or type = any(%(types)s))"
    )
    query = _standing(TABLES["party"], like) + sql.SQL(" limit %(most)s")
    return _rows(conn, query, as_of.params | {"text": text, "types": list(types), "most": most})


_HOLDINGS_BEHIND: Final = _standing(
    TABLES["ownership"],
    sql.SQL("""owned = any(array(
        with recursive chain (party) as (
            select unnest(%(keys)s::text[])
            union
            select above.owner from chain c cross join lateral (
                select h.owner from registers.holdings h
                where h.institution_id = %(institution)s and h.owned = c.party
                  and h.since <= %(true_on)s and h.known_since <= %(known_at)s
                offset 0  -- one index probe a party, whatever the planner knows of the table
            ) above
        ) select party from chain))"""),
).as_bytes()


def holdings_behind(conn: Connection, as_of: AsOf, parties: Collection[str]) -> list[Row]:
    """Return the holdings in parties, in their owners, and so on, standing on the day."""
    return list(_rows(conn, _HOLDINGS_BEHIND, as_of.params | {"keys": list(parties)}))


def parties_with(conn: Connection, as_of: AsOf, blinds: Collection[bytes]) -> list[dict[str, Any]]:
    """Return the standing rows of parties that ever had one of these identifiers.

    The index only narrows the search: whether the identifier still is the party's is read in the
    row itself.
    """
    query = _standing(TABLES["party"], _EVER_HELD, _WHOLE)
    return _rows(conn, query, as_of.params | {"blinds": list(blinds)})


def current(
    conn: Connection, kind: str, institution_id: str, known_at: datetime, keys: Collection[str]
) -> list[dict[str, Any]]:
    """Return the rows for keys in the first key column that nothing superseded, of every day."""
    table = TABLES[kind]
    condition = sql.SQL("{} = any(%(keys)s)").format(sql.Identifier(table.key[0]))
    params = {"institution": institution_id, "known_at": known_at, "keys": list(keys)}
    return _rows(conn, _current(table, condition), params)


_ON_RECORD: Final = (
    sql.SQL("select distinct party from ({}) known")
    .format(_current(TABLES["party"], sql.SQL("party = any(%(keys)s)")))
    .as_bytes()
)


def on_record(conn: Connection, institution_id: str, ids: Collection[str]) -> set[str]:
    """Return those ids of parties that are on record, for whatever days."""
    params = {"institution": institution_id, "known_at": _END_OF_TIME, "keys": list(ids)}
    return {party for (party,) in conn.execute(_ON_RECORD, params)}


def begin_load(conn: Connection, institution_id: str, at: datetime) -> datetime:
    """Take the register's lock until the transaction ends, and return the load's instant.

    Always later than the last load's, so that no answer about the past changes.
    """
    row = _locked_head(conn, institution_id)
    if row is None:
        conn.execute(
            "insert into registers.heads (institution_id, known_since) values (%s, '-infinity')"
            " on conflict do nothing",
            [institution_id],
        )
        row = _locked_head(conn, institution_id)
        assert row is not None, "the head was inserted before"
    return at if row[0] is None else max(at, row[0] + timedelta(microseconds=1))


def _locked_head(conn: Connection, institution_id: str) -> tuple[datetime | None] | None:
    return conn.execute(
        "select nullif(known_since, '-infinity') from registers.heads"
        " where institution_id = %s for update",
        [institution_id],
    ).fetchone()


def known_by(conn: Connection, institution_id: str, at: datetime) -> datetime:
    """Return the instant to ask at so as to see all that is recorded: `at`, or the last load's.

    They differ only where several acts carry one instant or a clock went back. A decision keeps
    the instant it asked at.
    """
    row = conn.execute(
        "select greatest(known_since, %s) from registers.heads where institution_id = %s",
        [at, institution_id],
    ).fetchone()
    return at if row is None else row[0]


def instants_of(conn: Connection, institution_id: str, kind: str) -> list[datetime]:
    """Return the instants at which a register was told something, in their order."""
    query = sql.SQL(
        "select distinct known_since from {} where institution_id = %s order by known_since"
    ).format(_name(TABLES[kind]))
    return [row[0] for row in conn.execute(query, [institution_id])]


def end_load(conn: Connection, institution_id: str, known_since: datetime) -> None:
    """Remember the instant of a load that added something."""
    conn.execute(
        "update registers.heads set known_since = %s where institution_id = %s",
        [known_since, institution_id],
    )


def live_keys(
    conn: Connection, institution_id: str, subjects: Collection[str]
) -> dict[str, tuple[UUID, bytes]]:
    """Return the wrapped keys of subjects that were not erased, with their ids."""
    rows = conn.execute(
        "select subject, id, wrapped from registers.subject_keys"
        " where institution_id = %s and subject = any(%s) and wrapped is not null",
        [institution_id, list(subjects)],
    )
    return {subject: (key_id, wrapped) for subject, key_id, wrapped in rows}


def erase_key(conn: Connection, institution_id: str, subject: str, at: datetime) -> UUID | None:
    """Destroy a subject's key and the blind index of its identifiers; return the key's id."""
    row = conn.execute(
        "update registers.subject_keys set wrapped = null, erased_at = %s"
        " where institution_id = %s and subject = %s and wrapped is not null returning id",
        [at, institution_id, subject],
    ).fetchone()
    if row is None:
        return None
    conn.execute(
        "update registers.parties set blind_index = null"
        " where institution_id = %s and party = %s and key_id = %s",
        [institution_id, subject, row[0]],
    )
    key_id: UUID = row[0]
    return key_id


def latest(
    conn: Connection, kind: str, institution_id: str, keys: Collection[str]
) -> list[dict[str, Any]]:
    """Return the last row recorded for each thing and day, retracted ones too."""
    return _rows(conn, _latest(kind), {"institution": institution_id, "keys": list(keys)})


@lru_cache
def _latest(kind: str) -> bytes:
    table = TABLES[kind]
    query = sql.SQL(
        "select distinct on ({key}, since) {key}, since, content from {table}"
        " where institution_id = %(institution)s and {first} = any(%(keys)s)"
        " order by {key}, since, known_since desc"
    )
    first = sql.Identifier(table.key[0])
    return query.format(key=_key(table), table=_name(table), first=first).as_bytes()


def parties_holding(
    conn: Connection, institution_id: str, blinds: Collection[bytes]
) -> list[dict[str, Any]]:
    """Return the rows, of whatever days, in which a party has one of these identifiers."""
    query = _current(TABLES["party"], _EVER_HELD)
    params = {
        "institution": institution_id,
        "known_at": _END_OF_TIME,
        "blinds": list(blinds),
    }
    return _rows(conn, query, params)
