"""The scripts of tools/ name what they refuse, and refuse nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

import check_coverage
import check_files


def _file(run: int, owed: int, idle: list[int], branches: list[list[int]]) -> dict[str, Any]:
    summary = {"covered_lines": run, "num_statements": owed}
    return {"summary": summary, "missing_lines": idle, "missing_branches": branches}


def test_one_idle_line_of_a_proven_room_fails_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = {
        "files": {
            "src/qianhai/ledger/writer.py": _file(999, 1000, [17], []),
            "src/qianhai/rules/check.py": _file(9, 9, [], []),
        }
    }
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    assert check_coverage.main([str(path)]) == 1
    said = capsys.readouterr().out
    assert "src/qianhai/ledger/writer.py:17: never run" in said
    assert "rules/check.py" not in said


def test_a_branch_never_taken_counts_as_a_gap() -> None:
    one = _file(3, 3, [], [[4, 6]])
    one["summary"] |= {"covered_branches": 1, "num_branches": 2}
    _, short = check_coverage.judge({"files": {"src/qianhai/kernel/money.py": one}})
    assert short == ["src/qianhai/kernel/money.py:4: never goes on to line 6"]


def test_other_rooms_owe_nine_tenths() -> None:
    files = {"src/qianhai/cli/run.py": _file(90, 100, list(range(1, 11)), [])}
    assert check_coverage.judge({"files": files})[1] == []
    files = {"src/qianhai/cli/run.py": _file(89, 100, list(range(1, 12)), [])}
    assert len(check_coverage.judge({"files": files})[1]) == 11


def test_a_private_key_and_a_large_file_stay_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, large, plain = tmp_path / "key.pem", tmp_path / "large.bin", tmp_path / "plain.txt"
    key.write_bytes(b"note\n-----BEGIN " + b"EC PRIVATE KEY-----\n")
    large.write_bytes(b"0" * (check_files.BYTES_MAX + 1))
    plain.write_bytes(b"0" * check_files.BYTES_MAX)
    assert check_files.main([str(key), str(large), str(plain), str(tmp_path / "gone")]) == 1
    said = capsys.readouterr().out
    assert "key.pem:2: a private key" in said
    assert "large.bin: 1000001 bytes" in said
    assert "plain.txt" not in said
    assert check_files.main([str(plain)]) == 0


def test_no_tool_is_itself_refused() -> None:
    tools = Path(check_files.__file__).parent
    assert [offence for path in tools.glob("*.*") for offence in check_files.offences(path)] == []
