"""What a subject's business says of them: for the subject, and for the end of its retention.

Must not decide what may be erased, and must not answer without the cover it rests under.
"""

import json
from collections.abc import Collection
from datetime import date
from typing import Any

from qianhai.db import Connection
from qianhai.instructions import store
from qianhai.instructions.cover import Cover


def business_of(
    conn: Connection, cover: Cover, institution_id: str, subject: str
) -> dict[str, list[dict[str, Any]]]:
    """Return a party's instructions with their decisions, and the reports on them, as written.

    What rests under a key that was destroyed is None.
    """
    key = cover.keys(conn, [subject]).get(subject)

    def shown(text: str | None, *row: str) -> Any:  # noqa: ANN401 - JSON as it was written
        opened = cover.show(key, text, *row) if text is not None else None
        return None if opened is None else json.loads(opened)

    business = store.read_business_of(conn, institution_id, subject)
    for row in business:
        for name in ("sent", "seen", "explained"):
            row[name] = shown(row[name], row["id"], name)
    reports = store.read_reports_of(conn, institution_id, subject)
    for row in reports:
        of = (row["instruction_id"], "report", row["kind"], str(row["version"]))
        row["fields"] = shown(row["fields"], *of)
    return {"instructions": business, "reports": reports}


def last_business(
    conn: Connection, institution_id: str, subjects: Collection[str]
) -> dict[str, date]:
    """Return the last value date of each party's business; nothing of those who had none."""
    return store.last_business(conn, institution_id, subjects)
