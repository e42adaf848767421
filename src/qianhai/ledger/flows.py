"""What flowed between accounts in a period, added up; and limits that are over their cap.

Holds reads over many accounts at once. Must not judge what it finds.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from psycopg import sql

from qianhai.db import Connection
from qianhai.ledger.model import INT64_MAX
from qianhai.ledger.queries import account_number

By = Literal["kind", "holder"]


@dataclass(frozen=True, slots=True)
class Flow:
    """What one kind of account, or one party, paid another in an asset, in minor units."""

    asset: str
    scale: int
    payer: str
    payee: str
    amount: int
    count: int


@dataclass(frozen=True, slots=True)
class DayLine:
    """What came into an account and left it with the value date of one day, in minor units.

    `balance` is what all value dates up to this one come to.
    """

    on: date
    came: int
    left: int
    balance: int


@dataclass(frozen=True, slots=True)
class LimitUse:
    """What is used of a limit's account, pending included, and the cap its last draw carried."""

    name: str
    holder: str
    asset: str
    scale: int
    used: int
    cap_seen: int | None
    left: int | None


_FLOWS: Final = sql.SQL("""
    select s.code, s.scale, d.{by}, k.{by}, sum(m.amount)::numeric, sum(m.count)
    from (
      select debit_account_id, credit_account_id, sum(amount) as amount, count(*) as count
      from ledger.transfers
      where institution_id = %(institution)s and amount <> 0
        and value_on between %(first)s and %(last)s
      group by 1, 2
    ) m
    join ledger.accounts d on d.id = m.debit_account_id
    join ledger.accounts k on k.id = m.credit_account_id
    join ledger.assets s on s.id = d.asset_id
    where s.kind = 'money' and (%(asset)s::text is null or s.code = %(asset)s)
    group by 1, 2, 3, 4
    order by 1, 5 desc, 3, 4
""")


def flows(
    conn: Connection, institution: str, first: date, last: date, *, by: By, asset: str | None = None
) -> list[Flow]:
    """Return what flowed with a value date from one day to another, the largest first.

    Only money is looked at: quotas and positions are counted beside it. What was undone counts
    in its own direction, as it was posted.
    """
    given = {"institution": institution, "first": first, "last": last, "asset": asset}
    rows = conn.execute(_FLOWS.format(by=sql.Identifier(by)), given)
    return [Flow(code, scale, d, k, int(sum_), count) for code, scale, d, k, sum_, count in rows]


_LIMITS: Final = """
    select name, holder, asset, scale, used, cap_seen, "left" from ledger.limit_use
    where institution_id = %(institution)s and name > %(after)s
      and (%(holder)s::text is null or holder = %(holder)s)
      and (not %(is_over)s or is_over_cap)
    order by name limit %(most)s
"""


def limits_used(
    conn: Connection,
    institution: str,
    *,
    holder: str | None = None,
    is_over: bool = False,
    after: str = "",
    most: int = 100,
) -> list[LimitUse]:
    """Return limits that were ever drawn, by name: of a holder, or those over their cap."""
    given = {
        "institution": institution,
        "holder": holder,
        "is_over": is_over,
        "after": after,
        "most": most,
    }
    return [LimitUse(*row) for row in conn.execute(_LIMITS, given)]


def last_transfers(conn: Connection, institution: str, chains: Collection[UUID]) -> dict[UUID, int]:
    """Return the last transfer of each posted chain: a decision keeps it."""
    rows = conn.execute(
        "select id, transfer_last from ledger.chains"
        " where institution_id = %s and id = any(%s) and transfer_last is not null",
        (institution, list(chains)),
    )
    return dict(rows.fetchall())


_DAYS: Final = """
    select value_on, came, went, (sum(came - went) over (order by value_on))::bigint from (
      select value_on, sum(came)::bigint as came, sum(went)::bigint as went from (
        select value_on, 0::bigint as came, amount as went from ledger.transfers
        where debit_account_id = %(account)s and amount <> 0 and seq <= %(until)s
        union all
        select value_on, amount, 0 from ledger.transfers
        where credit_account_id = %(account)s and amount <> 0 and seq <= %(until)s
      ) each group by value_on
    ) days order by value_on
"""


def value_days(
    conn: Connection, institution: str, name: str, until_seq: int | None = None
) -> list[DayLine]:
    """Return an account's days by value date, of what is posted up to a transfer."""
    account = account_number(conn, institution, name)
    if account is None:
        return []
    until = INT64_MAX if until_seq is None else until_seq
    rows = conn.execute(_DAYS, {"account": account, "until": until})
    return [DayLine(*row) for row in rows]
