"""The arithmetic of limits: what each pool is asked for, whether it fits, what is left.

A draw rounds up and headroom down, once, at the asset's scale; a ceiling below zero is zero;
pools are drawn in their order, each to its own ceiling. The ledger repeats the same comparison
under its lock; nothing here reserves anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from qianhai.kernel import CURRENCIES, format_minor, scale_of
from qianhai.policy.compiling import Compiled
from qianhai.policy.model import Draw, Limit, LimitUse
from qianhai.rules import ceil_minor, floor_minor

Answers = Mapping[str, bool | None]


def draws_of(
    compiled: Compiled, facts: Mapping[str, object], answers: Answers, values: Mapping[str, object]
) -> tuple[Draw, ...]:
    """Return every pool that applies, or may apply, with its figures in minor units."""
    found: list[Draw] = []
    for limit in compiled.action.limits:
        key = f"limit.{limit.id}"
        if answers[f"{key}.when"] is False:
            continue
        asset = asset_of(limit, facts)
        scale = limit.scale if limit.scale is not None else scale_of(asset) if asset else 2
        for pool in limit.parts:
            if answers[f"{key}.{pool.id}.when"] is False:
                continue
            cap = _minor(floor_minor, values[f"{key}.{pool.id}.cap"], scale)
            found.append(
                Draw(
                    limit,
                    pool,
                    asset,
                    scale,
                    None if cap is None else max(0, cap),
                    _minor(ceil_minor, values[f"{key}.{pool.id}.used"], scale),
                    _minor(ceil_minor, values[f"{key}.amount"], scale),
                )  # fmt: skip
            )
    return tuple(found)


def asset_of(limit: Limit, facts: Mapping[str, object]) -> str:
    """Return the currency a limit is kept in, or an empty text while it is not known."""
    if limit.asset in CURRENCIES:
        return limit.asset
    return str(facts.get(limit.asset) or "")


def _minor(rounding: object, value: object, scale: int) -> int | None:
    if value is None:
        return None
    assert isinstance(value, int | Decimal | Fraction)
    assert callable(rounding)
    result = rounding(value, scale)
    assert isinstance(result, int)
    return result


def fits(draws: Sequence[Draw], ledger_decides: bool) -> bool | None:
    """Tell whether a limit's pools hold what is asked; None while a figure is missing.

    Where the ledger decides, a limit whose ceiling and amount are known is taken to hold.
    """
    if not draws:
        return True
    amount = draws[0].amount
    if amount is None:
        return None
    if amount <= 0:
        return True
    if any(draw.cap is None for draw in draws):
        return None
    if ledger_decides:
        return True
    if any(draw.used is None for draw in draws):
        return None
    return amount <= sum(max(0, (draw.cap or 0) - (draw.used or 0)) for draw in draws)


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
    groups: dict[str, list[Draw]] = {}
    for draw in draws:
        groups.setdefault(draw.limit.id, []).append(draw)
    for group in groups.values():
        lefts = [
            None if draw.cap is None or draw.used is None else max(0, draw.cap - draw.used)
            for draw in group
        ]
        amount = group[0].amount
        known = [left for left in lefts if left is not None]
        asked = split(amount, known) if amount is not None and len(known) == len(lefts) else None
        for at, (draw, left) in enumerate(zip(group, lefts, strict=True)):
            one = amount if len(group) == 1 else asked[at] if asked else None
            uses.append(_use(draw, one, left))
    return tuple(uses)


def _use(draw: Draw, asked: int | None, left: int | None) -> LimitUse:
    def text(minor: int | None) -> str | None:
        return None if minor is None else format_minor(minor, draw.scale)

    name = f"{draw.limit.id}.{draw.pool.id}" if draw.pool.id else draw.limit.id
    return LimitUse(
        name, draw.asset or None, text(draw.cap), text(draw.used), text(asked), text(left)
    )
