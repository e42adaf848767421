# ruff: noqa: E501 - a break is read as one line
"""A pack broken in every way authors break one: each mistake shows its line, with a caret."""

import unicodedata

import pytest

from policy.small import FILES, as_bytes, changed
from qianhai.kernel import Flaw
from qianhai.policy import check_pack, survey

PIER = "pier_loan.facility.yaml"
ROOMS = "rooms.yaml"
SOUND = "when: is_sound, zh: 须属实"

#: What is changed into what, the code, the text the caret is under, and a word of the message.
BREAKS = [
    (PIER, "kinds: [bank], zh", "kinds: [bank, zh", "P002", "}", "bracket"),
    (PIER, "    clause: 2a\n    let", "   clause: 2a\n    let", "P002", "clause: 2a\n    l", "indent"),
    (PIER, "    en: Draw\n", "\ten: Draw\n", "P002", "\ten: Draw", "tab"),
    (PIER, "zh: 银行, en: bank}", "zh: 银行, en: bank: b}", "P002", ": b}", "quote"),
    (PIER, "en: borrower}", 'en: "borrower}', "P002", "", "quote"),
    (PIER, "when: is_sound, zh", "when: is_sound， zh", "P002", ": 须属实", "full-width ，"),
    (PIER, "en: Pier loan", "en: *loan", "P002", "", "begins with *"),
    (PIER, "en: Pier loan", "en: @loan", "P002", "@loan", "needs quotes"),
    (PIER, "en: Pier loan", "en: \x07", "P002", "\x07", "control character"),
    (PIER, "    en: Draw\n", "    en: Draw\n    en: Draw\n", "P004", "en: Draw\n    clause", "twice"),
    (PIER, "is_sound, zh", "least(open, used) > 0, zh", "P010", "used) > 0", "in quotes"),
    (PIER, "documents: [contract]", "documents: contract", "P012", "contract\n    rep", "a list"),
    (PIER, "closes: {principal: back}", "closes: back", "P012", "back\n    release", "a mapping"),
    (PIER, SOUND, "when: is_sond, zh: 须属实", "P204", "is_sond", "`is_sound`"),
    (PIER, SOUND + ", en: it is", SOUND + ", e: it is", "P011", "{id: sound", "`en`"),
    (PIER, "id: sound, when: is_sound, zh: 须属实", "id: sound, when: is_sound", "P011", "{id: sound", "`zh: ...`"),
    (PIER, "documents: [contract]", "documents: [contrct]", "P401", "contrct", "`contract`"),
    (PIER, "clause: 2a\n    let", "clause: 2z\n    let", "P401", "2z", "`2b`"),
    (PIER, "    let:\n", "    let:\n      one: two + 1\n      two: one + 1\n", "P204", "two + 1", "stand before"),
    (PIER, "on: 2030-06-30, given: [sound],\n", "on: 2030-06-31, given: [sound],\n", "P012", "2030-06-31", "a day"),
    (ROOMS, "  currency: CNY\n", "", "P011", "id: room", "to be named"),
    (ROOMS, 'value: "100"', 'value: "1e2"', "P408", "1e2", "no money"),
    (PIER, "cap: p.room", "cap: p.room * 1e1", "P106", "1e1", "plain number"),
    (PIER, "cap: p.room", "cap: p.room / 2", "P105", "/ 2", "multiplication"),
    (PIER, "cap: p.room, ", "", "P011", "{id: room", "no `cap`"),
    (PIER, "used: used, amount", "amount", "P011", "{id: room", "no `used`"),
    (PIER, "holder: borrower, ", "", "P011", "{id: room", "no `holder`"),
    (PIER, "cap: p.room", "cap: p.rom", "P201", "p.rom,", "`p.room`"),
    (PIER, "back <= open", "back <= 5", "P301", "5, basis", "whole number"),
    (PIER, "is_sound, zh", "name_of = 'x', zh", "P204", "name_of", "declared"),
    (PIER, "is_sound, zh", "paper > 'x', zh", "P311", "paper > 'x'", "no order"),
    (PIER, "is_sound, zh", "is_sound == true, zh", "P105", "== true", "="),
    (PIER, "is_sound, zh", "is_sound\u00a0and true, zh", "P101", "\u00a0and", "sign"),
    (PIER, "with: {limit: room}", "with: {limit: rom}", "P401", "rom}", "`room`"),
    (PIER, "provider: qualification", "provider: qualificaton", "P401", "qualificaton", "`qualification`"),
    (PIER, "is_sound: {type: boolean", "is_sound: {type: bool", "P012", "bool, doc", "`boolean`"),
    (PIER, "expect: {outcome: ordinary}", "expect: {outcome: ordnary}", "P401", "ordnary", "`ordinary`"),
    (PIER, "facts: {use: ship}", "facts: {usee: ship}", "F001", "usee: ship", "`use`"),
    (PIER, 'facts: {used: "60.01"}', "facts: {used: 60.011}", "F005", "60.011", "2 decimals"),
    (PIER, 'facts: {used: "60.01"}', 'facts: {used: "59.01"}', "P420", "{id: more_than", "got permitted"),
    (PIER, "  spare: {type", "  idle: {type: text, zh: 余, en: idle}\n  spare: {type", "P423", "idle: {", "take it out"),
    (PIER, "{kind: \"'loan'\", party: \"'x'\"}", "{kind: \"'loan'\"}", "P011", "{kind: \"'loan'\"}", "`party: ...`"),
    ("001_ferry/measure.yaml", "units: [bank]", "units: [port]", "P401", "port]", "Known: bank"),
]  # fmt: skip


def _shown(files: dict[str, str], code: str) -> Flaw:
    found = [flaw for flaw in check_pack(as_bytes(files)).differences if flaw.code == code]
    assert found, [str(flaw) for flaw in check_pack(as_bytes(files)).differences]
    return found[0]


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


@pytest.mark.parametrize(("file", "old", "new", "code", "under", "word"), BREAKS)
def test_a_break_is_shown_where_it_is_with_what_to_do(
    file: str, old: str, new: str, code: str, under: str, word: str
) -> None:
    files = changed(file, old, new)
    flaw = _shown(files, code)
    assert word in flaw.en, flaw.en
    assert flaw.zh.endswith(("。", "）"))
    lines = files[flaw.place.file.removeprefix("plan/")].splitlines()
    text = lines[(flaw.place.line or 0) - 1]
    column = int(flaw.place.column or 0) - 1
    if under:
        assert text[column:].startswith(under.split("\n", maxsplit=1)[0])
    shown, caret = flaw.excerpt.splitlines()
    assert shown.strip() == text.replace("\x07", "�").strip()
    indent = len(text) - len(text.lstrip())
    before = text[indent:column]
    assert caret.index("^") == 4 + _cells(before)
    assert set(caret.strip()) == {"^"}
    assert flaw.length >= 1


def test_every_mistake_of_every_file_is_told_in_one_run() -> None:
    name = next(one for one in FILES if one.endswith(PIER))
    files = {
        **FILES,
        name: FILES[name]
        .replace("otherwise: ordinary", "otherwize: ordinary")
        .replace("zh: 属实, ", "")
        .replace("documents: [contract]", "documents: [contrct]")
        .replace("back <= open", "back <= opened"),
        "parameters/rooms.yaml": FILES["parameters/rooms.yaml"].replace('"100"', '"1OO"'),
        "vocabulary/reports.yaml": "loan_report: [",
        "measures/001_ferry/ferry_tag.overlay.yaml": FILES[
            "measures/001_ferry/ferry_tag.overlay.yaml"
        ].replace("expect: {outcome: refused}", "expect: {outcome: refusd}"),
    }
    told = {flaw.code for flaw in check_pack(as_bytes(files)).differences}
    assert told == {"P002", "P010", "P011", "P204", "P401", "P408"}
    values = {flaw.value for flaw in check_pack(as_bytes(files)).differences}
    assert {"contrct", "opened", "refusd"} <= values
    assert "loan_report" not in values, "the reports could not be read, so none is unknown"


def test_an_example_that_fails_is_told_beside_the_mistake_of_another_file() -> None:
    name = next(one for one in FILES if one.endswith(PIER))
    wrong = FILES[name].replace("facts: {use: ship}, expect: {outcome: ordinary}",
                                "facts: {use: ship}, expect: {outcome: permitted}")  # fmt: skip
    overlay = "measures/001_ferry/ferry_tag.overlay.yaml"
    files = {
        **FILES,
        name: wrong,
        overlay: FILES[overlay].replace("when: is_own, zh", "when: is_owm, zh"),
    }
    assert {flaw.code for flaw in check_pack(as_bytes(files)).differences} == {"P204", "P420"}
    found = survey(as_bytes(files))
    assert found.policy is not None
    assert not found.is_sound
    assert set(found.policy.pack.overlays) == set()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("parameters/rooms.yaml", "- {id: room}\n"),
        ("vocabulary/switches.yaml", "2.reading: {}\n"),
        ("measures/001_ferry/measure.yaml", "id: ["),
        ("measures/001_ferry/measure.yaml", "id: 1\n"),
        ("vocabulary/documents.yaml", "book: ["),
        ("parameters/rooms.examples.yaml", "- ["),
    ],
)
def test_what_rests_on_an_entry_that_cannot_be_read_is_not_told(file: str, text: str) -> None:
    found = survey(as_bytes({**FILES, file: text}))
    assert {flaw.place.file for flaw in found.flaws} == {f"plan/{file}"}
    assert found.policy is None


def test_an_overlay_that_cannot_be_read_is_left_out_and_the_rest_is_checked() -> None:
    file = "measures/001_ferry/ferry_tag.overlay.yaml"
    found = survey(as_bytes({**FILES, file: FILES[file].replace('measure: "1"\n', "")}))
    (flaw,) = found.flaws
    assert (flaw.code, flaw.place.file) == ("P011", f"plan/{file}")
    assert found.policy is not None
    assert (set(found.policy.pack.overlays), found.is_sound) == (set(), False)


def test_a_scalar_over_several_lines_is_marked_where_the_word_is() -> None:
    folded = changed(
        PIER,
        "counted: in_currency(amount, 'CNY', rate)",
        "counted: >-\n        in_currency(amount,\n        'CNY', rte)",
    )
    flaw = _shown(folded, "P204")
    assert flaw.excerpt == "    'CNY', rte)\n           ^^^"
    plain = changed(
        PIER, "when: is_sound, zh: 须属实", "when: is_sound and\n         is_sond, zh: 须属实"
    )
    assert _shown(plain, "P204").excerpt.splitlines()[1] == "    ^^^^^^^"
    quoted = changed(
        PIER, "when: is_sound, zh: 须属实", 'when: "is_sound and\n         is_sond", zh: 须属实'
    )
    assert _shown(quoted, "P204").excerpt.splitlines()[1] == "    ^^^^^^^"
