"""`qianhai ask`: an interview that asks only what can still change the decision; books nothing."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from qianhai.cli.app import App
from qianhai.cli.decide import find_action, print_decision, read_switches
from qianhai.cli.facts import load_given, place_in
from qianhai.cli.interview import Interview, hold
from qianhai.cli.refuse import refused, unknown_name
from qianhai.kernel import BadInput, Place
from qianhai.policy import Matter
from qianhai.views import ask_document


@click.command()
@click.argument("facility")
@click.option(
    "--action", default="", help="Action of the facility; its first one if left out. 操作。"
)
@click.option(
    "--on",
    "on",
    default=None,
    metavar="DATE",
    help="Day to judge as of; today if left out. 判定日期。",
)
@click.option("--facts", metavar="FILE|-", help="JSON object of facts known already. 已知事实。")
@click.option(
    "--answers",
    metavar="FILE|-",
    help="Answers, one JSON object a line, in place of a person. 逐行 JSON 回答。",
)
@click.option(
    "--skip",
    "skipped",
    multiple=True,
    metavar="FACT",
    help="A fact that nobody can tell; it is not asked. 无法得知、不再询问的事实。",
)
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another reading. 另一种读法。",
)
@click.option("--save", metavar="FILE", help="Write the facts for `decide`. 保存事实文件。")
@click.option("--json", "_json", is_flag=True, help="Print one JSON document. 输出 JSON。")
@click.pass_obj
def ask(
    app: App,
    facility: str,
    action: str,
    on: str | None,
    facts: str | None,
    answers: str | None,
    skipped: tuple[str, ...],
    switches: tuple[str, ...],
    save: str | None,
    _json: bool,
) -> int:
    """Ask for one business only what can still change the answer; books nothing.

    仅询问尚能影响结论的事实，不记账。
    """
    compiled = find_action(app.policy, facility, action)
    standing = app.policy.standing(app.day(on), switches=read_switches(app.policy, switches))
    unknown = [name for name in skipped if name not in compiled.facts]
    if unknown:
        raise BadInput([unknown_name("fact", "事实", name, compiled.facts) for name in unknown])
    interview = Interview(Matter(app.policy, compiled, standing), skipped=set(skipped))
    if facts:
        interview.take(dict(load_given(facts)), place_in(facts))
    if answers:
        _take_answers(interview, answers)
    if not app.is_json and not answers:
        hold(app, interview)
    if save:
        _save(Path(save), interview)
    if app.is_json:
        document = ask_document(interview.matter, interview.values, interview.skipped)
        state = {"facts": interview.given, "skipped": sorted(interview.skipped)}
        app.print_document({**document, **state})
        return 0
    print_decision(app, interview.matter.decide(interview.values))
    if save:
        click.echo(app.say(f"事实已存入 {save}", f"facts written to {save}"))
    return 0


def _take_answers(interview: Interview, source: str) -> None:
    """Take answers line by line: `{"fact": NAME, "answer": VALUE}`, or `"unknown": true`.

    Raises:
        BadInput: a line of another form, or an answer that is wrong.
    """
    for number, line in _lines(source):
        place = Place("stdin" if source == "-" else source, number)
        try:
            said = json.loads(line, parse_float=str)
        except (ValueError, RecursionError):
            said = None
        if not (isinstance(said, dict) and isinstance(said.get("fact"), str)):
            raise _formless(place, line)
        name = said["fact"]
        facts = interview.matter.compiled.facts
        if name not in facts:
            raise BadInput([unknown_name("fact", "事实", name, facts)])
        if said.get("unknown") is True:
            interview.skip(name)
        elif "answer" in said:
            interview.take(interview.leaves(name, said["answer"]), _on_line(place))
        else:
            raise _formless(place, line)


def _on_line(line: Place) -> Callable[[str], Place]:
    return lambda path: replace(line, column=path)


def _lines(source: str) -> Iterator[tuple[int, str]]:
    try:
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        en, zh = f"the file cannot be read: {fault}.", f"文件无法读取：{fault}。"
        raise refused("C006", Place(source), "", "a readable UTF-8 file", en=en, zh=zh) from None
    return ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


def _formless(place: Place, line: str) -> BadInput:
    return refused(
        "C008",
        place,
        line[:80],
        'one JSON object, {"fact": ..., "answer": ...}',
        en='an answer is {"fact": NAME, "answer": VALUE} or {"fact": NAME, "unknown": true}.',
        zh='每行应为 {"fact": 名称, "answer": 值} 或 {"fact": 名称, "unknown": true}。',
    )


def _save(path: Path, interview: Interview) -> None:
    text = json.dumps(interview.given, ensure_ascii=False, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")
