"""A file of business goes on record and down the road, as a long work of a page.

The same road as the command line's: register first, everything proven, then booked; any flaw
books nothing. Must not decide.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from qianhai import journal, ledger
from qianhai.instructions import (
    Admission,
    Admitted,
    Answered,
    Sorted,
    Staged,
    Stager,
    Submitted,
    claim_key,
)
from qianhai.kernel import BadInput, Flaw, business_date
from qianhai.messages import Row, Shape, read, read_jsonl
from qianhai.policy import open_policy
from qianhai.simulation import Year
from qianhai.views import DayTally, Document, Outcomes
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


def book(
    house: House,
    work: Work,
    files: Sequence[Path],
    parties: Path | None,
    out: Path | None = None,
    *,
    is_alone: bool = True,
) -> Document:
    """Put a register file on record, prove all business, and book it.

    With `out`, the outcomes are written there as the command line writes them. Unless whoever
    sends it decides alone, what is above a threshold waits for a second person.

    Raises:
        BadInput: every flaw of every file; nothing is on record or booked.
    """
    roads, policy = house.roads, house.policy
    site = house.site
    with Outcomes(policy.pack, out) as outcomes, Staged(policy, site.institution_id) as staged:
        admission = Admission(policy, site.institution_id, house.keyring, site.salts, work.owner)
        admitted = prove(house, work, files, parties, admission, staged)
        if admitted:
            admission.open_accounts(admitted, roads.writer, site.now())
        tally, waiting = DayTally(policy.pack), 0

        def told(answered: Answered) -> None:
            tally.add_all(answered)
            outcomes.write(answered)

        if is_alone:
            tick = work.enter(mark("booking"), staged.count)
            roads.expire_holds(at=site.now())
            for answered in roads.submit_blocks(staged, now=site.now):
                told(answered)
                tick(len(answered))
        else:
            waiting = _book_sorted(house, work, staged, told)
        with house.database.transaction() as conn:
            accounts = [pool.account for pool in tally.accounts.values()]
            tally.settle(ledger.used(conn, site.institution_id, accounts))
            heads: Document = {
                "journal": journal.head(conn).text(),
                "ledger": ledger.head(conn).text(),
            }
        summary = tally.document(heads) | ({} if is_alone else {"waiting": waiting})
        outcomes.sum_up(summary)
    return summary


def _book_sorted(house: House, work: Work, staged: Staged, told: Callable[[Answered], None]) -> int:
    """Book what one person may send alone, have the rest wait; return how many wait."""
    site, eyes = house.site, house.eyes
    with (
        Staged(house.policy, site.institution_id) as direct,
        Staged(house.policy, site.institution_id) as waiting,
    ):
        found = Sorted(direct, waiting)
        eyes.sort(staged, found, at=site.now(), tick=work.enter(mark("sorting"), staged.count))
        tick = work.enter(mark("booking"), direct.count)
        for answered in eyes.book(found, now=site.now):
            told(answered)
            tick(len(answered))
        tick = work.enter(mark("deciding dry"), waiting.count)
        eyes.hold(found, by=work.owner, now=site.now, tick=tick)
        return staged.count - direct.count


def load_register(house: House, work: Work, file: Path) -> Document:
    """Put a register file on record, and open its accounts in the books.

    Raises:
        BadInput: every flaw of the file; nothing is on record.
    """
    site = house.site
    admission = Admission(house.policy, site.institution_id, house.keyring, site.salts, work.owner)
    tick = work.enter(mark("recording"))
    with house.database.transaction() as conn:
        rows = counted(read(file, shape=Shape()), tick)
        admitted = admission.record(conn, rows, site.now())
    opened = admission.open_accounts(admitted, house.roads.writer, site.now())
    new, unchanged = admitted.summary.new, admitted.summary.unchanged
    return {"new": dict(new), "unchanged": dict(unchanged), "openings_posted": opened}


def submit_one(
    house: House, row: Mapping[str, object], *, sender: str, key: str, is_dry: bool = False
) -> Submitted:
    """Decide one instruction a sender stated and, if permitted, book it or have it wait.

    `row` is what a line of JSONL holds. The key ties retries together; see `claim_key`. Dry, it
    tells both what it comes to and whether it would wait.

    Raises:
        BadInput: every flaw of it, or its id or key was used before with other content.
    """
    site, roads = house.site, house.roads
    line = json.dumps(row, ensure_ascii=False).encode()
    at = site.now()
    policy = roads.policy_on(business_date(at))
    with Staged(policy, site.institution_id) as staged, house.database.transaction() as conn:
        stager = Stager(policy, conn, site.institution_id, house.keyring, at)
        stager.stage(read_jsonl(io.BytesIO(line), "request", Shape()), staged, lambda _count: None)
        flaws = stager.flaws or list(roads.flaws_of(staged))
        if flaws:
            raise BadInput(flaws)
        instruction = next(iter(staged))
        if not is_dry:
            claim_key(conn, instruction, sender=sender, key=key, at=at)
    if not is_dry:
        return house.eyes.submit(instruction, by=sender, at=site.now())
    preview, waits = house.eyes.preview(instruction, at=site.now())
    return Submitted(preview.answer, preview, waits)


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
