"""The SQL of regulatory records: their versions, their corrections, and what a period owes.

Every statement runs in the caller's transaction. Must not decide or compare anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from qianhai.db import Connection
from qianhai.instructions.store import REPORT_KEY
from qianhai.journal import Seal, insert_sealed


class VersionRow(NamedTuple):
    """A version of a record with the business it is about; a person's texts are sealed."""

    instruction_id: str
    kind: str
    version: int
    period: str
    fields: str
    created_at: datetime
    actor: str | None
    reason: str | None
    sent_at: datetime | None
    facility: str
    action: str
    value_on: date
    parties: str
    pack_hash: str


_VERSIONS: Final = """
select r.instruction_id, r.kind, r.version, r.period, r.fields, r.created_at, r.actor, r.reason,
       r.sent_at, i.facility, i.action, i.value_on, i.parties, d.pack_hash
from instructions.reports r
join instructions.instructions i on i.institution_id = r.institution_id and i.id = r.instruction_id
join instructions.decisions d on d.institution_id = i.institution_id and d.instruction_id = i.id
where r.institution_id = %(institution)s
"""


def read_versions(conn: Connection, institution: str, instruction: str) -> list[VersionRow]:
    """Return every version of every record of an instruction, in their order."""
    query = f"{_VERSIONS} and r.instruction_id = %(instruction)s order by r.kind, r.version"
    given = {"institution": institution, "instruction": instruction}
    return [VersionRow(*row) for row in conn.execute(query.encode(), given)]


def read_latest(
    conn: Connection, institution: str, kind: str, period: str, portion: int
) -> Iterator[list[VersionRow]]:
    """Yield the latest version of each record of a period by instruction, some at a time."""
    query = (
        f"{_VERSIONS} and r.kind = %(kind)s and r.period = %(period)s and not exists ("
        " select from instructions.reports n where n.institution_id = r.institution_id"
        " and n.instruction_id = r.instruction_id and n.kind = r.kind and n.version > r.version)"
        " order by r.instruction_id"
    )
    with conn.cursor("reports_of_a_period", binary=True) as cursor:
        given = {"institution": institution, "kind": kind, "period": period}
        cursor.execute(query.encode(), given)
        while rows := cursor.fetchmany(portion):
            yield [VersionRow(*row) for row in rows]


def write_version(conn: Connection, row: Mapping[str, object]) -> list[Seal]:
    """Store a correction, and return its seal."""
    return insert_sealed(conn, "instructions.reports", [row], REPORT_KEY)


def lock_records(conn: Connection, institution: str, instruction: str) -> None:
    """Have those who correct an instruction's records take turns until this transaction ends."""
    conn.execute(
        "select pg_advisory_xact_lock(hashtext('instructions.reports'), hashtext(%s))",
        (f"{institution}/{instruction}",),
    )


def read_packs_of(conn: Connection, institution: str, first: date, last: date) -> list[str]:
    """Return the packs that decided business with a value date from one day to another."""
    rows = conn.execute(
        "select distinct d.pack_hash from instructions.decisions d"
        " join instructions.instructions i on i.institution_id = d.institution_id"
        "  and i.id = d.instruction_id"
        " where d.institution_id = %s and i.value_on between %s and %s order by 1",
        (institution, first, last),
    )
    return [row[0] for row in rows]


def read_years(conn: Connection, institution: str) -> list[int]:
    """Return the years in which a permitted business has its value date."""
    rows = conn.execute(
        "select distinct extract(year from i.value_on)::integer from instructions.instructions i"
        " where i.institution_id = %s order by 1",
        (institution,),
    )
    return [row[0] for row in rows]


class OwedRow(NamedTuple):
    """What an instruction owes beside the record there is; either side may be missing.

    Without a permission that owes it `chain_id` and what follows are None, without a record
    `version` and what follows.
    """

    instruction_id: str
    kind: str
    chain_id: UUID | None
    value_on: date | None
    parties: str | None
    pack_hash: str | None
    version: int | None
    period: str | None
    fields: str | None


_OWED: Final = """
with owed as (
  select i.id, w.kind, i.chain_id, i.value_on, i.parties, d.pack_hash
  from instructions.instructions i
  join instructions.decisions d on d.institution_id = i.institution_id and d.instruction_id = i.id
  join unnest(%(packs)s::text[], %(facilities)s::text[], %(actions)s::text[], %(kinds)s::text[])
    as w (pack, facility, action, kind)
    on w.pack = d.pack_hash and w.facility = i.facility and w.action = i.action
  where i.institution_id = %(institution)s and i.value_on between %(first)s and %(last)s
    and d.outcome = 'permitted'
), latest as (
  select distinct on (r.instruction_id, r.kind) r.instruction_id, r.kind, r.version, r.period,
         r.fields
  from instructions.reports r
  join unnest(%(of_kinds)s::text[], %(periods)s::text[]) as p (kind, period)
    on p.kind = r.kind and p.period = r.period
  where r.institution_id = %(institution)s
  order by r.instruction_id, r.kind, r.version desc
)
select coalesce(o.id, l.instruction_id), coalesce(o.kind, l.kind), o.chain_id, o.value_on,
       o.parties, o.pack_hash, l.version, l.period, l.fields
from owed o full join latest l on l.instruction_id = o.id and l.kind = o.kind
order by 1, 2
"""


def read_owed(
    conn: Connection,
    institution: str,
    days: tuple[date, date],
    owing: Sequence[tuple[str, str, str, str]],
    periods: Sequence[tuple[str, str]],
    portion: int,
) -> Iterator[list[OwedRow]]:
    """Yield what permitted business owes beside the records of some periods, by instruction.

    `owing` are pack, facility, action and report; `periods` report and period.
    """
    packs, facilities, actions, kinds = map(list, zip(*owing, strict=True)) if owing else ([],) * 4
    of_kinds, of_periods = map(list, zip(*periods, strict=True))
    given = {
        "institution": institution,
        "first": days[0],
        "last": days[1],
        "packs": packs,
        "facilities": facilities,
        "actions": actions,
        "kinds": kinds,
        "of_kinds": of_kinds,
        "periods": of_periods,
    }
    with conn.cursor("reports_owed", binary=True) as cursor:
        cursor.execute(_OWED.encode(), given)
        while rows := cursor.fetchmany(portion):
            yield [OwedRow(*row) for row in rows]
