"""A party's limits as a document."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date

from qianhai.instructions import Headroom
from qianhai.views.flaws import Document


def limits_document(party: str, day: date, rooms: Iterable[Headroom]) -> Document:
    """Return what a party has used and has left under each limit on a day."""
    lines = []
    for room in rooms:
        use = asdict(room.use)
        use.pop("asked")
        lines.append(
            {
                "facility": room.facility,
                "measure": room.measure,
                "action": room.action,
                "role": room.role,
                **use,
                "window": room.window,
                "zh": room.zh,
                "en": room.en,
                "missing": list(room.missing),
            }
        )
    return {"party": party, "on": day.isoformat(), "limits": lines}
