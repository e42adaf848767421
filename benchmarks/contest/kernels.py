"""The kernel alone, compiled and interpreted, on batches that stand ready in memory."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
from benchmarks.contest.measuring import Row, Series, row_of

from qianhai.ledger import batch as forms
from qianhai.ledger import compiling, is_compilable, kernel
from qianhai.ledger.batch import Arrays

_ACCOUNTS = 10_000


def uniform(rows: int, dice: np.random.Generator) -> Arrays:
    """Return a batch of chains of one leg, on as many accounts as the ledger's loads have."""
    arrays = forms.empty_arrays()._replace(
        accounts=forms.no_accounts(_ACCOUNTS),
        legs=np.zeros(rows, forms.LEG),
        chains=np.zeros(rows, forms.CHAIN),
    )
    arrays.accounts["state"], arrays.accounts["asset"] = kernel.OPEN, 0
    legs, chains = arrays.legs, arrays.chains
    legs["debit"] = dice.integers(0, _ACCOUNTS, rows)
    legs["credit"] = (legs["debit"] + dice.integers(1, _ACCOUNTS, rows)) % _ACCOUNTS
    legs["amount"] = dice.integers(1, 1_000, rows)
    legs["cap"], legs["source"] = kernel.NO_CAP, kernel.NONE
    chains["kind"], chains["origin"] = kernel.POST, kernel.NONE
    chains["expires"], chains["has_fitting_amounts"] = kernel.INT64_MAX, 1
    chains["leg_first"] = np.arange(rows)
    chains["leg_end"] = np.arange(1, rows + 1)
    chains["verdict"], chains["failed_leg"] = kernel.UNDECIDED, kernel.NONE
    return arrays


class Kernels:
    """Both kernels on batches of one size; only the interpreted one without numba."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._dice = np.random.default_rng(13)
        self.interpreted = Series(f"kernel_interpreted_{rows}", "legs/s")
        self.compiled = Series(f"kernel_compiled_{rows}", "legs/s")

    def trial(self) -> None:
        """Try one batch by each."""
        acts: Sequence[tuple[Series, bool]] = [(self.interpreted, False)]
        if is_compilable():
            acts = [*acts, (self.compiled, True)]
        for series, is_compiled in acts:
            arrays = uniform(self._rows, self._dice)
            since = perf_counter()
            compiling.post(arrays, 0, is_compiled=is_compiled)
            series.add(self._rows, [perf_counter() - since])
            assert (arrays.chains["verdict"] == kernel.POSTED).all(), "every leg fits"

    def rows(self) -> list[Row]:
        """Return what was measured."""
        if not self.compiled.rates:
            return [row_of(self.interpreted)]
        return [row_of(self.compiled, self.interpreted), row_of(self.interpreted)]
