"""Views of what speaks of persons: each is on record with who, when and what for.

Must not show anything itself.
"""

from collections.abc import Sequence

from qianhai.registers import record_reading
from qianhai.web.visitor import Visitor

_SALT_BYTES = 16


def record_view(visitor: Visitor, persons: Sequence[str], purpose: str) -> None:
    """Record that the visitor is shown what speaks of persons; commits before anything is shown.

    What somebody sees of themselves is not recorded.
    """
    others = [one for one in persons if one and one != visitor.known.party]
    if not others:
        return
    house = visitor.house
    with house.database.transaction() as conn:
        record_reading(
            conn,
            house.site.institution_id,
            others,
            purpose=purpose,
            by=visitor.known.name,
            at=visitor.at,
            salts=lambda: house.site.salts(_SALT_BYTES),
        )
