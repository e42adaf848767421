"""The kernel as it runs: interpreted on lists, or compiled from the same file when numba is there.

Holds how a batch's arrays reach either, and nothing of what the kernel decides. The two are equal
by test; who has no numba waits longer and gets the same.
"""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from inspect import isfunction
from operator import attrgetter
from pathlib import Path
from threading import Lock
from types import FunctionType, ModuleType
from typing import Any, Final, TypeVar, cast

import numpy as np

from qianhai.ledger import batch as forms
from qianhai.ledger import kernel
from qianhai.ledger.batch import Arrays, Batch, Records

#: From so many legs on it pays to load the compiled kernel; once loaded it runs every batch.
COMPILED_LEGS_MIN: Final = 1024

_Entry = TypeVar("_Entry")

_compiling = Lock()


def is_compilable() -> bool:
    """Tell whether numba is installed (`pip install qianhai[fast]`)."""
    return find_spec("numba") is not None


@cache
def _compiled() -> ModuleType:
    """Return the kernel compiled for record arrays: made once, and kept on disk by numba.

    Every function of the file is compiled, so that those inside it call compiled ones too.
    """
    import numba  # noqa: PLC0415 - half a second that only large batches pay

    path = Path(str(kernel.__file__))
    made = ModuleType(f"{kernel.__name__}_compiled")
    sys.modules[made.__name__] = made  # where numba looks for the names a kept function uses
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), made.__dict__)  # noqa: S102
    for name, value in list(vars(made).items()):
        if isfunction(value) and value.__module__ == made.__name__:
            setattr(made, name, jitted(value, numba.njit))
    return made


def jitted(function: FunctionType, njit: Callable[..., Any]) -> Callable[..., object]:
    """Return a function of the kernel compiled: kept on disk, or made anew where nothing can be.

    Nothing is allocated inside, so that no reference has to be counted: 15 times faster.
    """
    inline = "always" if function.__name__.startswith("_") else "never"
    options = {"nogil": True, "_nrt": False, "inline": inline}
    try:
        return cast("Callable[..., object]", njit(cache=True, **options)(function))
    except RuntimeError:  # no folder near the file, nor of the user, can be written to
        return cast("Callable[..., object]", njit(**options)(function))


def warm() -> None:
    """Compile the kernel, or load it, for the types it will really meet."""
    if is_compilable():
        post(forms.empty_arrays(), 0, is_compiled=True)


def post(arrays: Arrays, at: int, *, is_compiled: bool | None = None) -> None:
    """Try the chains of a batch; `is_compiled` None chooses by its size."""
    if is_compiled is None:
        is_loaded = _compiled.cache_info().currsize > 0
        is_compiled = is_loaded or (len(arrays.legs) >= COMPILED_LEGS_MIN and is_compilable())
    if not is_compiled:
        _interpret(arrays, at)
        return
    with _compiling:
        run = _compiled().post
    run(arrays, at)


def _interpret(arrays: Arrays, at: int) -> None:
    """Run the plain kernel on lists of only the accounts the batch names, and bring them back.

    A row of its own answers in a tenth of the time an array needs, and knows no 64-bit wrap.
    """
    legs, opens, expects = arrays.legs.copy(), arrays.opens.copy(), arrays.expects.copy()
    named = (legs["debit"], legs["credit"], opens["account"], expects["account"])
    slots, places = np.unique(np.concatenate([*named, arrays.closes]), return_inverse=True)
    ends = np.cumsum([len(column) for column in named])
    *rows, closes = np.split(places, ends)
    for column, numbers in zip(named, rows, strict=True):
        column[:] = numbers
    small = Batch(
        _rows(forms.AssetEntry, arrays.assets),
        _rows(forms.AccountEntry, arrays.accounts[slots]),
        _rows(forms.OpenEntry, opens),
        _rows(forms.ExpectEntry, expects),
        closes.tolist(),
        _rows(forms.LegEntry, legs),
        _rows(forms.ChainEntry, arrays.chains),
    )
    kernel.post(small, at)
    arrays.accounts[slots] = _records(small.accounts, forms.ACCOUNT)
    for found, records, kept in (
        (small.assets, arrays.assets, ()),
        (small.opens, arrays.opens, ("account",)),
        (small.legs, arrays.legs, ("debit", "credit")),
        (small.chains, arrays.chains, ()),
    ):
        before = {name: records[name].copy() for name in kept}
        records[:] = _records(found, records.dtype)
        for name, column in before.items():
            records[name] = column


def _rows(entry: type[_Entry], records: Records) -> list[_Entry]:
    return [entry(*row) for row in records.tolist()]


def _records(rows: Sequence[object], form: np.dtype[Any]) -> Records:
    values = attrgetter(*form.names) if form.names and len(form.names) > 1 else _only(form)
    return np.array([values(row) for row in rows], form)


def _only(form: np.dtype[Any]) -> Callable[[object], tuple[object]]:
    (name,) = form.names or ()
    return lambda row: (getattr(row, name),)
