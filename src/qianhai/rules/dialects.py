"""What differs between the engines that run a rule as SQL: types, lists, days, quoting.

Holds small pieces of text. Must not know the tree or decide what a rule means.
"""

import re
from dataclasses import dataclass
from typing import Final

#: Words that are quoted plainly; others are written so that no engine reads an escape in them.
_PLAIN = re.compile(r"[A-Za-z0-9_ .:-]*")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The pieces of one engine; `{0}` and so on are the operands."""

    text: str
    list_of: str
    struct_field: str
    row_of: str
    field: str
    index: str
    length: str
    mapped: str
    has_unknown: str
    has_false: str
    has_true: str
    held: str
    total: str
    least: str
    greatest: str
    any_bit: str
    days: str
    shifted: str
    part_of_day: str
    encoded: str

    def quoted(self, word: str) -> str:
        """Return a text literal; no word of a pack can end it."""
        if _PLAIN.fullmatch(word):
            return f"'{word}'"
        return self.encoded.format(word.encode().hex().upper())


DUCKDB: Final = Dialect(
    text="VARCHAR",
    list_of="{0}[]",
    struct_field="{0} {1}",
    row_of="STRUCT({0})",
    field="struct_extract(r, '{0}')",
    index="{0}[i]",
    length="len({0})",
    mapped="list_transform({0}, lambda r, i: {1})",
    has_unknown="list_count({0}) < len({0})",
    has_false="list_contains({0}, FALSE)",
    has_true="list_contains({0}, TRUE)",
    held="len(list_filter({0}, lambda x: x))",
    total="list_sum({0})",
    least="list_min({0})",
    greatest="list_max({0})",
    any_bit="list_aggregate({0}, 'bit_or')",
    days="({1} - {0})",
    shifted="CAST({0} + to_months(CAST({1} AS INTEGER)) AS DATE)",
    part_of_day="{0}({1})",
    encoded="decode(unhex('{0}'))",
)

SPARK: Final = Dialect(
    text="STRING",
    list_of="ARRAY<{0}>",
    struct_field="{0}: {1}",
    row_of="STRUCT<{0}>",
    field="r.{0}",
    index="{0}[i]",
    length="size({0})",
    mapped="transform({0}, (r, i) -> {1})",
    has_unknown="exists({0}, x -> x IS NULL)",
    has_false="exists({0}, x -> x IS NOT NULL AND NOT x)",
    has_true="exists({0}, x -> x IS NOT NULL AND x)",
    held="size(filter({0}, x -> x))",
    total="aggregate({0}, CAST(0 AS {1}), (a, x) -> CAST(a + x AS {1}))",
    least="array_min({0})",
    greatest="array_max({0})",
    any_bit="aggregate({0}, CAST(0 AS BIGINT), (a, x) -> a | x)",
    days="CAST(datediff({1}, {0}) AS BIGINT)",
    shifted="add_months({0}, CAST({1} AS INT))",
    part_of_day="CAST({0}({1}) AS BIGINT)",
    encoded="CAST(X'{0}' AS STRING)",
)
