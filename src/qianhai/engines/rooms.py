"""Limits in columns: what each pool is asked for, whether all of it fits, what is left.

The same arithmetic as `policy.limits`, over all rows of a group at once: a draw rounds up and
headroom down, once; pools are drawn in their order. Reserves nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from qianhai.engines.desk import Group
from qianhai.engines.exact import Ratio, Whole, merged, together, whole_of
from qianhai.engines.forms import Array, Mask
from qianhai.kernel import CURRENCIES
from qianhai.policy import Limit, Pool
from qianhai.rules import SqlProgram

#: How an answer of three values is held in a column.
FALSE, TRUE, UNKNOWN = 0, 1, 2
FIGURES: Final = ("cap", "used", "asked", "left")


@dataclass(frozen=True, slots=True)
class Use:
    """How a pool stands in each row; nothing of it is known where `drawn` is not set."""

    name: str
    drawn: Mask
    assets: Array
    scales: Mask
    figures: Mapping[str, Whole]


def use_name(limit: Limit, pool: Pool) -> str:
    """Return how a pool of a limit is named in an answer."""
    return f"{limit.id}.{pool.id}" if pool.id else limit.id


class Answers:
    """What an engine answered for the rows of a group."""

    def __init__(self, group: Group, program: SqlProgram, table: pa.Table) -> None:
        self.group = group
        self.count = len(table)
        self._program = program
        self._table = table

    def _column(self, name: str) -> Array:
        return self._table[name].combine_chunks()

    def test(self, key: str) -> Mask:
        """Return an answer of three values."""
        column = self._column(self._program.conditions[key])
        return np.where(
            np.asarray(column.is_null()), UNKNOWN, np.asarray(column.fill_null(False))
        ).astype(np.uint8)

    def known(self, key: str) -> Mask:
        """Tell where a value is known."""
        found = np.ones(self.count, np.bool_)
        for name in self._program.values[key]:
            if name is not None:
                found &= np.asarray(self._column(name).is_valid())
        return found

    def columns(self, key: str) -> tuple[Array, Array | None]:
        """Return a value as the engine gave it: itself, or its numerator and denominator."""
        above, below = self._program.values[key]
        return self._column(above), None if below is None else self._column(below)

    def text(self, key: str) -> Array:
        """Return a value that is text."""
        return self._column(self._program.values[key][0]).cast(pa.string())

    def ratio(self, key: str) -> Ratio:
        """Return a value that is a number."""
        above, below = self._program.values[key]
        if below is None:
            return Ratio(*whole_of(self._column(above)))
        return Ratio(*whole_of(self._column(above)), *whole_of(self._column(below)))


@dataclass(frozen=True, slots=True)
class Drawn:
    """One pool's figures in minor units, and where it applies, or may."""

    name: str
    when: Mask
    cap: Whole
    used: Whole
    left: Whole


def rooms_of(answers: Answers) -> tuple[list[Mask], list[Use]]:
    """Return whether each limit of the action fits, and how each of its pools stands."""
    fits: list[Mask] = []
    uses: list[Use] = []
    for limit in answers.group.compiled.action.limits:
        found = _limit(answers, limit)
        fits.append(found[0])
        uses += found[1]
    return fits, uses


def _limit(answers: Answers, limit: Limit) -> tuple[Mask, list[Use]]:
    key = f"limit.{limit.id}"
    when, assets = answers.test(f"{key}.when"), answers.text(f"{key}.asset")
    scales = _scales(limit, assets)
    asked = answers.ratio(f"{key}.amount")
    amount = asked.minor(scales, up=True)
    pools = [_pool(answers, limit, pool, scales) for pool in limit.parts]
    fits = _fits(when, asked, amount, pools)
    drawn = [(when != FALSE) & (pool.when != FALSE) for pool in pools]
    shares = _shares(amount, pools, drawn)
    uses = [
        Use(
            pool.name,
            mask,
            assets,
            np.maximum(scales, 0),
            {
                "cap": pool.cap.where(mask),
                "used": pool.used.where(mask),
                "asked": share.where(mask),
                "left": pool.left.where(mask),
            },
        )
        for pool, mask, share in zip(pools, drawn, shares, strict=True)
    ]
    return fits, uses


def _scales(limit: Limit, assets: Array) -> Mask:
    """Return the decimals of each row's asset; -1 while it is not known."""
    if limit.scale is not None:
        return np.full(len(assets), limit.scale, np.int64)
    coded = assets.dictionary_encode()
    known = [CURRENCIES.get(code, -1) for code in coded.dictionary.to_pylist()]
    indices = np.asarray(coded.indices.fill_null(len(known)))
    scales: Mask = np.asarray([*known, -1], np.int64)[indices]
    return scales


def _pool(answers: Answers, limit: Limit, pool: Pool, scales: Mask) -> Drawn:
    key = f"limit.{limit.id}.{pool.id}"
    cap = answers.ratio(f"{key}.cap").minor(scales, up=False)
    cap = Whole(np.maximum(cap.numbers, 0), cap.known)
    used = answers.ratio(f"{key}.used").minor(scales, up=True)
    caps, uses = together([cap, used])
    left = Whole(np.maximum(caps - uses, 0), cap.known & used.known)
    return Drawn(
        use_name(limit, pool), answers.test(f"{key}.when"), cap, used, left.where(left.known)
    )


def _fits(when: Mask, asked: Ratio, amount: Whole, pools: Sequence[Drawn]) -> Mask:
    """Tell of each row whether the pools hold what is asked, as `policy.fits` does."""
    parts = [_room(pool) for pool in pools]
    numbers = together([amount, *parts])
    room = sum(
        (
            np.where(pool.when == FALSE, 0, part)
            for pool, part in zip(pools, numbers[1:], strict=True)
        ),
        np.zeros_like(numbers[0]),
    )
    applies = [pool.when != FALSE for pool in pools]
    lacks = [mask & ~pool.cap.known for pool, mask in zip(pools, applies, strict=True)]
    guesses = [mask & ~pool.used.known for pool, mask in zip(pools, applies, strict=True)]
    is_any = np.logical_or.reduce(applies)
    found = np.where(np.asarray(numbers[0] <= room, np.bool_), TRUE, FALSE)
    found = np.where(np.logical_or.reduce(guesses), UNKNOWN, found)
    found = np.where(is_any, found, FALSE)
    unknown = np.logical_or.reduce([*lacks, is_any & ~amount.known])
    unknown |= np.logical_or.reduce([pool.when == UNKNOWN for pool in pools])
    unknown |= ~asked.known | (when == UNKNOWN)
    found = np.where(unknown, UNKNOWN, found)
    gives_back = asked.known & np.asarray(asked.above.numbers <= 0, np.bool_)
    return np.where(gives_back | (when == FALSE), TRUE, found).astype(np.uint8)


def _room(pool: Drawn) -> Whole:
    """Return what a pool holds where its use, as far as it is known, is taken off."""
    caps, uses = together([pool.cap, pool.used])
    return Whole(np.maximum(caps - uses, 0), pool.cap.known)


def _shares(amount: Whole, pools: Sequence[Drawn], drawn: Sequence[Mask]) -> list[Whole]:
    """Share an amount over the pools of each row in order; the last is asked for the rest."""
    whole = amount.known.copy()
    for pool, mask in zip(pools, drawn, strict=True):
        whole &= ~mask | pool.left.known
    numbers = together([amount, *(pool.left for pool in pools)])
    rest = numbers[0]
    is_first = np.ones(len(whole), np.bool_)
    shares: list[Whole] = []
    for at, mask in enumerate(drawn):
        is_last = mask & ~np.logical_or.reduce([np.zeros_like(mask), *drawn[at + 1 :]])
        taken = np.maximum(np.minimum(rest, numbers[at + 1]), 0)
        taken = np.where(mask, np.where(is_last, rest, taken), 0)
        share = Whole(taken, whole & mask)
        shares.append(merged(share, amount.where(mask & is_first), whole))
        rest = rest - taken
        is_first &= ~mask
    return shares
