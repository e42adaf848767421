"""What somebody who asks is told: the business in plain words, their answers, and the answer.

One document a page, in both languages. Must not choose the question nor decide.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from qianhai.kernel import Outcome
from qianhai.policy import Authorisation, Compiled, Decision, Fact, Matter, Pack, Policy, what_if
from qianhai.views.asking import paper_of, what_if_document
from qianhai.views.decision import decision_document, reason_texts
from qianhai.views.flaws import Document

#: What an outcome is to whoever asked, as a sentence begins with it.
_ANSWERS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.PERMITTED: ("可以办理", "Yes, this may be done"),
    Outcome.ORDINARY: ("可以按一般规定凭单证办理", "Yes, by the ordinary papers"),
    Outcome.REGISTER_FIRST: ("可以办理，但须先登记", "Yes, after registering first"),
    Outcome.REFERRED: ("须由人工决定", "A person has to decide this"),
    Outcome.INCOMPLETE: ("现在还不能回答", "This cannot be answered yet"),
    Outcome.REFUSED: ("不能按本业务办理", "No, not under this business"),
}


def business_document(policy: Policy, facility: str) -> Document:
    """Return a business before it is asked about: its acts, who says what, the papers at hand."""
    pack = policy.pack
    model = pack.facilities[facility]
    measure = pack.measures[model.measure]
    way = model.other_way
    return {
        "id": facility,
        "zh": model.title.zh,
        "en": model.title.en,
        "measure": measure.id,
        "title": {"zh": measure.title.zh, "en": measure.title.en},
        "summary": {"zh": measure.summary.zh, "en": measure.summary.en},
        "other_way": {"zh": way.zh, "en": way.en} if way else None,
        "parties": [{"zh": one.zh, "en": one.en} for one in model.parties.values()],
        "actions": [
            {"name": name, "zh": one.zh, "en": one.en, "clause": one.clause, "is_first": not one.of}
            for name, one in model.actions.items()
        ],
        "facts": _known(pack, model.facts),
        "papers": _papers(pack, (name for one in model.actions.values() for name in one.documents)),
    }


def _known(pack: Pack, facts: Mapping[str, Fact]) -> dict[str, list[Document]]:
    """Return the facts by who it is that knows them."""
    found: dict[str, list[Document]] = {}
    for name, fact in facts.items():
        by = pack.vocabulary["providers"][fact.provider].known_by
        found.setdefault(by, []).append({"fact": name, "zh": fact.zh, "en": fact.en})
    return found


def _papers(pack: Pack, names: Iterable[str]) -> list[Document]:
    words = pack.vocabulary["documents"]
    return [
        {"id": name, "zh": words[name].zh, "en": words[name].en} for name in dict.fromkeys(names)
    ]


def answers_document(
    pack: Pack,
    compiled: Compiled,
    given: Mapping[str, object],
    skipped: Collection[str],
    order: Sequence[str],
) -> list[Document]:
    """Return what was answered so far, in the order it was asked: to be checked and changed."""
    lines = []
    for name in order:
        fact = compiled.facts[name]
        known_by = pack.vocabulary["providers"][fact.provider].known_by
        lines.append(
            {
                "fact": name,
                "zh": fact.zh,
                "en": fact.en,
                "type": fact.type,
                "known_by": known_by,
                "paper": paper_of(pack, fact),
                "is_unknown": name in skipped,
                "values": [given[path] for path in _paths(name) if path in given],
                "currency": fact.currency if "." not in fact.currency else "",
            }
        )
    return lines


def _paths(name: str) -> tuple[str, str, str]:
    return (name, f"{name}.amount", f"{name}.currency")


def answer_document(
    matter: Matter,
    facts: Mapping[str, object],
    authorisations: Sequence[Authorisation],
) -> Document:
    """Return the answer: a sentence, its reasons and tests, what is missing, limits, what-if."""
    policy, compiled = matter.policy, matter.compiled
    pack, decision = policy.pack, matter.decide(facts)
    model = pack.facilities[compiled.facility]
    return {
        **decision_document(pack, decision),
        "zh": model.title.zh,
        "en": model.title.en,
        "act": {"zh": compiled.action.zh, "en": compiled.action.en},
        "sentence": sentence_of(pack, decision),
        "tests": _tests(compiled, decision),
        "lacks": [_lack(pack, compiled, one.fact) for one in decision.missing],
        "papers": _papers(pack, decision.documents),
        "room": _room(compiled, decision),
        "what_if": what_if_document(matter, what_if(matter, facts, authorisations)),
    }


def sentence_of(pack: Pack, decision: Decision) -> dict[str, str]:
    """Return the answer in one sentence, with the first reason and the clauses it rests on."""
    zh, en = _ANSWERS[decision.outcome]
    clauses = list(dict.fromkeys(one.clause for one in decision.reasons if one.clause))
    at = decision.on.isoformat()
    zh_clause = f"（第{'、'.join(clauses)}条，{at}）" if clauses else f"（{at}）"
    en_clause = f" (clause {', '.join(clauses)}, on {at})" if clauses else f" (on {at})"
    if not decision.reasons:
        return {"zh": f"{zh}{zh_clause}。", "en": f"{en}{en_clause}."}
    reason = reason_texts(pack, decision.reasons[0])
    return {"zh": f"{zh}：{reason['zh']}{zh_clause}。", "en": f"{en}: {reason['en']}{en_clause}."}


def _tests(compiled: Compiled, decision: Decision) -> list[Document]:
    """Return each condition in words with what it came to: true, false or unknown."""
    words = {"true": True, "false": False}
    found: list[Document] = []
    for one in decision.conditions:
        test = compiled.tests.get(one.id)
        said = test[0] if test else compiled.action
        value = next((word for word, held in words.items() if held is one.value), "unknown")
        found.append(
            {"id": one.id, "clause": one.clause, "value": value, "zh": said.zh, "en": said.en}
        )
    return found


def _lack(pack: Pack, compiled: Compiled, path: str) -> Document:
    """Return a fact that could still change the answer, and where it is had from."""
    name = next((one for one in _stems(path) if one in compiled.facts), None)
    if name is None:
        text = {"zh": path, "en": path}
        return {"fact": path, "known_by": "", "paper": {"zh": "", "en": ""}, **text}
    fact = compiled.facts[name]
    return {
        "fact": name,
        "zh": fact.zh,
        "en": fact.en,
        "known_by": pack.vocabulary["providers"][fact.provider].known_by,
        "paper": paper_of(pack, fact),
    }


def _stems(path: str) -> tuple[str, ...]:
    return (path, path.removesuffix(".amount"), path.removesuffix(".currency"))


def _room(compiled: Compiled, decision: Decision) -> list[Document]:
    """Return what each limit has left, by its words."""
    words = {}
    for limit in compiled.action.limits:
        for pool in limit.parts:
            words[f"{limit.id}.{pool.id}" if pool.id else limit.id] = pool if pool.id else limit
    return [
        {
            "id": one.id,
            "zh": words[one.id].zh if one.id in words else one.id,
            "en": words[one.id].en if one.id in words else one.id,
            "asset": one.asset,
            "cap": one.cap,
            "used": one.used,
            "asked": one.asked,
            "left": one.left,
        }
        for one in decision.limits
    ]
