"""The kernel decides the same interpreted and compiled, and no number in it leaves 64 bits."""

from collections import Counter
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from ledger.random_batches import AT, Dice, Maker
from qianhai.ledger import batch as forms
from qianhai.ledger import compiling, kernel
from qianhai.ledger.batch import Arrays, Batch, Records

#: Chains of one batch: enough that they meet each other's accounts and go on from each other.
CHAINS = 200
#: Everything a kernel can say; a used id is told before it is asked.
VERDICTS = set(range(22)) - {kernel.ID_CONFLICT}


class Whole(int):
    """A whole number that knows when a sum of it would have left 64 bits."""

    def __add__(self, other: int) -> "Whole":
        return _within(int(self) + int(other))

    def __sub__(self, other: int) -> "Whole":
        return _within(int(self) - int(other))

    __radd__ = __add__

    def __rsub__(self, other: int) -> "Whole":
        return _within(int(other) - int(self))


def _within(number: int) -> Whole:
    assert kernel.INT64_MIN <= number <= kernel.INT64_MAX, f"{number} is no 64-bit integer"
    return Whole(number)


def copied(arrays: Arrays) -> Arrays:
    return Arrays._make(array.copy() for array in arrays)


def assert_equal(one: Arrays, other: Arrays, told: str) -> None:
    for name, ours, theirs in zip(Arrays._fields, one, other, strict=True):
        differing = np.flatnonzero(ours != theirs)
        if len(differing):
            row = int(differing[0])
            raise AssertionError(f"{told}: {name}[{row}]: {ours[row]} is not {theirs[row]}")


def assert_sound(before: Arrays, after: Arrays, told: str) -> None:
    """What moved is in the legs of posted chains, in balance, and within every bound."""
    legs, accounts, chains = after.legs, after.accounts, after.chains
    is_new = before.chains["verdict"] == kernel.UNDECIDED
    counts = chains["leg_end"] - chains["leg_first"]
    moves = np.repeat(is_new & (chains["verdict"] == kernel.POSTED), counts)
    refused = legs[np.repeat(is_new, counts) & ~moves]
    assert not refused["posted"].any(), told
    assert not refused["held"].any(), told
    moved = legs[moves]
    for column, side, sign, what in (
        ("balance", "debit", -1, "posted"),
        ("balance", "credit", 1, "posted"),
        ("pending_out", "debit", 1, "held"),
        ("pending_in", "credit", 1, "held"),
    ):
        np.add.at(before.accounts[column], moved[side], sign * moved[what])
    real = moved[(moved["posted"] != 0) | (moved["held"] != 0)]
    for column in ("balance", "pending_in", "pending_out"):
        assert (before.accounts[column] == accounts[column]).all(), f"{told}: {column}"
    assert (accounts["asset"][real["debit"]] == accounts["asset"][real["credit"]]).all(), told
    assert (moved["posted"] >= 0).all(), told
    for account in accounts[accounts["state"] != kernel.ABSENT].tolist():
        _, _, _, floor, ceiling, balance, pending_in, pending_out, *_ = account
        assert floor <= balance - pending_out, f"{told}: {account}"
        assert balance + pending_in <= ceiling, f"{told}: {account}"
        assert min(pending_in, pending_out) >= 0, f"{told}: {account}"


def totals(arrays: Arrays) -> list[int]:
    """Each asset's balances and what is pending, added up without a bound."""
    accounts = arrays.accounts
    return [
        sum(sign * amount for amount in accounts[column][accounts["asset"] == form].tolist())
        for form in range(8)
        for column, sign in (("balance", 1), ("pending_in", 1), ("pending_out", 1))
    ]


def compare(seed: int, batches: int) -> Counter[int]:
    """Try batches of a seed both ways; return how often each verdict was given."""
    dice, said = Dice(seed), Counter[int]()
    for number in range(batches):
        told = f"seed {seed}, batch {number}"
        asked = Maker(dice, CHAINS).arrays()
        interpreted, compiled = copied(asked), copied(asked)
        compiling.post(interpreted, AT, is_compiled=False)
        compiling.post(compiled, AT, is_compiled=True)
        assert_equal(interpreted, compiled, told)
        sums, found = totals(asked), totals(interpreted)
        assert sums[::3] == found[::3], told
        pending = [ins - outs for ins, outs in zip(sums[1::3], sums[2::3], strict=True)]
        assert pending == [ins - outs for ins, outs in zip(found[1::3], found[2::3], strict=True)]
        is_new = asked.chains["verdict"] == kernel.UNDECIDED
        said.update(interpreted.chains["verdict"][is_new].tolist())
        assert_sound(asked, interpreted, told)
    return said


@pytest.mark.parametrize("seed", [1, 20230630])
def test_the_interpreted_kernel_equals_the_compiled_one(seed: int) -> None:
    pytest.importorskip("numba")
    said = compare(seed, 50)
    assert said.total() == 50 * CHAINS
    assert set(said) == VERDICTS, "a verdict was never given: the batches are too tame"
    assert said[kernel.POSTED] > said.total() // 6


@pytest.mark.soak
@pytest.mark.parametrize("seed", [None])  # a number that was printed plays its run again
def test_the_kernels_are_equal_on_a_million_chains(
    seed: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("numba")
    first = int(np.random.default_rng().integers(1 << 62)) if seed is None else seed
    said = Counter[int]()
    for turn in range(10):
        with capsys.disabled():
            print(f"kernel: seed {first + turn}, {said.total():,} chains", flush=True)  # noqa: T201
        said += compare(first + turn, 500)
    assert said.total() >= 1_000_000
    assert set(said) == VERDICTS


def _whole_rows(entry: type, records: Records) -> list[Any]:
    return [entry(*map(Whole, row)) for row in records.tolist()]


def test_no_number_between_leaves_64_bits() -> None:
    dice = Dice(3)
    for number in range(10):
        asked = Maker(dice, CHAINS).arrays()
        entries = [
            forms.AssetEntry,
            forms.AccountEntry,
            forms.OpenEntry,
            forms.ExpectEntry,
            None,
            forms.LegEntry,
            forms.ChainEntry,
        ]
        whole = Batch._make(
            array.tolist() if entry is None else _whole_rows(entry, array)
            for entry, array in zip(entries, asked, strict=True)
        )
        kernel.post(whole, AT)
        compiling.post(asked, AT, is_compiled=False)
        verdicts = [chain.verdict for chain in whole.chains]
        assert verdicts == asked.chains["verdict"].tolist(), f"batch {number}"


def test_where_nothing_can_be_kept_on_disk_the_kernel_is_compiled_anew() -> None:
    asked: list[bool] = []
    assert isinstance(_doubled, FunctionType)

    def njit(*, cache: bool = False, **_options: object) -> Callable[[FunctionType], FunctionType]:
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    assert compiling.jitted(_doubled, njit)(2) == 4
    assert asked == [True, False]


def _doubled(number: int) -> int:
    return number * 2
