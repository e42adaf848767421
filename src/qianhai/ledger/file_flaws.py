"""The mistakes a file for the ledger can hold, in words, and the list they are gathered on.

Holds words and the making of a flaw. Must not hold the checks: they stand where a file is read.
docs/ledger.md lists the same codes (a test holds the two together).
"""

from typing import Final, NamedTuple

from qianhai.kernel import BadInput, Flaw, Place

_SHOWN_CHARS_MAX: Final = 200


class Words(NamedTuple):
    """What one code says: what was expected, and what is wrong and what to do, in en and zh."""

    expected: str
    en: str
    zh: str


#: Code -> words. 20x any file, 21x its columns, 22x a cell, 23x a chain, 24x accounts. Codes never
#: change.
TEXTS: Final[dict[str, Words]] = {
    "L201": Words(
        "a readable file",
        "The file could not be opened ({value}); check its path and permissions.",
        "文件无法打开（{value}）；请检查路径和权限。",
    ),
    "L202": Words(
        "a header and at least one row",
        "The file holds no rows; fill it or leave it out.",
        "文件中没有任何数据行；请填写内容，或不要提交该文件。",
    ),
    "L203": Words(
        "UTF-8",
        "The text is not UTF-8 but looks like {value}; save it again as UTF-8.",
        "文本不是 UTF-8 编码，看起来是 {value}；请另存为 UTF-8。",
    ),
    "L204": Words(
        "at most {limit} bytes in a line",
        "The line is longer than {limit} bytes; check for a missing line break or quote.",
        "该行超过 {limit} 字节；请检查是否缺少换行或引号。",
    ),
    "L205": Words(
        "characters a person can see",
        "The line holds the hidden character {value}; delete it, so that all readers see one text.",
        "该行含有不可见字符 {value}；请删除，以保证所有人看到的内容一致。",
    ),
    "L206": Words(
        "quotes around the whole cell, closed on the same line",
        "A quote on this line is not closed or stands alone: {value}; quote the whole cell on one"
        " line and double the quotes inside.",
        "该行的引号没有关闭或单独出现：{value}；请在同一行内将整格括起，格内引号写两次。",
    ),
    "L207": Words(
        "{limit} cells",
        "The row has {value} cells and the header has {limit}; check for a missing comma, or put"
        " quotes around a text that holds one.",
        "该行有 {value} 格，表头有 {limit} 格；请检查是否缺少逗号，含逗号的文本须加引号。",
    ),
    "L208": Words(
        "a whole Parquet file",
        "The file is no whole Parquet file ({value}); write or send it again.",
        "文件不是完整的 Parquet 文件（{value}）；请重新生成或发送。",
    ),
    "L209": Words(
        "fewer than {limit} flaws",
        "{limit} flaws were found and reading stopped; correct these and load again.",
        "已发现 {limit} 处问题，停止读取；请先更正再载入。",
    ),
    "L210": Words(
        "the file that was checked",
        "The file was changed while it was being loaded ({value}); load it again: what is in the"
        " books stays, and nothing is booked twice.",
        "文件在载入过程中被改动（{value}）；请重新载入：已入账的保留，不会重复入账。",
    ),
    "L211": Words(
        "the column {name}",
        "The file lacks the column {name}; its columns are {value}. Add it.",
        "文件缺少列 {name}，现有列为 {value}；请补充。",
    ),
    "L212": Words(
        "each column once",
        "The column {value} stands twice; rename or delete one.",
        "列 {value} 出现两次；请改名或删除其一。",
    ),
    "L213": Words(
        "one of {known}",
        "The column {value} has no meaning here; rename or delete it.{near}",
        "列 {value} 在此没有含义；请改名或删除。{near_zh}",
    ),
    "L214": Words(
        "{known}",
        "The column {name} holds {value}; write it as {known}.",
        "列 {name} 的类型为 {value}；应为 {known}。",
    ),
    "L220": Words(
        "a value",
        "{name} is empty; every row of this kind needs one.",
        "{name} 为空；此类行必须填写。",
    ),
    "L221": Words(
        "{known}",
        "{name} reads {value}; write {known}.",
        "{name} 为 {value}；应为{known_zh}。",
    ),
    "L222": Words(
        "a plain decimal such as 1200.50, at most {limit} decimals, below 2^63 smallest units",
        "{name} reads {value}; write digits with a point and at most {limit} decimals, without"
        " thousands marks, signs of currency or exponents.",
        "{name} 为 {value}；请写成最多 {limit} 位小数的数字，不用千分位、货币符号和科学计数法。",
    ),
    "L223": Words(
        "at most {limit} characters",
        "{name} has {value} characters, more than the {limit} allowed; shorten it.",
        "{name} 为 {value} 个字符，超过上限 {limit}；请缩短。",
    ),
    "L224": Words(
        "an open account",
        "There is no account {value}; correct the name, or name it in a file given by --accounts.",
        "没有账户 {value}；请更正名称，或用 --accounts 提供含有该账户的文件。",
    ),
    "L225": Words(
        "{expected}",
        "The row says asset {value}, the account {name} holds {expected}; correct one of them.",
        "该行资产为 {value}，账户 {name} 的资产为 {expected}；请更正其一。",
    ),
    "L231": Words(
        "{expected}",
        "{name} reads {value}, the first row of the same chain says {expected}; a chain has one.",
        "{name} 为 {value}，同一交易链首行为 {expected}；一条链只能有一个值。",
    ),
    "L232": Words(
        "the rows of a chain one after another",
        "The chain {value} began at line {line} and goes on here after another chain; put its rows"
        " together, or give one of the two an id of its own.",
        "交易链 {value} 始于第 {line} 行，在其他链之后又出现；请将其各行放在一起，或另取标识。",
    ),
    "L233": Words(
        "at most {limit} rows in a chain",
        "The chain {value} has more than {limit} rows, the most that are booked at once; split it.",
        "交易链 {value} 超过 {limit} 行（一次入账的上限）；请拆分。",
    ),
    "L234": Words(
        "no of_id",
        "A {kind} begins something and continues nothing, but of_id reads {value}; empty it.",
        "{kind} 不接续其他交易链，但 of_id 为 {value}；请清空。",
    ),
    "L235": Words(
        "no expires_at",
        "Only a hold expires, but this {kind} has expires_at {value}; empty it.",
        "只有 hold 有到期时刻，但该 {kind} 的 expires_at 为 {value}；请清空。",
    ),
    "L236": Words(
        "a cap, and a next row of the chain",
        "The row spills without a cap, or as the last of its chain; {name} needs both.",
        "该行要求溢出，但没有上限，或已是该链的最后一行；{name} 需要二者。",
    ),
    "L237": Words(
        "held beside amount, or neither",
        "A commit posts its whole hold, but the amount reads {value}; empty it, or say in `held`"
        " what each leg had set aside (negative), as `qianhai ledger export` writes it.",
        "commit 将整笔冻结入账，但 amount 为 {value}；请清空，或如 qianhai ledger export 所写，"
        "在 held 中写明各分录原冻结的金额（负数）。",
    ),
    "L241": Words(
        "each account once",
        "The account {value} stands in lines {lines}; keep one.",
        "账户 {value} 出现在第 {lines} 行；请只保留一个。",
    ),
    "L242": Words(
        "{expected}",
        "The account {value} is open with other content: {expected}. Correct the row or leave it"
        " out.",
        "账户 {value} 已按其他内容开立：{expected}；请更正该行或去掉。",
    ),
    "L243": Words(
        "{expected}",
        "The asset {value} is on record or in an earlier line with another scale or kind:"
        " {expected}.",
        "资产 {value} 在记录中或前面的行中有不同的小数位或类别：{expected}；请更正。",
    ),
    "L244": Words(
        "floor at most 0, ceiling at least 0",
        "The account {value} could not be opened at zero: its floor is above or its ceiling below.",
        "账户 {value} 无法以零余额开立：下限高于零，或上限低于零；请更正。",
    ),
    "L401": Words(
        "a value",
        "{name} is empty or missing; each line of a statement needs reference or text, amount and"
        " value_on.",
        "{name} 为空或缺失；对账单每行须有 amount 和 value_on。",
    ),
    "L402": Words(
        "an account of this ledger",
        "There is no account {value}; `qianhai ledger export balances` lists them.",
        "没有账户 {value}；可用 qianhai ledger export balances 查看。",
    ),
}  # fmt: skip


def shown(text: str) -> str:
    r"""Write a hostile text so that it cannot change the line it is printed in.

    >>> shown("a\u202eb")
    'a\\u202eb'
    """
    cut = text if len(text) <= _SHOWN_CHARS_MAX else text[:_SHOWN_CHARS_MAX] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def file_flaw(code: str, place: Place, value: object = "", **named: object) -> Flaw:
    """Make the flaw of a code at a place; `named` fills its words.

    >>> file_flaw("L212", Place("day.csv", 1), "debit").en
    'The column debit stands twice; rename or delete one.'
    """
    words = TEXTS[code]
    fills = {name: shown(str(text)) for name, text in named.items()} | {"value": shown(str(value))}
    expected, en, zh = (text.format_map(fills) for text in words)
    return Flaw(code, place, fills["value"], expected, en, zh)


class Flaws:
    """The flaws of a file as they are found: all of them, up to a bound at which reading stops."""

    def __init__(self, most: int = 1_000) -> None:
        self.found: list[Flaw] = []
        self._most = most

    def add(self, code: str, place: Place, value: object = "", **named: object) -> None:
        """Add a flaw.

        Raises:
            BadInput: it was the last one that is listed.
        """
        self.found.append(file_flaw(code, place, value, **named))
        if len(self.found) >= self._most:
            self.found.append(file_flaw("L209", Place(place.file), limit=self._most))
            raise BadInput(self.found)

    def end(self) -> None:
        """End the check of a file.

        Raises:
            BadInput: there are flaws.
        """
        if self.found:
            raise BadInput(
                sorted(self.found, key=lambda flaw: (flaw.place.file, flaw.place.line or 0))
            )
