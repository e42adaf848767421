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


def test_a_day_is_moved_by_a_day() -> None:
    text = changed(
        "pier_loan.facility.yaml", "back <= open", "back <= open and begun_on <= ends_on"
    )
    text[PIER] = (
        text[PIER]
        .replace(
            "  is_sound: {type",
            "  begun_on: {type: date, zh: 始, en: begun}\n"
            "  ends_on: {type: date, zh: 终, en: ends}\n"
            "  is_sound: {type",
            1,
        )
        .replace('{open: "10.00",', '{begun_on: 2030-01-31, ends_on: 2030-02-02, open: "10.00",')
    )
    policy = opened(text)
    (one,) = (one for one in coverage(policy) if one.lacking)
    assert one.lacking == ("edge", "beyond")
    texts = [p.text for p in proposals(policy, one)]
    assert 'facts: {begun_on: "2030-02-02"}' in texts[0]
    assert 'facts: {begun_on: "2030-02-03"}' in texts[1]


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


def test_what_one_fact_cannot_show_is_not_proposed() -> None:
    policy = opened(
        changed(
            "pier_loan.facility.yaml", "when: is_sound, zh", "when: is_sound or not is_sound, zh"
        )
    )
    (one,) = (one for one in coverage(policy) if one.name == "sound")
    assert "failed" in one.lacking
    assert proposals(policy, one) == ()
