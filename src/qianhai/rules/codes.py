"""Every code a mistake of an expression can have, and how it is said in both languages.

Holds formats only: what is wrong, and what to do. P1xx the text is outside the profile, P2xx a
name is not known, P3xx the kinds do not fit. A code keeps its meaning for ever.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """What is wrong (`en`, `zh`), what to do about it, and what was expected, as formats."""

    expected: str
    en: str
    help_en: str
    zh: str
    help_zh: str


CODES: Final[dict[str, Code]] = {
    "P101": Code(
        "ASCII letters, digits and the signs of the profile",
        "the sign `{found}` is not part of a rule",
        "Rules are written with ASCII names, numbers, 'text', ( ) , + - * = <> < <= > >=.",
        "规则中不允许出现符号“{found}”",
        "规则只使用 ASCII 名称、数字、'文本' 和 ( ) , + - * = <> < <= > >=。",
    ),
    "P102": Code(
        "the end of the rule",
        "the rule is complete before `{found}`",
        "One text holds one expression. Join two with `and`, or remove the rest.",
        "规则在“{found}”之前已经结束",
        "一条文本只写一个表达式；请用 and 连接，或删去其余部分。",
    ),
    "P103": Code(
        "{expected}",
        "found {found} where {expected} belongs",
        "Write {expected} here.",
        "此处为{found_zh}，应为{expected_zh}",
        "请在此处写{expected_zh}。",
    ),
    "P104": Code(
        "no comment",
        "a comment stands in the rule",
        "Readers drop it and may drop what follows. Put it in a YAML comment or in `note`.",
        "规则中含有注释",
        "注释会被丢弃，并可能连带丢弃后文；请改写为 YAML 注释或放入 note。",
    ),
    "P105": Code(
        "{expected}",
        "`{found}` is not in the profile",
        "Engines differ on it, or it hides an unknown. Use {expected}.",
        "“{found}”不在允许的语法之内",
        "各引擎对它的解释不同，或会掩盖未知值；请改用{expected_zh}。",
    ),
    "P106": Code(
        "a plain decimal such as 5000000.26",
        "`{found}` is not a plain number",
        "Write digits and at most one point with digits on both sides (24 + 12 digits).",
        "“{found}”不是规范的数字",
        "请只写数字和至多一个小数点，小数点两侧都要有数字（整数24位、小数12位以内）。",
    ),
    "P107": Code(
        "a closing '",
        "the text that starts here has no end",
        "Close it with ' and write '' for a quote inside.",
        "此处开始的文本没有结束",
        "请用 ' 结束文本；文本内的引号写作 ''。",
    ),
    "P108": Code(
        "a day such as DATE '2023-02-23'",
        "`{found}` is not a day",
        "Write DATE 'YYYY-MM-DD' with a day that exists.",
        "“{found}”不是有效日期",
        "请写 DATE 'YYYY-MM-DD'，且该日须存在。",
    ),
    "P109": Code(
        "else",
        "the case has no `else`",
        "What holds otherwise must be said: add `else ...` before `end`.",
        "case 缺少 else",
        "其余情形必须写明：请在 end 之前补上 else。",
    ),
    "P110": Code(
        "a shorter rule",
        "the rule is too long or too deep ({found})",
        "Split it into several conditions.",
        "规则过长或嵌套过深（{found}）",
        "请拆分为多个条件。",
    ),
    "P111": Code(
        "an expression",
        "the rule is empty",
        "Write a condition, or `true`.",
        "规则为空",
        "请写出条件，或写 true。",
    ),
    "P112": Code(
        "one comparison at a time",
        "`{found}` compares the result of a comparison",
        "Join two comparisons with `and`, or write `between ... and ...`.",
        "“{found}”在比较另一个比较的结果",
        "请用 and 连接两个比较，或写 between … and …。",
    ),
    "P201": Code(
        "a parameter in scope",
        "unknown parameter `{found}`",
        "Parameters are the dated values in plan/parameters/.{nearest_en}",
        "未知参数“{found}”",
        "参数是 plan/parameters/ 中带日期的数值。{nearest_zh}",
    ),
    "P202": Code(
        "a reading in scope",
        "unknown reading `{found}`",
        "Readings are listed in plan/vocabulary/switches.yaml.{nearest_en}",
        "未知解释口径“{found}”",
        "解释口径列于 plan/vocabulary/switches.yaml。{nearest_zh}",
    ),
    "P203": Code(
        "a clause of the plan",
        "unknown clause `{found}`",
        "Clauses are listed in the measure files.{nearest_en}",
        "未知条款“{found}”",
        "条款列于各措施文件。{nearest_zh}",
    ),
    "P204": Code(
        "a fact in scope",
        "unknown fact `{found}`",
        "Facts are declared under `facts`, named parts under `let`.{nearest_en}",
        "未知事实“{found}”",
        "事实在 facts 中声明，中间值在 let 中声明。{nearest_zh}",
    ),
    "P205": Code(
        "a function of the profile",
        "unknown function `{found}`",
        "The functions are {expected}.{nearest_en}",
        "未知函数“{found}”",
        "可用的函数：{expected}。{nearest_zh}",
    ),
    "P206": Code(
        "{expected}",
        "'{found}' is not a value of this kind",
        "The values are {expected}.{nearest_en}",
        "“{found}”不是该类事实的取值",
        "取值只有：{expected}。{nearest_zh}",
    ),
    "P207": Code(
        "a currency code of the table",
        "unknown currency '{found}'",
        "Currencies are written as their ISO 4217 codes.{nearest_en}",
        "未知币种“{found}”",
        "币种须写 ISO 4217 代码。{nearest_zh}",
    ),
    "P208": Code(
        "one of {expected}",
        "`{found}` is a group of facts",
        "Name one of them: {expected}.",
        "“{found}”是一组事实",
        "请指明其中之一：{expected}。",
    ),
    "P209": Code(
        "a table of the pack",
        "unknown table `{found}`",
        "A table is a file of the pack that answers cell by cell.{nearest_en}",
        "未知对照表“{found}”",
        "对照表是规则包中逐格给出答案的文件。{nearest_zh}",
    ),
    "P301": Code(
        "{expected}",
        "found {found} where {expected} is needed",
        "Make both sides one kind; an amount other than 0 is a fact or a parameter.",
        "此处为 {found_zh}，需要 {expected_zh}",
        "请使两边属于同一类；0 以外的金额须来自事实或参数。",
    ),
    "P302": Code(
        "{expected}",
        "{found} meets {expected}",
        "Amounts of different currencies do not compare or add. Convert one with in_currency.",
        "{found_zh}与{expected_zh}相遇",
        "不同币种的金额不能比较或相加；请用 in_currency 折算其一。",
    ),
    "P303": Code(
        "{expected}",
        "{found} does not convert this amount",
        "in_currency needs {expected}, or its inverse.",
        "{found_zh}不能折算该金额",
        "in_currency 需要{expected_zh}，或其倒数。",
    ),
    "P304": Code(
        "money times a number",
        "{found} is multiplied by {expected}",
        "Multiply an amount by a number; for a rate use in_currency.",
        "{found_zh}与{expected_zh}相乘",
        "金额只能乘以数值；汇率请用 in_currency。",
    ),
    "P305": Code(
        "an optional fact",
        "`{found}` is never recorded as absent",
        "Only an optional fact is asked `is null` or stands first in coalesce.",
        "“{found}”不会被记录为“无”",
        "只有可缺省的事实才能用 is null 或 coalesce。",
    ),
    "P306": Code(
        "the question `is not null` first",
        "`{found}` may be recorded as absent",
        "Ask `{found} is not null and ...` first, or say its value with coalesce({found}, ...).",
        "“{found}”可能被记录为“无”",
        "请先写 {found} is not null and …，或用 coalesce({found}, …) 给出其值。",
    ),
    "P307": Code(
        "{expected}",
        "`{found}` is not called in its form",
        "Its form is {expected}.",
        "“{found}”的写法不对",
        "其写法为 {expected}。",
    ),
    "P308": Code(
        "no list function inside another",
        "`{found}` stands inside another list function",
        "Ask for one list at a time and join the answers.",
        "“{found}”位于另一个列表函数之内",
        "请一次只对一个列表提问，再组合结果。",
    ),
    "P309": Code(
        "one currency for all rows",
        "each row has its own currency",
        "Convert inside: {found}(rows, in_currency(amount, 'CNY', rate)).",
        "各行币种不同",
        "请在函数内折算：{found}(rows, in_currency(amount, 'CNY', rate))。",
    ),
    "P310": Code(
        "a rate that multiplies",
        "a rate divides inside `{found}`",
        "Convert after {found}, or state the rate as units of the target for one unit.",
        "在“{found}”之内除以汇率",
        "请在 {found} 之外折算，或以每一单位合若干目标币种表示汇率。",
    ),
    "P311": Code(
        "= or <>",
        "{found} has no order",
        "Compare it with =, <> or in; the order of words differs by engine.",
        "{found_zh}没有大小顺序",
        "请用 =、<> 或 in 比较；各引擎的文字排序不同。",
    ),
}
