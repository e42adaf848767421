"""The arithmetic of limits: what each pool is asked for, whether it fits, what is left.

A draw rounds up and headroom down, once, at the asset's scale; a ceiling below zero is zero;
pools are drawn in their order, each to its own ceiling. The ledger repeats the same comparison
under its lock; nothing here reserves anything.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import groupby

from qianhai.kernel import format_minor, scale_of
from qianhai.policy.compiling import Compiled
from qianhai.policy.model import Draw, Limit, LimitUse
from qianhai.rules import ceil_minor, floor_minor

Answers = Mapping[str, bool | None]
Figures = Mapping[str, object]
Exact = int | Decimal | Fraction


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of a limit's expressions, or of one of its pools'."""

    when: str
    asset: str
    amount: str
    cap: str
    used: str


@cache
def _keys(limit: str, pool: str | None = None) -> _Keys:
    whole = f"limit.{limit}" if pool is None else f"limit.{limit}.{pool}"
    return _Keys(*(f"{whole}.{name}" for name in ("when", "asset", "amount", "cap", "used")))


def draws_of(compiled: Compiled, answers: Answers, values: Figures) -> tuple[Draw, ...]:
    """Return every pool that applies, or may apply, with its figures in minor units."""
    found: list[Draw] = []
    for limit in compiled.action.limits:
        keys = _keys(limit.id)
        if answers[keys.when] is False:
            continue
        asset = values[keys.asset]
        code = asset if isinstance(asset, str) else ""
        scale = _scale(limit, code)
        amount = _minor(ceil_minor, values[keys.amount], scale)
        for pool in limit.parts:
            part = _keys(limit.id, pool.id)
            if answers[part.when] is False:
                continue
            cap = _minor(floor_minor, values[part.cap], scale)
            cap = cap if cap is None or cap > 0 else 0
            used = _minor(ceil_minor, values[part.used], scale)
            found.append(Draw(limit, pool, code, scale or 0, cap, used, amount))
    return tuple(found)


def _scale(limit: Limit, asset: str) -> int | None:
    """Return the decimals a limit is kept in; None while its currency is not known."""
    if limit.scale is not None:
        return limit.scale
    return scale_of(asset) if asset else None


def _minor(rounding: Callable[[Exact, int], int], value: object, scale: int | None) -> int | None:
    if value is None or scale is None:
        return None
    assert isinstance(value, (int, Decimal, Fraction)), "a limit's figures are money"
    return rounding(value, scale)


def fits(
    limit: Limit,
    draws: Sequence[Draw],
    answers: Answers,
    values: Figures,
    *,
    ledger_decides: bool,
) -> bool | None:
    """Tell whether a limit's pools hold what is asked; None while that is not certain.

    Giving back always fits. A limit none of whose pools applies has no room. Where the ledger
    decides, a limit whose ceilings and amount are known is taken to hold.
    """
    keys = _keys(limit.id)
    when = answers[keys.when]
    if when is False:
        return True
    asked = values[keys.amount]
    assert asked is None or isinstance(asked, (int, Decimal, Fraction)), "a limit's amount is money"
    if asked is not None and asked <= 0:
        return True
    if asked is None or when is None:
        return None
    for pool in limit.parts:
        if answers[_keys(limit.id, pool.id).when] is None:
            return None
    room, is_used_known = 0, True
    for draw in draws:
        if draw.cap is None or draw.amount is None:
            return None
        is_used_known &= draw.used is not None
        room += max(0, draw.cap - (draw.used or 0))
    if not draws:
        return False
    if ledger_decides:
        return True
    return (draws[0].amount or 0) <= room if is_used_known else None


def split(amount: int, rooms: Sequence[int]) -> list[int]:
    """Share an amount over pools in order, each to its room; the last is asked for the rest.

    >>> split(10, [4, 3])
    [4, 6]
    """
    taken: list[int] = []
    for room in rooms[:-1]:
        taken.append(max(0, min(amount - sum(taken), room)))
    return [*taken, amount - sum(taken)]


def uses_of(draws: Iterable[Draw]) -> tuple[LimitUse, ...]:
    """Return how each pool stands before the instruction, as decimals of its asset."""
    uses: list[LimitUse] = []
    for _, group in groupby(draws, key=_limit_id):
        pools = list(group)
        if len(pools) == 1:
            uses.append(_use(pools[0], pools[0].amount, _left(pools[0])))
            continue
        lefts = [_left(draw) for draw in pools]
        known = [left for left in lefts if left is not None]
        asked: Sequence[int | None] = [pools[0].amount, *[None] * (len(pools) - 1)]
        if len(known) == len(pools) and pools[0].amount is not None:
            asked = split(pools[0].amount, known)
        uses += map(_use, pools, asked, lefts)
    return tuple(uses)


def _limit_id(draw: Draw) -> str:
    return draw.limit.id


def _left(draw: Draw) -> int | None:
    return None if draw.cap is None or draw.used is None else max(0, draw.cap - draw.used)


def _use(draw: Draw, asked: int | None, left: int | None) -> LimitUse:
    scale = draw.scale
    return LimitUse(
        f"{draw.limit.id}.{draw.pool.id}" if draw.pool.id else draw.limit.id,
        draw.asset or None,
        None if draw.cap is None else format_minor(draw.cap, scale),
        None if draw.used is None else format_minor(draw.used, scale),
        None if asked is None else format_minor(asked, scale),
        None if left is None else format_minor(left, scale),
    )


def limit_data(draws: Sequence[Draw]) -> dict[str, str]:
    """Return the figures of a limit over all its pools, as the reason's data."""
    lefts = [_left(draw) for draw in draws]
    if not draws or None in lefts:
        return {}
    scale, asset, asked = draws[0].scale, draws[0].asset, draws[0].amount
    figures = {
        "cap": sum(draw.cap or 0 for draw in draws),
        "used": sum(draw.used or 0 for draw in draws),
        "left": sum(left or 0 for left in lefts),
    } | ({} if asked is None else {"asked": asked})
    return {name: format_minor(minor, scale) for name, minor in figures.items()} | {"asset": asset}
