"""A change of the pack as long works: checked with all its flaws, and replayed over the past.

What a work found is held while the work is remembered; what a change keeps of its replay is on
record. Must not decide who may take a step.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qianhai.instructions import (
    Changes,
    Cover,
    Flip,
    PackText,
    Replay,
    Wanted,
    newest_decision,
    read_pack,
    standing_pack,
)
from qianhai.kernel import BadInput, Flaw, business_date, canonical_text
from qianhai.policy import Pack, bundled, check_pack, open_policy, pack_differences, unbundled
from qianhai.views import (
    Document,
    change_document,
    change_result,
    difference_documents,
    flip_document,
    left_document,
    replay_document,
)
from qianhai.web.messages import mark
from qianhai.web.site import House
from qianhai.web.works import Work


@dataclass(frozen=True, slots=True)
class Checked:
    """A candidate that was checked: its flaws, or what it would change when it has none."""

    files: Mapping[str, bytes]
    flaws: tuple[Flaw, ...]
    counts: Mapping[str, int]
    differences: tuple[Document, ...]
    pack: PackText | None

    @property
    def is_sound(self) -> bool:
        """Tell whether it may be proposed."""
        return self.pack is not None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to; its flips rest in a file."""

    document: Document
    packs: tuple[Pack, Pack]
    #: A file that goes with the work; each reader opens it for itself.
    spool: Path

    def lines(self, *, flips: bool = True) -> Iterator[dict[str, Any]]:
        """Yield the flips in their order, or what could not be judged."""
        with self.spool.open(encoding="utf-8") as file:
            for text in file:
                is_flip, line = json.loads(text)
                if is_flip is flips:
                    yield line

    def page(self, after: int, most: int) -> list[dict[str, Any]]:
        """Return some flips after so many."""
        return list(islice(self.lines(), after, after + most))

    def told(self, most: int) -> Document:
        """Return all as one document, with so many flips and decisions not judged at most."""
        left = list(islice(self.lines(flips=False), most))
        return {**self.document, "flips": self.page(0, most), "left_out": left}


def standing(house: House) -> PackText:
    """Return the pack that decides today's business."""
    at, institution = house.site.now(), house.site.institution_id
    home = PackText(house.policy, bundled(house.files))
    with house.database.transaction() as conn:
        return standing_pack(conn, institution, home, business_date(at))


def check(house: House, work: Work, files: Mapping[str, bytes], *, is_whole: bool) -> Checked:
    """Check a candidate: a whole pack, or files that take the place of those that stand."""
    work.enter(mark("reading the pack that stands"))
    base = standing(house)
    if not is_whole:
        files = {**unbundled(base.files), **files}
    work.enter(mark("checking the candidate"), len(files))
    report = check_pack(files)
    counts = {
        "measures": report.measures,
        "clauses": report.clauses,
        "facilities": report.facilities,
        "examples": report.examples,
        "lacking": report.lacking,
    }
    if report.differences:
        return Checked(files, report.differences, counts, (), None)
    work.enter(mark("comparing the packs"))
    pack = PackText(open_policy(files), bundled(files))
    found = pack_differences(_whole(base), pack.policy.pack)
    return Checked(files, (), counts, tuple(difference_documents(found)), pack)


def propose(house: House, pack: PackText, why: str, by: str) -> int:
    """Propose that a pack takes the place of the one that stands, and return the change's number.

    Raises:
        BadInput: no reason, or nothing would change.
    """
    site, base = house.site, standing(house)
    changes = Changes(site.institution_id, site.salts)
    with house.database.transaction() as conn:
        return changes.propose(conn, pack, base, why=why, by=by, at=site.now()).number


def check_and_propose(
    house: House, work: Work, files: Mapping[str, bytes], why: str, *, is_whole: bool
) -> Document:
    """Check a candidate, propose it when it has no flaws, and return the change.

    Raises:
        BadInput: every flaw of the candidate; nothing is proposed.
    """
    found = check(house, work, files, is_whole=is_whole)
    if found.pack is None:
        raise BadInput(found.flaws)
    number = propose(house, found.pack, why, work.owner)
    site = house.site
    with house.database.transaction() as conn:
        change = Changes(site.institution_id, site.salts).get(conn, number)
        return change_document(change, newest_decision(conn, site.institution_id))


def _whole(text: PackText) -> Pack:
    """Return a pack with its examples, which a brief one has not."""
    return open_policy(unbundled(text.files)).pack


def replay(house: House, work: Work, number: int, wanted: Wanted) -> Replayed:
    """Judge the past again under the pack of a change, and bind what is found to the change."""
    site = house.site
    changes = Changes(site.institution_id, site.salts)
    work.enter(mark("reading the candidate"))
    with house.database.transaction() as conn:
        change = changes.get(conn, number)
        files = unbundled(read_pack(conn, site.institution_id, change.pack_hash))
    candidate = open_policy(files)
    cover = Cover(site.institution_id, house.keyring, site.salts)
    run = Replay(candidate, institution_id=site.institution_id, cover=cover, live=house.policy)
    spool = Path(work.left.enter_context(TemporaryDirectory(prefix="qianhai-"))) / "flips.jsonl"
    tick = work.enter(mark("judging decisions again"))
    with house.database.transaction() as conn, spool.open("w", encoding="utf-8") as file:
        for found in run.run(conn, wanted, tick):
            is_flip = isinstance(found, Flip)
            line = flip_document(found) if isinstance(found, Flip) else left_document(found)
            file.write(canonical_text([is_flip, line]) + "\n")
    document = replay_document(run.tally, wanted, candidate.pack)
    with house.database.transaction() as conn:
        changes.replayed(conn, number, change_result(document), by=work.owner, at=site.now())
    return Replayed(document, (candidate.pack, house.policy.pack), spool)
