"""Every mistake a file can hold, each with its code and its words in English and Chinese.

Holds the words and the making of a flaw. Must not hold the checks: they stand where the file is
read. docs/files.md lists the same codes (a test holds the two together).
"""

import re
from typing import Final, NamedTuple

from qianhai.kernel import Flaw, Place

_SHOWN_CHARS_MAX = 200


class Words(NamedTuple):
    """What one code says: what was expected, and what is wrong and what to do, in en and zh."""

    expected: str
    en: str
    zh: str


#: Code -> words. 1xx any file, 2xx CSV, 3xx XLSX, 4xx JSONL, 5xx pain.001. Codes never change.
TEXTS: Final[dict[str, Words]] = {
    "M101": Words(
        "a readable file",
        "The file could not be opened ({value}); check its path and permissions.",
        "文件无法打开（{value}）；请检查路径和权限。",
    ),
    "M102": Words(
        "a header and at least one row, or at least one transaction",
        "The file holds no rows of business; fill it or leave it out.",
        "文件中没有任何业务行；请填写内容，或不要提交该文件。",
    ),
    "M103": Words(
        "at most {limit} bytes",
        "The file has {value} bytes, more than the {limit} allowed; split it.",
        "文件为 {value} 字节，超过上限 {limit} 字节；请拆分后提交。",
    ),
    "M104": Words(
        "UTF-8",
        "The text is not UTF-8 but looks like {value}; save it again as UTF-8 "
        '(in Excel: Save As, "CSV UTF-8").',
        "文本不是 UTF-8 编码，看起来是 {value}；请另存为 UTF-8（Excel：另存为“CSV UTF-8”）。",
    ),
    "M105": Words(
        "a name ending in {suffix}",
        "The name ends in {value}, but the content is {kind}; rename the file to {suffix}.",
        "文件名以 {value} 结尾，但内容是 {kind}；请将扩展名改为 {suffix}。",
    ),
    "M106": Words(
        "at most {limit} rows",
        "The file goes on after row {limit}, the most that is read; split it.",
        "文件超过 {limit} 行的上限；请拆分后提交。",
    ),
    "M107": Words(
        "fewer than {limit} flaws",
        "{limit} flaws were found and reading stopped; correct these and submit again.",
        "已发现 {limit} 处问题，停止读取；请先更正再提交。",
    ),
    "M108": Words(
        "characters a person can see",
        "The text holds the hidden character {value}; delete it, so that all readers see one text.",
        "文本含有不可见字符 {value}；请删除，以保证所有人看到的内容一致。",
    ),
    "M109": Words(
        "at most {limit} characters",
        "The text has {value} characters, more than the {limit} allowed; shorten it.",
        "文本为 {value} 个字符，超过上限 {limit}；请缩短。",
    ),
    "M110": Words(
        "at most {limit} columns",
        "The row has {value} fields, more than the {limit} allowed; remove what is not needed.",
        "该行有 {value} 个字段，超过上限 {limit}；请删除不需要的字段。",
    ),
    "M111": Words(
        "at most {limit} bytes in a line",
        "The line is longer than {limit} bytes; check for a missing line break or quote.",
        "该行超过 {limit} 字节；请检查是否缺少换行或引号。",
    ),
    "M112": Words(
        "CSV, XLSX, JSONL or pain.001",
        "The file is {value}, which is not read here; save it as CSV, XLSX, JSONL or pain.001.",
        "文件是 {value}，不能读取；请另存为 CSV、XLSX、JSONL 或 pain.001。",
    ),
    "M201": Words(
        "a name",
        "Header cell {number} is empty; name the column or delete it.",
        "表头第 {number} 格为空；请填写列名，或删除该列。",
    ),
    "M202": Words(
        "each name once",
        "The header names {value} twice (cells {first} and {number}); rename or delete one.",
        "表头中 {value} 出现两次（第 {first} 格和第 {number} 格）；请改名或删除其一。",
    ),
    "M203": Words(
        "a name on one line, of at most 200 characters",
        "Header cell {number} reads {value}; write one short name without line breaks.",
        "表头第 {number} 格为 {value}；请填写一个不含换行的短列名。",
    ),
    "M204": Words(
        "{limit} cells",
        "The row has {value} cells and the header has {limit}; "
        "check for a missing comma, or put quotes around a text that holds one.",
        "该行有 {value} 格，表头有 {limit} 格；请检查是否缺少逗号，含逗号的文本须加引号。",
    ),
    "M205": Words(
        "quotes around the whole cell, doubled inside it",
        "A quote stands alone in {value}; quote the whole cell and double the quotes inside.",
        "{value} 中有单独的引号；请将整格用引号括起，格内引号写两次。",
    ),
    "M206": Words(
        "a closing quote",
        "The quote opened here is never closed; close it.",
        "此处打开的引号没有关闭；请补上引号。",
    ),
    "M207": Words(
        "cells separated by commas",
        "The header seems to be separated by {value}; save the file with commas.",
        "表头似乎以 {value} 分隔；请以逗号分隔保存。",
    ),
    "M301": Words(
        "an XLSX workbook without a password",
        "The workbook is encrypted or of the old XLS kind; save it as XLSX without a password.",
        "工作簿已加密，或为旧式 XLS；请另存为不带密码的 XLSX。",
    ),
    "M302": Words(
        "a complete XLSX workbook",
        "The workbook is cut off or damaged ({value}); save or send it again.",
        "工作簿不完整或已损坏（{value}）；请重新保存或发送。",
    ),
    "M303": Words(
        "at most {limit}",
        "The workbook's {what}, {value}, passes the limit of {limit}; split it or save it anew.",
        "工作簿的{what}（{value}）超过上限 {limit}；请拆分，或重新保存。",
    ),
    "M304": Words(
        "values only",
        "The workbook carries {value}; save it as XLSX without macros, links or embedded files.",
        "工作簿含有 {value}；请另存为不含宏、外部链接和嵌入文件的 XLSX。",
    ),
    "M305": Words(
        "no merged cells",
        "The cells {value} are merged; unmerge them and fill every row.",
        "单元格 {value} 已合并；请取消合并，并逐行填写。",
    ),
    "M306": Words(
        "a value",
        "The formula {value} has no stored value; open and save it in Excel, or paste the value.",
        "公式 {value} 没有保存的值；请在 Excel 中打开并保存，或粘贴为数值。",
    ),
    "M307": Words(
        "a value",
        "The cell shows the error {value}; correct it or empty it.",
        "单元格显示错误 {value}；请更正或清空。",
    ),
    "M308": Words(
        "a number of at most 15 digits",
        "Excel keeps only 15 digits, so the number {value} may not be what was typed; "
        "round it, or format the cell as text and type it again.",
        "Excel 只保留 15 位数字，{value} 可能不是原来输入的数；"
        "请四舍五入，或将单元格设为文本后重新输入。",
    ),
    "M309": Words(
        "a day from 1900-03-01 to 9999-12-31",
        "The cell is formatted as a date, but {value} is no day; write it as text, YYYY-MM-DD.",
        "单元格为日期格式，但 {value} 不是有效日期；请写成文本 YYYY-MM-DD。",
    ),
    "M310": Words(
        "a part as a spreadsheet program writes it",
        "The workbook's part {part} is not as expected ({value}); save it anew in Excel.",
        "工作簿的部件 {part} 不符合要求（{value}）；请在 Excel 中重新保存。",
    ),
    "M311": Words(
        "values under a header",
        "The value {value} stands in a column without a header; name it or delete the value.",
        "值 {value} 所在的列没有表头；请填写列名，或删除该值。",
    ),
    "M312": Words(
        "everything visible",
        "The {what} {value} is hidden and would be booked unseen; unhide or delete it.",
        "{what} {value} 已隐藏，会在无人看到的情况下入账；请取消隐藏或删除。",
    ),
    "M401": Words(
        "one JSON object",
        "The line is not JSON at character {number}: {value}; write one object on each line.",
        "该行第 {number} 个字符处不是 JSON：{value}；请每行写一个对象。",
    ),
    "M402": Words(
        'one JSON object, {{"field": "value"}}',
        "The line holds {value} where an object is expected; write the fields by name.",
        "该行是 {value}，应为对象；请按字段名填写。",
    ),
    "M403": Words(
        "each field once",
        "The field {value} is given twice in this line; keep one.",
        "该行中字段 {value} 出现两次；请只保留一个。",
    ),
    "M404": Words(
        "a list of objects",
        "The list holds {value}; lists may hold objects only.",
        "列表中含有 {value}；列表只能由对象组成。",
    ),
    "M405": Words(
        'the number as a text, "{value}"',
        'The number {value} may change when it is read; write it in quotes: "{value}".',
        '小数 {value} 在读取时可能变化；请加引号写成 "{value}"。',
    ),
    "M406": Words(
        "a number",
        "{value} is not a number; leave the field out if it is not known.",
        "{value} 不是数字；如未知，请不要填写该字段。",
    ),
    "M407": Words(
        "at most {limit} levels",
        "The objects are nested deeper than {limit} levels; flatten them.",
        "对象嵌套超过 {limit} 层；请减少层次。",
    ),
    "M408": Words(
        "a field name",
        "The field name reads {value}; write a short name without line breaks.",
        "字段名为 {value}；请使用不含换行的短名称。",
    ),
    "M501": Words(
        "no DOCTYPE",
        "The file declares a DOCTYPE ({value}), which can hide content; remove it.",
        "文件声明了 DOCTYPE（{value}），可能隐藏内容；请删除。",
    ),
    "M502": Words(
        "well-formed XML",
        "The XML breaks off or is not well formed ({value}); send the complete file again.",
        "XML 不完整或格式错误（{value}）；请重新发送完整文件。",
    ),
    "M503": Words(
        "a Document of {versions}",
        "No payment message was found: the outermost element is {value}; send a pain.001 Document.",
        "未找到付款报文：最外层元素是 {value}；请发送 pain.001 的 Document。",
    ),
    "M504": Words(
        "{versions}",
        "The message is {value}; only {versions} are read here.",
        "报文类型为 {value}；此处只读取 {versions}。",
    ),
    "M505": Words(
        "the namespace of the Document",
        "The element {value} is not in the Document's namespace; check its prefix.",
        "元素 {value} 不在 Document 的命名空间中；请检查前缀。",
    ),
    "M506": Words(
        "{known}",
        "The element {value} has no place in {parent}; expected here: {known}.",
        "{parent} 中不允许元素 {value}；此处可用：{known}。",
    ),
    "M507": Words(
        "{value} before {after}",
        "The element {value} comes after {after}; move it before.",
        "元素 {value} 出现在 {after} 之后；请移到其前面。",
    ),
    "M508": Words(
        "at most {limit}",
        "The element {value} stands more than {limit} times in {parent}; remove the surplus.",
        "元素 {value} 在 {parent} 中出现超过 {limit} 次；请删除多余的。",
    ),
    "M509": Words(
        "{missing}",
        "{parent} lacks {missing}; add it.",
        "{parent} 缺少 {missing}；请补充。",
    ),
    "M510": Words(
        "one of {known}",
        "{parent} already holds another choice beside {value}; keep one of {known}.",
        "{parent} 中除 {value} 外已有其他选项；只能保留 {known} 之一。",
    ),
    "M511": Words(
        "elements only",
        "{parent} holds the text {value} between its elements; remove it.",
        "{parent} 的元素之间含有文本 {value}；请删除。",
    ),
    "M512": Words(
        "{kind}",
        '{element} reads "{value}"; write {kind}.',
        "{element} 的值为“{value}”；应为：{kind_zh}。",
    ),
    "M513": Words(
        "the attribute {name}",
        "{element} lacks the attribute {name}; add it.",
        "{element} 缺少属性 {name}；请补充。",
    ),
    "M514": Words(
        "no such attribute",
        "{element} carries the attribute {value}, which has no place here; remove it.",
        "{element} 带有不允许的属性 {value}；请删除。",
    ),
    "M515": Words(
        "at most {limit}",
        "The XML passes the limit of {limit} ({value}); send the message as a bank writes it.",
        "XML 超过上限 {limit}（{value}）；请按银行报文格式发送。",
    ),
    "M516": Words(
        "{counted}",
        "{element} says {value} transactions and {counted} are there; correct the number.",
        "{element} 写明 {value} 笔，实际有 {counted} 笔；请更正。",
    ),
    "M517": Words(
        "{counted}",
        "{element} says {value} and the amounts add up to {counted}; correct the sum.",
        "{element} 写明 {value}，金额合计为 {counted}；请更正。",
    ),
    "M518": Words(
        "an id used once",
        "The id {value} was used by an earlier transaction of this file; give each its own.",
        "标识 {value} 已被本文件中的另一笔交易使用；请为每笔交易使用不同的标识。",
    ),
    "M519": Words(
        "an InstrId, or an EndToEndId other than NOTPROVIDED",
        "The transaction has no id of its own ({value}); give it an InstrId.",
        "该笔交易没有自己的标识（{value}）；请填写 InstrId。",
    ),
    "M520": Words(
        "a currency that is booked here",
        "The currency {value} is not booked here; use one of {known}.",
        "此处不受理币种 {value}；可用：{known}。",
    ),
    "M521": Words(
        "at most {limit} decimals",
        "The amount {value} has more decimals than {currency} has ({limit}); correct it.",
        "金额 {value} 的小数位超过 {currency} 的 {limit} 位；请更正。",
    ),
    "M522": Words(
        "a field name such as contract_number",
        "The fact name {value} is no field name; use small letters, digits, _ and dots.",
        "事实名称 {value} 不是字段名；请使用小写字母、数字、下划线和点。",
    ),
    "M523": Words(
        "a fact the message does not already say, once",
        "The fact {value} is given twice or is said elsewhere in the message; remove it here.",
        "事实 {value} 重复，或报文其他位置已有说明；请在此删除。",
    ),
    "M524": Words(
        "facts inside CdtTrfTxInf",
        "Facts stand outside a transaction; move them into the transaction they are about.",
        "事实写在交易之外；请移到其所属的交易中。",
    ),
    "M525": Words(
        "a field and text that {version} has a place for",
        "The field {name} with the text {value} has no place in {version}; leave it out.",
        "{version} 中没有字段 {name}（值为 {value}）的位置；请不要填写。",
    ),
    "M526": Words(
        "one of {known}",
        "{parent} holds none of {known}; add one.",
        "{parent} 中没有 {known} 之一；请补充。",
    ),
    "M527": Words(
        "UTF-8",
        "The XML is written in {value}; write it in UTF-8 and declare that.",
        "XML 使用 {value} 编码；请改用 UTF-8 并在声明中注明。",
    ),
}  # fmt: skip


#: What the readers fill in themselves, in Chinese; whatever a file says is shown as it is.
_PHRASES: Final = {
    "null": "空值",
    "true or false": "真假值",
    "an object": "对象",
    "a list": "列表",
    "a text or number": "文本或数字",
    "the line ends": "行已结束",
    "a PDF": "PDF 文件",
    "compressed": "压缩文件",
    "a RAR archive": "RAR 压缩包",
    "a ZIP archive": "ZIP 压缩包",
    "a workbook with macros": "含宏的工作簿",
    "an old XLS workbook": "旧式 XLS 工作簿",
    "a binary workbook": "二进制工作簿",
    "an ODS workbook": "ODS 工作簿",
    "a JSON document": "JSON 文档",
    "macros": "宏",
    "links to other files": "指向其他文件的链接",
    "embedded files": "嵌入文件",
    "controls": "控件",
    "data connections": "数据连接",
    "missing or unreadable": "缺失或无法读取",
    "number of parts": "部件数量",
    "unpacked size": "解压后的大小",
    "packing ratio": "压缩比",
    "number of shared texts": "共享文本数量",
    "sheet": "工作表",
    "row": "行",
    "column": "列",
    "an element": "一个元素",
    "text only": "仅文本",
    "of no namespace": "无命名空间",
    "elements inside elements": "元素嵌套",
    "one tag or comment": "单个标记或注释",
    "characters in one element": "单个元素的字符数",
}


def shown(text: str) -> str:
    r"""Write a hostile text so that it cannot change the line it is printed in.

    >>> shown("a\u202eb")
    'a\\u202eb'
    """
    cut = text if len(text) <= _SHOWN_CHARS_MAX else text[:_SHOWN_CHARS_MAX] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def flaw_at(code: str, place: Place, value: object = "", **named: object) -> Flaw:
    """Make the flaw of a code at a place; `named` fills its words.

    >>> flaw_at("M205", Place("day.csv", 3), 'a"b').en
    'A quote stands alone in a"b; quote the whole cell and double the quotes inside.'
    """
    words = TEXTS[code]
    found = shown(str(value))
    fills = {name: shown(str(text)) for name, text in named.items()} | {"value": found}
    fills_zh = {name: _PHRASES.get(text, text) for name, text in fills.items()}
    expected, en = words.expected.format_map(fills), words.en.format_map(fills)
    return Flaw(code, place, found, expected, en, words.zh.format_map(fills_zh))


# Controls except tab and line breaks, direction overrides, and halves of a character: a person
# and a program would see two different texts.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff"
    "\ud800-\udfff]"
)


def hidden_in(text: str) -> str:
    r"""Return the first character a person could not see, or an empty string.

    >>> hidden_in("前海\u202e"), hidden_in("two\nlines")
    ('\u202e', '')
    """
    found = _HIDDEN.search(text)
    return found.group() if found else ""
