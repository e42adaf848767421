"""Expression files with what must come of them, collected where they stand.

`good/*.yaml` are rules with rows and results, `bad/*.yaml` rules with the mistakes that must be
found: code, the marked text between ^ signs, and the first line of the message.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from qianhai.rules import Bool, evaluate, missing, to_python
from rules.world import Row, checked, refused, result_of


class GoodRule(pytest.Item):
    def __init__(self, *, rule: dict[str, Any], **rest: Any) -> None:  # noqa: ANN401 (pytest's)
        super().__init__(**rest)
        self.rule = rule

    def runtest(self) -> None:
        expr = checked(self.rule["rule"])
        is_condition = expr.type == Bool()
        program = to_python(
            {"it": expr} if is_condition else {}, {} if is_condition else {"it": expr}
        )
        for case in self.rule["cases"]:
            env = Row.written(case.get("with", {})).env
            wanted = result_of(case["gives"], expr.type)
            answers = program.run(env.facts, env.parameters, env.switches, env.open_clauses)
            found = answers[0 if is_condition else 1]["it"]
            said = (evaluate(expr, env), found, type(found), missing(expr, env))
            kind = type(found if found is None else evaluate(expr, env))
            lacks = frozenset(case.get("missing", []))
            assert said == (wanted, wanted, kind, lacks), f"{case}"

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self.path.name}: {self.name}"


class BadRule(GoodRule):
    def runtest(self) -> None:
        flaws = refused(self.rule["rule"]).flaws
        marked = [flaw.text[flaw.position : flaw.position + flaw.length] for flaw in flaws]
        found = [
            f"{flaw.code} ^{mark}^ {flaw.heads[0]}"
            for flaw, mark in zip(flaws, marked, strict=True)
        ]
        assert found == self.rule["flaws"]
        nearest = [flaw.nearest for flaw in flaws if flaw.nearest]
        assert nearest == self.rule.get("nearest", [])


class RuleFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        kind = GoodRule if self.path.parent.name == "good" else BadRule
        document = yaml.load(self.path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 (it reads text only)
        for number, rule in enumerate(document, 1):
            name = f"{number}: {rule['rule']}"
            yield kind.from_parent(self, name=name, rule=rule)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> RuleFile | None:
    if file_path.suffix == ".yaml" and file_path.parent.name in {"good", "bad"}:
        return RuleFile.from_parent(parent, path=file_path)
    return None
