"""Texts of many rows that differ in a few places: made from one text with marks.

A mark stands for a column; a text is written once with marks in it and filled for all rows at
once. Knows nothing of what a text says.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

#: Private characters that no text of a person or a pack has.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK: Final = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


def mark(name: str) -> str:
    """Return what stands for a column in a text."""
    return f"{_OPEN}{name}{_CLOSE}"


def fill(text: str, columns: Mapping[str, Any], rows: int) -> Any:  # noqa: ANN401 (Arrow has no types)
    """Return a text in each row, every mark replaced by its column's own text.

    >>> fill("a" + mark("x") + "c", {"x": pa.array(["b", "d"])}, 2).to_pylist()
    ['abc', 'adc']
    """
    pieces = _MARK.split(text)
    if len(pieces) == 1:
        return pa.repeat(pa.scalar(text, pa.string()), rows)
    parts = [
        columns[piece] if at % 2 else pa.scalar(piece, pa.string())
        for at, piece in enumerate(pieces)
        if at % 2 or piece
    ]
    return pc.binary_join_element_wise(*parts, pa.scalar("", pa.string()))


def in_one(columns: Sequence[Any]) -> Any:  # noqa: ANN401
    """Return columns one after another as one array, also those that came in chunks.

    >>> in_one([pa.array(["a"]), pa.chunked_array([["b"], ["c"]])]).to_pylist()
    ['a', 'b', 'c']
    """
    return pa.concat_arrays(
        [one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one for one in columns]
    )


def escaped(texts: Any) -> Any:  # noqa: ANN401
    r"""Return texts as they stand between the quotes of JSON.

    >>> escaped(pa.array(['a"b', "c"])).to_pylist()
    ['a\\"b', 'c']
    """
    plain = pc.match_substring_regex(texts, r'["\\\x00-\x1f]')
    if not pc.any(plain).as_py():
        return texts
    return pa.array([json.dumps(one, ensure_ascii=False)[1:-1] for one in texts.to_pylist()])


def decimals(numbers: Any, scale: int) -> Any:  # noqa: ANN401
    """Return whole minor units as texts with their decimals.

    >>> import numpy as np
    >>> decimals(np.array([-591549, 5]), 2).to_pylist()
    ['-5915.49', '0.05']
    """
    values = pa.array(numbers.tolist() if numbers.dtype == object else numbers)
    if not scale:
        return values.cast(pa.string())
    digits = pc.utf8_lpad(pc.abs(values).cast(pa.string()), scale + 1, "0")
    whole = pc.utf8_slice_codeunits(digits, 0, -scale)
    rest = pc.utf8_slice_codeunits(digits, -scale)
    sign = pc.if_else(pc.less(values, 0), "-", "")
    return pc.binary_join_element_wise(sign, whole, pc.binary_join_element_wise(".", rest, ""), "")
