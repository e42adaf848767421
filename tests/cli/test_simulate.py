"""`qianhai simulate`: a year on file, the same bytes for the same seed, booked by `qianhai run`."""

import json
from pathlib import Path

import pytest

from cli.terminal import Terminal


@pytest.fixture
def url(database_url: str) -> str:
    """A fresh database for each test."""
    return database_url


def made(qianhai: Terminal, folder: Path, count: int = 1500) -> Path:
    done = qianhai(
        "simulate", "--instructions", str(count), "--seed", "7", "--out", str(folder), "--json"
    )
    assert done.code == 0, done.err
    assert done.document["instructions"] == count
    return folder


def test_the_same_seed_writes_the_same_bytes(qianhai: Terminal, tmp_path: Path) -> None:
    one, other = made(qianhai, tmp_path / "one"), made(qianhai, tmp_path / "other")
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    assert len(names) == 14
    assert all((one / n).read_bytes() == (other / n).read_bytes() for n in names)


@pytest.mark.untraced
def test_a_year_is_booked_and_proven(qianhai: Terminal, tmp_path: Path) -> None:
    folder = made(qianhai, tmp_path / "year")
    months = [str(path) for path in sorted(folder.glob("2025-*.jsonl"))]
    parties = ("--parties", str(folder / "parties.jsonl"))
    done = qianhai("run", *months, *parties, "--out", str(tmp_path / "out"), "--json")
    assert done.code == 0, done.out[:2000] + done.err
    outcomes = done.document
    assert outcomes["instructions"] == 1500
    text = (tmp_path / "out" / "outcomes.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    permitted = sum(row["outcome"] == "permitted" for row in rows)
    assert permitted > 600, "most business of a year is in order"
    assert len(rows) > permitted, "and some is not"
    for command in ("ledger", "journal"):
        assert qianhai(command, "verify").code == 0
    plan = str(Path(__file__).parents[2] / "plan")
    replay = qianhai("policy", "replay", "--plan", plan, "--since", "2025-01-01", "--json")
    assert replay.code == 0, replay.out[:2000]
    assert replay.document["decisions"] == replay.document["equal"] == 1500, "word for word"
    again = qianhai("run", *months, "--json")
    assert again.document["repeated"] == 1500


def test_a_folder_that_cannot_be_written_is_told(qianhai: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = qianhai("simulate", "--out", str(tmp_path / "file" / "in"), "--json")
    assert done.code == 2
    assert "C031" in done.out
