"""`qianhai register` and `qianhai limits`: who is on record, and what is left."""

import json
from pathlib import Path

import pytest

from cli.business import csv_file, loan, parties_file
from cli.terminal import Terminal


@pytest.fixture
def url(database_url: str) -> str:
    """A fresh database for each test."""
    return database_url


@pytest.fixture
def parties(tmp_path: Path) -> str:
    return str(parties_file(tmp_path))


def test_registers_are_loaded_once(qianhai: Terminal, parties: str) -> None:
    first = qianhai("register", "load", parties, "--json").document
    assert first == {
        "new": {"party": 3, "attribute": 1, "account": 1},
        "unchanged": {},
        "openings_posted": 1,
    }
    again = qianhai("register", "load", parties, "--json").document
    assert again["new"] == {}
    assert again["openings_posted"] == 0
    assert again["unchanged"] == first["new"]
    shown = qianhai("register", "load", parties, language="zh").out
    assert "登记簿" in shown


def test_a_register_with_flaws_enters_nothing(qianhai: Terminal, tmp_path: Path) -> None:
    bad = parties_file(tmp_path, {"kind": "party", "id": "x", "type": "firm", "since": "soon"})
    done = qianhai("register", "load", str(bad), "--json")
    assert done.code == 2
    assert len(done.document.part("error").rows("flaws")) >= 3
    assert qianhai("limits", "firm", "--json").code == 2


def test_the_limits_of_a_party_are_told_with_what_they_still_need(
    qianhai: Terminal, parties: str
) -> None:
    assert qianhai("register", "load", parties).code == 0
    document = qianhai("limits", "firm", "--json").document
    assert (document["party"], document["on"]) == ("firm", "2025-06-30")
    lines = {(line["measure"], str(line["id"])): line for line in document.rows("limits")}
    lending = lines[67, "lending"]
    assert (lending["cap"], lending["used"], lending["left"]) == ("800000.00", "0.00", "800000.00")
    assert lending["asset"] == "CNY"
    assert lines[83, "foreign_debt.own"]["missing"] == ["borrower.net_assets"]
    past = qianhai("limits", "firm", "--on", "2020-12-31", "--json").document.rows("limits")
    then = next(line for line in past if (line["measure"], line["id"]) == (67, "lending"))
    assert then["cap"] == "300000.00"
    assert "800,000.00" in qianhai("limits", "firm").out
    assert "还需事实" in qianhai("limits", "firm", language="zh").out


def test_a_party_nobody_entered_has_no_limits_to_show(qianhai: Terminal) -> None:
    done = qianhai("limits", "nobody", "--json")
    assert done.code == 2
    (flaw,) = done.document.part("error").rows("flaws")
    assert flaw["value"] == "nobody"


def test_a_day_prints_nothing_but_its_document(
    qianhai: Terminal, parties: str, tmp_path: Path
) -> None:
    day = csv_file(tmp_path / "day.csv", loan("a"))
    for argv in (
        ("run", str(day), "--parties", parties),
        ("register", "load", parties),
        ("limits", "firm"),
        ("plan", "list"),
        ("plan", "show", "1"),
        ("facility", "list"),
        ("facility", "show", "special_refund"),
        ("ledger", "verify"),
        ("journal", "verify"),
        ("db", "stop"),
    ):
        done = qianhai(*argv, "--json", language="zh")
        assert done.code == 0, done.out
        assert done.err == ""
        assert isinstance(json.loads(done.out), dict)
