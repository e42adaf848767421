"""A file of business a person sent: on record, proven whole, booked or held for a second person.

A long work. The same road as the command line's; what a threshold holds back waits. Must not
decide.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Final

from qianhai import journal, ledger
from qianhai.instructions import Admission, Sorted, Staged
from qianhai.kernel import uuid7
from qianhai.messages import Shape, read
from qianhai.views import DayTally, Document
from qianhai.web.business import counted, prove
from qianhai.web.messages import mark
from qianhai.web.site import House
from qianhai.web.works import Work

_ID_BYTES: Final = 10


def take(
    house: House, work: Work, files: Sequence[Path], parties: Path | None, title: str
) -> Document:
    """Take files in, and return the address of their run.

    Raises:
        BadInput: every flaw of every file; nothing is on record or booked.
    """
    site, eyes = house.site, house.eyes
    began_at = site.now()
    with (
        Staged(house.policy, site.institution_id) as staged,
        Staged(house.policy, site.institution_id) as direct,
        Staged(house.policy, site.institution_id) as waiting,
    ):
        admission = Admission(
            house.policy, site.institution_id, house.keyring, site.salts, work.owner
        )
        admitted = prove(house, work, files, parties, admission, staged)
        if admitted:
            admission.open_accounts(admitted, house.roads.writer, site.now())
        found = Sorted(direct, waiting)
        tick = work.enter(mark("sorting"), staged.count)
        eyes.sort(staged, found, at=site.now(), tick=tick)
        tally = DayTally(house.policy.pack)
        tick = work.enter(mark("booking"), direct.count)
        for answered in eyes.book(found, now=site.now):
            tally.add_all(answered)
            tick(len(answered))
        tick = work.enter(mark("deciding dry"), waiting.count)
        eyes.hold(found, by=work.owner, now=site.now, tick=tick)
        at = site.now()
        run = uuid7(at, site.salts(_ID_BYTES))
        summary = _summary(house, tally, found)
        eyes.record_run(run, title, found, summary, by=work.owner, began_at=began_at, at=at)
    return {"address": f"/desk/runs/{run}"}


def keep(house: House, work: Work, folder: Path, title: str) -> Document:
    """Take in what was uploaded into a folder, and remove the folder whatever comes of it."""
    try:
        files = sorted((folder / "business").iterdir())
        register = next((folder / "parties").iterdir(), None)
        return take(house, work, files, register, title)
    finally:
        with suppress(OSError):
            rmtree(folder)


def register_only(house: House, work: Work, folder: Path) -> Document:
    """Put a register file on record, and nothing else."""
    site = house.site
    try:
        path = next((folder / "parties").iterdir())
        admission = Admission(
            house.policy, site.institution_id, house.keyring, site.salts, work.owner
        )
        tick = work.enter(mark("recording"))
        with house.database.transaction() as conn:
            rows = counted(read(path, shape=Shape()), tick)
            admitted = admission.record(conn, rows, site.now())
        admission.open_accounts(admitted, house.roads.writer, site.now())
    finally:
        with suppress(OSError):
            rmtree(folder)
    return {"new": dict(admitted.summary.new), "unchanged": dict(admitted.summary.unchanged)}


def _summary(house: House, tally: DayTally, found: Sorted) -> Document:
    """Return the sums of a run, with the heads it ended at."""
    institution = house.site.institution_id
    with house.database.transaction() as conn:
        accounts = [pool.account for pool in tally.accounts.values()]
        tally.settle(ledger.used(conn, institution, accounts))
        heads: Document = {
            "journal": journal.head(conn).text(),
            "ledger": ledger.head(conn).text(),
        }
    document = tally.document(heads)
    document.pop("limits")  # it names holders; the page of limits shows them to whoever may see
    states = [line.state for line in found.lines]
    return document | {
        "lines": len(states),
        "waiting": states.count("waiting"),
        "repeated": states.count("repeated"),
    }
