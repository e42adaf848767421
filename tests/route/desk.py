"""A bank's desk for tests: a road on a real database, the real plan and an invented facility."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

from qianhai.db import Database
from qianhai.instructions import Admission, Answer, Instruction, Road
from qianhai.kernel import Place
from qianhai.policy import Policy, bundled, read_facts
from qianhai.registers import Entry, Keyring

PLAN = Path(__file__).parents[2] / "plan"
#: Invented files, and the measures in whose folders they are dropped.
INVENTED = {
    "umbrella_storage.facility.yaml": "measures/088_",
    "umbrella_resale.facility.yaml": "measures/088_",
    "umbrella_hire.facility.yaml": "measures/088_",
    "dry_tag.overlay.yaml": "measures/087_",
}
NOON = datetime(2025, 6, 30, 4, 0, tzinfo=UTC)
DAY = date(2025, 6, 30)


def plan_files() -> dict[str, bytes]:
    """Return the pack's files, with the invented ones in measures that have none."""
    files = {
        path.relative_to(PLAN).as_posix(): path.read_bytes()
        for path in sorted(PLAN.rglob("*"))
        if path.is_file()
    }
    for name, start in INVENTED.items():
        folder = next(one for one in files if one.startswith(start)).rsplit("/", 1)[0]
        files[f"{folder}/{name}"] = (Path(__file__).parent / name).read_bytes()
    return files


@dataclass
class Desk:
    """A bank's desk: registers entries and hands in instructions, one second apart."""

    database: Database
    road: Road
    admission: Admission
    seconds: Callable[[], int]

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds())

    def register(self, *rows: Mapping[str, str]) -> None:
        dated = ({"since": "2020-01-01", **row} for row in rows)
        entries = [
            Entry(Place("test", at), {name: text for name, text in row.items() if text})
            for at, row in enumerate(dated)
        ]
        with self.database.transaction() as conn:
            admitted = self.admission.record(conn, entries, self.now())
        self.admission.open_accounts(admitted, self.road.writer, self.now())

    def instruction(
        self,
        id: str,  # noqa: A002 - as a sender calls it
        facility: str,
        action: str,
        parties: Mapping[str, str],
        facts: Mapping[str, object],
        *,
        of: str = "",
        on: date = DAY,
    ) -> Instruction:
        declared = self.road.policy.pack.facilities[facility].facts
        values, flaws = read_facts(declared, facts.items(), Place)
        assert not flaws, flaws
        return Instruction(id, "local", facility, action, on, parties, {}, values, of)

    def submit(self, *args: object, **kwargs: object) -> Answer:
        instruction = self.instruction(*args, **kwargs)  # type: ignore[arg-type]
        return self.road.submit(instruction, at=self.now())


def make_desk(
    database: Database, policy: Policy, numbers: Sequence[int] = (), pack_files: bytes = b""
) -> Desk:
    counter = iter(numbers) if numbers else count(1)
    keyring = Keyring(bytes(32))
    road = Road(
        database,
        policy,
        institution_id="local",
        keyring=keyring,
        salts=secrets.token_bytes,
        pack_files=pack_files or bundled(plan_files()),
    )
    admission = Admission(policy, "local", keyring, secrets.token_bytes, "test")
    return Desk(database, road, admission, lambda: next(counter))
