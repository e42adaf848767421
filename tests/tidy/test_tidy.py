"""The house rules hold on this project, and each of them can fail on an invented one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from tidy import pack_rules, python_rules, text_rules

Rule = Callable[[Path], list[str]]
RULES: Final[list[Rule]] = [
    python_rules.long_files,
    python_rules.long_functions,
    python_rules.empty_module_names,
    python_rules.empty_function_names,
    python_rules.dead_modules,
    python_rules.rooms_without_a_sign,
    python_rules.back_doors,
    python_rules.faults_in_one_language,
    pack_rules.labels_in_one_language,
    pack_rules.pack_ids_in_source,
    text_rules.left_open_without_reason,
    text_rules.registry_hosts,
    text_rules.words_of_the_trade,
    text_rules.records_without_form,
    text_rules.dependencies_without_reason,
    text_rules.long_readme,
    text_rules.reaches_outside,
]
ROOT: Final = Path(__file__).parents[2]
MEASURE: Final = "plan/measures/007_tide_mill"
#: A project in which every rule is kept.
SOUND: Final = {
    "README.md": "# mill\n",
    "pyproject.toml": '[project]\ndependencies = ["stone-dust[fine]>=1"]\n',
    "docs/adr/0002-dependencies.md": (
        "Tags: a\nStatus: accepted\nWhat it costs: disk\n| stone-dust | grain |\n"
    ),
    "Makefile": "help:\n",
    "src/mill/__init__.py": '"""A mill."""\n',
    "src/mill/main.py": '"""Start."""\nfrom mill.race import turn\nimport stone_dust\n',
    "src/mill/race/__init__.py": (
        '"""The race."""\nfrom mill.race.wheel import turn\n__all__ = ["turn"]\n'
    ),
    "src/mill/race/wheel.py": '"""The wheel."""\ndef turn() -> None:\n    """Turn."""\n',
    "plan/vocabulary/providers.yaml": "flow_rate: {zh: 流量, en: flow}\n",
    "plan/vocabulary/documents.yaml": "mill_lease: {zh: 契, en: lease}\n",
    "plan/parameters/toll.yaml": "- {id: toll_share, title: {zh: 费, en: toll}}\n",
    f"{MEASURE}/measure.yaml": "slug: tide_mill\nclauses: [{id: 7a, zh: 水, en: water}]\n",
    f"{MEASURE}/tide_grinding.facility.yaml": (
        "id: tide_grinding\nfacts:\n  sluice_open: {zh: 开, en: open}\n"
        "  amount: {zh: 量, en: much}\n  flow_rate: {zh: 流, en: flow}\n"
        "  miller.age: {zh: 龄, en: age}\n"
    ),
    "docs/adr/0001-mill.md": "# Mill\nTags: a\nStatus: accepted\n## What it costs\nLittle.\n",
    "changes/1.policy.md": "Clauses: 7a\nIn force: 2023-02-23\nAffects: millers\n",
}
LONG: Final = "".join(f"    {number}\n" for number in range(70))
#: Each rule, what breaks it, and what its one message must say.
BROKEN: Final = [
    ("long_files", {"tests/a.py": "\n" * 501}, ["tests/a.py: 501 lines"]),
    ("long_functions", {"tools/a.py": f"def grind():\n{LONG}"}, ["tools/a.py:1: grind has 71"]),
    ("empty_module_names", {"tests/utils/a.py": "", "tests/base.py": ""}, ["`base`", "`utils`"]),
    (
        "empty_function_names",
        {"tests/a.py": "def do_it(): ...\nasync def _process(): ...\ndef document(): ...\n"},
        ["a.py:1: `do_it`", "a.py:2: `_process`"],
    ),
    ("dead_modules", {"src/mill/race/idle.py": ""}, ["src/mill/race/idle.py"]),
    (
        "rooms_without_a_sign",
        {"src/mill/race/__init__.py": "from . import wheel\n"},
        ["race/__init__.py: no docstring", "race/__init__.py: no __all__"],
    ),
    (
        "back_doors",
        {
            "src/mill/loft/__init__.py": '"""Loft."""\n__all__ = []\n',
            "src/mill/loft/sack.py": "from mill.race import turn, wheel\nimport mill.race.turn\n",
            "src/mill/race/turn.py": "",
        },
        [
            "loft/sack.py:1: imports mill.race.wheel; import mill.race",
            "loft/sack.py:2: imports mill.race.turn",
        ],
    ),
    (
        "faults_in_one_language",
        {
            "src/mill/a.py": "raise Environment(f'No {wind}.', 'Wait.', zh=f'No {wind}. Wait.')\n"
            "raise Environment(f'No {wind}.', 'Wait.', zh=f'没有{wind}。' + wait)\n"
            "raise Environment('磨坊停了。', 'Wait.')\n",
            "src/mill/b.py": "class Flood(Environment):\n    def __init__(self):\n"
            "        super().__init__('A flood.', 'Wait.', zh=flood)\n"
            "class Drought(Environment):\n    def __init__(self):\n"
            "        super().__init__('A drought.', 'Wait.', zh='天旱，请等待。')\n"
            "class Wind(Weather):\n    def __init__(self):\n        super().__init__('A wind.')\n",
        },
        ["a.py:1: `zh` has no Chinese", "a.py:3: `zh`", "b.py:3: `zh`"],
    ),
    (
        "labels_in_one_language",
        {
            "plan/a.yaml": "top: [{en: sea}, {zh: 海, en: sea}]\nlow: {zh: 海, en: ''}\n",
            "plan/b.yaml": "a: b: c",
        },
        ["a.yaml: top[0] has `en` alone", "a.yaml: low has `zh`", "b.yaml: cannot be read"],
    ),
    (
        "pack_ids_in_source",
        {
            "src/mill/a.py": "if facility == 'tide_grinding':\n    amount = flow_rate + x57a\n",
            "src/mill/b.sql": "select 1 -- 7a\nselect toll_share, mill_lease\n",
            "src/mill/c.py": "tide_mill(sluice_open, miller.age, miller.aged, tide_mills)\n",
        },
        [
            "a.py:1: `tide_grinding`",
            "b.sql:1: `7a`",
            "b.sql:2: `toll_share` belongs to plan/parameters/toll.yaml",
            "b.sql:2: `mill_lease`",
            "c.py:1: `tide_mill`",
            "c.py:1: `sluice_open`",
            "c.py:1: `miller.age`",
        ],
    ),
    (
        "left_open_without_reason",
        {"docs/a.md": f"{'TO'}DO later\n{'TO'}DO(the standard is not yet out) wait\n"},
        ["docs/a.md:1"],
    ),
    ("registry_hosts", {"a.lock": f"--index-url https://{'pypi'}.org/simple\n"}, ["a.lock:1"]),
    ("words_of_the_trade", {"docs/a.md": f"as {'Chat'}GPT says\n"}, ["docs/a.md:1"]),
    (
        "records_without_form",
        {"docs/adr/0002-b.md": "# B\nStatus: x\n", "changes/2.policy.md": "Clauses: 7a\n"},
        ["0002-b.md: no line `Tags`", "`What it costs`", "`In force`", "`Affects`"],
    ),
    (
        "dependencies_without_reason",
        {
            "pyproject.toml": '[project]\ndependencies = ["stone-dust", "pyyaml"]\n'
            '[project.optional-dependencies]\ndev = ["pytest>=8"]\n',
        },
        ["pyyaml has no row", "pytest has no row", "pyyaml is needed by no module"],
    ),
    ("long_readme", {"README.md": "line\n" * 151}, ["README.md: 151 lines"]),
    ("long_readme", {"README.md": ""}, ["README.md: missing"]),
    (
        "reaches_outside",
        {"src/mill/a.py": f"open('..{'/'}shared/a')\n", "Makefile": f"\tcat ..{'/'}shared/a\n"},
        ["src/mill/a.py:1", "Makefile"],
    ),
]


def _build(root: Path, *trees: Mapping[str, str]) -> None:
    for tree in trees:
        for name, text in tree.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_house_rule(rule: Rule) -> None:
    offences = rule(ROOT)
    assert not offences, "\n".join([f"{rule.__doc__} Not so here:", *offences])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_project_breaks_no_rule(rule: Rule, tmp_path: Path) -> None:
    _build(tmp_path, SOUND)
    assert rule(tmp_path) == []


@pytest.mark.parametrize(("name", "tree", "said"), BROKEN)
def test_a_broken_rule_names_every_offender_and_nothing_else(
    name: str, tree: Mapping[str, str], said: list[str], tmp_path: Path
) -> None:
    _build(tmp_path, SOUND, tree)
    (rule,) = (rule for rule in RULES if rule.__name__ == name)
    offences = rule(tmp_path)
    assert len(offences) == len(said), offences
    for words in said:
        assert any(words in offence for offence in offences), (words, offences)


def test_every_rule_is_proven_to_fail() -> None:
    assert {rule.__name__ for rule in RULES} == {name for name, _, _ in BROKEN}


def test_what_tools_and_runs_leave_behind_is_not_judged(tmp_path: Path) -> None:
    left = {".venv/a.md": f"{'pypi'}.org", "out/a.md": f"{'pypi'}.org", ".data/a": "\xff"}
    _build(tmp_path, SOUND, left)
    assert text_rules.registry_hosts(tmp_path) == []
