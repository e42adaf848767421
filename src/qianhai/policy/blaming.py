"""How a mistake of a pack file is shown and worded: the line, the caret, both languages.

Holds words and rendering. Must not read a file or know a field's meaning.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from qianhai.kernel import nearest

#: So many names are listed where one of them was meant; more are not read.
_LISTED_MAX = 8
#: Chinese signs that an author types for those of YAML.
_FULL_WIDTH: Final = "，：［］｛｝＃"


class Span(NamedTuple):
    """Where a word of a file stands: line and column from 1, and how many characters it has."""

    line: int
    column: int
    length: int = 1


def width(text: str) -> int:
    """Return the columns a text takes on a terminal, where Chinese signs take two.

    >>> width("放款 x")
    6
    """
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def marked(line: str, span: Span) -> str:
    """Return a line of a file, indented by four, with carets under the word.

    >>> print(marked("  en: Lend", Span(1, 7, 4)))
        en: Lend
            ^^^^
    """
    line = "".join(sign if sign.isprintable() or sign == "\t" else "�" for sign in line)
    shown = line.replace("\t", " ").lstrip()
    before = shown[: max(span.column - 1 - (len(line) - len(shown)), 0)]
    under = shown[len(before) : len(before) + max(span.length, 1)]
    return f"    {shown.rstrip()}\n    {' ' * width(before)}{'^' * max(width(under), 1)}"


def hints(name: str, known: Iterable[str]) -> tuple[str, str]:
    """Return what to write instead of a name that leads nowhere, in English and Chinese.

    The nearest name, else all of them where they are few.

    >>> hints("lendre", ["lender", "bank"])
    (' Nearest name: `lender`.', '相近名称：“lender”。')
    """
    words = sorted(set(known))
    if near := nearest(name, words):
        return f" Nearest name: `{near}`.", f"相近名称：“{near}”。"
    if not words:
        return " There is none yet.", "目前一个也没有。"
    more = len(words) - _LISTED_MAX
    rest, zh_rest = (f" and {more} more", f"等 {len(words)} 个") if more > 0 else ("", "")
    listed = words[:_LISTED_MAX]
    return f" Known: {', '.join(listed)}{rest}.", f"已有：{'、'.join(listed)}{zh_rest}。"


#: What the reader of YAML says, what an author is told instead, and in Chinese.
_YAML: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "tab character",
        "a tab indents this line. Indent with spaces",
        "此行以制表符缩进。请改用空格",
    ),
    (
        "expected ',' or",
        "a bracket is open or a text in it needs quotes. Close it, or quote what holds `: ` or `,`",
        "括号未闭合，或其中的文字须加引号。请闭合括号；含“: ”、逗号或引号的文字请加引号",
    ),
    (
        "expected key",
        "this line is indented otherwise than its neighbours. Indent entries of one level alike",
        "此行缩进与相邻各行不一致。同级条目须缩进相同",
    ),
    (
        "mapping values are not allowed",
        "a second `: ` stands on this line. Put the text in quotes, or mend the indentation",
        "此行出现第二个“: ”。请给文字加引号，或改正缩进",
    ),
    (
        "expected ':'",
        "a key has no `: ` after it. Write `key: value`",
        "键后缺少“: ”。请写成“键: 值”",
    ),
    (
        "end of stream",
        "a quote or bracket is still open where the file ends. Close it",
        "文件结束时引号或括号仍未闭合。请补全",
    ),
    (
        "undefined alias",
        "a text that begins with * needs quotes. Write it in quotes",
        "以 * 开头的文字须加引号。请加引号",
    ),
    (
        "cannot start any token",
        "a text that begins with this sign needs quotes. Write it in quotes",
        "以此符号开头的文字须加引号。请加引号",
    ),
    (
        "another document",
        "a second document begins here. A file holds one; take the `---` out",
        "此处开始第二个文档。每个文件只有一个文档，请删去“---”",
    ),
    (
        "control character",
        "a control character stands here. Take it out",
        "此处有控制字符。请删去",
    ),
)


def yaml_words(problem: str, line: str, begun: int | None) -> tuple[str, str]:
    """Return what is wrong with a text that is no YAML, and what to do, in both languages.

    `problem` is the word of the reader of YAML, `line` the line it stopped at, `begun` the line
    on which what it could not finish had begun.
    """
    en, zh = next(
        ((en, zh) for word, en, zh in _YAML if word in problem), (problem, f"解析器提示：{problem}")
    )
    en, zh = f"the YAML cannot be read: {en}.", f"YAML 无法解析：{zh}。"
    if begun is not None:
        en, zh = f"{en} It began on line {begun}.", f"{zh}起于第 {begun} 行。"
    if full := [sign for sign in _FULL_WIDTH if sign in line]:
        signs = " ".join(full)
        en = f"{en} The full-width {signs} is a part of a text and never a sign of YAML."
        zh = f"{zh}全角符号 {signs} 只是文字，不能充当 YAML 符号。"
    return en, zh


#: What pydantic asks for, in both languages, by the type of its error.
WANTED: Final[Mapping[str, tuple[str, str]]] = {
    "string_type": ("a text", "文本"),
    "string_too_short": ("a text that is not empty", "非空文本"),
    "string_pattern_mismatch": (
        "a name of small letters, digits and _ that starts with a letter",
        "以字母开头、由小写字母、数字和下划线组成的名称",
    ),
    "int_parsing": ("a whole number", "整数"),
    "int_type": ("a whole number", "整数"),
    "less_than_equal": ("a smaller number", "较小的数"),
    "greater_than_equal": ("a greater number", "较大的数"),
    "bool_parsing": ("true or false", "true 或 false"),
    "bool_type": ("true or false", "true 或 false"),
    "tuple_type": ("a list", "列表"),
    "mapping_type": ("a mapping", "键值表"),
    "dict_type": ("a mapping", "键值表"),
    "model_type": ("a mapping", "键值表"),
    "too_short": ("at least one more entry", "更多条目"),
    "value_error": ("a day as YYYY-MM-DD", "形如 YYYY-MM-DD 的日期"),
}
