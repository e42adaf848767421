"""The published text is read whatever its form, and every difference to the pack is named."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qianhai.policy.compare import (
    Difference,
    MeasureOutline,
    OutlineCounts,
    PlanOutline,
    SectionOutline,
    compare,
)
from qianhai.policy.official import OfficialMeasure, chinese_number, read_official

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT.parent / "shared" / "plan" / "000_a70ff44a8bc4ed2e.txt"

#: An invented plan in the form of the published one, with each of its anomalies.
TEXT = """

关于河港互通的试行方案

为迎接河港通航 30 周年，落实《河港互通纲要》（河发〔2020〕7 号），制定以下方案。

一、便利往来，改善河港居民的生活

（一）开设账户。

1. 试点开立甲类、乙类账户，适时扩大范围。（责任单位：河港银行支行）

2. 允许居民（含持 II、III 类证件者）在 500 万元的限额内汇款，

2.5 万元以下的免填表。鼓励（“简便”“快速”）办理。（责任单位：河港银行支行、

市贸易局、北岸区政府)

（二）畅通贸易。

3. 凭《运单办法》（河规〔2021〕3号）直接办理结算，比例由 50%扩大至 80%，

（五）类货物除外。(责任单位: 市贸易局, 河港税务

局)

二、扩大开放,在航运领域先行,强化示范

(三) 发展航运。

4. 支持船舶登记，研究设

立船舶库，180天（不含）以上的另行登记。（责任单位：市贸易局、河港税务局按职责分工负责）

5. 推动港口联网。(责任单位:北岸区政府)"""


def _measure(number: int, section: int, units: tuple[str, ...], **more: object) -> MeasureOutline:
    plain = MeasureOutline(number, 1 if section < 3 else 2, section, units, duties_divided=False)
    return replace(plain, **more)  # type: ignore[arg-type]


PACK = PlanOutline(
    counts=OutlineCounts(chapters=2, sections=3, measures=5, clauses=8),
    chapters=(1, 2),
    sections=(
        SectionOutline(1, 1, 1, 2),
        SectionOutline(2, 1, 3, 3),
        SectionOutline(3, 2, 4, 5),
    ),
    measures=(
        _measure(1, 1, ("河港银行支行",), clause_verbs=(("1a", "试点"), ("1b", "适时扩大"))),
        _measure(
            2,
            1,
            ("河港银行支行", "市贸易局", "北岸区政府"),
            number_srcs=("II", "III", "500万元", "2.5万元"),
            clause_verbs=(("2a", "允许"), ("2b", "鼓励")),
        ),
        _measure(
            3,
            2,
            ("市贸易局", "河港税务局"),
            number_srcs=("50%", "80%"),
            clause_verbs=(("3a", "直接办理"),),
        ),
        _measure(
            4,
            3,
            ("市贸易局", "河港税务局"),
            duties_divided=True,
            number_srcs=("180天（不含）",),
            clause_verbs=(("4a", "支持"), ("4b", "研究设立")),
        ),
        _measure(5, 3, ("北岸区政府",), clause_verbs=(("5a", "推动"),)),
    ),
    preamble_srcs=("30", "〔2020〕7"),
)


def _official(number: int) -> OfficialMeasure:
    return next(measure for measure in read_official(TEXT).measures if measure.id == number)


def _points(differences: list[Difference]) -> list[tuple[str, str, str]]:
    return [(found.code, found.pack, found.official) for found in differences]


def test_a_pack_that_says_what_the_text_says_has_no_difference() -> None:
    assert compare(PACK, read_official(TEXT)) == []


def test_a_name_cut_by_a_page_break_is_whole_again() -> None:
    assert _official(3).units_zh == ("市贸易局", "河港税务局")


def test_a_list_of_units_cut_after_a_separator_goes_on() -> None:
    assert _official(2).units_zh == ("河港银行支行", "市贸易局", "北岸区政府")


def test_a_sentence_cut_by_a_page_break_is_whole_again() -> None:
    assert "研究设立船舶库" in _official(4).text


def test_a_continued_line_that_looks_like_a_heading_stays_in_its_measure() -> None:
    assert "2.5 万元以下" in _official(2).text
    assert "(五)类货物除外" in _official(3).text


def test_the_suffix_of_divided_duties_is_no_unit() -> None:
    assert _official(4).units_zh == ("市贸易局", "河港税务局")
    assert [measure.duties_divided for measure in read_official(TEXT).measures] == [
        False, False, False, True, False,
    ]  # fmt: skip


def test_brackets_inside_a_measure_are_not_its_units() -> None:
    assert _official(3).text.startswith("凭《运单办法》(河规〔2021〕3号)")
    assert "责任单位" not in _official(3).text


def test_headings_are_known_in_either_width_and_sections_carry_their_bounds() -> None:
    official = read_official(TEXT)
    assert official.chapters == (1, 2)
    assert [(s.id, s.chapter, s.first, s.last) for s in official.sections] == [
        (1, 1, 1, 2),
        (2, 1, 3, 3),
        (3, 2, 4, 5),
    ]


def test_a_line_that_opens_with_no_ordinal_is_no_heading() -> None:
    assert read_official("十十、河港\n\n（二三）河港\n\n0. 河港").preamble.count("河港") == 3


def test_the_preamble_ends_at_the_first_heading() -> None:
    assert read_official(TEXT).preamble.endswith("制定以下方案。")


def test_a_measure_knows_the_line_it_begins_on() -> None:
    assert TEXT.splitlines()[_official(4).line - 1].startswith("4. ")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("河港银行支行）", "河港航道局）", ("units", "河港银行支行", "河港航道局")),
        ("市贸易局, 河港", "河港", ("units", "市贸易局、河港税务局", "河港税务局")),
        ("(责任单位:北岸区政府)", "", ("units", "北岸区政府", "")),
        ("按职责分工负责", "", ("duties_divided", "按职责分工负责", "")),
        ("扩大至 80%", "扩大至 90%", ("number_src", "80%", "")),
        ("适时扩大", "择机扩大", ("clause_verb", "适时扩大", "")),
        ("30 周年", "31 周年", ("preamble_number", "30", "")),
        ("5. 推动", "6. 推动", ("measure", "5", "")),
        ("5. 推动", "6. 推动", ("measure", "", "6")),
        ("5. 推动", "4. 推动", ("measure", "1×", "2×")),
        ("5. 推动", "2. 推动", ("measure_order", "2, 4", "4, 2")),
        ("5. 推动", "（四）更多。\n\n5. 推动", ("measure_section", "3", "4")),
        ("5. 推动", "（四）更多。\n\n5. 推动", ("section", "", "2: 5-5")),
        ("5. 推动", "三、更多\n\n5. 推动", ("measure_chapter", "2", "3")),
        ("5. 推动", "三、更多\n\n5. 推动", ("chapters", "1 2", "1 2 3")),
        ("5. 推动", "三、更多\n\n5. 推动", ("count", "2", "3")),
        ("(三) 发展航运", "(二) 发展航运", ("section", "1×", "2×")),
    ],
)
def test_a_change_in_the_text_is_named_with_both_sides(
    old: str, new: str, expected: tuple[str, str, str]
) -> None:
    assert TEXT.count(old) == 1, "the change is made at one place"
    assert expected in _points(compare(PACK, read_official(TEXT.replace(old, new))))


def test_a_measure_lost_from_the_pack_is_named_and_counted() -> None:
    cut = replace(PACK, measures=PACK.measures[:-1])
    assert _points(compare(cut, read_official(TEXT))) == [
        ("count", "4", "5"),
        ("count", "7", "8"),
        ("measure", "", "5"),
    ]


def test_an_empty_verb_is_found_nowhere() -> None:
    first = replace(PACK.measures[0], clause_verbs=(("1a", " "), ("1b", "试点")))
    changed = replace(PACK, measures=(first, *PACK.measures[1:]))
    assert _points(compare(changed, read_official(TEXT))) == [("clause_verb", " ", "")]


def test_a_difference_is_a_sentence_in_both_languages_and_a_flaw_with_its_line() -> None:
    changed = TEXT.replace("河港银行支行）", "河港航道局）")
    [found] = compare(PACK, read_official(changed))
    assert found.en == (
        "Measure 1, responsible units: the pack has `河港银行支行`, "
        "the official text has `河港航道局`."
    )
    assert found.zh == "第1条责任单位：方案包为“河港银行支行”，官方文本为“河港航道局”。"
    flaw = found.as_flaw("published.txt")
    assert str(flaw.place) == "published.txt:11"
    assert (flaw.code, flaw.value, flaw.expected) == (
        "official.units",
        "河港银行支行",
        "河港航道局",
    )
    assert flaw.en.endswith("correct the side that is wrong.")
    assert flaw.zh.endswith("更正有误的一方。")


@given(st.integers(min_value=0, max_value=len(TEXT) - 1))
def test_a_text_that_is_cut_off_anywhere_is_never_taken_for_whole(length: int) -> None:
    assert compare(PACK, read_official(TEXT[:length]))


_PIECES = st.sampled_from([
    "1. ", "2.", "十、", "（十）", "(三)", "（责任单位：", "按职责分工负责", "）", ")", "、",
    "\n\n", "\f", "\x00", "\ufeff", "㈠", "⒈", "\ud800", "500 万元",
])  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=8), max_size=40).map("".join))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    found = compare(PACK, read_official(text))
    assert found
    assert all(point.subject_en in point.en and point.subject_zh in point.zh for point in found)


@given(st.integers(min_value=1, max_value=99))
def test_every_ordinal_to_ninety_nine_is_read(number: int) -> None:
    digits = "〇一二三四五六七八九"
    tens, ones = divmod(number, 10)
    written = ("" if tens == 0 else "十" if tens == 1 else f"{digits[tens]}十") + (
        digits[ones] if ones else ""
    )
    assert chinese_number(written) == number


@pytest.mark.parametrize("text", ["", "百", "十十", "二三", "二三十", "十二三", "〇", "2"])
def test_what_is_no_ordinal_counts_as_none(text: str) -> None:
    assert chinese_number(text) == 0


def _as_text(file: Path) -> Any:  # noqa: ANN401
    """Read a YAML file with all scalars as text."""
    return yaml.BaseLoader(file.read_text()).get_single_data()


def _pack_on_disk() -> PlanOutline:
    plan = _as_text(ROOT / "plan/plan.yaml")
    names = {unit["slug"]: unit["zh"] for unit in plan["units"]}
    files = sorted((ROOT / "plan/measures").glob("*/measure.yaml"))
    return PlanOutline(
        counts=OutlineCounts(**{name: int(count) for name, count in plan["counts"].items()}),
        chapters=tuple(int(chapter["id"]) for chapter in plan["chapters"]),
        sections=tuple(
            SectionOutline(*(int(section[key]) for key in ("id", "chapter", "first", "last")))
            for section in plan["sections"]
        ),
        measures=tuple(
            MeasureOutline(
                int(measure["id"]),
                int(measure["chapter"]),
                int(measure["section"]),
                tuple(names[unit] for unit in measure["units"]),
                measure["duties_divided"] == "true",
                tuple(number["src"] for number in measure["numbers"]),
                tuple((clause["id"], clause["verb_zh"]) for clause in measure["clauses"]),
            )
            for measure in map(_as_text, files)
        ),
        preamble_srcs=tuple(number["src"] for number in plan["preamble_numbers"]),
    )


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published text is not part of the project")
def test_the_pack_agrees_with_the_published_text_and_one_changed_unit_is_named() -> None:
    text, pack = PUBLISHED.read_text(), _pack_on_disk()
    assert [found.en for found in compare(pack, read_official(text))] == []
    changed = text.replace("责任单位: 深圳市税务局", "责任单位: 市商务局")
    assert _points(compare(pack, read_official(changed))) == [("units", "深圳市税务局", "市商务局")]
