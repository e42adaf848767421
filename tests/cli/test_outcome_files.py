"""`--out`: tried before anything is booked, whole or not at all, and never half a day."""

from pathlib import Path

import pytest

from cli.business import csv_file, loan, parties_file
from cli.terminal import Done, Terminal, refused, rows_on_record

FULL = Path("/dev/full")


@pytest.fixture
def url(database_url: str) -> str:
    """A fresh database for each test."""
    return database_url


@pytest.fixture
def day(tmp_path: Path) -> list[str]:
    path = csv_file(tmp_path / "day.csv", *(loan(f"a-{number}") for number in range(40)))
    return ["run", str(path), "--parties", str(parties_file(tmp_path)), "--json"]


def environment_fault(done: Done) -> str:
    assert done.code == 4, done.out + done.err
    error = done.document.part("error")
    assert (error["kind"], error["exit_code"], error["flaws"]) == ("environment", 4, [])
    assert error["what_to_do"]
    return str(error["message"])


@pytest.mark.parametrize("where", ["file/inside", "/proc/nowhere"])
def test_a_folder_that_cannot_be_made_stops_the_day_before_it_begins(
    qianhai: Terminal, day: list[str], tmp_path: Path, where: str
) -> None:
    (tmp_path / "file").write_text("no folder")
    before = rows_on_record(qianhai.site.database_url)
    message = environment_fault(qianhai(*day, "--out", str(tmp_path / where)))
    assert where in message
    assert rows_on_record(qianhai.site.database_url) == before


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("name", ["outcomes.csv", "outcomes.jsonl", "summary.json"])
def test_a_full_disk_is_told_and_the_next_run_books_nothing_twice(
    qianhai: Terminal, day: list[str], tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / f"{name}.part").symlink_to(FULL)
    message = environment_fault(qianhai(*day, "--out", str(out)))
    assert "No space left" in message
    assert list(out.iterdir()) == []
    again = qianhai(*day, "--out", str(out))
    assert again.code == 0, again.out
    assert again.document.part("outcomes")["permitted"] == 40
    assert len((out / "outcomes.jsonl").read_text().splitlines()) == 40


def test_a_day_that_broke_off_leaves_the_files_of_the_day_before(
    qianhai: Terminal, day: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "summary.json").write_text("yesterday")
    (out / "outcomes.csv.part").mkdir()
    environment_fault(qianhai(*day, "--out", str(out)))
    assert (out / "summary.json").read_text() == "yesterday"


def test_a_refused_day_leaves_the_outcomes_of_the_day_before(
    qianhai: Terminal, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    day = csv_file(tmp_path / "day.csv", loan("a"))
    parties = str(parties_file(tmp_path))
    assert qianhai("run", str(day), "--parties", parties, "--out", str(out)).code == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    bad = csv_file(tmp_path / "bad.csv", loan("b", "x"))
    refused(qianhai, str(bad), "--out", str(out))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
