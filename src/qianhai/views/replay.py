"""A replay as documents: what would flip, why, with which sums; lines for a sheet.

One document feeds `--json`, the page for people (`replay_page`) and what a change keeps of its
replay. Must not judge anything.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from qianhai.instructions import Flip, Left, Sum, Tally, Wanted
from qianhai.messages import Cell
from qianhai.policy import Pack
from qianhai.views.day import written
from qianhai.views.flaws import Document

#: The columns of the sheet of flips, in their order.
FLIP_COLUMNS: Final = (
    "id",
    "facility",
    "action",
    "measure",
    "clause",
    "value_date",
    "decided_at",
    "before",
    "after",
    "amount",
    "currency",
    "reasons_before",
    "reasons_after",
    "causes",
    "tried",
)
#: Said of every replay, because a reader might think otherwise.
NOTE: Final = {
    "zh": "逐笔按当时所见事实与当时已用额度重新判定；某笔结果改变后对其后各笔额度的影响未作推演。",
    "en": "Each decision is judged by itself, on the facts it saw and the use its limits had then; "
    "what another outcome would have left for later decisions is not played through.",
}
UNTRIED: Final = {
    "zh": "其中若干笔按新规则准予，但当时未经账本试记：余额、账户或额度是否足够不得而知。",
    "en": "would be permitted and were never tried by the ledger: whether balances, accounts "
    "and limits would have sufficed is not known.",
}
#: Why a decision could not be judged, in both languages.
LEFT_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "facility_gone": ("候选规则包没有该业务", "the candidate has no such facility"),
    "action_gone": ("候选规则包没有该操作", "the candidate has no such action"),
    "fact_changed": ("该事实的类型已改变", "the candidate declares this fact otherwise"),
}


def flip_document(flip: Flip) -> Document:
    """Return one flip."""
    return {
        "id": flip.id,
        "facility": flip.facility,
        "action": flip.action,
        "measure": flip.measure,
        "clause": flip.clause,
        "value_date": flip.value_on.isoformat(),
        "decided_at": flip.decided_at.isoformat(),
        "before": flip.before,
        "after": flip.after,
        "amount": flip.amount,
        "currency": flip.currency,
        "reasons_before": list(flip.reasons_before),
        "reasons_after": list(flip.reasons_after),
        "causes": [
            {"kind": one.kind, "name": one.name, "before": one.before, "after": one.after}
            for one in flip.causes
        ],
        "tried": flip.is_tried,
    }


def left_document(left: Left) -> Document:
    """Return one decision that could not be judged, and why."""
    zh, en = LEFT_WORDS[left.why]
    return {
        "id": left.id,
        "facility": left.facility,
        "why": left.why,
        "name": left.name,
        "zh": zh,
        "en": en,
    }


def flip_line(flip: Mapping[str, Any]) -> dict[str, Cell]:
    """Return a flip's document as one row of a sheet; its amount is a number."""
    causes = "; ".join(
        f"{one['kind']} {one['name']}: {one['before']} -> {one['after']}" for one in flip["causes"]
    )
    return {
        **{name: flip[name] for name in FLIP_COLUMNS if isinstance(flip[name], str | int)},
        "amount": Decimal(flip["amount"]) if flip["amount"] else None,
        "reasons_before": " ".join(flip["reasons_before"]),
        "reasons_after": " ".join(flip["reasons_after"]),
        "causes": causes,
        "tried": "true" if flip["tried"] else "false",
    }


def replay_document(tally: Tally, wanted: Wanted, candidate: Pack) -> Document:
    """Return what a replay came to, without its flips."""
    return {
        "candidate": {"version": candidate.version, "hash": candidate.hash},
        "since": wanted.since.isoformat() if wanted.since else None,
        "until": wanted.until.isoformat() if wanted.until else None,
        "by": wanted.by,
        "facility": wanted.facility or None,
        "decisions": tally.count,
        "equal": tally.equal,
        "changed": tally.changed,
        "flipped": tally.flips.count,
        "amounts": written(tally.flips.amounts),
        "untried": tally.untried,
        "erased": tally.erased,
        "left": sum(tally.left.values()),
        "by_direction": [
            {
                "measure": measure,
                "facility": facility,
                "before": before,
                "after": after,
                **_sum(total),
            }
            for (measure, facility, before, after), total in sorted(tally.by_direction.items())
        ],
        "by_cause": [
            {
                "facility": key.facility,
                "kind": key.kind,
                "name": key.name,
                "was": key.was,
                "now": key.now,
                "before": key.before,
                "after": key.after,
                **_sum(total),
            }
            for key, total in sorted(
                tally.by_cause.items(), key=lambda pair: (-pair[1].count, pair[0])
            )
        ],
        "not_judged": [
            {"why": why, "name": name, "count": count}
            for (why, name), count in sorted(tally.left.items())
        ],
        "newest": tally.newest.isoformat() if tally.newest else None,
        "digest": tally.digest,
        "note": NOTE,
    }


def _sum(total: Sum) -> Document:
    return {"count": total.count, "amounts": written(total.amounts)}


def cause_words(packs: Iterable[Pack], facility: str, kind: str, name: str) -> dict[str, str]:
    """Return what a cause is called in both languages, by the first pack that knows it."""
    for pack in packs:
        found = _words(pack, facility, kind, name)
        if found:
            return found
    return {"zh": name, "en": name}


def _words(pack: Pack, facility: str, kind: str, name: str) -> dict[str, str] | None:
    """Return the two texts a pack has for a cause; None where it knows no such thing."""
    if kind == "condition" and name.rpartition(".")[2] == "clause_open":
        return {"zh": "条款已开放", "en": "the clause is open"}
    model = pack.facilities.get(facility)
    if kind == "parameter" and name in pack.parameters:
        return _both(pack.parameters[name].title)
    if kind == "clause":
        clauses = (one for measure in pack.measures.values() for one in measure.clauses)
        return next((_both(one) for one in clauses if one.id == name), None)
    overlay, point, rest = name.partition(".")
    if kind == "condition" and point and overlay in pack.overlays:
        tests = pack.overlays[overlay].conditions
        return next((_both(one) for one in tests if one.id == rest), None)
    if model is None:
        return None
    if kind == "fact":
        facts = (one for path, one in model.facts.items() if name in {path, f"{path}.amount"})
        return next((_both(one) for one in facts), None)
    named: list[Any] = []
    for action in model.actions.values():
        named += action.conditions if kind == "condition" else action.limits
    return next((_both(one) for one in named if one.id == overlay), None)


def _both(entry: Any) -> dict[str, str] | None:  # noqa: ANN401 - whatever has both texts
    return {"zh": entry.zh, "en": entry.en} if entry.zh and entry.en else None


def change_result(document: Mapping[str, object]) -> Document:
    """Return what a change keeps of its replay: everything but the flips themselves."""
    kept = {name: value for name, value in document.items() if name not in {"flips", "note"}}
    found: Document = json.loads(json.dumps(kept))
    return found
