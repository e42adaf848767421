"""The form by which one instruction is keyed in, made from what its facility asks of a sender.

Only what nobody else knows is asked: a register's, list's, ledger's or calendar's facts are not.
Must not read what was typed.
"""

from collections.abc import Mapping
from typing import Final

from qianhai.instructions import declared_facts
from qianhai.policy import Leaf, Policy, leaves_of
from qianhai.views.asking import paper_of
from qianhai.views.flaws import Document

#: How each type is written, in Chinese and English.
_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "integer": ("整数", "a whole number"),
    "number": ("小数，如 1234.56", "a decimal such as 1234.56"),
    "money": ("金额，如 1234.56", "an amount such as 1234.56"),
    "rate": ("汇率，如 7.10", "a rate such as 7.10"),
    "date": ("日期，如 2023-06-30", "a day such as 2023-06-30"),
    "currency": ("币种，如 CNY", "a currency such as CNY"),
}
#: So many rows of a list are offered.
LIST_ROWS: Final = 4


def keying_document(policy: Policy, facility: str, action: str) -> Document:
    """Return the fields of an instruction: its roles, what is decided on, what may be added."""
    model = policy.pack.facilities[facility]
    compiled = policy.compiled(facility, action)
    read = compiled.named_facts
    asked: list[Document] = []
    more: list[Document] = []
    for path, leaf in leaves_of(declared_facts(policy, facility)).items():
        if leaf.fact.provider not in {"", "sender"}:
            continue
        is_read = path in read or leaf.name in read or (leaf.currency and leaf.currency in read)
        (asked if is_read else more).append(_field(policy, leaf))
    return {
        "facility": facility,
        "action": action,
        "measure": model.measure,
        "zh": model.title.zh,
        "en": model.title.en,
        "action_words": {"zh": compiled.action.zh, "en": compiled.action.en},
        "clause": compiled.action.clause,
        "continues": list(compiled.action.of),
        "roles": [
            {"role": role, "kinds": list(one.kinds), "zh": one.zh, "en": one.en}
            for role, one in model.parties.items()
        ],
        "asked": asked,
        "more": more,
    }


def _field(policy: Policy, leaf: Leaf) -> Document:
    """Return one field: its name, type, words, how it is written and where it is read."""
    paper = paper_of(policy.pack, leaf.fact) if leaf.fact.document else {"zh": "", "en": ""}
    form = _FORMS.get(leaf.type, ("", ""))
    currency = leaf.currency if leaf.currency.isupper() else ""
    return {
        "path": leaf.path,
        "type": leaf.type,
        "zh": leaf.fact.zh,
        "en": leaf.fact.en,
        "hint": {
            "zh": "；".join(part for part in (form[0], paper["zh"]) if part),
            "en": "; ".join(part for part in (form[1], paper["en"]) if part),
        },
        "currency": currency,
        "values": list(leaf.values),
        "fields": [
            {"name": name, "type": one.type, "zh": one.zh, "en": one.en, "values": list(one.values)}
            for name, one in leaf.fact.fields.items()
        ],
    }
