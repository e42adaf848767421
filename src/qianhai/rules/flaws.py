"""Mistakes of an expression: where each stands and how it is shown.

Holds places and rendering. Must not look for mistakes; what each code says is in `codes`.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from qianhai import kernel
from qianhai.rules.codes import CODES


@dataclass(frozen=True, slots=True)
class Source:
    """Where the text of an expression stands in its file.

    `line` and `column` (from 1) are where the YAML scalar starts, as its start mark says;
    `document` is the whole text of the file, from which the place of each character of a
    folded, quoted or block scalar is found again. Without it the text is taken as one that
    starts right there.
    """

    file: str
    line: int = 1
    column: int = 1
    document: str = field(default="", repr=False)

    def _offset(self, text: str, position: int) -> int | None:
        """Find a character of the text again in the document, by what is not blank before it."""
        lines = self.document.splitlines(keepends=True)
        if len(lines) < self.line:
            return None
        at = sum(map(len, lines[: self.line - 1])) + self.column - 1
        if self.document[at : at + 1] in {"|", ">"}:
            at = self.document.find("\n", at) + 1 or len(self.document)
        quote = self.document[at : at + 1] if self.document[at : at + 1] in {"'", '"'} else ""
        at += len(quote)
        for sign in text[:position]:
            if sign.isspace():
                continue
            at = _skip_blanks(self.document, at)
            if self.document[at : at + 1] != sign:
                return None
            at += 2 if sign == quote == "'" else 1
        # A strange blank is a mistake of its own; every other one may be folded.
        is_here = text[position : position + 1] == self.document[at : at + 1]
        return at if is_here else _skip_blanks(self.document, at)

    def locate(self, text: str, position: int) -> tuple[int, int, str]:
        """Return line, column (from 1) and the line itself for a position in the text."""
        at = self._offset(text, position) if self.document else None
        if at is not None:
            before = self.document[:at]
            start = before.rfind("\n") + 1
            whole = self.document[start:].split("\n", 1)[0]
            return before.count("\n") + 1, at - start + 1, whole
        line, column = line_and_column(text, position)
        shift = self.column - 1 if line == 1 else 0
        return self.line + line - 1, column + shift, " " * shift + text.split("\n")[line - 1]


def _skip_blanks(document: str, at: int) -> int:
    while at < len(document) and document[at].isspace():
        at += 1
    return at


def line_and_column(text: str, position: int) -> tuple[int, int]:
    r"""Return the line and column, from 1, of a position in a text.

    >>> line_and_column("a and\n  b", 8)
    (2, 3)
    """
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


@dataclass(frozen=True, slots=True)
class RuleFlaw:
    """One mistake. `line` and `column` (from 1) count within the expression's own text."""

    code: str
    line: int
    column: int
    length: int
    found: str
    expected: str
    en: str
    zh: str
    nearest: str
    text: str = field(repr=False)
    at: Source = field(repr=False)
    position: int = field(repr=False)
    heads: tuple[str, str] = field(repr=False)
    helps: tuple[str, str] = field(repr=False)

    def _excerpt(self) -> tuple[int, int, str]:
        line, column, whole = self.at.locate(self.text, self.position)
        shown = whole.lstrip()
        before = shown[: max(column - 1 - (len(whole) - len(shown)), 0)]
        marked = shown[len(before) : len(before) + self.length]
        caret = " " * _width(before) + "^" * max(_width(marked), 1)
        return line, column, f"    {shown.rstrip()}\n    {caret}"

    def render(self, language: str = "en") -> str:
        """Write the mistake for a terminal: file:line:column, the line, a caret, what to do."""
        side = 1 if language == "zh" else 0
        line, column, excerpt = self._excerpt()
        head = f"{self.at.file}:{line}:{column}: {self.code} {self.heads[side]}"
        return f"{head}\n{excerpt}\n  {self.helps[side]}"

    def as_flaw(self) -> kernel.Flaw:
        """Return the mistake as the kernel's flaw, with its place in the file."""
        line, column, excerpt = self._excerpt()
        place = kernel.Place(self.at.file, line, str(column))
        said = (self.found, self.expected, self.en, self.zh, excerpt)
        return kernel.Flaw(self.code, place, *said, length=self.length)


class RuleError(kernel.QianhaiError):
    """An expression cannot be used. Carries every mistake found in it."""

    exit_code = 3

    def __init__(self, flaws: Sequence[RuleFlaw]) -> None:
        assert flaws, "a refused expression has at least one mistake"
        self.flaws = tuple(flaws)
        super().__init__("\n".join(flaw.render() for flaw in self.flaws))


class Report:
    """The mistakes of one text, gathered while it is read and checked."""

    def __init__(self, text: str, at: Source) -> None:
        self.text = text
        self.at = at
        self._flaws: dict[tuple[int, str], RuleFlaw] = {}

    def note(self, code: str, start: int, end: int, **words: str) -> None:
        """Record a mistake between two positions; once for each place and code.

        `words` fill the formats of the code: `found`, `expected`, and their Chinese where they
        differ (`found_zh`, `expected_zh`); `nearest` is the name that may have been meant.
        """
        nearest = words.get("nearest", "")
        found, expected = words.get("found", self.text[start:end]), words.get("expected", "")
        given = {
            "found": found,
            "found_zh": found,
            "expected": expected,
            "expected_zh": expected,
            "nearest_en": f" Nearest name: `{nearest}`." if nearest else "",
            "nearest_zh": f"相近的名称：“{nearest}”。" if nearest else "",
        } | words
        code_of = CODES[code]
        en, help_en, zh, help_zh, wanted = (
            form.format_map(given)
            for form in (code_of.en, code_of.help_en, code_of.zh, code_of.help_zh, code_of.expected)
        )
        line, column = line_and_column(self.text, start)
        self._flaws.setdefault(
            (start, code),
            RuleFlaw(
                code=code,
                line=line,
                column=column,
                length=max(end - start, 1),
                found=found,
                expected=wanted,
                en=f"{en[:1].upper()}{en[1:]}. {help_en}",
                zh=f"{zh}。{help_zh}",
                nearest=nearest,
                text=self.text,
                at=self.at,
                position=start,
                heads=(en, zh),
                helps=(help_en, help_zh),
            ),
        )

    def note_unless_marked(self, code: str, start: int, end: int, **words: str) -> None:
        """Record a mistake of the grammar, unless the word there is refused as such already."""
        if not any(place == start for place, _ in self._flaws):
            self.note(code, start, end, **words)

    def __bool__(self) -> bool:
        """Tell whether there is a mistake."""
        return bool(self._flaws)

    def refuse(self) -> RuleError:
        """Return the error that carries every mistake, in the order of the text."""
        return RuleError([self._flaws[key] for key in sorted(self._flaws)])
