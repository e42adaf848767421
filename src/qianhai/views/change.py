"""Changes of the pack and the shadow as documents: every step, what is active, what differs."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from qianhai.instructions import Change, ChangeRow, Editions, PackLine, ShadowReport
from qianhai.policy import PackDifference
from qianhai.views.flaws import Document

_SAID_MAX = 4_000
#: The columns of the differences of two packs as a file.
DIFFERENCE_COLUMNS: Final = ("kind", "id", "path", "file", "before", "after")


def change_document(change: Change, newest: datetime | None) -> Document:
    """Return a change with its steps; `newest` is the instant of the last decision on record."""
    replay, activation = change.replay, change.activation
    return {
        "change": change.number,
        "state": change.state,
        "pack": change.pack_hash,
        "base": change.base_hash,
        "why": change.proposal.why,
        "proposed_by": change.proposal.actor,
        "active_from": activation.first_day.isoformat()
        if activation and activation.first_day
        else None,
        "replay": json.loads(replay.result) if replay and replay.result else None,
        "replay_is_stale": is_stale(replay, newest),
        "steps": [
            {
                "step": step.step,
                "kind": step.kind,
                "at": step.at.isoformat(),
                "by": step.actor,
                "why": step.why,
                "from": step.first_day.isoformat() if step.first_day else None,
            }
            for step in change.steps
        ],
    }


def is_stale(replay: ChangeRow | None, newest: datetime | None) -> bool:
    """Tell whether something was decided since the last decision a replay read."""
    if replay is None or replay.result is None or newest is None:
        return False
    read: dict[str, Any] = json.loads(replay.result)
    return read["newest"] is None or datetime.fromisoformat(read["newest"]) < newest


def difference_documents(differences: Iterable[PackDifference]) -> list[Document]:
    """Return what one pack says otherwise than another."""
    return [
        {
            "kind": one.kind,
            "id": one.id,
            "path": one.path,
            "file": one.file,
            "before": one.before[:_SAID_MAX],
            "after": one.after[:_SAID_MAX],
        }
        for one in differences
    ]


def shadow_document(report: ShadowReport) -> Document:
    """Return what came of a candidate's turn in the shadow."""
    return {
        "pack": report.turn.pack_hash,
        "since": report.turn.at.isoformat(),
        "started_by": report.turn.actor,
        "is_running": report.is_running,
        "decisions": sum(one[3] for one in report.outcomes),
        "differ": sum(one[3] for one in report.outcomes if one[1] != one[2]),
        "left_out": report.left_out,
        "outcomes": [
            {"facility": facility, "live": live, "candidate": candidate, "count": count}
            for facility, live, candidate, count in report.outcomes
        ],
        "differences": [
            {"id": number, "facility": facility, "live": live, "candidate": candidate, "said": said}
            for number, facility, live, candidate, said in report.differences
        ],
    }


def turn_document(pack: str, *, is_running: bool) -> Document:
    """Return that a candidate's turn in the shadow began or ended."""
    zh, en = ("已开始试判", "is judged in the shadow from now on")
    if not is_running:
        zh, en = ("已停止试判", "is no longer in the shadow")
    return {"pack": pack, "zh": zh, "en": en}


def packs_document(
    packs: Iterable[PackLine], editions: Editions, home: str, today: date
) -> Document:
    """Return the packs on record, which days each decides, and the one that decides today.

    `home` is the pack at hand: it decides every day no activation is for.
    """
    days: dict[str, list[str]] = {}
    for first, pack in editions.active:
        days.setdefault(pack, []).append(first.isoformat())
    shadow = editions.shadow.pack_hash if editions.shadow else None
    deciding = editions.pack_on(today) or home
    kept = [
        {
            "hash": one.hash,
            "version": one.version,
            "first_used_at": one.first_used_at.isoformat(),
            "active_from": days.get(one.hash, []),
            "is_at_hand": one.hash == home,
            "decides_today": one.hash == deciding,
            "is_in_shadow": one.hash == shadow,
        }
        for one in packs
    ]
    return {"at_hand": home, "deciding": deciding, "shadow": shadow, "packs": kept}
