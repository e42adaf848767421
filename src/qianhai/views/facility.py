"""A facility as a document: who takes part, which facts, conditions, limits and actions."""

from collections.abc import Mapping

from qianhai.policy import Action, Facility, Fact, Pack
from qianhai.views.flaws import Document


def facility_line(facility: Facility) -> Document:
    """Return a facility as one line of a list."""
    return {
        "id": facility.id,
        "measure": facility.measure,
        "zh": facility.title.zh,
        "en": facility.title.en,
        "actions": list(facility.actions),
    }


def facility_document(pack: Pack, facility: Facility) -> Document:
    """Return everything a sender needs to know of a facility.

    Conditions and limits stand under their action, and all together beside the facts.
    """
    actions = {name: _action(action) for name, action in facility.actions.items()}
    return {
        **facility_line(facility),
        "parties": {
            role: {"kinds": list(model.kinds), "zh": model.zh, "en": model.en}
            for role, model in facility.parties.items()
        },
        "facts": {name: fact_document(pack, fact) for name, fact in facility.facts.items()},
        "report_facts": {
            name: fact_document(pack, fact) for name, fact in pack.report_facts(facility.id).items()
        },
        "conditions": _of_all(actions, "conditions"),
        "limits": _of_all(actions, "limits"),
        "actions": actions,
        "other_way": facility.other_way.model_dump() if facility.other_way else None,
        "overlays": [overlay.id for overlay in pack.overlays.values()],
    }


def _of_all(actions: Mapping[str, Document], part: str) -> list[Document]:
    """Return the conditions or limits of every action, each with its action."""
    found: list[Document] = []
    for name, action in actions.items():
        mine = action[part]
        assert isinstance(mine, list), "an action lists its conditions and limits"
        found += [{"action": name, **one} for one in mine]
    return found


def fact_document(pack: Pack, fact: Fact) -> Document:
    """Return a fact: its form, who knows it, the document that proves it, and its words."""
    provider = pack.vocabulary["providers"].get(fact.provider)
    shown: Document = {
        "type": fact.type,
        "provider": fact.provider,
        "known_by": provider.known_by if provider else "sender",
        "document": fact.document,
        "zh": fact.zh,
        "en": fact.en,
    }
    for name in ("currency", "of", "per"):
        if getattr(fact, name):
            shown[name] = getattr(fact, name)
    if fact.values:
        shown["values"] = list(fact.values)
    if fact.fields:
        shown["fields"] = {
            name: {"type": field.type, "zh": field.zh, "en": field.en}
            for name, field in fact.fields.items()
        }
    if fact.optional:
        shown["optional"] = True
    return shown


def _action(action: Action) -> Document:
    return {
        "zh": action.zh,
        "en": action.en,
        "clause": action.clause,
        "closed": action.closed,
        "of": list(action.of),
        "conditions": [
            {
                "id": c.id,
                "when": c.when,
                "clause": c.clause or action.clause,
                "basis": c.basis,
                "otherwise": c.otherwise.value,
                "zh": c.zh,
                "en": c.en,
            }
            for c in action.conditions
        ],
        "limits": [
            {
                "id": limit.id,
                "asset": limit.asset,
                "window": limit.window,
                "amount": limit.amount,
                "otherwise": limit.otherwise.value,
                "clause": limit.clause or action.clause,
                "pools": [
                    {"id": p.id, "holder": p.holder, "cap": p.cap, "zh": p.zh, "en": p.en}
                    for p in limit.parts
                ],
                "zh": limit.zh,
                "en": limit.en,
            }
            for limit in action.limits
        ],
        "legs": [
            {"debit": leg.debit, "credit": leg.credit, "amount": leg.amount, "when": leg.when}
            for leg in action.legs
        ],
        "documents": list(action.documents),
        "reports": list(action.reports),
        "effects": [effect.name for effect in action.effects],
    }
