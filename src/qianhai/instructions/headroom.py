"""Headroom: what a party has left under every limit it can hold, on a day.

The ceiling is computed from what the registers know, the use read from the ledger. A ceiling
that needs a fact only a sender can give is unknown, and says which.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from qianhai import ledger
from qianhai.db import Connection
from qianhai.instructions.accounts import AccountBook, limit_name
from qianhai.instructions.days import authorisations_of
from qianhai.instructions.gather import Gathering, gather
from qianhai.instructions.model import Instruction, Known
from qianhai.kernel import format_minor, to_minor
from qianhai.policy import Compiled, Draw, LimitUse, Policy, Standing, leaves_of
from qianhai.registers import Register
from qianhai.rules import Env, TypedExpr, missing


@dataclass(frozen=True, slots=True)
class Headroom:
    """One limit as a party stands to it; `missing` are the facts its ceiling still needs.

    `account` is the ledger's account of the use, None while not known. Of several pools this is
    the one at `order` of `pools`, from 1. The ceiling rests on `clause` and on the values that the
    regulation has that day for `parameters`.
    """

    facility: str
    measure: int
    action: str
    role: str
    use: LimitUse
    window: str
    zh: str
    en: str
    missing: tuple[str, ...]
    account: str | None = None
    clause: str = ""
    parameters: tuple[str, ...] = ()
    order: int = 1
    pools: int = 1

    @property
    def is_over_cap(self) -> bool:
        """Tell whether more is used than the ceiling of the day allows."""
        cap, used = self.use.cap, self.use.used
        return cap is not None and used is not None and Decimal(used) > Decimal(cap)


def headroom_of(
    conn: Connection,
    policy: Policy,
    institution_id: str,
    party: str,
    day: date,
    at: datetime,
    posted_by: datetime | None = None,
) -> Iterator[Headroom]:
    """Yield every limit a party of its kind can hold, as it stands on a day.

    What is used is what the ledger has now, or had when everything up to an instant was posted.
    """
    seq = None if posted_by is None else ledger.seq_at(conn, posted_by)
    register = Register(conn, institution_id, day, at)
    found = register.parties([party]).get(party)
    if found is None:
        return
    standing = policy.standing(day, authorisations=authorisations_of(register))
    book = AccountBook(policy, register)
    for facility in policy.pack.facilities.values():
        for name, action in facility.actions.items():
            compiled = policy.compiled(facility.id, name)
            holders = {pool.holder for limit in action.limits for pool in limit.parts}
            for role, model in facility.parties.items():
                if role in holders and found.type.value in model.kinds:
                    row = _row(compiled, standing, {role: party}, institution_id, day)
                    asking = Gathering(conn, register, institution_id, policy, book, (row,))
                    for room in _limits(asking, row, role):
                        yield _as_posted(conn, institution_id, room, seq)


def _row(
    compiled: Compiled, standing: Standing, parties: dict[str, str], institution_id: str, day: date
) -> Known:
    """Return an instruction of which only the party in one role is known."""
    asked = Instruction("", institution_id, compiled.facility, compiled.name, day, parties)
    return Known(asked, compiled, standing, None, parties, {})


def _limits(at: Gathering, row: Known, role: str) -> Iterator[Headroom]:
    """Yield the limits of an instruction that the party in a role holds."""
    gather(at, frozenset(leaves_of(row.compiled.facts)), with_used=True)
    verdict = at.policy.decide(row.compiled, row.facts, row.standing)
    for draw, use in zip(verdict.draws, verdict.decision.limits, strict=True):
        if draw.pool.holder == role:
            yield Headroom(
                row.compiled.facility,
                row.compiled.measure,
                row.compiled.name,
                role,
                _without_asking(draw, use),
                draw.limit.window,
                draw.pool.zh,
                draw.pool.en,
                _missing(row, draw),
                named.account if (named := limit_name(row, draw.limit.id, draw.pool.id)) else None,
                draw.limit.clause or row.compiled.action.clause,
                tuple(sorted(_cap(row, draw).parameters)),
                draw.limit.parts.index(draw.pool) + 1,
                len(draw.limit.parts),
            )


def _as_posted(conn: Connection, institution_id: str, room: Headroom, seq: int | None) -> Headroom:
    """Return a limit with the use it had when a transfer, the last one counted, was posted."""
    use = room.use
    if seq is None or room.account is None or use.used is None:
        return room
    spec = ledger.account_spec(conn, institution_id, room.account)
    if spec is None:
        return room
    scale = spec.asset.scale
    used = ledger.balance_as_of(conn, institution_id, room.account, seq).used
    left = None if use.cap is None else max(0, to_minor(Decimal(use.cap), scale) - used)
    return replace(
        room,
        use=replace(
            use,
            used=format_minor(used, scale),
            left=None if left is None else format_minor(left, scale),
        ),
    )


def _cap(row: Known, draw: Draw) -> TypedExpr:
    """Return the expression of a pool's ceiling."""
    return row.compiled.values[f"limit.{draw.limit.id}.{draw.pool.id}.cap"]


def _without_asking(draw: Draw, use: LimitUse) -> LimitUse:
    """Return the use of a limit nobody is asking anything of; what is not drawn is zero."""
    used = use.used if use.used is not None else format_minor(0, draw.scale)
    left = use.left
    if left is None and draw.cap is not None:
        left = format_minor(max(0, draw.cap - (draw.used or 0)), draw.scale)
    return LimitUse(use.id, use.asset, use.cap, used, None, left)


def _missing(row: Known, draw: Draw) -> tuple[str, ...]:
    tree = _cap(row, draw)
    standing = row.standing
    env = Env(row.facts, standing.parameters, standing.switches, standing.open_clauses)
    return tuple(sorted(missing(tree, env)))
