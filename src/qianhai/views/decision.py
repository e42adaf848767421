"""A decision as a document: outcome, reasons in both languages, conditions, limits."""

from collections.abc import Mapping

from qianhai.kernel import Reason
from qianhai.policy import Decision, Pack
from qianhai.views.flaws import Document

_WORD = {True: "true", False: "false", None: "unknown"}


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
    said = reason.data.get(lang)
    if said:
        data |= {"condition": said, "limit": said}
    document = pack.vocabulary["documents"].get(reason.data.get("document", ""))
    if document:
        data["document"] = document.zh if lang == "zh" else document.en
    return data


def decision_document(pack: Pack, decision: Decision) -> Document:
    """Return a decision as `decide --json` prints it."""
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
                "data": dict(reason.data),
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
        "documents": list(decision.documents),
        "reports": list(decision.reports),
        "alerts": list(decision.alerts),
        "pack": {"version": decision.pack_version, "hash": decision.pack_hash},
    }
