"""What can be wrong with a step of a change of the pack, in both languages.

Holds words only: code, what was expected, what to do.
"""

from collections.abc import Mapping
from typing import Final

from qianhai.kernel import Flaw, Place

#: By code: what was expected, then the sentence in English and in Chinese.
_SAID: Final[Mapping[str, tuple[str, str, str]]] = {
    "I016": (
        "the number of a change",
        "there is no change `{}`. `qianhai policy list` shows them all.",
        "没有编号为“{}”的变更。可用 qianhai policy list 查看全部。",
    ),
    "I017": (
        "a reason of 1 to 1000 printable characters",
        "a change says why it is proposed, in 1 to 1000 printable characters.",
        "提出变更须说明理由，1 至 1000 个可见字符。",
    ),
    "I018": (
        "a pack that differs from the one that stands",
        "the pack {} is the one that stands already; there is nothing to change.",
        "规则包 {} 即为现行规则包，没有变更。",
    ),
    "I019": (
        "a change nobody decided on yet",
        "change {} was approved or rejected already. Propose the pack again for another decision.",
        "变更 {} 已获批准或已被否决。如需重新决定，请再次提出该规则包。",
    ),
    "I020": (
        "another person than who proposed it",
        "`{}` proposed this change, and cannot approve it. A second person must.",
        "“{}”是本变更的提出人，不能自行批准，须由另一人批准。",
    ),
    "I021": (
        "a change that was replayed",
        "change {0} was not replayed yet. Run `qianhai policy replay --change {0}` first.",
        "变更 {0} 尚未回放。请先运行 qianhai policy replay --change {0}。",
    ),
    "I022": (
        "a change that a second person approved",
        "change {0} is not approved. First another person runs `qianhai policy approve {0}`.",
        "变更 {0} 未获批准，不能启用。请由提出人以外的人运行 qianhai policy approve {0}。",
    ),
    "I023": (
        "a change that is not active",
        "change {0} is active already. Revoke it first: `qianhai policy revoke {0}`.",
        "变更 {0} 已经启用。请先撤销：qianhai policy revoke {0}。",
    ),
    "I024": (
        "a change that is active",
        "change {} is not active; there is nothing to revoke.",
        "变更 {} 未启用，无可撤销。",
    ),
    "I025": (
        "no candidate in the shadow",
        "the candidate {} is in the shadow already. Stop it first: `qianhai policy shadow stop`.",
        "候选规则包 {} 正在并行试判。请先停止：qianhai policy shadow stop。",
    ),
    "I026": (
        "a candidate in the shadow",
        "no candidate is in the shadow. Start one: `qianhai policy shadow start --plan DIR`.",
        "没有正在并行试判的候选规则包。可运行 qianhai policy shadow start --plan DIR。",
    ),
}


def refused_step(code: str, found: str) -> Flaw:
    """Say why a step cannot be taken, and what to do instead."""
    expected, en, zh = _SAID[code]
    place = Place("policy", None, "shadow" if code in {"I025", "I026"} else "change")
    return Flaw(code, place, found, expected, en.format(found), zh.format(found))
