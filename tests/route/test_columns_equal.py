"""Business of every facility leaves the same rows, in columns and one by one."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from qianhai.db import Database
from qianhai.instructions import Admission, Cover, Instruction, Road, Staged, Stager
from qianhai.kernel import Place
from qianhai.ledger import balances
from qianhai.messages import Row
from qianhai.policy import Policy, bundled, open_policy
from qianhai.registers import Entry, Keyring
from qianhai.simulation import Entry as Cells
from qianhai.simulation import Line, Year
from route.desk import PLAN

pytestmark = pytest.mark.untraced

NOON = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
DAYS = [date(2025, 6, 16), date(2025, 6, 17), date(2025, 7, 1)]
#: What two institutions may not have otherwise, by table: the id first, then what may be sealed
#: and under which words, then the rest.
ROWS: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "instructions": ("id", {"facts": "sent"}, "content_hash, action, continues, root, parties"),
    "decisions": (
        "instruction_id",
        {"facts": "seen", "explained": "explained"},
        "outcome, clause, pack_hash, answers, ledger_result, ledger_seq is null",
    ),
    "reports": ("instruction_id", {"fields": "report"}, "kind, version, period"),
    "outbox": ("instruction_id", {}, "kind, name, payload"),
}


class House:
    """An institution with the register of a simulated year."""

    def __init__(self, database: Database, policy: Policy, name: str, rows: list[Cells]) -> None:
        self.database, self.policy, self.name = database, policy, name
        self._seconds = count()
        keyring = Keyring(bytes(32))
        files = {
            path.relative_to(PLAN).as_posix(): path.read_bytes() for path in PLAN.rglob("*.yaml")
        }
        self.road = Road(
            database,
            policy,
            institution_id=name,
            keyring=keyring,
            salts=secrets.token_bytes,
            pack_files=bundled(files),
        )
        self.keyring = keyring
        entries = [Entry(Place("year", at), row) for at, row in enumerate(rows)]
        admission = Admission(policy, name, keyring, secrets.token_bytes, "test")
        with database.transaction() as conn:
            admitted = admission.record(conn, entries, self.now())
        admission.open_accounts(admitted, self.road.writer, self.now())

    def now(self) -> datetime:
        return NOON + timedelta(seconds=next(self._seconds))

    def staged(self, lines: list[Line]) -> Iterator[Instruction]:
        rows = [Row(Place("year", at), line.cells) for at, line in enumerate(lines, 1)]
        with self.database.transaction() as conn, Staged(self.policy, self.name) as staged:
            one = Stager(self.policy, conn, self.name, self.keyring, self.now())
            one.stage(rows, staged, lambda _count: None)
            assert one.flaws == [], one.flaws[:3]
            yield from staged

    def left(self) -> dict[str, Sequence[object]]:
        """Return what is on record, and every balance."""
        with self.database.transaction() as conn:
            cover = Cover(self.name, self.keyring, secrets.token_bytes)
            told = conn.execute(
                "select id, parties::json->>'subject' from instructions.instructions"
                " where institution_id = %s",
                (self.name,),
            )
            subjects = dict(told.fetchall())
            keys = cover.keys(conn, subjects.values())
            found: dict[str, Sequence[object]] = {}
            for table, (number, sealed, rest) in ROWS.items():
                columns = ", ".join([number, *sealed, rest])
                text = f"select {columns} from instructions.{table} where institution_id = %s"  # noqa: S608 - our own names
                rows = []
                for row in conn.execute(text.encode(), (self.name,)):
                    key, plain = keys.get(subjects[row[0]]), list(row[1 + len(sealed) :])
                    what = [(plain[0], "1")] if table == "reports" else [()]
                    shown = [
                        cover.show(key, one, row[0], words, *what[0])
                        for one, words in zip(row[1:], sealed.values(), strict=False)
                    ]
                    read = [one if one is None else json.loads(one) for one in shown]
                    told_of = [json.dumps(one, sort_keys=True) for one in read]
                    rows.append(repr([row[0], *told_of, *plain]))
                found[table] = sorted(rows)
            names = conn.execute(
                "select name from ledger.accounts where institution_id = %s", (self.name,)
            ).fetchall()
            stands = balances(conn, self.name, [name for (name,) in names])
            found["balances"] = sorted(
                (name.replace(self.name, ""), repr(one)) for name, one in stands.items()
            )
        return found


@pytest.mark.slow
@pytest.mark.parametrize(("days", "least"), [(1, 3), (3, 3), (1, 10)])
def test_busy_days_of_all_facilities_leave_the_same_in_columns_and_one_by_one(
    database: Database, monkeypatch: pytest.MonkeyPatch, days: int, least: int
) -> None:
    monkeypatch.setattr("qianhai.instructions.prepare_block.ROWS_MIN", least)
    monkeypatch.setattr(Year, "_days", lambda _self: (DAYS[:days], [1.0] * days))
    policy = open_policy(
        {p.relative_to(PLAN).as_posix(): p.read_bytes() for p in PLAN.rglob("*.yaml")}
    )
    rows: list[Cells] = []
    lines = list(Year(policy, DAYS[0].year, 1500, 6 + days).lines(rows.append))
    lines.sort(key=lambda line: line.on)
    alone = House(database, policy, "alone", rows)
    many = House(database, policy, "many", rows)
    one_by_one = [alone.road.submit(one, at=alone.now()) for one in alone.staged(lines)]
    shared = 0
    together = []
    for answered in many.road.submit_blocks(many.staged(lines), now=many.now):
        shared += sum(map(len, answered.parts))
        together += list(answered)
    assert [one.decision for one in together] == [one.decision for one in one_by_one]
    assert shared > 200, "many of them went in columns"
    mine, theirs = many.left(), alone.left()
    for table, left in theirs.items():
        differing = [pair for pair in zip(mine[table], left, strict=True) if pair[0] != pair[1]]
        assert not differing, (table, len(differing), differing[0])
