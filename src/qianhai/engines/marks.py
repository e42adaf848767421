"""Marks of rows, packed, and the rows that have the same: what makes rows of one kind.

Holds arithmetic of bits. Must not know what a mark means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from qianhai.engines.forms import Mask
from qianhai.rules import WIDE, SqlProgram

_WORD: Final = 64


def packed(marks: Sequence[tuple[Mask, int]], count: int) -> list[Mask]:
    """Return marks of a few bits each, packed into words of 64 bits."""
    words = [np.zeros(count, np.uint64)]
    used = 0
    for mark, bits in marks:
        if used + bits > _WORD:
            words.append(np.zeros(count, np.uint64))
            used = 0
        words[-1] |= mark.astype(np.uint64) << np.uint64(used)
        used += bits
    return words


def kinds_of(words: Sequence[Mask], places: Mask) -> list[tuple[bytes, Mask]]:
    """Return each distinct combination of words among some rows, and its rows in their order."""
    if not len(places):
        return []
    codes = np.zeros(len(places), np.int64)
    for word in words:
        coded = pa.array(word[places]).dictionary_encode()
        codes = codes * len(coded.dictionary) + np.asarray(coded.indices)
        codes = np.asarray(pa.array(codes).dictionary_encode().indices).astype(np.int64)
    order = np.argsort(codes, kind="stable")
    ends = np.flatnonzero(np.diff(codes[order])) + 1
    return [
        (b"".join(word[places[part[0]]].tobytes() for word in words), places[part])
        for part in np.split(order, ends)
    ]


@dataclass(frozen=True, slots=True)
class Lacking:
    """Rows that lack facts: those an engine's digits could not answer, and the others by kind."""

    wide: Mask
    kinds: list[tuple[bytes, Mask]]


def kinds_lacking(
    program: SqlProgram, words: Sequence[Mask], rows: Mask, missing: pa.Table
) -> Lacking:
    """Return some rows by their marks and by what each lacks; `missing` has a row for each."""
    is_wide = np.asarray(missing[WIDE].combine_chunks())
    names = [name for names in program.masks.values() for name in names if name]
    bits = [np.asarray(missing[name].combine_chunks()).view(np.uint64) for name in names]
    marks = [word[rows] for word in words] + bits
    found = kinds_of(marks, np.flatnonzero(~is_wide))
    return Lacking(rows[is_wide], [(key, rows[at]) for key, at in found])
