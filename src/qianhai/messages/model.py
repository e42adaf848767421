"""What a file gives: rows of named texts, each with its place, and the limits of a file.

Holds frozen values only. Must not hold what a field means: that is the pack's, and the road's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from qianhai.kernel import Place

#: What a writer takes for one cell; None writes an empty cell.
Cell = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of business as its sender wrote it: dotted field names and their texts.

    Texts are trimmed and otherwise as found. An empty cell is not in `fields`, because nothing
    written is unknown, never "none".
    """

    place: Place
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a file may be before it is refused.

    Every limit exists because without it a file could hold the reader in time or memory. Sizes
    are in bytes where the name says so, else in characters or pieces.
    """

    rows_max: int = 2_000_000
    columns_max: int = 512
    cell_chars_max: int = 32_767
    line_bytes_max: int = 1 << 20
    depth_max: int = 24
    flaws_max: int = 1_000
    file_bytes_max: int = 1 << 31
    zip_entries_max: int = 1_000
    zip_bytes_max: int = 1 << 30
    zip_ratio_max: int = 200
