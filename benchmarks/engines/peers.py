"""The peers that decide one row: each with the same conditions, written by hand in its language.

Holds how each is called, in the fastest way its Python binding has. Must not hold a condition:
they stand in `texts/`. None of them tells more than four answers.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from benchmarks.engines.cases import Facility, kinds_of
from benchmarks.engines.open_fisca import Country

_TEXTS: Final = Path(__file__).parent / "texts"
#: What a peer's call takes (the flat facts, or their JSON), and its four answers.
Call = Callable[[Any], Any]


@dataclass(frozen=True)
class Peer:
    """One way to ask a peer: how facts are laid before it, asked, and what it answered.

    `form` is what the facts are when the clock starts: `values` of Python, as ours are given,
    JSON `text` written before, or the engine's `own` form of them, parsed before.
    """

    name: str
    package: str
    prepare: Callable[[Mapping[str, object]], Any]
    ask: Call
    read: Callable[[Any], Any] = list
    form: str = "values"

    @property
    def title(self) -> str:
        """Return its name and version."""
        return f"{self.name} {version(self.package)}"

    def answers(self, facts: Mapping[str, object]) -> list[object]:
        """Return its four answers to flat facts; an error is an answer of its own."""
        try:
            return list(self.read(self.ask(self.prepare(facts))))
        except Exception as fault:  # noqa: BLE001 - each engine has its own kinds
            return [fault] * 4


def _text(name: str) -> str:
    return (_TEXTS / name).read_text(encoding="utf-8")


def _same(facts: Mapping[str, object]) -> object:
    return dict(facts)


def _json(facts: Mapping[str, object]) -> str:
    return json.dumps(facts)


def _datalogic(_: list[Facility]) -> Iterator[Peer]:
    engine = import_module("datalogic_py")
    made = engine.Engine()
    rule, session = made.compile(_text("rules.jsonlogic.json")), made.session()
    name, package = "JSONLogic (datalogic, Rust)", "datalogic-py"
    yield Peer(name, package, _same, lambda row: session.evaluate(rule, row))
    yield Peer(
        f"{name}, JSON text",
        package,
        _json,
        lambda row: session.evaluate_str(rule, row),
        json.loads,
        form="text",
    )
    yield Peer(
        f"{name}, facts parsed before",
        package,
        lambda facts: engine.DataHandle(_same(facts)),
        lambda row: session.evaluate_data(rule, row),
        form="own",
    )


def _jsonlogic(_: list[Facility]) -> Iterator[Peer]:
    engine = import_module("jsonlogic_rs")
    rule = json.dumps({"merge": json.loads(_text("rules.jsonlogic.json"))})
    yield Peer(
        "JSONLogic (jsonlogic-rs)",
        "jsonlogic-rs",
        _json,
        lambda row: engine.apply_serialized(rule, row, json.loads),
        form="text",
    )


def _cel(_: list[Facility]) -> Iterator[Peer]:
    engine = import_module("cel")
    program = engine.compile(_text("rules.cel"))
    name, package = "CEL (Rust)", "common-expression-language"
    yield Peer(name, package, _same, program.execute)
    yield Peer(
        f"{name}, facts parsed before",
        package,
        lambda facts: engine.Context(_same(facts)),
        program.execute,
        form="own",
    )


def _zen(_: list[Facility]) -> Iterator[Peer]:
    engine = import_module("zen")
    expression = engine.compile_expression(_text("rules.zen"))
    yield Peer("ZEN (Rust)", "zen-engine", _same, expression.evaluate)


def _regorus(_: list[Facility]) -> Iterator[Peer]:
    engine = import_module("regorus")
    rego, package = _text("rules.rego"), "gordon-to-regorus"
    made = engine.Engine()
    made.add_policy("plan.rego", rego)

    def interpreted(row: dict[str, object]) -> object:
        made.set_input(row)
        return made.eval_rule("data.plan.answers")

    yield Peer("Rego (regorus, Rust)", package, _same, interpreted)
    compiled = engine.Program.compile_from_modules(
        "{}", [("plan.rego", rego)], ["data.plan.answers"]
    )
    machine = engine.Rvm()
    machine.load_program(compiled)

    def run(row: str) -> object:
        machine.set_input_json(row)
        return machine.execute()

    yield Peer("Rego (regorus, compiled)", package, _json, run, json.loads, form="text")


def _openfisca(facilities: list[Facility]) -> Iterator[Peer]:
    country = Country(kinds_of(facilities))
    yield Peer("OpenFisca (numpy)", "openfisca-core", _same, country.ask)


_ALL: Final = {
    "datalogic-py": _datalogic,
    "jsonlogic-rs": _jsonlogic,
    "common-expression-language": _cel,
    "zen-engine": _zen,
    "gordon-to-regorus": _regorus,
    "openfisca-core": _openfisca,
}


def open_peers(facilities: list[Facility]) -> tuple[list[Peer], list[str]]:
    """Return every way to ask each peer that is installed, and the packages that are not."""
    found: list[Peer] = []
    missing: list[str] = []
    for package, opened in _ALL.items():
        try:
            version(package)
        except PackageNotFoundError:
            missing.append(package)
            continue
        found += opened(facilities)
    return found, missing
