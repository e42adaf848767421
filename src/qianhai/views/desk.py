"""A preview as a page of the desk shows it: one sentence, then how it came about, then the legs.

Documents in both languages. Must not decide, and must not ask the ledger.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from qianhai.instructions import Preview, Waits, declared_facts
from qianhai.kernel import Outcome, Reason, format_minor
from qianhai.ledger import AccountSpec, Balance, Transfer
from qianhai.policy import (
    Compiled,
    Condition,
    Decision,
    LimitUse,
    Matter,
    Pack,
    Policy,
    leaves_of,
    what_if,
)
from qianhai.rules import ABSENT
from qianhai.views.asking import paper_of, plain, what_if_document
from qianhai.views.decision import other_way, reason_texts
from qianhai.views.figures import grouped
from qianhai.views.flaws import Document
from qianhai.views.outcome import instructed
from qianhai.views.replay import cause_words

_SAID: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.PERMITTED: ("准予办理", "Permitted"),
    Outcome.ORDINARY: ("按一般规定办理", "By the ordinary papers"),
    Outcome.REGISTER_FIRST: ("须先登记", "Register first"),
    Outcome.REFERRED: ("转人工决定", "A person decides"),
    Outcome.INCOMPLETE: ("事实尚缺", "Incomplete"),
    Outcome.REFUSED: ("不予办理", "Refused"),
}
_STATE: Final = {True: "true", False: "false", None: "unknown"}
_WAITS: Final[Mapping[str, tuple[str, str]]] = {
    "above": (
        "金额 {amount} {currency} 超过单人限额 {most} {currency}，须由另一人复核。",
        "{currency} {amount} is above the {currency} {most} of one person; a second one decides.",
    ),
    "no_threshold": (
        "{currency} 未设单人限额，须由另一人复核。",
        "No threshold for {currency} is on record, so a second person decides.",
    ),
    "no_amount": (
        "指令未列明金额，须由另一人复核。",
        "It states no amount, so a second person decides.",
    ),
    "continues": (
        "其延续的指令尚待复核，故一并等待。",
        "It continues an instruction that waits itself, so it waits too.",
    ),
    "again": ("此前已提交复核。", "It was submitted for approval before."),
}


def waits_texts(why: Waits) -> dict[str, str]:
    """Return in both languages why an instruction waits for a second person."""
    zh, en = _WAITS[why.kind]
    words = {
        "amount": grouped(why.amount),
        "most": grouped(why.most),
        "currency": why.currency or "?",
    }
    return {"zh": zh.format(**words), "en": en.format(**words)}


def sentence(pack: Pack, decision: Decision, amount: str = "", currency: str = "") -> Document:
    """Return a decision in one sentence, in both languages."""
    zh, en = _SAID[decision.outcome]
    facility = pack.facilities.get(decision.facility)
    if facility is None:
        titles = {"zh": "未说明业务", "en": "no business stated"}
    else:
        titles = {"zh": facility.title.zh, "en": facility.title.en}
    money = f" {currency} {grouped(amount)}" if amount else ""
    head = {
        "zh": f"{zh}：{titles['zh']}{money}（{decision.clause}）",
        "en": f"{en}: {titles['en']}{money} ({decision.clause})",
    }
    if decision.outcome is Outcome.PERMITTED or not decision.reasons:
        return {"zh": head["zh"] + "。", "en": head["en"] + "."}
    texts = reason_texts(pack, decision.reasons[0])
    more = len(decision.reasons) - 1
    return {
        "zh": f"{head['zh']}。{texts['zh']}" + (f"（另有 {more} 项）" if more else ""),
        "en": f"{head['en']}. {texts['en']}" + (f" (and {more} more)" if more else ""),
    }


def reasons_document(pack: Pack, reasons: tuple[Reason, ...]) -> list[Document]:
    """Return reasons with their sentences."""
    return [{"code": one.code, "clause": one.clause, **reason_texts(pack, one)} for one in reasons]


def preview_document(policy: Policy, preview: Preview, why: Waits | None = None) -> Document:
    """Return all of a preview but its legs: the sentence, its trace, what to do about a no."""
    pack, decision = policy.pack, preview.decision
    amount, currency = instructed(pack, preview.answer)
    return {
        "id": preview.answer.instruction.id,
        "facility": decision.facility,
        "action": decision.action,
        "measure": decision.measure,
        "clause": decision.clause,
        "on": decision.on.isoformat(),
        "outcome": decision.outcome.value,
        "sentence": sentence(pack, decision, amount, currency),
        "amount": amount,
        "currency": currency,
        "mark": preview.mark,
        "is_repeat": preview.answer.is_repeat,
        "waits": waits_texts(why) if why else None,
        "reasons": reasons_document(pack, decision.reasons),
        "conditions": list(_conditions(policy, preview)),
        "facts": list(_facts(policy, preview)),
        "missing": list(_missing(policy, preview)),
        "limits": [_limit(policy, decision, one) for one in decision.limits],
        "documents": [_words(pack, "documents", name) for name in decision.documents],
        "reports": [_words(pack, "reports", name) for name in decision.reports],
        "alerts": list(decision.alerts),
        "other_way": other_way(pack, decision),
        "what_if": _what_if(policy, preview),
        "pack": {"version": decision.pack_version, "hash": decision.pack_hash},
    }


def _words(pack: Pack, vocabulary: str, name: str) -> Document:
    term = pack.vocabulary.get(vocabulary, {}).get(name)
    return {"id": name, "zh": term.zh if term else name, "en": term.en if term else name}


def _judged(policy: Policy, decision: Decision) -> Iterator[tuple[str, Compiled]]:
    """Yield the action and the overlays a decision's conditions are of, with their prefixes."""
    if decision.facility in policy.pack.facilities:
        yield "", policy.compiled(decision.facility, decision.action)
    for name, compiled in policy.overlays.items():
        yield f"{name}.", compiled


def _conditions(policy: Policy, preview: Preview) -> Iterator[Document]:
    """Yield each condition: its words, rule, clause, what it came to and the facts it read."""
    known: dict[str, tuple[Condition, frozenset[str]]] = {}
    for prefix, compiled in _judged(policy, preview.decision):
        for name, (test, tree) in compiled.tests.items():
            known[prefix + name] = test, frozenset(tree.facts)
    facts = preview.known.facts if preview.known else {}
    facility = preview.decision.facility
    for one in preview.decision.conditions:
        condition, read = known.get(one.id, (None, frozenset[str]()))
        shown = sorted(read) if preview.known else ()
        yield {
            "id": one.id,
            **cause_words((policy.pack,), facility, "condition", one.id),
            "when": condition.when if condition else "",
            "clause": one.clause,
            "basis": one.basis,
            "otherwise": condition.otherwise.value if condition else "",
            "value": _STATE[one.value],
            "facts": [{"fact": path, "value": _shown(facts, path)} for path in shown],
        }


def _shown(facts: Mapping[str, object], path: str) -> object:
    """Return a fact's value as it is shown; None where it is not known."""
    value = facts.get(path)
    if value is ABSENT:
        return "-"
    return plain(value)


def _facts(policy: Policy, preview: Preview) -> Iterator[Document]:
    """Yield every fact the decision rests on, with who knows it and the paper it is read from."""
    if preview.known is None or not preview.decision.facility:
        return
    pack = policy.pack
    leaves = leaves_of(declared_facts(policy, preview.decision.facility))
    for path, value in sorted(preview.known.facts.items()):
        leaf = leaves.get(path)
        if leaf is None or value is None:
            continue
        provider = pack.vocabulary["providers"].get(leaf.fact.provider)
        known_by = provider.known_by if provider else "sender"
        yield {
            "fact": path,
            "zh": leaf.fact.zh,
            "en": leaf.fact.en,
            "value": _shown(preview.known.facts, path),
            "type": leaf.type,
            "known_by": "sender" if path in preview.known.sent else known_by,
            "paper": paper_of(pack, leaf.fact),
        }


def _missing(policy: Policy, preview: Preview) -> Iterator[Document]:
    """Yield what is missing, and where it comes from."""
    pack, decision = policy.pack, preview.decision
    declared = declared_facts(policy, decision.facility) if decision.facility else {}
    leaves = leaves_of(declared)
    for one in decision.missing:
        leaf = leaves.get(one.fact)
        paper = _words(pack, "documents", one.document) if one.document else None
        yield {
            "fact": one.fact,
            "zh": leaf.fact.zh if leaf else one.fact,
            "en": leaf.fact.en if leaf else one.fact,
            "paper": paper or (paper_of(pack, leaf.fact) if leaf else {"zh": "", "en": ""}),
            "is_sent": leaf is not None and leaf.fact.provider == "sender",
        }


def _limit(policy: Policy, decision: Decision, use: LimitUse) -> Document:
    """Return a limit before and after, with its words."""
    words: Any = None
    name, _, pool = use.id.partition(".")
    if decision.facility in policy.pack.facilities:
        action = policy.compiled(decision.facility, decision.action).action
        limit = next((one for one in action.limits if one.id == name), None)
        words = next((p for p in limit.parts if p.id == pool and pool), limit) if limit else None
    is_drawn = decision.outcome is Outcome.PERMITTED
    after = left = None
    if is_drawn and None not in (use.used, use.asked, use.cap):
        used = Decimal(use.used or 0) + Decimal(use.asked or 0)
        after, left = format(used, "f"), format(max(Decimal(0), Decimal(use.cap or 0) - used), "f")
    return {
        "id": use.id,
        "zh": words.zh if words else use.id,
        "en": words.en if words else use.id,
        "asset": use.asset,
        "cap": use.cap,
        "used": use.used,
        "asked": use.asked,
        "left": use.left,
        "used_after": after,
        "left_after": left,
    }


def _what_if(policy: Policy, preview: Preview) -> Document | None:
    """Return what alone would permit a business that was not."""
    known = preview.known
    if known is None or preview.decision.outcome is Outcome.PERMITTED or not known.facts:
        return None
    if not preview.decision.conditions:
        return None
    matter = Matter(policy, known.compiled, known.standing)
    found = what_if_document(matter, what_if(matter, known.facts))
    has_any = any(found[name] for name in ("amounts", "days", "dates", "turns"))
    return found if has_any and not found["is_permitted"] else None


def legs_document(
    preview: Preview,
    specs: Mapping[str, AccountSpec],
    stands: Mapping[str, Balance],
    held: tuple[Transfer, ...] = (),
) -> list[Document]:
    """Return the legs a preview would post, with what each account has before and after.

    `held` are the transfers of the hold a preview settles.
    """
    chain, result = preview.chain, preview.result
    if chain is None or result is None or not result.is_posted:
        return []
    moved = {name: stand.balance for name, stand in stands.items()}
    amounts = result.amounts or tuple(leg.amount for leg in chain.legs)
    rows: list[Document] = []
    legs = [
        (leg.debit, leg.credit, amount) for leg, amount in zip(chain.legs, amounts, strict=False)
    ]
    for debit, credit, amount in legs or [
        (one.debit, one.credit, one.amount or abs(one.held)) for one in held
    ]:
        spec = specs.get(debit) or specs.get(credit)
        scale = spec.asset.scale if spec else 0
        before = {name: moved.get(name, 0) for name in (debit, credit)}
        moved[debit], moved[credit] = before[debit] - amount, before[credit] + amount
        rows.append(
            {
                "debit": debit,
                "credit": credit,
                "asset": spec.asset.code if spec else "?",
                "kind": specs[credit].kind if credit in specs else "",
                "amount": format_minor(amount, scale),
                "debit_before": format_minor(before[debit], scale),
                "debit_after": format_minor(moved[debit], scale),
                "credit_before": format_minor(before[credit], scale),
                "credit_after": format_minor(moved[credit], scale),
            }
        )
    return rows


def accounts_named(preview: Preview, held: tuple[Transfer, ...] = ()) -> set[str]:
    """Return the accounts the legs of a preview move."""
    legs = preview.chain.legs if preview.chain else ()
    named = {name for leg in legs for name in (leg.debit, leg.credit)}
    return named | {name for one in held for name in (one.debit, one.credit)}
