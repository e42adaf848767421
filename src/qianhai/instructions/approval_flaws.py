"""What can be wrong with an approval or a threshold, in both languages.

Holds words only: code, what was expected, what to do.
"""

from collections.abc import Mapping
from typing import Final

from qianhai.kernel import Flaw, Place

#: By code: what was expected, then the sentence in English and in Chinese.
_SAID: Final[Mapping[str, tuple[str, str, str]]] = {
    "I041": (
        "an instruction that was submitted for approval",
        "no instruction `{}` was submitted for approval. Choose one from the list of approvals.",
        "没有编号为“{}”的待复核指令。请从复核列表中选择。",
    ),
    "I042": (
        "another person than who submitted it",
        "`{}` submitted this instruction and cannot decide on it. A second person must.",
        "“{}”是本指令的提交人，不能自行复核，须由另一人复核。",
    ),
    "I043": (
        "an instruction nobody decided on yet",
        "instruction `{}` was rejected, withdrawn or booked already; send it under a new id.",
        "指令“{}”已被驳回、撤回或已入账。如需重新办理，请使用新编号提交。",
    ),
    "I044": (
        "a reason of 1 to 1000 printable characters",
        "a rejection says why, in 1 to 1000 printable characters.",
        "驳回须说明理由，1 至 1000 个可见字符。",
    ),
    "I045": (
        "the person who submitted it",
        "`{}` did not submit this instruction; who did may withdraw it, an approver rejects it.",
        "“{}”不是本指令的提交人。提交人可撤回，复核人可驳回。",
    ),
    "I046": (
        "a currency such as CNY",
        "`{}` is no currency that is kept here; choose one such as CNY.",
        "“{}”不是本系统的币种，请选择如 CNY 的币种代码。",
    ),
    "I047": (
        "an amount of the currency, not below zero",
        "`{}` is no amount of that currency; write one such as 50000.00.",
        "“{}”不是该币种的金额，请填写如 50000.00 的金额。",
    ),
    "I048": (
        "today or a later day",
        "`{}` is over: a threshold changes nothing done before. Choose today or a later day.",
        "“{}”不是今日或以后的日期：限额不改变此前的办理。请选择今日或以后的日期。",
    ),
    "I049": (
        "the person's key",
        "what instruction `{}` said of a person was erased; reject it, it cannot be booked.",
        "指令“{}”中的个人信息已被删除，无法入账，请予驳回。",
    ),
}


def refused(code: str, found: str, column: str | None = None) -> Flaw:
    """Say why a step cannot be taken; `column` is the field of a form it is about."""
    expected, en, zh = _SAID[code]
    return Flaw(
        code, Place("approval", column=column), found, expected, en.format(found), zh.format(found)
    )
