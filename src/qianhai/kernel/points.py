"""Named points of the road, where a test may stop the process to prove that nothing is lost.

In production nothing is armed and a point costs one comparison. Only main arms one, from
`QIANHAI_STOP_AT` (see docs/operations.md).
"""

from collections.abc import Callable
from typing import Final

#: Every point, in the order in which an instruction passes them.
POINTS: Final = (
    "road.gathered",
    "road.decided",
    "road.shaped",
    "writer.locked",
    "writer.decided",
    "writer.legs_written",
    "writer.recorded",
    "writer.committed",
)

_armed: dict[str, Callable[[], None]] = {}


def arm(point: str, act: Callable[[], None]) -> None:
    """Have an act done when a point is reached.

    Raises:
        KeyError: there is no such point.
    """
    if point not in POINTS:
        raise KeyError(point)
    _armed[point] = act


def reach(point: str) -> None:
    """Say that a point is reached."""
    if _armed and point in _armed:
        _armed[point]()
