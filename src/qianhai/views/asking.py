"""The next question, the fewest facts that settle, and what-if, as documents in both languages.

One document holds all that a page needs to go on: facts in, next question out; nothing is kept
between two of them. Must not choose the question nor decide.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal

from qianhai.kernel import CURRENCIES, format_minor
from qianhai.policy import (
    Asked,
    Bearing,
    Days,
    Fact,
    Fit,
    Leaf,
    Matter,
    Pack,
    Settling,
    Span,
    Turn,
    WhatIf,
    bearing_of,
    next_question,
    settlings,
)
from qianhai.views.decision import decision_document
from qianhai.views.facility import fact_document
from qianhai.views.flaws import Document

#: What an answer or some answers lead to.
OUTCOME_WORDS: Mapping[str, tuple[str, str]] = {
    "refused": ("不予办理", "a refusal"),
    "referred": ("转人工决定", "a person's decision"),
    "register_first": ("须先登记", "registration first"),
    "ordinary": ("按一般规定办理", "the ordinary papers"),
    "permitted": ("准予办理", "a permission"),
}


def ask_document(
    matter: Matter, facts: Mapping[str, object], skipped: Collection[str] = ()
) -> Document:
    """Return where an interview stands: the decision, the next question, what would settle it.

    `next` is null when no answer that can still be given would change the decision.
    """
    pack = matter.policy.pack
    asked = next_question(matter, facts, skipped)
    found = settlings(matter, facts, skipped) if asked else ()
    return {
        "decision": decision_document(pack, matter.decide(facts)),
        "next": question_document(matter, asked) if asked else None,
        "settles": [settling_document(one) for one in found],
    }


def question_document(matter: Matter, asked: Asked) -> Document:
    """Return a question: its leaves and their form, where its fact comes from, why it is asked."""
    leaves = asked.question.leaves
    return {
        "fact": asked.question.fact,
        "leaves": [_leaf(leaf) for leaf in leaves],
        **fact_document(matter.policy.pack, leaves[0].fact),
        "paper": paper_of(matter.policy.pack, leaves[0].fact),
        "bearings": [bearing_document(one) for one in asked.bearings],
        "ends": [outcome.value for outcome in asked.ends],
        "spares": list(asked.spares),
        "why": why_texts(asked),
        "left": asked.left,
    }


def _leaf(leaf: Leaf) -> Document:
    shown: Document = {"path": leaf.path, "type": leaf.type}
    if leaf.currency:
        shown["currency"] = leaf.currency
    if leaf.values:
        shown["values"] = list(leaf.values)
    return shown


def paper_of(pack: Pack, fact: Fact) -> dict[str, str]:
    """Return the document a fact is read from, in both languages; else who knows it."""
    words = pack.vocabulary["documents"].get(fact.document) or pack.vocabulary["providers"].get(
        fact.provider
    )
    return {"zh": words.zh, "en": words.en} if words else {"zh": "", "en": ""}


def bearing_document(one: Bearing) -> Document:
    """Return a condition or limit by its name, clause and words."""
    return {"id": one.id, "clause": one.clause, "zh": one.zh, "en": one.en}


def why_texts(asked: Asked) -> dict[str, str]:
    """Return in both languages why a question is asked now."""
    if asked.ends:
        zh = "或".join(OUTCOME_WORDS[outcome.value][0] for outcome in asked.ends)
        en = " or ".join(OUTCOME_WORDS[outcome.value][1] for outcome in asked.ends)
        return {
            "zh": f"仅凭此项即可得出结论（{zh}）。",
            "en": f"one answer alone may settle it: {en}.",
        }
    if asked.spares:
        return {
            "zh": f"视回答可免问：{'、'.join(asked.spares)}。",
            "en": f"an answer may make these needless: {', '.join(asked.spares)}.",
        }
    if asked.left == 1:
        return {"zh": "仅余此项。", "en": "it is the last one that is open."}
    return {
        "zh": f"须与其余 {asked.left - 1} 项一并判定。",
        "en": f"it is weighed together with the other {asked.left - 1} that are open.",
    }


def settling_document(one: Settling) -> Document:
    """Return the fewest facts that give an outcome, with the answers that do."""
    return {
        "outcome": one.outcome.value,
        "facts": list(one.facts),
        "answers": {path: plain(value) for path, value in one.answers.items()},
        "is_least": one.is_least,
    }


def plain(value: object) -> object:
    """Return a fact's value as a document writes it: exact figures and days as texts.

    >>> plain(Decimal("1.50")), plain(date(2023, 6, 30)), plain(True)
    ('1.50', '2023-06-30', True)
    """
    if isinstance(value, list):
        return [{name: plain(one) for name, one in row.items()} for row in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, bool | int | str) else None


def plain_facts(facts: Mapping[str, object]) -> Document:
    """Return facts as a request states them."""
    return {path: plain(value) for path, value in facts.items()}


def which_document(fits: Sequence[Fit]) -> Document:
    """Return which businesses facts are permitted under, and the nearest misses in their order.

    An action that uses none of the facts is only named.
    """
    misses = [fit for fit in fits if not fit.is_permitted and fit.used]
    return {
        "permits": [fit_document(fit) for fit in fits if fit.is_permitted],
        "misses": [fit_document(fit) for fit in misses],
        "unrelated": [
            {"facility": fit.decision.facility, "action": fit.decision.action}
            for fit in fits
            if not fit.is_permitted and not fit.used
        ],
    }


def fit_document(fit: Fit) -> Document:
    """Return how one action stands to the facts: what fails, what it still needs, the other way."""
    pack = fit.matter.policy.pack
    facility = pack.facilities[fit.decision.facility]
    way = None if fit.is_permitted else facility.other_way
    return {
        "facility": fit.decision.facility,
        "action": fit.decision.action,
        "measure": fit.decision.measure,
        "clause": fit.decision.clause,
        "zh": facility.title.zh,
        "en": facility.title.en,
        "outcome": fit.decision.outcome.value,
        "fails": [bearing_document(one) for one in fit.fails],
        "needs": [
            {
                "fact": one.fact,
                "document": one.leaves[0].fact.document,
                "zh": one.leaves[0].fact.zh,
                "en": one.leaves[0].fact.en,
                "paper": paper_of(pack, one.leaves[0].fact),
            }
            for one in fit.needs
        ],
        "unread": list(fit.unread),
        **({"other_way": {"zh": way.zh, "en": way.en}} if way else {}),
    }


def what_if_document(matter: Matter, found: WhatIf) -> Document:
    """Return what alone would permit a business: amounts, days, other dates, words, one test."""
    return {
        "is_permitted": found.is_permitted,
        "amounts": [span_document(one) for one in found.amounts],
        "days": [days_document(one) for one in found.days],
        "dates": [span_document(one) for one in found.dates],
        "turns": [turn_document(one) for one in found.turns],
        "sole": bearing_document(bearing_of(matter, found.sole)) if found.sole else None,
    }


def span_document(one: Span) -> Document:
    """Return from where to where an amount or a day of a fact permits, both ends inclusive."""
    shown: Document = {"fact": one.leaf.path, "zh": one.leaf.fact.zh, "en": one.leaf.fact.en}
    if one.currency:
        scale = CURRENCIES[one.currency]
        ends = {"least": format_minor(one.lowest, scale), "most": format_minor(one.highest, scale)}
        shown |= {**ends, "currency": one.currency}
    else:
        shown["first"] = date.fromordinal(one.lowest).isoformat() if one.is_founded else None
        shown["last"] = date.fromordinal(one.highest).isoformat() if one.is_bounded else None
    return shown | {"is_bounded": one.is_bounded, "is_steady": one.is_steady}


def days_document(one: Days) -> Document:
    """Return a span of days on which the business is permitted; null is no end."""
    return {
        "from": one.first.isoformat() if one.first else None,
        "to": one.until.isoformat() if one.until else None,
    }


def turn_document(one: Turn) -> Document:
    """Return a fact of which another word alone permits the business."""
    return {
        "fact": one.leaf.path,
        "document": one.leaf.fact.document,
        "zh": one.leaf.fact.zh,
        "en": one.leaf.fact.en,
        "found": plain(one.found),
        "permitted": [plain(word) for word in one.permitted],
    }
