"""What may be wrong with a Parquet file of instructions, in both languages.

Holds the wording and how many are told. What is wrong with a fact is said by `policy.read_facts`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from qianhai.kernel import BadInput, Flaw, Place, nearest

#: Mistakes of one file that are kept; a file with more is wrong as a whole.
FLAWS_MAX: Final = 1000


@dataclass(slots=True)
class Flaws:
    """The mistakes of one file so far; nothing is decided once there is one."""

    file: str
    found: list[Flaw] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Tell whether no more are kept."""
        return len(self.found) >= FLAWS_MAX

    def place(self, row: int, column: str) -> Place:
        """Return where a cell stands; rows are counted from 1."""
        return Place(self.file, row + 1, column)

    def add(self, flaws: Iterable[Flaw]) -> None:
        """Keep more mistakes, as many as there is room for."""
        self.found += list(flaws)[: FLAWS_MAX - len(self.found)]

    def settle(self) -> None:
        """Go on only if nothing is wrong.

        Raises:
            BadInput: every mistake that was kept, by row and column.
        """
        if self.found:
            raise BadInput(sorted(set(self.found), key=_by_place))


def _by_place(flaw: Flaw) -> tuple[int, str, str]:
    return flaw.place.line or 0, flaw.place.column or "", flaw.code


def no_file(file: str, why: str) -> Flaw:
    """Say that a file is no Parquet file that can be read."""
    en = f"the file cannot be read as Parquet: {why}."
    return Flaw(
        "E001", Place(file), "", "a Parquet file", en, f"文件无法作为 Parquet 读取：{why}。"
    )


def not_ours(out: str) -> Flaw:
    """Say that answers would take the place of something else."""
    en = f"{out} is there and holds no answers; name another, or remove it."
    zh = f"{out} 已存在且不是判定结果，请另选位置或先将其移除。"
    return Flaw("E011", Place(out), "", "a folder of answers, or nothing", en, zh)


def no_column(file: str, name: str) -> Flaw:
    """Say that a column every file has is not there."""
    en = f"the column `{name}` is not there; every row needs one."
    return Flaw(
        "E002", Place(file, None, name), "", f"a column {name}", en, f"缺少必需的列“{name}”。"
    )


def no_such_column(file: str, name: str, known: Iterable[str]) -> Flaw:
    """Say that no facility of the file has such a fact, with the nearest name."""
    near = nearest(name, known)
    hint, zh_hint = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
    en = f"no facility of the file has a fact `{name}`.{hint}"
    zh = f"文件中的业务均无事实“{name}”。{zh_hint}"
    return Flaw("E003", Place(file, None, name), name, "a fact of a facility", en, zh)


def wrong_type(file: str, name: str, found: str) -> Flaw:
    """Say that a column's type is one that no fact can be read from exactly."""
    expected = "bool, int, decimal, date, string or a list of structs"
    en = f"the column `{name}` is of type {found}; write it as {expected}."
    zh = f"列“{name}”的类型为 {found}，应为布尔、整数、decimal、日期、字符串或结构列表。"
    return Flaw("E004", Place(file, None, name), found, expected, en, zh)


def no_value(flaws: Flaws, row: int, column: str) -> Flaw:
    """Say that a cell that every row needs is empty."""
    en, zh = f"`{column}` is empty; every row needs it.", f"“{column}”为空，每一行都须填写。"
    return Flaw("E005", flaws.place(row, column), "", "a value", en, zh)


def no_name(flaws: Flaws, row: int, column: str, found: str, known: Iterable[str]) -> Flaw:
    """Say that the pack has no such facility or action, with the nearest name."""
    names = list(known)
    near = nearest(found, names)
    hint, zh_hint = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
    en, zh = f"unknown {column} `{found}`.{hint}", f"未知的{_ZH[column]}“{found}”。{zh_hint}"
    expected = f"one of {', '.join(names)}"
    return Flaw("E006", flaws.place(row, column), found, expected, en, zh)


_ZH: Final = {"facility": "业务", "action": "操作"}


def no_day(flaws: Flaws, row: int, found: str) -> Flaw:
    """Say that the day of a row is none."""
    en = f"`{found}` is no day; write it as a date or as YYYY-MM-DD."
    zh = f"“{found}”不是日期，请写成日期或 YYYY-MM-DD。"
    return Flaw("E007", flaws.place(row, "on"), found, "a day as YYYY-MM-DD", en, zh)


def both(flaws: Flaws, row: int, path: str) -> Flaw:
    """Say that a fact is stated and recorded as absent in one row."""
    en = f"`{path}` has a value, and `{path}.absent` says that there is none."
    zh = f"“{path}”有值，而“{path}.absent”表示没有。"
    return Flaw("E008", flaws.place(row, f"{path}.absent"), "true", "one of the two", en, zh)


def never_absent(flaws: Flaws, row: int, path: str) -> Flaw:
    """Say that a fact of this facility cannot be recorded as absent."""
    en = f"`{path}` cannot be absent; leave it empty where it is not known."
    zh = f"“{path}”不能记为“没有”；未知时请留空。"
    return Flaw("E009", flaws.place(row, f"{path}.absent"), "true", "an optional fact", en, zh)


def too_large(flaws: Flaws, row: int, column: str, found: str) -> Flaw:
    """Say that a figure of a limit has more digits than the answer has room for."""
    en = f"`{column}` comes to {found}; it has room for 30 digits before the point."
    zh = f"“{column}”为 {found}，整数部分至多 30 位。"
    return Flaw("E010", flaws.place(row, column), found, "at most 30 digits", en, zh)
