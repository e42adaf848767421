"""Named points of the road, where a test may stop the process to prove that nothing is lost.

Who measures or traces watches them. In production nothing is armed and a point costs two
comparisons. Only main arms one, from `QIANHAI_STOP_AT` (see docs/operations.md).
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
_watching: list[Callable[[str], None]] = []


def arm(point: str, act: Callable[[], None]) -> None:
    """Have an act done when a point is reached.

    Raises:
        KeyError: there is no such point.
    """
    if point not in POINTS:
        raise KeyError(point)
    _armed[point] = act


def watch(act: Callable[[str], None]) -> Callable[[], None]:
    """Have an act told of every point that is reached; return what ends it."""
    _watching.append(act)
    return lambda: _watching.remove(act)


def reach(point: str) -> None:
    """Say that a point is reached."""
    for act in _watching:
        act(point)
    if _armed and point in _armed:
        _armed[point]()
