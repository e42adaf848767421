"""A decision as a document: outcome, reasons in both languages, conditions, limits."""

from collections.abc import Mapping

from qianhai.kernel import Outcome, Reason
from qianhai.policy import Decision, Pack
from qianhai.views.figures import grouped
from qianhai.views.flaws import Document

_WORD = {True: "true", False: "false", None: "unknown"}
_FIGURES = ("cap", "used", "asked", "left")


class _Fields(dict[str, str]):
    """Fills a format; a field the reason has no figure for stays visible as its name."""

    def __missing__(self, key: str) -> str:
        return f"<{key}>"


def reason_texts(pack: Pack, reason: Reason) -> dict[str, str]:
    """Return a reason's sentence in Chinese and English, filled from its data."""
    term = pack.vocabulary["reasons"].get(reason.code)
    if term is None:
        return {"zh": reason.code, "en": reason.code}
    formats = {"zh": term.zh, "en": term.en}
    return {lang: formats[lang].format_map(_fields(pack, reason, lang)) for lang in formats}


def _fields(pack: Pack, reason: Reason, lang: str) -> Mapping[str, str]:
    data = _Fields({"clause": reason.clause, **reason.data})
    data |= {name: grouped(data[name]) for name in _FIGURES if name in data}
    said = reason.data.get(lang)
    if said:
        data |= {"condition": said, "limit": said}
    name = reason.data.get("document", "")
    words = pack.vocabulary["documents"], pack.vocabulary["terms"]
    document = next((known[name] for known in words if name in known), None)
    if document:
        data["document"] = document.zh if lang == "zh" else document.en
    elif data.get("fact", "").startswith("p."):
        en = "the regulation, whose value that day is not established"
        data["document"] = "现行规定，当日数值尚未确认" if lang == "zh" else en
    elif data.get("document") == "":
        data["document"] = "发起方的指令" if lang == "zh" else "the sender's instruction"
    return data


def other_way(pack: Pack, decision: Decision) -> dict[str, str] | None:
    """Return which other way is open, in both languages; None unless the answer is a refusal.

    A refusal speaks of one facility only, and whoever is refused asks next what else there is.
    """
    facility = pack.facilities.get(decision.facility)
    if decision.outcome is not Outcome.REFUSED or facility is None or facility.other_way is None:
        return None
    return {"zh": facility.other_way.zh, "en": facility.other_way.en}


def decision_document(pack: Pack, decision: Decision) -> Document:
    """Return a decision as `decide --json` prints it; a refusal also names the other way."""
    way = other_way(pack, decision)
    return {
        "facility": decision.facility,
        "action": decision.action,
        "measure": decision.measure,
        "clause": decision.clause,
        "on": decision.on.isoformat(),
        "outcome": decision.outcome.value,
        "reasons": [
            {
                "code": reason.code,
                "clause": reason.clause,
                **reason_texts(pack, reason),
                "data": dict(sorted(reason.data.items())),
            }
            for reason in decision.reasons
        ],
        "conditions": [
            {"id": one.id, "value": _WORD[one.value], "clause": one.clause, "basis": one.basis}
            for one in decision.conditions
        ],
        "missing": [{"fact": one.fact, "document": one.document} for one in decision.missing],
        "limits": [
            {
                "id": one.id,
                "asset": one.asset,
                "cap": one.cap,
                "used": one.used,
                "asked": one.asked,
                "left": one.left,
            }
            for one in decision.limits
        ],
        **({"other_way": way} if way else {}),
        "documents": list(decision.documents),
        "reports": list(decision.reports),
        "alerts": list(decision.alerts),
        "pack": {"version": decision.pack_version, "hash": decision.pack_hash},
    }
