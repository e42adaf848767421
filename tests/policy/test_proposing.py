"""What the examples lack is proposed as an example that shows it, ready to be pasted."""

import pytest

from policy.small import FILES, changed, opened, small
from qianhai.policy import SIDES, Policy, check_examples, coverage, proposals

PIER = "measures/002_pier/pier_loan.facility.yaml"
TAG = "measures/001_ferry/ferry_tag.overlay.yaml"


def _without(*examples: str, file: str = PIER, **more: str) -> dict[str, str]:
    text = FILES[file]
    for old, new in more.items():
        text = text.replace(old, new)
    for example in examples:
        head, _, rest = text.partition(f"  - {{id: {example},")
        assert rest, example
        at = rest.find("\n  - {id:")
        text = head + (rest[at + 1 :] if at >= 0 else "")
    return {**FILES, file: text}


def _lacking(policy: Policy) -> dict[str, tuple[str, ...]]:
    return {one.name: one.lacking for one in coverage(policy) if one.lacking}


def test_the_small_pack_shows_every_side() -> None:
    assert _lacking(small()) == {}
    assert [side for side, _, _ in SIDES] == ["passed", "failed", "missing", "edge", "beyond"]


@pytest.mark.parametrize(
    ("examples", "lacking"),
    [
        (["unsound"], {"sound": ("failed",)}),
        (["soundness_missing"], {"sound": ("missing",)}),
        (["all_of_the_room"], {"room": ("edge",)}),
        (["more_than_the_room"], {"room": ("failed", "beyond")}),
        (["all_back", "too_much_back"], {"within": ("failed", "edge", "beyond")}),
        (["for_a_ship", "use_missing"], {"for_pier": ("failed", "missing")}),
    ],
)
def test_what_was_proposed_shows_what_was_lacking(
    examples: list[str], lacking: dict[str, tuple[str, ...]]
) -> None:
    files = _without(*examples)
    policy = opened(files)
    assert _lacking(policy) == lacking
    shown = [one for one in coverage(policy) if one.lacking]
    pasted = "\n".join(p.text for one in shown for p in proposals(policy, one))
    whole = opened({**files, PIER: files[PIER].rstrip() + "\n" + pasted + "\n"})
    assert _lacking(whole) == {}
    assert check_examples(whole) == []


def test_a_boundary_is_found_behind_a_rate_and_to_the_minor_unit() -> None:
    policy = opened(_without("all_of_the_room", "more_than_the_room"))
    (one,) = (one for one in coverage(policy) if one.lacking)
    texts = {p.side: p.text for p in proposals(policy, one)}
    assert 'facts: {amount.amount: "100.00"}' in texts["edge"]
    assert 'facts: {amount.amount: "100.01"}' in texts["beyond"]
    assert "expect: {outcome: refused, reasons: [AM14]}" in texts["beyond"]


def _repaying(condition: str, facts: str = "", given: str = "") -> Policy:
    """The small pack with another condition to repay, more facts, and what examples say of them."""
    text = changed("pier_loan.facility.yaml", "when: back <= open,", f'when: "{condition}",')
    text[PIER] = (
        text[PIER]
        .replace("  is_sound: {type", f"{facts}  is_sound: {{type", 1)
        .replace('{open: "10.00",', f'{{{given}open: "10.00",')
    )
    return opened(text)


def _proposed(policy: Policy) -> dict[str, str]:
    (one,) = (one for one in coverage(policy) if one.lacking)
    return {p.side: p.text for p in proposals(policy, one)}


DAYS = """\
  begun_on: {type: date, zh: 始, en: begun}
  ends_on: {type: date, zh: 终, en: ends}
"""
MORE = """\
  ratio: {type: number, zh: 比, en: ratio}
  berths: {type: integer, zh: 泊位, en: berths}
  ticket: {type: text, zh: 票, en: ticket}
"""


def test_a_day_is_moved_by_a_day() -> None:
    given = "begun_on: 2030-01-31, ends_on: 2030-02-02, "
    policy = _repaying("back <= open and begun_on <= ends_on", DAYS, given)
    assert _lacking(policy) == {"within": ("edge", "beyond")}
    texts = _proposed(policy)
    assert 'facts: {begun_on: "2030-02-02"}' in texts["edge"]
    assert 'facts: {begun_on: "2030-02-03"}' in texts["beyond"]


def test_a_day_without_end_is_not_moved_past_the_calendar() -> None:
    given = "begun_on: 2030-01-31, ends_on: 9999-12-31, "
    texts = _proposed(_repaying("back <= open and begun_on <= ends_on", DAYS, given))
    assert 'facts: {begun_on: "9999-12-31"}' in texts["edge"]
    assert 'facts: {ends_on: "2030-01-30"}' in texts["beyond"]
    texts = _proposed(_repaying("back <= open and begun_on < ends_on", DAYS, given))
    assert 'facts: {begun_on: "9999-12-30"}' in texts["beyond"]


@pytest.mark.parametrize(
    ("condition", "given", "side", "shown"),
    [
        ("paper = ticket", "paper: A-1, ticket: B-2, ", "passed", '{paper: "B-2"}'),
        ("paper = ticket", "paper: A-1, ticket: A-1, ", "failed", "{paper: another}"),
        ("due_on is null", "due_on: 2030-07-01, ", "passed", '{due_on: "null"}'),
        ("ratio <= 2", 'ratio: "3", ', "passed", '{ratio: "2"}'),
        ("berths <= 2", 'berths: "7", ', "passed", '{berths: "2"}'),
        ("berths <= 2", 'berths: "1", ', "beyond", '{berths: "3"}'),
    ],
)
def test_a_side_no_example_shows_is_reached_by_one_fact(
    condition: str, given: str, side: str, shown: str
) -> None:
    policy = _repaying(condition, MORE, given)
    assert side in _lacking(policy)["within"]
    assert f"facts: {shown}" in _proposed(policy)[side]


def test_bare_numbers_have_no_unit_and_an_overlay_is_searched_too() -> None:
    text = changed(
        "pier_loan.facility.yaml", "when: is_sound, zh", "when: is_sound and ratio <= 2, zh"
    )
    text[PIER] = (
        text[PIER]
        .replace(
            "  is_sound: {type", "  ratio: {type: number, zh: 比, en: ratio}\n  is_sound: {type", 1
        )
        .replace('sound: {is_sound: "true",', 'sound: {ratio: "1.5", is_sound: "true",')
    )
    policy = opened(text)
    (one,) = (one for one in coverage(policy) if one.lacking)
    assert (one.lacking, one.beyond) == (("edge", "beyond"), False) or one.lacking == ("edge",)
    edge = next(p for p in proposals(policy, one) if p.side == "edge")
    assert 'facts: {ratio: "2"}' in edge.text
    first = next(line for line in FILES[TAG].splitlines() if "outcome: refused" in line)
    name = first.split("{id: ")[1].split(",")[0]
    policy = opened(_without(name, file=TAG))
    (own,) = (one for one in coverage(policy) if one.lacking)
    assert own.action == ""
    assert [p.side for p in proposals(policy, own)] == ["failed"]


@pytest.mark.parametrize(
    ("condition", "given", "sides"),
    [
        ("is_sound or not is_sound", 'is_sound: "true", ', {"failed"}),
        ("back <= open or p.room > 0", "", {"failed", "missing"}),
        ("back <= open and back <= spare", "", {"passed", "edge", "beyond"}),
        ("back <= open and back * 3 <= p.room", "", {"edge", "beyond"}),
        ("back <= open and least(back, open) <= p.room", "", {"edge", "beyond"}),
        ("back <= open and ratio * 3 <= 1", 'ratio: "0.5", ', {"passed", "edge"}),
    ],
)
def test_what_one_fact_cannot_show_is_not_proposed(
    condition: str, given: str, sides: set[str]
) -> None:
    policy = _repaying(condition, MORE, given)
    assert sides <= set(_lacking(policy)["within"])
    assert sides.isdisjoint(_proposed(policy))
