"""The journal for people: decisions found, one of them whole, an entry with what it seals.

Must not open a person's text: what is handed in was opened, and its reading recorded.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from qianhai.instructions import Again, Past
from qianhai.journal import Found, Opened
from qianhai.policy import Pack
from qianhai.views.decision import decision_document
from qianhai.views.flaws import Document
from qianhai.views.outcome import ledger_said
from qianhai.views.replay import cause_words

PAST_COLUMNS: Final = (
    "id", "facility", "action", "clause", "outcome", "value_date", "decided_at", "ledger_result",
    "ledger_seq", "continues", "pack",
)  # fmt: skip
ENTRY_COLUMNS: Final = ("seq", "at", "kind", "subject", "by", "chain")
_SIDES: Final = ("recorded", "now")


def entry_line(found: Found) -> Document:
    """Return an entry as a line of a list; who acted, where its body says so."""
    body = found.body or {}
    return {
        "seq": found.seq,
        "at": found.at.isoformat(),
        "kind": found.kind,
        "subject": found.subject,
        "by": str(body.get("by") or body.get("actor") or ""),
        "chain": found.chain.hex(),
        "is_erased": found.body is None,
    }


def opened_document(opened: Opened) -> Document:
    """Return an entry whole: its body, its place in the chain, and the rows it seals."""
    found = opened.found
    return {
        **entry_line(found),
        "body": found.body,
        "digest": opened.digest.hex(),
        "is_whole": opened.is_whole,
        "seals": [
            {"table": one.table, "row": one.row_key, "digest": bytes(one.digest).hex()}
            for one in opened.seals
        ],
    }


def past_page(past: Past, again: Again | None = None) -> Document:
    """Return a decision as it was answered, with the facts it saw, named by its own pack.

    With a second judgement also whether it is word for word the same, and where it is not.
    """
    pack, recorded = past.policy.pack, past.recorded
    said: dict[str, Any] = decision_document(pack, past.decision)
    found: Document = {
        "id": recorded.id,
        "decided_at": recorded.decided_at.isoformat(),
        "value_date": recorded.value_on.isoformat(),
        "parties": dict(past.parties),
        "roles": _roles(pack, recorded.facility),
        "accounts": dict(past.accounts),
        "ledger_result": ledger_said(past.decision.outcome, recorded.ledger_result),
        "ledger_seq": past.ledger_seq,
        "title": _title(pack, recorded.facility),
        "facts": list(_facts(pack, recorded.facility, recorded.facts)),
        "decision": said,
        "conditions": [
            {**one, **cause_words((pack,), recorded.facility, "condition", one["id"])}
            for one in said["conditions"]
        ],
        "limits": [
            {**one, **cause_words((pack,), recorded.facility, "limit", one["id"])}
            for one in said["limits"]
        ],
    }
    if again is not None:
        now = decision_document(pack, again.decision) if again.decision else None
        found["again"] = {
            "is_equal": again.is_equal,
            "why": again.why,
            "differences": list(differing(said, now)) if now else [],
        }
    return found


def _title(pack: Pack, facility: str) -> dict[str, str]:
    model = pack.facilities.get(facility)
    return {"zh": model.title.zh, "en": model.title.en} if model else {"zh": "", "en": ""}


def _roles(pack: Pack, facility: str) -> dict[str, dict[str, str]]:
    """Return what each role of a business is called."""
    model = pack.facilities.get(facility)
    roles = model.parties if model else {}
    return {name: {"zh": role.zh, "en": role.en} for name, role in roles.items()}


def _facts(pack: Pack, facility: str, facts: Mapping[str, object]) -> Iterator[Document]:
    """Yield what a decision saw, each fact with its words and who knew it."""
    model = pack.facilities.get(facility)
    declared = model.facts if model else {}
    for path, value in sorted(facts.items()):
        parts = path.split(".")
        names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
        fact = next((declared[name] for name in names if name in declared), None)
        yield {
            "path": path,
            "zh": fact.zh if fact else path,
            "en": fact.en if fact else path,
            "value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
            "known_by": fact.provider if fact else "",
        }


def differing(recorded: Any, now: Any, path: str = "") -> Iterator[dict[str, str]]:  # noqa: ANN401
    """Yield the leaves of two documents that are not the same, by their path.

    >>> list(differing({"a": [1, 2]}, {"a": [1, 3]}))
    [{'path': 'a.1', 'recorded': '2', 'now': '3'}]
    """
    if isinstance(recorded, Mapping) and isinstance(now, Mapping):
        for name in {**recorded, **now}:
            yield from differing(recorded.get(name), now.get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(recorded, list) and isinstance(now, list) and len(recorded) == len(now):
        for number, pair in enumerate(zip(recorded, now, strict=True)):
            yield from differing(*pair, f"{path}.{number}".lstrip("."))
    elif recorded != now:
        sides = (json.dumps(one, ensure_ascii=False) for one in (recorded, now))
        yield {"path": path, **dict(zip(_SIDES, sides, strict=True))}
