"""A file of business goes on record and down the road, as a long work of a page.

The same road as the command line's: register first, everything proven, then booked; any flaw
books nothing. Must not decide.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from qianhai.instructions import Admission, Admitted, Staged, Stager
from qianhai.kernel import BadInput, Flaw
from qianhai.messages import Row, Shape, read
from qianhai.policy import open_policy
from qianhai.simulation import Year
from qianhai.views import DayTally, Document
from qianhai.web.messages import mark
from qianhai.web.site import House
from qianhai.web.works import Work

#: Beside the business of a sample lie these, which are no business.
_NO_BUSINESS: Final = frozenset({"parties.jsonl", "README.md", "expected.csv", "labels.jsonl"})
_SAMPLE_YEAR: Final = 2025
_SAMPLE_INSTRUCTIONS: Final = 2_000
_SEED: Final = 1
_TICK: Final = 100


def load_day(house: House, work: Work) -> Document:
    """Book the sample day, and return what became of it."""
    files = [path for path in sorted(house.site.sample.iterdir()) if _is_business(path)]
    return book(house, work, files, house.site.sample / "parties.jsonl")


def load_year(house: House, work: Work) -> Document:
    """Make a year of business that never happened, and book it."""
    tick = work.enter(mark("making"), _SAMPLE_INSTRUCTIONS)
    year = Year(open_policy(house.files), _SAMPLE_YEAR, _SAMPLE_INSTRUCTIONS, _SEED)
    with TemporaryDirectory(prefix="qianhai-") as name:
        folder = Path(name)
        with (folder / "parties.jsonl").open("w", encoding="utf-8") as parties:
            lines = []

            def enter(entry: dict[str, str]) -> None:
                parties.write(json.dumps(entry, ensure_ascii=False) + "\n")

            for line in year.lines(enter):
                lines.append((line.on, json.dumps(line.cells, ensure_ascii=False)))
                if len(lines) % _TICK == 0:
                    tick(_TICK)
        business = folder / "year.jsonl"
        business.write_text("\n".join(text for _, text in sorted(lines)) + "\n", encoding="utf-8")
        return book(house, work, [business], folder / "parties.jsonl")


def book(house: House, work: Work, files: Sequence[Path], parties: Path | None) -> Document:
    """Put a register file on record, prove all business, and book it.

    Raises:
        BadInput: every flaw of every file; nothing is on record or booked.
    """
    roads, policy = house.roads, house.policy
    site = house.site
    with Staged(policy, site.institution_id) as staged:
        admission = Admission(policy, site.institution_id, house.keyring, site.salts, work.owner)
        admitted = prove(house, work, files, parties, admission, staged)
        if admitted:
            admission.open_accounts(admitted, roads.writer, site.now())
        tally = DayTally(policy.pack)
        tick = work.enter(mark("booking"), staged.count)
        roads.expire_holds(at=site.now())
        for answered in roads.submit_blocks(staged, now=site.now):
            tally.add_all(answered)
            tick(len(answered))
    outcomes = Counter[str]()
    for (_, _, outcome), count in tally.outcomes.items():
        outcomes[outcome] += count
    return {"outcomes": dict(outcomes)}


def prove(
    house: House,
    work: Work,
    files: Sequence[Path],
    parties: Path | None,
    admission: Admission,
    staged: Staged,
) -> Admitted | None:
    """Load the parties and stage all files, in one transaction that any flaw rolls back."""
    flaws: list[Flaw] = []
    admitted: Admitted | None = None
    at = house.site.now()
    with house.database.transaction() as conn:
        if parties:
            tick = work.enter(mark("recording"))
            try:
                rows = counted(read(parties, shape=Shape()), tick)
                admitted = admission.record(conn, rows, at)
                at = max(at, admitted.summary.known_since)
            except BadInput as fault:
                flaws += fault.flaws
        tick = work.enter(mark("checking"))
        institution = house.site.institution_id
        stager = Stager(house.policy, conn, institution, house.keyring, at, not flaws)
        stager.stage(_rows(files), staged, tick)
        flaws += stager.flaws or house.roads.flaws_of(staged)
        if flaws:
            raise BadInput(flaws)
    return admitted


def _is_business(path: Path) -> bool:
    return path.is_file() and path.name not in _NO_BUSINESS


def _rows(files: Sequence[Path]) -> Iterator[Row | Flaw]:
    for path in files:
        yield from read(path, shape=Shape())


def counted(rows: Iterator[Row | Flaw], tick: Callable[[int], None]) -> Iterator[Row | Flaw]:
    """Yield rows as they are, and count them."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % _TICK == 0:
            tick(_TICK)
