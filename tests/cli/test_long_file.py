"""A long file with one bad line: the line is named, nothing is booked, memory stays bounded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.business import parties_file
from cli.terminal import Json, rows_on_record

#: Runs one command in a process of its own and tells the most memory it held, in kilobytes. What
#: getrusage tells begins with the memory of the process that started it.
MEASURED = """
import sys
from pathlib import Path
from qianhai.main import run
try:
    run(sys.argv[1:])
finally:
    status = Path("/proc/self/status").read_text().partition("VmHWM:")[2]
    print(status.split()[0], file=sys.stderr)
"""


def write_day(path: Path, lines: int, bad: int) -> None:
    """Write a day of equal loans of which one has a currency that is none."""
    with path.open("w") as file:
        file.write(
            "id,facility,value_date,lender,bank,borrower,amount.amount,amount.currency,is_genuine\n"
        )
        for number in range(2, lines + 2):
            currency = "CNX" if number == bad else "CNY"
            file.write(
                f"L-{number},overseas_lending,2025-06-30,firm,bank,abroad,10.00,{currency},true\n"
            )


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("lines", "megabytes_max"),
    [(100_000, 320), pytest.param(1_000_000, 600, marks=pytest.mark.soak)],
)
def test_one_bad_line_of_a_long_file_is_named_and_nothing_is_booked(
    database_url: str, tmp_path: Path, lines: int, megabytes_max: int
) -> None:
    path = tmp_path / "day.csv"
    write_day(path, lines, bad=lines)
    before = rows_on_record(database_url)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "run", str(path), "--parties",
         str(parties_file(tmp_path)), "--json"],
        env={**os.environ, "QIANHAI_DATABASE_URL": database_url,
             "QIANHAI_DATA_DIR": str(tmp_path / "data"), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    (flaw,) = Json(json.loads(done.stdout)).part("error").rows("flaws")
    place = (flaw["file"], flaw["line"], flaw["column"], flaw["value"])
    assert place == ("day.csv", lines, "amount.currency", "CNX")
    assert rows_on_record(database_url) == before
    assert int(done.stderr.split()[-1]) / 1024 < megabytes_max
    # Nothing that was staged is left behind.
    assert {entry.name for entry in tmp_path.iterdir()} <= {"day.csv", "parties.jsonl", "data"}
