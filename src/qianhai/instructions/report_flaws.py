"""What can be wrong with a report's input or its correction, as flaws in both languages.

Holds words only: code, what was found, what was expected, what to do.
"""

from collections.abc import Iterable

from qianhai.kernel import Flaw, Place, nearest
from qianhai.policy import CodeTable


def wrong_code(at: Place, found: str, table: CodeTable) -> Flaw:
    """Say that a code has not the form of its table; whether it is in it is another matter."""
    return Flaw(
        "I030",
        at,
        found,
        table.form.en,
        f"`{found}` is no code of {table.title.en}; it has {table.form.en}.",
        f"“{found}”不是{table.title.zh}的代码，应为{table.form.zh}。",
    )


def no_record(instruction: str, kind: str, owed: Iterable[str]) -> Flaw:
    """Say that an instruction has no such record."""
    known = sorted(owed)
    listed = ", ".join(known) or "none"
    return Flaw(
        "I031",
        Place("report"),
        f"{instruction} {kind}".strip(),
        f"one of {listed}",
        f"instruction `{instruction}` has no record `{kind}`; it has: {listed}.",
        f"指令“{instruction}”没有报告“{kind}”；现有：{'、'.join(known) or '无'}。",
    )


def unknown_field(key: str, known: Iterable[str]) -> Flaw:
    """Say that a record has no such field."""
    words = list(known)
    near = nearest(key, words)
    hint, zh = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
    return Flaw(
        "I032",
        Place("--set"),
        key,
        f"one of {', '.join(words)}",
        f"the record has no field `{key}`.{hint} `qianhai report show` lists them.",
        f"该报告没有字段“{key}”。{zh}可用 qianhai report show 查看。",
    )


def kept_field(key: str) -> Flaw:
    """Say that a field cannot be corrected."""
    return Flaw(
        "I033",
        Place("--set"),
        key,
        "a field that may be corrected",
        f"`{key}` says which business the record is about, or follows from another field; correct"
        " that one, or submit the right instruction.",
        f"“{key}”指明所报业务，或由其他字段得出，不可更正；请更正其来源字段，或另行提交指令。",
    )


def nothing_changed(instruction: str, kind: str) -> Flaw:
    """Say that a correction states what stands already."""
    return Flaw(
        "I034",
        Place("--set"),
        f"{instruction} {kind}",
        "a value that differs",
        "the record says so already, or the field is not asked of it; nothing would change.",
        "该报告现有内容与此相同，或该字段不适用，无需更正。",
    )


def no_reason() -> Flaw:
    """Say that a correction gives no reason."""
    return Flaw(
        "I035",
        Place("--why"),
        "",
        "a reason",
        "a correction says why; write --why.",
        "更正须说明理由，请填写 --why。",
    )


def erased(instruction: str) -> Flaw:
    """Say that a record cannot be read any more."""
    return Flaw(
        "I036",
        Place("report"),
        instruction,
        "a record that can be read",
        f"the records of `{instruction}` were erased with the person they spoke of.",
        f"“{instruction}”的报告已随其所涉个人的数据一并删除。",
    )
