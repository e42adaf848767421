"""Words every room speaks: money, dates, ids, outcomes, reasons, errors.

Holds values and pure functions only. It must not know a database, a clock, a file or any
other room.
"""

from qianhai.kernel.canonical import canonical_bytes, canonical_text, digest_of
from qianhai.kernel.dates import (
    SHANGHAI,
    add_months,
    age_on,
    business_date,
    days_between,
    parse_date,
)
from qianhai.kernel.errors import (
    BadInput,
    BrokenIntegrity,
    Environment,
    Flaw,
    Place,
    QianhaiError,
    StaleState,
    nearest,
)
from qianhai.kernel.ids import derived_id, derived_ids, uuid7
from qianhai.kernel.money import (
    CURRENCIES,
    EXACT,
    Money,
    format_minor,
    parse_decimal,
    scale_of,
    to_minor,
)
from qianhai.kernel.outcome import STRENGTH, Outcome
from qianhai.kernel.points import POINTS, arm, reach, watch
from qianhai.kernel.reasons import Reason

__all__ = [
    "CURRENCIES",
    "EXACT",
    "POINTS",
    "SHANGHAI",
    "STRENGTH",
    "BadInput",
    "BrokenIntegrity",
    "Environment",
    "Flaw",
    "Money",
    "Outcome",
    "Place",
    "QianhaiError",
    "Reason",
    "StaleState",
    "add_months",
    "age_on",
    "arm",
    "business_date",
    "canonical_bytes",
    "canonical_text",
    "days_between",
    "derived_id",
    "derived_ids",
    "digest_of",
    "format_minor",
    "nearest",
    "parse_date",
    "parse_decimal",
    "reach",
    "scale_of",
    "to_minor",
    "uuid7",
    "watch",
]
