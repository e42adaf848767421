"""What may stand at a place of a file that is being written, and what a word in it means."""

from datetime import date

import pytest

from policy.small import FACILITY, ON, small
from qianhai.policy import Words, read_document


def _words() -> Words:
    document, _ = read_document("pier.yaml", FACILITY.encode())
    assert document
    return Words(small().pack, document.data)


def _at(text: str) -> set[str]:
    """The names at the sign | of a text."""
    before = text.partition("|")[0]
    lines = text.replace("|", "").split("\n")
    column = len(before) - (before.rfind("\n") + 1)
    return {one.name for one in _words().at(lines, before.count("\n"), column)}


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("{id: x, when: is_s|}", {"is_sound"}),
        ("    when: am|", {"amount", "amount.amount", "amount.currency"}),
        ("    when: is_open('|", {"1a", "2a"}),
        ("    when: switch('|", {"2.reading"}),
        ("    cap: p.|", {"p.room"}),
        ("let:\n  a: is_sound and\n    cou|", {"counted"}),
        ("let:\n  a: is_sound\n  b: cou|", {"counted"}),
        ("    let:\n      a: cou|", {"counted"}),
        ("  - {debit: ba|", {"bank.nostro", "bank.account"}),
        ("examples:\n  - {id: a, opens: [|", {"1a"}),
        ("  - {id: a, otherwise: or|", {"ordinary"}),
        ("  documents: [con|", {"contract"}),
        ("  clause: 2|", {"2a"}),
        ("  measure: |", {"1", "2"}),
        ("  currency: CN|", {"CNY"}),
        ("  holder: bor|", {"borrower"}),
        ("  - {id: a, without: [is_|", {"is_sound"}),
        ("  - {id: a, of: [|", {"draw", "repay"}),
    ],
)
def test_what_may_stand_at_a_place(text: str, some: set[str]) -> None:
    assert some <= _at(text)


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert _at("title: x|") == set()
    assert _at("    opens: {principal: back}\n    zh: b|") == set()
    assert _words().at([], 3, 0) == []
    assert Words(small().pack, None).at(["when: is_s"], 0, 10) == []
    assert Words(small().pack, {"facts": {"x": ""}}).at(["when: x"], 0, 7)[0].about.strip(" ·")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cap: p.room", "**p.room**"),
        ("when: is_sound", "boolean · 属实 / it is sound"),
        ("cap: counted", "let · `in_currency"),
        ("clause: 2a", "**2a** · clause"),
        ("documents: [contract]", "**contract** · document"),
        ("role: borrower", "borrower"),
        ("x: 2.reading", "switch"),
    ],
)
def test_what_a_word_means(text: str, said: str) -> None:
    assert said in _words().meaning(text, len(text) - 2, ON)


def test_a_parameter_says_what_it_is_today_and_a_strange_word_nothing() -> None:
    assert "unknown" in _words().meaning("p.room", 3, date(1999, 1, 1))
    assert _words().meaning("zzz", 1, ON) == ""
    assert _words().meaning("   ", 1, ON) == ""
