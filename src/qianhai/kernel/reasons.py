"""A reason for an answer: a code, the clause that says so, and named data."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an answer is what it is.

    The code is an ISO 20022 external reason where one fits; its zh and en formats and its place
    in the order of precedence are data (`plan/vocabulary/reasons.yaml`). `data` fills the formats.
    """

    code: str
    clause: str
    data: Mapping[str, str] = field(default_factory=dict)
