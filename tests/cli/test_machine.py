"""The installed command: its environment, its faults, its exit codes, and never a traceback."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.business import csv_file, loan, parties_file
from cli.terminal import NOWHERE, PLAN, Done, Json
from qianhai.main import master_key, run

QIANHAI = Path(sys.executable).parent / "qianhai"

Command = Callable[..., Done]


@pytest.fixture
def qianhai(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command as installed, with exactly these settings in its environment."""

    def call(*argv: str, **settings: str) -> Done:
        for name in [*os.environ]:
            if name.startswith(("QIANHAI_", "LC_", "LANG")):
                monkeypatch.delenv(name)
        for name, text in settings.items():
            monkeypatch.setenv(name, text)
        with pytest.raises(SystemExit) as end:
            run(argv)
        printed = capsys.readouterr()
        return Done(int(str(end.value.code)), printed.out, printed.err)

    return call


def fault(done: Done) -> Json:
    """Return the fault of the machine that a command told."""
    assert done.code == 4, done.out + done.err
    error = done.document.part("error")
    assert error["kind"] == "environment"
    assert error["what_to_do"]
    assert re.search(r"[\u4e00-\u9fff]", str(error["zh"]))
    return error


def test_the_command_needs_no_environment_to_show_the_plan(tmp_path: Path) -> None:
    done = subprocess.run(
        [QIANHAI, "plan", "show", "1", "--json"],
        env={},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["id"] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_cannot_be_reached_is_told(qianhai: Command) -> None:
    error = fault(qianhai("limits", "firm", "--json", QIANHAI_DATABASE_URL=NOWHERE))
    assert "127.0.0.1" in str(error["message"])
    shown = qianhai("ledger", "verify", QIANHAI_DATABASE_URL=NOWHERE, QIANHAI_LANG="zh")
    assert shown.code == 4
    assert re.search(r"[\u4e00-\u9fff]", shown.err)


def test_a_database_url_that_is_none_is_told(qianhai: Command) -> None:
    fault(qianhai("limits", "firm", "--json", QIANHAI_DATABASE_URL="not a url"))


def test_a_data_folder_that_is_a_file_is_told(qianhai: Command, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    fault(qianhai("limits", "firm", "--json", QIANHAI_DATA_DIR=str(tmp_path / "data")))


@pytest.mark.parametrize("where", ["empty", "none", "file"])
def test_a_plan_folder_without_a_pack_is_told(qianhai: Command, tmp_path: Path, where: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("a file")
    error = fault(qianhai("plan", "list", "--json", QIANHAI_PLAN_DIR=str(tmp_path / where)))
    assert where in str(error["message"])


def test_another_plan_folder_is_read(qianhai: Command, tmp_path: Path) -> None:
    broken = tmp_path / "plan"
    broken.mkdir()
    (broken / "plan.yaml").write_bytes((PLAN / "plan.yaml").read_bytes())
    assert qianhai("plan", "check", QIANHAI_PLAN_DIR=str(broken)).code == 3


@pytest.mark.parametrize(("mode", "size"), [(0o644, 32), (0o600, 31), (0o600, 0)])
def test_a_key_file_that_others_may_read_or_of_a_wrong_length_is_refused(
    qianhai: Command, database_url: str, tmp_path: Path, mode: int, size: int
) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(size))
    key.chmod(mode)
    path = parties_file(tmp_path)
    fault(
        qianhai(
            "register", "load", str(path), "--json",
            QIANHAI_DATABASE_URL=database_url, QIANHAI_KEY_FILE=str(key),
        )
    )  # fmt: skip


def test_a_key_file_that_is_not_there_is_told_and_never_made(
    qianhai: Command, database_url: str, tmp_path: Path
) -> None:
    settings = {"QIANHAI_DATABASE_URL": database_url, "QIANHAI_KEY_FILE": str(tmp_path / "none")}
    path = parties_file(tmp_path)
    error = fault(qianhai("register", "load", str(path), "--json", **settings))
    assert "No such file" in str(error["message"])
    assert not (tmp_path / "none").exists()


def test_another_key_than_the_registers_own_is_told(
    qianhai: Command, database_url: str, tmp_path: Path
) -> None:
    person = {"kind": "party", "id": "li", "type": "person", "jurisdiction": "CN", "name": "李某",
              "identifiers": {"resident_id": "11010519491231002X"}}  # fmt: skip
    path = str(parties_file(tmp_path, person))
    for name, is_right in (("first", True), ("second", False)):
        key = tmp_path / name
        key.write_bytes(name.encode().ljust(32))
        key.chmod(0o600)
        settings = {"QIANHAI_DATABASE_URL": database_url, "QIANHAI_KEY_FILE": str(key)}
        done = qianhai("register", "load", path, "--json", **settings)
        assert done.code == (0 if is_right else 4), done.out
    assert "master key" in str(fault(done)["message"])


def test_the_key_of_an_installation_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = master_key(tmp_path, None)
    assert len(key) == 32
    assert master_key(tmp_path, None) == key
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["master.key"]
    assert (tmp_path / "keys" / "master.key").stat().st_mode & 0o777 == 0o600


def test_a_day_runs_from_the_command_line(
    qianhai: Command, database_url: str, tmp_path: Path
) -> None:
    day = csv_file(tmp_path / "day.csv", loan("a"))
    settings = {"QIANHAI_DATABASE_URL": database_url, "QIANHAI_DATA_DIR": str(tmp_path / "data")}
    parties = str(parties_file(tmp_path))
    done = qianhai("run", str(day), "--parties", parties, "--json", **settings)
    assert done.code == 0, done.err
    assert json.loads(done.out)["outcomes"]["permitted"] == 1
    chinese = qianhai("run", str(day), QIANHAI_LANG="zh", **settings)
    assert "其中 1 笔此前已办理" in chinese.out
    assert qianhai("run", str(day), QIANHAI_LANG="en", **settings).out.count("\n") > 5


def test_the_language_of_the_terminal_is_that_of_the_machine(
    qianhai: Command, tmp_path: Path
) -> None:
    done = qianhai("db", "stop", LC_ALL="zh_CN.UTF-8", QIANHAI_DATA_DIR=str(tmp_path))
    assert done.out == "未在运行\n"


def test_a_point_that_is_none_is_told(qianhai: Command) -> None:
    error = fault(qianhai("plan", "list", "--json", QIANHAI_STOP_AT="nowhere"))
    assert "nowhere" in str(error["message"])


def test_a_reader_that_goes_away_is_no_fault() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{QIANHAI} plan list --json | head -c 10 >/dev/null"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_an_embedded_database_is_started_kept_and_stopped(qianhai: Command, tmp_path: Path) -> None:
    settings = {"QIANHAI_DATA_DIR": str(tmp_path / "data")}
    day = csv_file(tmp_path / "day.csv", loan("a"))
    parties = str(parties_file(tmp_path))
    assert qianhai("run", str(day), "--parties", parties, **settings).code == 0
    assert qianhai("db", "stop", **settings).code == 0
    again = qianhai("run", str(day), "--json", **settings)
    assert json.loads(again.out)["repeated"] == 1
    assert qianhai("ledger", "verify", **settings).code == 0
    assert qianhai("db", "stop", **settings).code == 0
