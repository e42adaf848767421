"""The examples of a pack are run where they stand, and what they do not show is told."""

from collections.abc import Mapping
from fractions import Fraction

import pytest

from policy.small import FILES, as_bytes, changed, decided, flaws_of, opened, small
from qianhai.policy import (
    CheckReport,
    cases_of,
    check_examples,
    check_pack,
    coverage,
    judge_case,
    outline_of,
    uncovered,
)
from qianhai.policy.texts import is_same, text_of

PIER = "pier_loan.facility.yaml"
SOUND = 'conditions: {sound: "true"}'


def _failures(files: Mapping[str, str]) -> list[str]:
    return [f"{flaw.place.line} {flaw.en}" for flaw in check_examples(opened(files))]


def _line(files: Mapping[str, str], marker: str) -> int:
    (text,) = [text for text in files.values() if marker in text]
    return text[: text.index(marker)].count("\n") + 1


def test_a_sound_pack_has_no_difference_and_is_counted() -> None:
    report = check_pack(as_bytes(FILES))
    assert report == CheckReport(2, 4, 2, 1, 16, ())
    assert check_pack(small()) == report


def test_an_example_that_fails_names_file_and_line_and_why() -> None:
    files = changed(
        PIER,
        "facts: {use: ship}, expect: {outcome: ordinary}",
        "facts: {use: ship}, expect: {outcome: permitted}",
    )
    (flaw,) = check_examples(opened(files))
    line = _line(files, "id: for_a_ship")
    assert str(flaw.place).startswith(f"plan/measures/002_pier/{PIER}:{line}:")
    assert (
        flaw.en == "example 'for_a_ship': expected permitted, got ordinary (QH04, for_pier false)"
    )
    assert flaw.zh == "示例“for_a_ship”：应为 permitted，实为 ordinary（QH04, for_pier false）"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("clause: 2a, reasons", "clause: 1a, reasons", "expected clause 1a, got clause 2a"),
        ("reasons: [QH00]", "reasons: [QH00, QH01]", "expected reasons QH00, QH01, got"),
        ("reasons: [QH00]", "reasons: RR04", "expected reasons RR04, got reasons QH00"),
        ("missing: []", "missing: [use]", "expected missing use, got missing none"),
        ("missing: []", "alerts: [sound]", "expected alerts sound, got alerts none"),
        ("missing: [is_sound]", "missing: []", "expected missing none, got missing is_sound"),
        (SOUND, 'conditions: {sound: "false"}', "expected sound false, got sound true"),
        (SOUND, 'conditions: {sond: "true"}', "expected sond true, got sond no such condition"),
        ('values: {counted: "40"}', 'values: {counted: "41"}', "expected counted 41, got"),
        ('values: {counted: "40"}', 'values: {count: "40"}', "expected count 40, got count unk"),
        ('left: "100.00"', 'left: "99.99"', "expected room left 99.99, got room left 100.00"),
        ("limits: {room: {cap", "limits: {roof: {cap", "expected roof cap 100.00, got roof cap"),
        ('cap: "100.00"', 'caps: "100.00"', "expected room caps 100.00, got room caps unknown"),
    ],
)  # fmt: skip
def test_every_expectation_is_held(old: str, new: str, told: str) -> None:
    files = changed(PIER, old, new)
    (failure,) = _failures(files)
    assert told in failure


def test_figures_are_the_same_number_however_they_are_written() -> None:
    assert _failures(changed(PIER, 'cap: "100.00"', 'cap: "1e2"')) == []
    assert text_of(Fraction(2, 3)) == "2/3"
    assert is_same("2/3", "4/6")
    assert not is_same("1", "1/0")
    assert text_of(decided(small(), {}).decision.on) == "2030-06-30"
    assert text_of(True) == "true"
    assert text_of("河") == "河"


def test_a_fact_of_an_example_is_read_like_any_sender_s() -> None:
    files = changed(PIER, "facts: {use: ship}", "facts: {used: '1,5', use: ship}")
    (flaw,) = check_examples(opened(files))
    assert (flaw.code, flaw.place.line) == ("F003", _line(files, "id: for_a_ship"))
    policy = opened(changed(PIER, 'used: "0"}', 'used: "0", usd: "1"}'))
    flaws = check_examples(policy)
    assert {flaw.code for flaw in flaws} == {"F001"}
    assert {flaw.place.line for flaw in flaws} == {_line(FILES, "  sound: {is_sound")}
    assert any(one.failed is False for one in coverage(policy))


def test_an_example_states_absence_takes_facts_away_and_opens_clauses() -> None:
    added = """\
  - {id: no_due_day, on: 2030-06-30, given: [sound], facts: {due_on: "null", use: "null"},
     without: [amount], opens: [1b], switches: {2.reading: narrow}, expect: {outcome: incomplete}}
"""
    text = FILES[f"measures/002_pier/{PIER}"] + added
    policy = opened({**FILES, f"measures/002_pier/{PIER}": text})
    case = next(case for case in cases_of(policy) if case.example.id == "no_due_day")
    assert str(case.facts["due_on"]) == "Absence.ABSENT"
    assert [flaw.code for flaw in case.flaws] == ["F003"]
    assert "amount.amount" not in case.facts
    assert "amount.currency" not in case.facts
    assert "1b" in case.standing.open_clauses
    assert case.standing.switches == {"2.reading": "narrow"}
    assert judge_case(policy, case) == list(case.flaws)
    assert case.place.line == text.splitlines().index(added.splitlines()[0]) + 1


def test_the_examples_of_an_overlay_are_run_too() -> None:
    files = changed(
        "ferry_tag.overlay.yaml",
        '"false"}, expect: {outcome: refused}',
        '"false"}, expect: {outcome: permitted}',
    )
    assert "expected permitted, got refused" in _failures(files)[0]


def test_a_worked_figure_that_comes_to_another_number_is_told() -> None:
    files = changed("rooms.examples.yaml", "203.00", "203.01")
    (flaw,) = check_examples(opened(files))
    assert flaw.en == "figure 'two_rooms': expected whole 203.01, got 203"
    assert flaw.place.line == _line(files, "203.01")
    assert opened(files).figures["two_rooms"].place.line == 1


def test_a_worked_figure_on_a_value_that_is_not_established_is_unknown() -> None:
    files = changed("rooms.examples.yaml", "on: 2030-06-30", "on: 2032-06-30")
    assert "expected whole 203.00, got unknown" in _failures(files)[0]


# --- what the examples show -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ("unsound", "`sound` of pier_loan has no example that it fails."),
        ("soundness_missing", "`sound` of pier_loan has no example without its facts."),
        ("all_of_the_room", "`room` of pier_loan has no example exactly at its boundary."),
        ("more_than_the_room", "`room` of pier_loan has no example that it fails."),
        ("all_back", "`within` of pier_loan has no example exactly at its boundary."),
    ],
)
def test_a_side_no_example_shows_is_told_at_the_condition(example: str, told: str) -> None:
    name = f"measures/002_pier/{PIER}"
    head, _, rest = FILES[name].partition(f"  - {{id: {example},")
    files = {**FILES, name: head + rest[rest.index("\n  - {id:") + 1 :]}
    (flaw,) = uncovered(opened(files))
    assert flaw.en == told
    assert flaw.place.line == _line(FILES, f"{{id: {told.split('`')[1]},")
    assert check_pack(as_bytes(files)).differences == (flaw,)


def test_coverage_shows_every_condition_and_limit_with_its_sides() -> None:
    shown = {(one.action, one.name): one for one in coverage(small())}
    assert set(shown) == {
        ("draw", "sound"), ("draw", "for_pier"), ("draw", "room"), ("repay", "within"), ("", "own"),
    }  # fmt: skip
    assert {one.edge for one in shown.values()} == {True, None}
    assert all(one.passed and one.failed and one.missing for one in shown.values())


def test_a_condition_that_reads_no_fact_needs_no_example_without_facts() -> None:
    files = changed(PIER, "when: is_sound, zh", "when: \"is_open('2a')\", zh")
    sides = {one.name: one for one in coverage(opened(files))}
    assert (sides["sound"].missing, sides["sound"].edge) == (None, None)


def test_what_is_asked_of_each_row_has_no_boundary_to_show() -> None:
    files = changed(PIER, "when: is_sound, zh", 'when: "all_of(shares, part > 0) and is_sound", zh')
    sides = {one.name: one for one in coverage(opened(files))}
    assert sides["sound"].edge is None


# --- the published text ---------------------------------------------------------------------------

TEXT = """
关于河港的方案

为迎接 30 周年，制定以下方案。

一、往来

（一）渡轮。

1. 允许渡轮收费 5 元。（责任单位：河港银行）

（二）码头。

2. 允许码头收费 5 元。（责任单位：河港银行）
"""


def test_the_pack_is_held_to_the_published_text() -> None:
    assert check_pack(as_bytes(FILES), TEXT).differences == ()
    (flaw,) = check_pack(
        as_bytes(FILES), TEXT.replace("码头收费 5 元", "码头收费 6 元"), "text.txt"
    ).differences
    assert (flaw.code, flaw.place.file, flaw.value) == ("official.number_src", "text.txt", "5元")


def test_a_pack_with_flaws_is_still_held_to_the_published_text() -> None:
    files = changed("002_pier/measure.yaml", "units: [bank]", "units: [bnak]")
    report = check_pack(as_bytes(files), TEXT, folder="other")
    assert [flaw.code for flaw in report.differences] == ["P401", "official.units"]
    assert report.differences[0].place.file.startswith("other/")
    assert (report.measures, report.examples) == (2, 16)
    assert outline_of(small().pack).measures[0].units_zh == ("河港银行",)


def test_what_is_no_pack_at_all_is_told_and_counts_nothing() -> None:
    report = check_pack({"plan.yaml": b"["}, TEXT)
    assert (report.measures, report.sections) == (0, 0)
    assert [flaw.code for flaw in report.differences] == ["P002"]
    assert flaws_of({"plan.yaml": "["})[0].code == "P002"
