"""The sentences in which a broken ledger is told: where, what is stored, what was expected.

Holds words only. Codes are stable; `verify` finds what they name.
"""

from typing import Final

from qianhai.kernel import Flaw, Place

_DO: Final = (
    " Compare with a backup and find who wrote to the database outside this program.",
    "请与备份核对，并查明是谁绕过本程序写入了数据库。",
)
#: Code: what is expected, the sentence in English, the sentence in Chinese.
_FORMS: Final = {
    "L101": (
        "the content its digest or checksum was made of",
        "Row {number} of ledger.{table} was changed after it was written.",
        "ledger.{table} 的第 {number} 行在写入之后被改动。",
    ),
    "L102": (
        "rows numbered without a gap",
        "Before row {number} of ledger.{table} at least one row is missing.",
        "ledger.{table} 的第 {number} 行之前至少缺少一行。",
    ),
    "L103": (
        "no row after the last batch",
        "Row {number} of ledger.{table} belongs to no batch: it was added from outside.",
        "ledger.{table} 的第 {number} 行不属于任何批次，是从外部添加的。",
    ),
    "L104": (
        "the hash over the batch before and the digests of this one",
        "The hash of batch {number} does not follow from what is stored.",
        "第 {number} 批的哈希与所存内容不符。",
    ),
    "L105": (
        "{expected}",
        "{column} of row {number} of ledger.{table} is not what all its transfers add up to.",
        "ledger.{table} 第 {number} 行的 {column} 与全部转账的累计结果不符。",
    ),
    "L106": (
        "{expected}",
        "The transfer {number} passed the {column} it had to keep.",
        "第 {number} 笔转账越过了必须遵守的 {column}。",
    ),
    "L107": (
        "a posted chain of the same institution that covers it, and two open accounts of one asset",
        "The transfer {number} does not belong to the chain and accounts it names.",
        "第 {number} 笔转账与其所列的交易链及账户不符。",
    ),
    "L108": (
        "one row for each posted hold, resolved by the chain that continued it",
        "The hold of chain {number} is not what the chains say: {column}.",
        "交易链 {number} 的冻结记录与交易链不符：{column}。",
    ),
    "L109": (
        "{expected}",
        "The head row is not the last batch of the ledger: {column}.",
        "总账头记录与最后一个批次不符：{column}。",
    ),
    "L110": (
        "{expected}",
        "The history was cut or rewritten: batch {number} is not the one the given head names.",
        "历史被截断或改写：第 {number} 批与所给头部不符。",
    ),
    "L111": (
        "the rows the batch's digest was made of",
        "Among rows {number} to {last} of ledger.{table} at least one was changed, added or lost.",
        "ledger.{table} 的第 {number} 至 {last} 行中至少有一行被改动、添加或丢失。",
    ),
    "L112": (
        "the row as the first form of the ledger has it",
        "Row {number} of ledger.{table} is not what the first form of the ledger has.",
        "ledger.{table} 的第 {number} 行与账本第一代表格中的内容不符。",
    ),
}


def flaw(code: str, table: str, number: int, value: object, **data: object) -> Flaw:
    """Say one difference; `data` fills the sentence (`column`, `expected`).

    >>> flaw("L101", "transfers", 7, "ff").en[:56]
    'Row 7 of ledger.transfers was changed after it was writt'
    """
    expected, en, zh = (
        text.format(
            **{"table": table, "number": number, "column": "", "expected": "", "last": "", **data}
        )
        for text in _FORMS[code]
    )
    column = str(data["column"]) if data.get("column") else None
    place = Place(f"ledger.{table}", number, column)
    return Flaw(code, place, str(value), expected, en + _DO[0], zh + _DO[1])
