"""What can be wrong with a day's business, as flaws in both languages.

Holds words only: code, what was found, what was expected, what to do.
"""

from collections.abc import Iterable
from datetime import date

from qianhai.kernel import Flaw, Place, nearest


def _near(name: str, known: Iterable[str]) -> tuple[str, str]:
    near = nearest(name, known)
    return (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")


def wrong_id(at: Place, found: str) -> Flaw:
    """Say that an instruction has no usable id."""
    return Flaw(
        "I001",
        at,
        found,
        "an id of 1 to 64 printable characters",
        "each instruction needs an id of its own, of 1 to 64 printable characters.",
        "每笔指令须有自己的编号，1 至 64 个可见字符。",
    )


def wrong_day(at: Place, found: str) -> Flaw:
    """Say that the value date is missing or is no day."""
    return Flaw(
        "I002",
        at,
        found,
        "a day as YYYY-MM-DD",
        f"the value date is `{found}`; write the day as YYYY-MM-DD.",
        f"起息日为“{found}”，请写成 YYYY-MM-DD。",
    )


def unknown_word(at: Place, what: str, zh: str, found: str, known: Iterable[str]) -> Flaw:
    """Say that a facility or action is none of the pack's."""
    hint, zh_hint = _near(found, known)
    return Flaw(
        "I003",
        at,
        found,
        f"a {what} of the pack",
        f"unknown {what} `{found}`.{hint} `qianhai facility list` shows them all.",
        f"未知{zh}“{found}”。{zh_hint}可用 qianhai facility list 查看全部。",
    )


def unknown_column(at: Place, column: str, found: str, facility: str, known: Iterable[str]) -> Flaw:
    """Say that a column is no fact of the row's facility."""
    hint, zh_hint = _near(column, known)
    return Flaw(
        "I004",
        at,
        found,
        f"a column of {facility}",
        f"`{facility}` has no column `{column}`.{hint} Empty the cell, or correct the header.",
        f"业务“{facility}”没有列“{column}”。{zh_hint}请清空该单元格或更正表头。",
    )


_KNOWERS = {
    "register": ("the register", "登记簿"),
    "ledger": ("the ledger", "账本"),
    "calendar": ("the calendar", "日历"),
}


def known_elsewhere(at: Place, column: str, found: str, known_by: str) -> Flaw:
    """Say that a fact is taken from where it is on record, never from the input."""
    en, zh = _KNOWERS.get(known_by, ("the register", "登记簿"))
    return Flaw(
        "I005",
        at,
        found,
        "no such column",
        f"`{column}` is what {en} knows and is never taken from a file; remove the column.",
        f"“{column}”以{zh}为准，不接受文件填报，请删除该列。",
    )


def unknown_party(at: Place, found: str, known: Iterable[str]) -> Flaw:
    """Say that a party is not on the register."""
    hint, zh_hint = _near(found, known)
    return Flaw(
        "I006",
        at,
        found,
        "a party of the register",
        f"party `{found}` is not on the register that day.{hint} Load it first with"
        " `qianhai register load`, or name its file with --parties.",
        f"当日登记簿中没有主体“{found}”。{zh_hint}"
        "请先用 qianhai register load 登记，或在 --parties 文件中给出。",
    )


def wrong_kind(at: Place, party: str, found: str, kinds: Iterable[str]) -> Flaw:
    """Say that a party is of a kind that cannot have this role."""
    wanted = ", ".join(kinds)
    return Flaw(
        "I007",
        at,
        party,
        wanted,
        f"party `{party}` is a {found}; this role takes: {wanted}.",
        f"主体“{party}”的类型为 {found}，该角色须为：{wanted}。",
    )


def unknown_account(at: Place, found: str) -> Flaw:
    """Say that an account number is not on the register."""
    return Flaw(
        "I008",
        at,
        found,
        "an account of the register",
        f"account `{found}` is not on the register that day; register it, or leave the cell empty.",
        f"当日登记簿中没有账户“{found}”，请先登记，或将该单元格留空。",
    )


def others_account(at: Place, found: str, party: str) -> Flaw:
    """Say that an account belongs to somebody else."""
    return Flaw(
        "I009",
        at,
        found,
        f"an account of {party}",
        f"account `{found}` is not one of `{party}`; name an account of that party.",
        f"账户“{found}”不属于主体“{party}”，请填写该主体名下的账户。",
    )


def twice_in_file(at: Place, found: str, first: Place) -> Flaw:
    """Say that an id stands twice in the input with different content."""
    return Flaw(
        "I010",
        at,
        found,
        "an id of its own",
        f"the id `{found}` stands at {first} with other content; give each instruction its own id.",
        f"编号“{found}”已在 {first} 用于不同内容，请为每笔指令使用各自的编号。",
    )


def used_before(at: Place, found: str) -> Flaw:
    """Say that an id was used on an earlier day for other content."""
    return Flaw(
        "I011",
        at,
        found,
        "a new id, or the same content",
        f"the id `{found}` was used before with other content;"
        " give this instruction an id of its own.",
        f"编号“{found}”此前已用于不同内容的指令，请另用新编号。",
    )


def continues_unknown(at: Place, found: str, known: Iterable[str]) -> Flaw:
    """Say that the instruction a later action continues is nowhere."""
    hint, zh_hint = _near(found, known)
    return Flaw(
        "I012",
        Place(at.file, at.line, "of"),
        found,
        "the id of an earlier instruction",
        f"`of` names `{found}`, which is neither in the books nor earlier in the input.{hint}",
        f"of 列所指的“{found}”既不在账上，也不在本文件之前。{zh_hint}",
    )


def answer_erased(at: Place, found: str) -> Flaw:
    """Say that an answer can no longer be shown, because the person it is about was erased."""
    return Flaw(
        "I013",
        at,
        found,
        "an answer that can be read",
        f"`{found}` was answered before; its person's data was erased, so it cannot be shown.",
        f"“{found}”此前已办理；相关个人数据已删除，无法再显示答复。",
    )


def too_many(at: Place, most: int) -> Flaw:
    """Say that reading stopped, because a file of mistakes only would fill the memory."""
    return Flaw(
        "I014",
        at,
        str(most),
        f"fewer than {most} mistakes",
        f"more than {most} mistakes; reading stopped here. Mend these and send the file again.",
        f"错误超过 {most} 处，读取到此为止。请先更正已列出的错误，再重新提交。",
    )


def record_differs(found: str, pack_hash: str) -> Flaw:
    """Say that a decision judged again under its own pack is not the one on record."""
    return Flaw(
        "I015",
        Place("instructions.decisions", None, found),
        found,
        "the decision on record, word for word",
        f"the decision of `{found}`, judged again under its own pack {pack_hash[:12]}, differs from"
        " its record. Run `qianhai journal verify`, and use the program it was made with.",
        f"“{found}”的判定按原规则包 {pack_hash[:12]} 重新判定后与记录不符。"
        "请运行 qianhai journal verify，并使用作出该判定的程序版本。",
    )


def not_of_the_day(at: Place, found: str, day: date, version: str) -> Flaw:
    """Say that the pack activated for a value date has no such business."""
    return Flaw(
        "I027",
        at,
        found,
        "a facility of the pack that is active on that day",
        f"the pack {version}, active on {day}, has no such facility or action: `{found}`."
        " `qianhai policy list` shows what is active.",
        f"{day} 适用的规则包 {version} 没有该业务或操作：“{found}”。"
        "可用 qianhai policy list 查看已启用的规则包。",
    )
