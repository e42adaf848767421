"""An interview in a terminal: shows a question, reads an answer, goes back, ends with nothing left.

Answers are read by the same reader as a file of facts. Chooses no question and decides nothing.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import click

from qianhai.cli.app import App
from qianhai.kernel import CURRENCIES, BadInput, Flaw, Place
from qianhai.policy import (
    Asked,
    Leaf,
    Matter,
    Question,
    Values,
    flatten,
    next_question,
    read_facts,
    settlings,
)
from qianhai.views import OUTCOME_WORDS, paper_of, why_texts

_YES_NO: Final[Mapping[str, str]] = {
    "y": "true", "yes": "true", "是": "true", "n": "false", "no": "false", "否": "false",
}  # fmt: skip
_BACK: Final = frozenset({"back", "返回"})
_NONE: Final = frozenset({"none", "无"})
_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "boolean": ("true / false", "true / false"),
    "integer": ("整数", "a whole number"),
    "number": ("小数，如 1234.56", "a decimal such as 1234.56"),
    "money": ("金额，如 1234.56", "an amount such as 1234.56"),
    "rate": ("汇率，如 7.10", "a rate such as 7.10"),
    "date": ("日期，如 2023-06-30", "a day such as 2023-06-30"),
    "text": ("文字", "a text"),
    "currency": ("币种，如 CNY", "a currency such as CNY"),
    "list": ("逐行录入", "row by row"),
}


@dataclass
class Interview:
    """What was said so far, as it was said, and what it is read as."""

    matter: Matter
    given: dict[str, object] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    values: Values = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    def take(self, answer: Mapping[str, object], place: Callable[[str], Place]) -> None:
        """Take answers by leaf.

        Raises:
            BadInput: an answer is wrong; nothing of it is kept.
        """
        given = {**self.given, **answer}
        values, flaws = read_facts(self.matter.compiled.facts, given.items(), place)
        if flaws:
            raise BadInput(flaws)
        self.given, self.values = given, values

    def skip(self, name: str) -> None:
        """Note that nobody can tell a fact."""
        self.skipped.add(name)

    def back(self) -> bool:
        """Take the last answer back; False where there is none."""
        if not self.asked:
            return False
        last = self.asked.pop()
        self.skipped.discard(last.fact)
        kept = {path: raw for path, raw in self.given.items() if path not in last.paths}
        self.given = {}
        self.take(kept, Place)
        return True

    def leaves(self, name: str, answer: object) -> dict[str, object]:
        """Return an answer to a fact by its leaves."""
        return dict(flatten(answer, name))


def hold(app: App, interview: Interview) -> None:
    """Ask until nothing that can be told would change the answer, or until input ends."""
    click.echo(
        app.say(
            "“?”说明，空行表示不知道，“返回”改前一问。",
            "`?` explains, an empty line is not known, `back` returns to the question before.",
        )
    )
    for one in settlings(interview.matter, interview.values, interview.skipped):
        zh, en = OUTCOME_WORDS[one.outcome.value]
        count = len(one.facts)
        zh_least, least = ("至少", "at least") if one.is_least else ("至多", "at most")
        click.echo("  " + app.say(f"{zh}：{zh_least} {count} 问", f"{en}: {least} {count} to ask"))
    while asked := next_question(interview.matter, interview.values, interview.skipped):
        _show(app, interview, asked)
        line = _line("> ")
        while line == "?":
            _explain(app, asked)
            line = _line("> ")
        if line is None:
            return
        if line in _BACK:
            if not interview.back():
                click.echo(app.say("这是第一问。", "this is the first question."))
        elif line or asked.question.leaves[0].type == "list":
            _answer(app, interview, asked.question, line)
        else:
            interview.skip(asked.question.fact)
            interview.asked.append(asked.question)


def _line(prompt: str) -> str | None:
    """Return the next line without its blanks; None at the end of the input."""
    click.echo(prompt, nl=False)
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        click.echo(line.strip())
    return line.strip() if line else None


def _show(app: App, interview: Interview, asked: Asked) -> None:
    """Print a question with its form, the paper it is read from, and why it is asked now."""
    question, pack = asked.question, app.policy.pack
    fact = question.leaves[0].fact
    number = len(interview.asked) + 1
    count = app.say(
        f"第 {number} 问，至多还有 {asked.left} 问", f"{number}, at most {asked.left} left"
    )
    click.echo(f"\n[{count}] {app.say(fact.zh, fact.en)}  ({question.fact})")
    paper = paper_of(pack, fact)
    clauses = ", ".join(dict.fromkeys(one.clause for one in asked.bearings))
    parts = [_form(app, question), app.say(paper["zh"], paper["en"]), clauses]
    click.echo("    " + " · ".join(part for part in parts if part))
    why = why_texts(asked)
    click.echo(f"    {app.say(why['zh'], why['en'])}")


def _form(app: App, question: Question) -> str:
    """Return how an answer is written."""
    first = question.leaves[0]
    if len(question.leaves) > 1:
        return app.say("金额与币种，如 1234.56 CNY", "amount and currency, such as 1234.56 CNY")
    form = " / ".join(first.values) if first.values else app.say(*_FORMS[first.type])
    if first.type == "money" and first.currency in CURRENCIES:
        form += f" {first.currency}"
    return form + (
        app.say("；没有则答“无”", "; `none` if there is none") if first.fact.optional else ""
    )


def _explain(app: App, asked: Asked) -> None:
    """Print each condition and limit that the question matters to."""
    for one in asked.bearings:
        click.echo(f"    {one.id}: {app.say(one.zh, one.en)}  [{one.clause}]")
    if asked.spares:
        names = ", ".join(asked.spares)
        click.echo(app.say(f"    视回答可免问：{names}", f"    may make needless: {names}"))


def _answer(app: App, interview: Interview, question: Question, line: str) -> None:
    """Take an answer; where it is wrong, say what was expected and leave the question open."""
    leaf = question.leaves[0]
    if line in _NONE and leaf.fact.optional:
        answer: dict[str, object] = dict.fromkeys(question.paths)
    elif leaf.type == "list":
        answer = {leaf.path: _rows(app, leaf)}
    elif len(question.leaves) > 1:
        words = line.upper().split()
        amounts = [word for word in words if word not in CURRENCIES]
        codes = [word for word in words if word in CURRENCIES]
        if len(amounts) != 1 or len(codes) != 1:
            click.echo(f"    {_form(app, question)}")
            return
        answer = dict(zip(question.paths, (amounts[0], codes[0]), strict=True))
    else:
        answer = {leaf.path: _said(leaf.type, line)}
    try:
        interview.take(answer, Place)
    except BadInput as fault:
        for flaw in fault.flaws:
            click.echo(f"    {_told(app, flaw)}")
        return
    interview.asked.append(question)


def _told(app: App, flaw: Flaw) -> str:
    return f"{flaw.code} {app.say(flaw.zh, flaw.en)}"


def _said(kind: str, line: str) -> str:
    return _YES_NO.get(line.lower(), line) if kind == "boolean" else line


def _rows(app: App, leaf: Leaf) -> list[dict[str, str]]:
    """Read a list row by row; an empty line in place of a row's first field ends it."""
    rows: list[dict[str, str]] = []
    while True:
        row: dict[str, str] = {}
        for name, part in leaf.fact.fields.items():
            form = " / ".join(part.values) or app.say(*_FORMS[part.type])
            line = _line(f"    {len(rows) + 1} · {app.say(part.zh, part.en)} ({form}): ")
            if not line and not row:
                return rows
            if line:
                row[name] = _said(part.type, line)
        rows.append(row)
