"""Every mistake of a pack is told with its file, line, a caret, and the name that was meant."""

import pytest

from policy.small import FILES, PARAMETERS, as_bytes, changed, flaws_of, with_action
from qianhai.kernel import BrokenIntegrity, Flaw
from qianhai.policy import examine, open_policy, read_pack

PIER = "pier_loan.facility.yaml"
TAG = "ferry_tag.overlay.yaml"
ROOMS = "rooms.yaml"


def _the_flaw(files: dict[str, str], code: str) -> Flaw:
    found = [flaw for flaw in flaws_of(files) if flaw.code == code]
    assert found, [str(flaw) for flaw in flaws_of(files)]
    return found[0]


def _assert_at(flaw: Flaw, files: dict[str, str], marker: str) -> None:
    """The flaw stands where the marker stands, and its caret is under it."""
    text = files[flaw.place.file.removeprefix("plan/")]
    before = text[: text.index(marker)]
    column = len(before) - (before.rfind("\n") + 1) + 1
    assert flaw.place.line == before.count("\n") + 1
    assert flaw.place.column == str(column)
    line, caret = flaw.excerpt.splitlines()
    wide = sum(1 + (ord(sign) > 0x2E80) for sign in line[: line.index(marker.partition("\n")[0])])
    assert caret.index("^") == wide


# --- texts that are no YAML of ours -----------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "code", "place"),
    [
        (b"id: \xff", "P001", "1"),
        (b"id: [\n", "P002", "2"),
        (b"id: \x01", "P002", "1"),
        (b"id: 1\n---\nid: 2\n", "P002", "2"),
        (b"id:\n  " + b"[" * 200_000, "P003", "2"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(
    raw: bytes, code: str, place: str
) -> None:
    _, flaws = read_pack({**as_bytes(FILES), "vocabulary/terms.yaml": raw})
    assert [(flaw.code, str(flaw.place.file), str(flaw.place.line)) for flaw in flaws] == [
        (code, "plan/vocabulary/terms.yaml", place)
    ]


def test_a_mistake_names_the_folder_the_pack_was_read_from() -> None:
    files = {**as_bytes(FILES), "vocabulary/terms.yaml": b"id: ["}
    _, flaws = examine(files, folder="packs/harbour")
    assert flaws[0].place.file == "packs/harbour/vocabulary/terms.yaml"


def test_an_alias_that_would_fill_the_memory_is_refused() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    flaw = _the_flaw({**FILES, "vocabulary/terms.yaml": "\n".join(rows)}, "P005")
    assert "alias" in flaw.en


def test_an_alias_that_holds_itself_is_refused() -> None:
    flaw = _the_flaw({**FILES, "vocabulary/terms.yaml": "a: &a [*a]\n"}, "P005")
    assert flaw.place.line == 1


@pytest.mark.parametrize(
    ("text", "code", "marker"),
    [
        ("one: {zh: 一, en: one}\none: {zh: 一, en: one}\n", "P004", "one: {zh: 一, en: one}\n"),
        ("? [a]\n: 1\n", "P006", "[a]"),
        ("- zh: 一\n", "P022", "- zh"),
        ("one: {zh: 一, en: one, ordre: '2'}\n", "P010", "ordre"),
        ("one: {zh: 一}\n", "P011", "{zh"),
        ("one: {zh: '', en: one}\n", "P012", "', en"),
        ("one: {zh: 一, en: one, order: first}\n", "P012", "first"),
        ("one: {zh: 一, en: one, on_demand: maybe}\n", "P012", "maybe"),
        ("one: {zh: 一, en: one, known_by: hearsay}\n", "P012", "hearsay"),
        ("one: {zh: 一, en: one, args: party}\n", "P012", "party"),
        ("one: [zh]\n", "P012", "[zh"),
    ],
)
def test_a_file_that_does_not_fit_its_model_is_told_at_the_word(
    text: str, code: str, marker: str
) -> None:
    files = {**FILES, "vocabulary/terms.yaml": text}
    flaw = _the_flaw(files, code)
    if code == "P004":
        assert (flaw.place.line, flaw.place.column) == (2, "1")
        assert flaw.excerpt.endswith("\n    ^^^")
    else:
        _assert_at(flaw, files, marker)
    assert flaw.en.endswith(".")
    assert flaw.zh.endswith("。")


def test_an_unknown_field_names_the_nearest_wherever_it_stands() -> None:
    files = changed(PIER, "otherwise: ordinary", "otherwize: ordinary")
    flaw = _the_flaw(files, "P010")
    assert "`otherwise`" in flaw.en
    _assert_at(flaw, files, "otherwize")


def test_a_field_nothing_comes_near_has_no_hint() -> None:
    flaw = _the_flaw(changed(PIER, "otherwise: ordinary", "zzzz: ordinary"), "P010")
    assert flaw.en.startswith("unknown field `zzzz`. Known: alert, asks, ")


def test_a_file_of_a_kind_the_pack_does_not_have_is_refused() -> None:
    flaw = _the_flaw({**FILES, "measures/002_pier/notes.txt": "x"}, "P023")
    assert str(flaw.place) == "plan/measures/002_pier/notes.txt:1"


def test_a_pack_without_its_frame_is_refused() -> None:
    files = {name: text for name, text in FILES.items() if name != "plan.yaml"}
    assert _the_flaw(files, "P024").place.file == "plan/plan.yaml"


def test_a_frame_that_does_not_fit_is_told_once() -> None:
    files = changed("plan.yaml", "version:", "versoin:")
    assert [flaw.code for flaw in flaws_of(files)] == ["P011", "P010"]


def test_entries_that_do_not_fit_are_told_in_every_kind_of_file() -> None:
    files = {name: text.replace("en:", "eng:", 1) for name, text in FILES.items()}
    files["parameters/rooms.examples.yaml"] = "- {id: X}\n"
    told = {flaw.place.file for flaw in flaws_of(files)}
    assert told == {f"plan/{name}" for name in files}


def test_opening_an_unsound_pack_carries_every_flaw() -> None:
    files = as_bytes({**changed(PIER, "is_sound:", "is_sond:"), "x.txt": ""})
    with pytest.raises(BrokenIntegrity) as fault:
        open_policy(files)
    assert {flaw.code for flaw in fault.value.flaws} == {"P023", "P204", "P401"}
    assert open_policy(as_bytes(FILES)).pack.version == "2030-01-01"


def test_flaws_come_in_the_order_of_files_and_lines() -> None:
    files = changed(PIER, "clause: 2a", "clause: 2z")
    files["parameters/rooms.yaml"] = PARAMETERS.replace('"100"', '"1OO"')
    places = [(flaw.place.file, flaw.place.line) for flaw in flaws_of(files)]
    assert len(places) == 3
    assert places == sorted(places, key=lambda place: (place[0], place[1] or 0))


# --- names and figures that do not fit together -----------------------------------------------

#: File, what is changed into what, the code, and where the caret must stand.
CROSSED = [
    (ROOMS, "- id: room", "- id: Room", "P012", "Room"),
    (ROOMS, "from: 2030-01-01", "from: 2030-1-01", "P012", "2030-1-01"),
    (ROOMS, "from: 2030-01-01", "from: '20300101'", "P012", "20300101"),
    (ROOMS, "currency: CNY", "currency: CNX", "P401", "CNX"),
    (ROOMS, "measures: [2]", "measures: [2, 3]", "P401", "3]"),
    (ROOMS, "to: 2031-12-31", "to: 2029-12-31", "P407", "2029-12-31"),
    (ROOMS, "to: 2031-12-31", "to: 2032-01-01", "P407", '2032-01-01, value: "null"'),
    (ROOMS, "from: 2034-01-01", "from: 2033-01-01", "P407", '2033-01-01, value: "300"'),
    (ROOMS, 'value: "100"', 'value: "1OO"', "P408", "1OO"),
    ("switches.yaml", "default: wide", "default: wider", "P401", "wider"),
    ("switches.yaml", "2.reading:", "2z.status:", "P401", "values:"),
    ("switches.yaml", "2.reading:", "2a.status:", "P401", "wide, narrow"),
    ("reasons.yaml", "reason {condition}'}\nRR04", "reason {why}'}\nRR04", "P401", "reason {why}"),
    ("plan.yaml", "clauses: 4", "clauses: 5", "P410", "5}"),
    ("plan.yaml", 'first: "2", last: "2"', 'first: "3", last: "3"', "P411", "2\nmodule"),
    ("001_ferry/measure.yaml", "section: 1", "section: 9", "P401", "9\nmodule"),
    ("001_ferry/measure.yaml", "chapter: 1", "chapter: 2", "P411", "1\nmodule"),
    ("001_ferry/measure.yaml", "id: 1b", "id: 10a", "P411", "10a"),
    ("001_ferry/measure.yaml", "id: 1b", "id: 1a", "P411", "1a, status: proposed"),
    ("001_ferry/measure.yaml", "units: [bank]", "units: [bnak]", "P401", "bnak"),
    ("001_ferry/measure.yaml", "systems: [ledger]", "systems: [legder]", "P401", "legder"),
    ("001_ferry/measure.yaml", "related: [2]", "related: [3]", "P401", "3]"),
    ("001_ferry/measure.yaml", "module: loans", "module: loan", "P401", "loan\n"),
    ("001_ferry/measure.yaml", "slug: ferry", "slug: fery", "P021", "fery"),
    ("002_pier/measure.yaml", "id: 2\n", "id: 1\n", "P020", "1\n"),
    (PIER, "id: pier_loan", "id: pier_lone", "P021", "pier_lone"),
    (TAG, "id: ferry_tag", "id: ferry_tags", "P021", "ferry_tags"),
    (TAG, 'measure: "1"', 'measure: "7"', "P401", '7"'),
    (TAG, "on_debit: {kind: tagged}", "on_debit: {kind: taged}", "P401", "taged"),
    (TAG, "when: is_own, kind: tagged", "when: is_own, kind: tags", "P401", "tags"),
    (TAG, "\nfacts:", "\nclause: 9z\nfacts:", "P401", "9z"),
    (TAG, "when: is_own, zh", "when: is_owned, zh", "P204", "is_owned"),
    (TAG, "{when: is_own, kind", "{when: is_owner, kind", "P204", "is_owner"),
    (PIER, 'measure: "2"', 'measure: "3"', "P401", '3"'),
    (PIER, "kinds: [bank]", "kinds: [banker]", "P012", "banker"),
    (PIER, "  bank: {kinds", "  of: {kinds", "P403", "{kinds: [bank]"),
    (PIER, "  paper: {type", "  of: {type", "P403", "{type: text"),
    (PIER, "provider: qualification", "provider: qualificaton", "P401", "qualificaton"),
    (PIER, "document: book", "document: boook", "P401", "boook"),
    (PIER, "name: pier_list}", "nmae: pier_list}", "P401", "nmae"),
    (PIER, "name: pier_list}", "name: peer_list}", "P401", "peer_list"),
    (PIER, "{party: borrower, name: pier_list}", "{party: borrower}", "P011", "{party: borrower}"),
    (PIER, "party: borrower", "party: borower", "P401", "borower"),
    (PIER, "with: {limit: room}", "with: {limit: roof}", "P401", "roof"),
    (PIER, "with: {limit: room}", "with: {limit: room, pool: own}", "P401", "own}"),
    (PIER, "{position: principal}", "{position: principle}", "P401", "principle"),
    (PIER, "account: borrower.settlement", "account: lender.settlement", "P401", "lender.s"),
    (PIER, "account: borrower.settlement", "account: borrower.saving", "P401", "borrower.saving"),
    (PIER, "id: paper}", "id: papers}", "P401", "papers}"),
    (PIER, "values: [pier, ship]", "values: []", "P404", "enum"),
    (PIER, "part: {type: money", "part: {type: rate", "P404", "rate, currency"),
    (PIER, "part: {type: money, currency: CNY", "part: {type: money, currency: CNX", "P401", "CNX"),
    (PIER, "name: {type: text", "name: {type: enum", "P404", "enum, zh: 名"),
    (PIER, "currency: CNY, provider: used", "currency: CNX, provider: used", "P401", "CNX"),
    (PIER, "per: amount.currency", "per: amount.curency", "P401", "amount.curency"),
    (PIER, "  paper: {type", "  amount.currency: {type", "P404", "{type: text, zh: 单据号"),
    (PIER, "principal: {currency: CNY", "principal: {currency: CNX", "P401", "CNX"),
    (PIER, "principal: {currency", "principal: {key: boat, currency", "P401", "boat"),
    (PIER, "clause: 2a\n    let", "clause: 2z\n    let", "P401", "2z"),
    (PIER, "counted: in", "used: in", "P404", "in_currency"),
    (PIER, "counted: in", "amount: in", "P404", "in_currency"),
    (PIER, "id: for_pier", "id: sound", "P020", "sound, when: use"),
    (PIER, "when: is_sound, zh", "when: is_sound, clause: 9a, zh", "P401", "9a"),
    (PIER, "when: is_sound, zh", "when: is_sound, reason: RR05, zh", "P401", "RR05"),
    (PIER, "when: is_sound, zh", "when: is_sound, asks: [papers], zh", "P401", "papers]"),
    (PIER, "otherwise: ordinary", "otherwise: permitted", "P405", "permitted, zh"),
    (PIER, "holder: borrower", "holder: borower", "P401", "borower"),
    (
        PIER,
        "asset: CNY, holder",
        "otherwise: permitted, asset: CNY, holder",
        "P405",
        "permitted, as",
    ),
    (PIER, "asset: CNY, holder", "clause: 9a, asset: CNY, holder", "P401", "9a"),
    (PIER, "used: used, amount", "used: spare, amount", "P409", "spare, amount"),
    (PIER, "amount: counted, zh", "amount: amount, zh", "P302", "amount, zh: 余地"),
    (PIER, "cap: p.room", "cap: p.roof", "P201", "p.roof"),
    (PIER, "of: [draw]", "of: [drew]", "P401", "drew"),
    (PIER, "release: {room: pro_rata}", "release: {roof: pro_rata}", "P401", "roof: pro"),
    (PIER, "release: {room: pro_rata}", "release: {room: half}", "P012", "half"),
    (PIER, "opens: {principal:", "opens: {principle:", "P401", "principle"),
    (
        PIER,
        "closes: {principal: back}",
        "closes: {principal: amount}",
        "P302",
        "amount}\n    release",
    ),
    (PIER, "debit: bank.nostro", "debit: bnak.nostro", "P401", "bnak"),
    (PIER, "debit: bank.nostro", "debit: bank.nostra", "P401", "bank.nostra"),
    (PIER, "amount: amount}", "amount: is_sound}", "P402", "is_sound}\n"),
    (PIER, "name: file_record", "name: file_recrod", "P401", "file_recrod"),
    (PIER, "{kind: \"'loan'\", party: \"'x'\"}", "{party: \"'x'\"}", "P011", "{party: \"'x'\"}"),
    (PIER, "documents: [contract]", "documents: [contrat]", "P401", "contrat]"),
    (PIER, "reports: [loan_report]", "reports: [loan_repot]", "P401", "loan_repot"),
    (PIER, "clause: 2a\n    let", "clause: 1a\n    let", "P406", "1a\n"),
    (
        PIER,
        "id: unsound,",
        "id: sound_draw,",
        "P020",
        "sound_draw, on: 2030-06-30, given: [sound], f",
    ),
    (PIER, "action: repay, on", "action: repai, on", "P401", "repai"),
    (PIER, "given: [repaying]", "given: [repayed]", "P401", "repayed"),
    (PIER, "without: [use]", "without: [uses]", "P401", "uses]"),
    (PIER, "facts: {use: ship}", "opens: [1z], facts: {use: ship}", "P401", "1z"),
    (PIER, "facts: {use: ship}", "switches: {2.raeding: wide}", "P401", "2.raeding"),
    (PIER, "facts: {use: ship}", "switches: {2.reading: wild}", "P401", "wild"),
    (PIER, "expect: {outcome: ordinary}", "expect: {outcom: ordinary}", "P401", "outcom:"),
    (PIER, "expect: {outcome: ordinary}", "expect: {outcome: ordinry}", "P401", "ordinry"),
    (PIER, "expect: {outcome: ordinary}", "expect: {}", "P011", "{}"),
    ("rooms.examples.yaml", "expect: {whole", "expect: {hole", "P401", 'hole: "203'),
    ("rooms.examples.yaml", 'value: "1.50"', 'value: "1,50"', "F003", "1,50"),
    ("rooms.examples.yaml", "p.room + part", "p.roof + part", "P201", "p.roof"),
    ("rooms.examples.yaml", "  expect", "  switches: {x: y}\n  expect", "P401", "x: y}"),
]


@pytest.mark.parametrize(("file", "old", "new", "code", "marker"), CROSSED)
def test_a_name_that_leads_nowhere_is_told_at_the_word(
    file: str, old: str, new: str, code: str, marker: str
) -> None:
    files = changed(file, old, new)
    flaw = _the_flaw(files, code)
    if flaw.excerpt and code not in {"P201", "P204", "P302"}:
        _assert_at(flaw, files, marker)
    text = files[flaw.place.file.removeprefix("plan/")]
    assert flaw.place.line == text[: text.index(marker)].count("\n") + 1
    assert flaw.en
    assert any(ord(sign) > 0x2E80 for sign in flaw.zh)


def test_a_name_two_files_give_is_told() -> None:
    files = {**FILES, "measures/001_ferry/again.facility.yaml": FILES[f"measures/002_pier/{PIER}"]}
    assert _the_flaw(files, "P020").value == "pier_loan"


def test_a_comma_that_cuts_a_text_short_is_told_as_what_it_is() -> None:
    flaw = _the_flaw(changed(PIER, "when: is_sound", "when: least(room, 2) > 1"), "P010")
    assert "in quotes" in flaw.en
    assert "引号" in flaw.zh


def test_whoever_uses_a_let_with_a_mistake_is_not_told_that_it_is_unknown() -> None:
    files = changed(PIER, "in_currency(amount, 'CNY', rate)", "amount + is_sound")
    assert [flaw.code for flaw in flaws_of(files)] == ["P301"]


def test_a_supported_clause_is_enough_with_a_ground_on_record() -> None:
    listed = "conditions: [{id: listed, when: is_listed, zh: 在名录, en: listed}]"
    assert "tested" in with_action(f"clause: 1a\n{listed}").pack.facilities["pier_loan"].actions
    assert with_action("clause: 1a\nof: [draw]").pack.measures[1].status_mixed


def test_an_empty_vocabulary_is_a_vocabulary_and_an_empty_list_is_not() -> None:
    assert flaws_of({**FILES, "vocabulary/terms.yaml": ""}) == []
    assert _the_flaw({**FILES, "parameters/more.yaml": ""}, "P022").place.line == 1
