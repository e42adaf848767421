"""A year of business that never happened, for those who try, measure and supervise.

    year = Year(policy, 2025, instructions=100_000, seed=7)
    lines = year.lines(enter)            # each with its day and cells; entries go to `enter`

Everything comes from the pack's own examples: whatever facility has an example can be simulated,
and none is named here. The way of a line: repertoire (plays) -> casting (who must be on record) ->
clients (amounts, days, papers, mistakes) -> patterns -> year. Pure: time and chance come in.
"""

from collections.abc import Mapping
from typing import Final

from qianhai.simulation.casting import MAKERS, Entry
from qianhai.simulation.clients import Line
from qianhai.simulation.year import Year

#: The providers whose facts a register entry can bring about.
INVERTED: Final[Mapping[str, object]] = MAKERS

__all__ = ["INVERTED", "Entry", "Line", "Year"]
