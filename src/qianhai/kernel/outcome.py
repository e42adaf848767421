"""The six answers to an instruction and their strength."""

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What was answered, from the strongest to the weakest certain result.

    `INCOMPLETE` stands apart: a missing fact could still change the answer.
    """

    REFUSED = "refused"
    REFERRED = "referred"
    REGISTER_FIRST = "register_first"
    ORDINARY = "ordinary"
    PERMITTED = "permitted"
    INCOMPLETE = "incomplete"


#: Strength of a certain result. A failed condition that says `otherwise: incomplete` asks before
#: anything but a refusal: no paper helps what is refused anyway, every other answer may wait.
STRENGTH: Final[dict[Outcome, int]] = {
    Outcome.REFUSED: 5,
    Outcome.INCOMPLETE: 4,
    Outcome.REFERRED: 3,
    Outcome.REGISTER_FIRST: 2,
    Outcome.ORDINARY: 1,
    Outcome.PERMITTED: 0,
}
