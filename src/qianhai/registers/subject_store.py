"""The SQL of one subject's data: every row of the registers that speaks of a party.

Must not decrypt, and must not decide what may be erased.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from psycopg import sql
from psycopg.rows import dict_row

from qianhai.db import Connection

#: Each register, and the columns in which a row names a party it speaks of.
NAMING: Final[Mapping[str, tuple[str, ...]]] = {
    "parties": ("party",),
    "attributes": ("party",),
    "qualifications": ("party",),
    "holdings": ("owned", "owner"),
    "accounts": ("party",),
    "records": ("party",),
    "consents": ("subject",),
}
#: What a row has for the house alone: digests, keys, the order of writing.
_HOUSE: Final = ("content", "salt", "schema_version", "blind_index", "institution_id")


def rows_naming(
    conn: Connection, institution_id: str, subject: str
) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every register that names a party, superseded ones too."""
    found = {}
    for table, columns in NAMING.items():
        named = sql.SQL(" or ").join(
            sql.SQL("{} = %(subject)s").format(sql.Identifier(column)) for column in columns
        )
        query = sql.SQL(
            "select * from {} where institution_id = %(institution)s and ({})"
            " order by known_since, since"
        ).format(sql.Identifier("registers", table), named)
        with conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(
                query, {"institution": institution_id, "subject": subject}
            ).fetchall()
        found[table] = [
            {name: value for name, value in row.items() if name not in _HOUSE} for row in rows
        ]
    return found


def accesses_to(conn: Connection, institution_id: str, subject: str) -> list[dict[str, Any]]:
    """Return who read a subject's names and identifiers, when and what for."""
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select at, read_by, purpose from registers.accesses"
            " where institution_id = %s and %s = any(subjects) order by at",
            [institution_id, subject],
        ).fetchall()


def ended_persons(conn: Connection, institution_id: str, on: date) -> dict[str, date]:
    """Return the persons whose relationship has ended, each with its last day.

    Of each account, and of the person, the row that began last says when it ends; who still has one
    open is not among them, nor who was erased.
    """
    rows = conn.execute(
        """
        with last as (
            select distinct on (party) party, until, retracted from registers.parties p
            where institution_id = %(institution)s and type = 'person' and exists (
                select from registers.subject_keys k where k.institution_id = p.institution_id
                and k.subject = p.party and k.wrapped is not null)
            order by party, since desc, known_since desc
        ), held as (
            select distinct on (number) number, party, until from registers.accounts
            where institution_id = %(institution)s
            order by number, since desc, known_since desc
        )
        select l.party, greatest(l.until, max(h.until)) from last l
        left join held h on h.party = l.party
        where l.until < %(on)s
        group by l.party, l.until
        having coalesce(bool_and(h.until < %(on)s), true)
        order by 1
        """,
        {"institution": institution_id, "on": on},
    )
    return dict(rows.fetchall())


def relationship(conn: Connection, institution_id: str, subject: str) -> tuple[bool, date | None]:
    """Tell whether a party ever had an account, and the last day of all; None while one is open."""
    row = conn.execute(
        "select count(*), case when bool_and(until is not null) then max(until) end from ("
        " select distinct on (number) number, party, until from registers.accounts"
        " where institution_id = %s order by number, since desc, known_since desc) held"
        " where party = %s",
        [institution_id, subject],
    ).fetchone()
    assert row is not None, "an aggregate is a row"
    return row[0] > 0, row[1]
