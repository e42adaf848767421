"""Figures as people read them: thousands apart, and what is not known said to be so.

Holds the writing of figures for tables and sentences. Documents for programs keep figures plain.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from qianhai.messages import Cell


def grouped(figure: str | None) -> str:
    """Return a figure with its thousands apart, because a clerk misreads ten digits in a row.

    What is not known is a question mark; a text that is no number stays as it is.

    >>> grouped("1234567.80"), grouped("-1000"), grouped(None), grouped("n/a")
    ('1,234,567.80', '-1,000', '?', 'n/a')
    """
    if not figure:
        return "?"
    try:
        return format(Decimal(figure), ",f")
    except InvalidOperation:
        return figure


def cells(
    lines: Iterable[Mapping[str, object]], columns: Sequence[str], figures: Collection[str] = ()
) -> Iterator[dict[str, Cell]]:
    """Yield documents as rows of a file: figures as numbers, yes and no as words.

    >>> list(cells([{"a": "1.50", "b": True, "c": None}], ("a", "b", "c"), {"a"}))
    [{'a': Decimal('1.50'), 'b': 'true', 'c': None}]
    """
    for line in lines:
        row: dict[str, Cell] = {}
        for name in columns:
            value = line.get(name)
            if value is None or value == "":
                row[name] = None
            elif isinstance(value, bool):
                row[name] = "true" if value else "false"
            elif name in figures:
                row[name] = Decimal(str(value))
            else:
                row[name] = value if isinstance(value, int) else str(value)
        yield row
