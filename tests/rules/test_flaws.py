"""A mistake is shown where it stands, in both languages, with what to do."""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from qianhai.rules import Number, RuleError, Source, check
from qianhai.rules.codes import CODES
from rules.world import SCOPE, refused

BAD: Final = sorted((Path(__file__).parent / "bad").glob("*.yaml"))

DOCUMENT: Final = """\
# 条件
conditions:
  - {id: a, when: used_this_yr + fee <= p.cap}
  - id: b
    when: 'note = ''it''''s'' and
      okk'
  - id: c
    when: >-
      ok and
      paidd
  - id: d
    when: |
      ok and

      (paid or daze > 3)
  - id: e
    when: "ok and okkk"
  - {id: f, note: 前海, when: okkkk}
"""


def _flaws(document: str, name: str) -> RuleError:
    root = yaml.compose(document)
    assert root is not None
    for node in root.value[0][1].value:
        keys = {key.value: value for key, value in node.value}
        if keys["id"].value == name:
            mark = keys["when"].start_mark
            at = Source("a.facility.yaml", mark.line + 1, mark.column + 1, document)
            with pytest.raises(RuleError) as error:
                check(keys["when"].value, SCOPE, at=at)
            return error.value
    raise AssertionError(name)


def test_a_mistake_is_drawn_under_the_line_of_its_file() -> None:
    assert str(_flaws(DOCUMENT, "a")) == (
        "a.facility.yaml:3:19: P204 unknown fact `used_this_yr`\n"
        "    - {id: a, when: used_this_yr + fee <= p.cap}\n"
        "                    ^^^^^^^^^^^^\n"
        "  Facts are declared under `facts`, named parts under `let`."
    )


@pytest.mark.parametrize(
    ("name", "line", "column", "mark"),
    [("b", 6, 7, "okk"), ("c", 10, 7, "paidd"), ("d", 15, 16, "daze"), ("e", 17, 19, "okkk")],
)
def test_a_mistake_is_found_again_in_every_form_of_scalar(
    name: str, line: int, column: int, mark: str
) -> None:
    (flaw,) = _flaws(DOCUMENT, name).flaws
    place = flaw.as_flaw().place
    assert (place.line, place.column) == (line, str(column))
    whole = DOCUMENT.splitlines()[line - 1]
    assert whole[column - 1 : column - 1 + len(mark)] == mark


def test_the_caret_stands_right_behind_wide_characters() -> None:
    (flaw,) = _flaws(DOCUMENT, "f").flaws
    _, line, caret, _ = flaw.render("zh").splitlines()
    wide = 2
    assert caret.index("^") == line.index("okkkk") + wide
    assert "未知事实“okkkk”" in flaw.render("zh")


@pytest.mark.parametrize(
    ("line", "document"),
    [(4, ""), (1, "when: other"), (1, 'when: "\\x6fkk and kok"'), (4, "a\nb")],
)
def test_a_text_that_is_not_found_again_is_shown_from_its_start(line: int, document: str) -> None:
    with pytest.raises(RuleError) as error:
        check("okk\nand kok", SCOPE, at=Source("a.yaml", line, 7, document))
    _, second = error.value.flaws
    assert second.render().startswith(f"a.yaml:{line + 1}:5: P204")


def test_all_mistakes_come_at_once_in_the_order_of_the_text() -> None:
    flaws = refused("okk and fee > price and p.capp = 0 or kind = 'trad'").flaws
    assert [flaw.code for flaw in flaws] == ["P204", "P302", "P201", "P206"]
    assert [flaw.column for flaw in flaws] == [1, 15, 25, 46]


def test_the_kernel_gets_place_value_expectation_and_both_languages() -> None:
    flaw = refused("kind = 'trad'").flaws[0].as_flaw()
    assert str(flaw.place) == "world.yaml:1: 8"
    assert (flaw.value, flaw.expected) == ("trad", "trade, service, capital")
    assert flaw.en == (
        "'trad' is not a value of this kind. "
        "The values are trade, service, capital. Nearest name: `trade`."
    )
    assert flaw.zh == (
        "“trad”不是该类事实的取值。取值只有：trade, service, capital。相近的名称：“trade”。"
    )
    assert flaw.excerpt == "    kind = 'trad'\n           ^^^^^^"


def test_a_result_of_another_kind_than_expected_is_a_mistake() -> None:
    (flaw,) = refused("ok", Number()).flaws
    assert (flaw.code, flaw.found, flaw.expected) == ("P301", "a yes-or-no value", "a number")


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_both_languages_and_an_example(code: str) -> None:
    said = CODES[code]
    assert all(re.search(r"[一-鿿]", text) for text in (said.zh, said.help_zh))
    assert not re.search(r"[一-鿿]", said.en + said.help_en)
    assert any(f"- {code} ^" in path.read_text(encoding="utf-8") for path in BAD)
