"""The pack of the project as it stands: its files, and what is open or wrong with it."""

from pathlib import Path

from qianhai.policy import Case, cases_of, examine
from tracing import untraced

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    path.relative_to(ROOT / "plan").as_posix(): path.read_bytes()
    for path in sorted((ROOT / "plan").rglob("*"))
    if path.is_file()
}
with untraced():
    POLICY, FLAWS = examine(FILES)
    CASES: list[Case] = list(cases_of(POLICY)) if POLICY else []


def name_of(case: Case) -> str:
    """Name an example as a person looks it up: file, line and id."""
    return f"{case.place.file}:{case.place.line} {case.example.id}"
