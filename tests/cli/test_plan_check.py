"""`qianhai plan check`: the pack alone, against the published text, and with a mistake in it."""

from pathlib import Path

import pytest

from cli.terminal import Json, Terminal, on_harbour

PUBLISHED = Path(__file__).parents[3] / "shared" / "plan" / "000_a70ff44a8bc4ed2e.txt"
FACILITY = "measures/002_pier/pier_loan.facility.yaml"
MISSPELLED = ("when: is_sound,", "when: is_soun,")

needs_published = pytest.mark.skipif(not PUBLISHED.exists(), reason="no published text here")


def found(qianhai: Terminal, *source: str) -> list[Json]:
    """Return the differences of a check, which must exit 3 because of them."""
    done = qianhai("plan", "check", *source, "--json")
    assert done.code == 3, done.out
    differences = done.document.rows("found")
    assert done.document["differences"] == len(differences) > 0
    return differences


def test_a_pack_without_a_mistake_is_told_in_one_line_of_either_language(
    qianhai: Terminal,
) -> None:
    harbour = on_harbour(qianhai)
    done = harbour("plan", "check")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "2 measures, 4 clauses, 2 sections, 1 facilities, 16 examples, 0 sides not shown,"
        " 0 differences\n"
    )
    assert "16 个示例" in harbour("plan", "check", language="zh").out


def test_a_text_that_is_another_is_told_apart_point_by_point(
    qianhai: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "other.txt"
    path.write_text("第一章\n")
    assert all(str(one["file"]) == str(path) for one in found(on_harbour(qianhai), str(path)))


@pytest.mark.untraced
def test_the_pack_alone_has_no_difference(qianhai: Terminal) -> None:
    done = qianhai("plan", "check", "--json")
    assert done.code == 0, done.out
    document = done.document
    counts = {name: document[name] for name in ("measures", "clauses", "sections", "facilities")}
    facilities = sum(1 for _ in (Path(__file__).parents[2] / "plan").rglob("*.facility.yaml"))
    assert counts == {"measures": 115, "clauses": 264, "sections": 30, "facilities": facilities}
    assert (document["differences"], document["found"]) == (0, [])


@needs_published
@pytest.mark.untraced
def test_the_pack_is_proven_against_the_published_text(qianhai: Terminal) -> None:
    done = qianhai("plan", "check", str(PUBLISHED))
    assert done.code == 0, done.err
    assert "115 measures, 264 clauses, 30 sections" in done.out
    assert "0 differences" in done.out
    chinese = qianhai("plan", "check", str(PUBLISHED), language="zh")
    assert "115 条措施，264 项条款，30 节" in chinese.out


@needs_published
@pytest.mark.untraced
def test_one_changed_unit_of_the_text_is_named_with_both_sides(
    qianhai: Terminal, tmp_path: Path
) -> None:
    text = PUBLISHED.read_text()
    old, new = "深圳银保监局", "深圳证监局"
    copy = tmp_path / "copy.txt"
    copy.write_text(text.replace(f"（责任单位：{old}）", f"（责任单位：{new}）", 1))
    (difference,) = found(qianhai, str(copy))
    assert difference["file"] == str(copy)
    assert difference["line"] == 1 + text[: text.index(f"（责任单位：{old}）")].count("\n")
    for language in ("en", "zh"):
        assert old in str(difference[language])
        assert new in str(difference[language])
    told = qianhai("plan", "check", str(copy))
    assert (told.code, "1 difference" in told.out) == (3, True)
    assert new in told.err


@needs_published
@pytest.mark.untraced
def test_a_published_text_that_was_cut_off_is_not_proven(qianhai: Terminal, tmp_path: Path) -> None:
    text = PUBLISHED.read_text()
    copy = tmp_path / "half.txt"
    copy.write_text(text[: len(text) // 2])
    assert len(found(qianhai, str(copy))) > 50


@pytest.mark.parametrize("raw", [None, b"\xff\xfe\x00"])
def test_a_text_that_cannot_be_read_is_bad_input(
    qianhai: Terminal, tmp_path: Path, raw: bytes | None
) -> None:
    path = tmp_path / "text.txt"
    if raw is not None:
        path.write_bytes(raw)
    done = qianhai("plan", "check", str(path), "--json")
    assert done.code == 2
    assert done.document.part("error").rows("flaws")[0]["code"] == "C011"


def test_a_wrong_expression_of_the_pack_is_shown_with_a_caret_and_the_nearest_name(
    qianhai: Terminal,
) -> None:
    broken = on_harbour(qianhai, pier_loan=MISSPELLED)
    (first, *_) = found(broken)
    assert str(first["file"]).endswith(FACILITY)
    assert first["line"]
    assert "`is_sound`" in str(first["en"])
    assert "is_sound" in str(first["zh"]).replace("is_soun”", "")
    lines = str(first["excerpt"]).splitlines()
    source = next(line for line in lines if "is_soun," in line)
    caret = next(line for line in lines if "^" in line)
    assert source.index("is_soun,") == caret.index("^")
    told = broken("plan", "check")
    assert told.code == 3
    assert "^" in told.err
    assert "nothing was booked" not in told.err


def test_no_command_works_on_a_broken_pack(qianhai: Terminal) -> None:
    broken = on_harbour(qianhai, pier_loan=MISSPELLED)
    for argv in (
        ("facility", "list"),
        ("decide", "pier_loan", "--facts", "-"),
        ("run", "day.csv"),
        ("limits", "firm"),
    ):
        done = broken(*argv, "--json", given="{}")
        assert done.code == 3, done.out
        assert done.document.part("error")["kind"] == "broken_integrity"


def test_an_example_that_no_longer_holds_is_named(qianhai: Terminal) -> None:
    shown = 'facts: {used: "60.00"}, expect: {outcome: '
    broken = on_harbour(qianhai, pier_loan=(f"{shown}permitted", f"{shown}refused"))
    differences = found(broken)
    assert any("all_of_the_room" in str(one["en"]) for one in differences), differences
    assert all(one["zh"] for one in differences)
