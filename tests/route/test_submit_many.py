"""A column of instructions is answered, booked and recorded as its instructions one by one."""

import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from qianhai import journal
from qianhai.db import Connection, Database
from qianhai.instructions import Admission, Answer, Instruction, Road, Staged, Stager, prepare_block
from qianhai.instructions.days import Days
from qianhai.instructions.handover import Handover
from qianhai.kernel import BadInput
from qianhai.ledger import Balance, balances
from qianhai.main import read_files
from qianhai.messages import Row, Shape, read
from qianhai.policy import Policy, bundled, open_policy
from qianhai.registers import Keyring
from route import tampering
from route.desk import DAY as DAY_OF_DESK
from route.desk import Desk
from route.resale import offering, open_shop
from route.umbrella import (
    FACILITY,
    FACTS,
    MONEY,
    WHO,
    balance,
    everyone,
    giving_back,
    keep,
    keeping,
)
from tracing import untraced

ROOT = Path(__file__).parents[2]
DAY = ROOT / "examples" / "day"
NOON = datetime(2025, 6, 30, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
@untraced()
def plan() -> Policy:
    return open_policy(read_files(ROOT / "plan"))


@pytest.fixture(scope="module")
def rows() -> Sequence[Row]:
    files = [DAY / name for name in ("day.csv", "day.jsonl", "day.xlsx")]
    return [row for file in files for row in read(file, shape=Shape()) if isinstance(row, Row)]


class Bank:
    """A bank with the cast of the sample day, its clock a second on at every look."""

    def __init__(self, database: Database, policy: Policy, institution: str) -> None:
        self.database, self.policy, self.institution = database, policy, institution
        self.keyring = Keyring(bytes(32))
        self._seconds = count()
        self.road = Road(
            database,
            policy,
            institution_id=institution,
            keyring=self.keyring,
            salts=secrets.token_bytes,
            pack_files=bundled(read_files(ROOT / "plan")),
        )
        admission = Admission(policy, institution, self.keyring, secrets.token_bytes, "test")
        with database.transaction() as conn:
            parties = read(DAY / "parties.jsonl", shape=Shape())
            admitted = admission.record(conn, parties, self.now())
        admission.open_accounts(admitted, self.road.writer, self.now())

    def now(self) -> datetime:
        return NOON + timedelta(seconds=next(self._seconds))

    def read(self, rows: Sequence[Row]) -> Iterator[Instruction]:
        with self.database.transaction() as conn, Staged(self.policy, self.institution) as staged:
            one = Stager(self.policy, conn, self.institution, self.keyring, self.now())
            one.stage(rows, staged, lambda _count: None)
            assert one.flaws == []
            yield from staged

    def stands(self) -> Mapping[str, Balance]:
        """Return every balance of the institution, by the account's name."""
        with self.database.transaction() as conn:
            names = conn.execute(
                "select name from ledger.accounts where institution_id = %s", (self.institution,)
            ).fetchall()
            return balances(conn, self.institution, [name for (name,) in names])


def told(answers: Sequence[Answer]) -> list[object]:
    return [
        (one.instruction.id, one.decision, one.ledger_result, one.ledger_seq is None, one.is_repeat)
        for one in answers
    ]


def shuffled(day: Iterator[Instruction], seed: int) -> list[Instruction]:
    """Return a part of a day in another order: some continue what is not booked yet."""
    dice = random.Random(seed)  # noqa: S311 - a day to try, nothing to guess
    return dice.sample(list(day), 150)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_day_gives_the_same_together_as_one_by_one(
    database: Database,
    plan: Policy,
    rows: Sequence[Row],
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for least in ("ROWS_MIN", "LATE_MIN"):  # as many go by columns as can
        monkeypatch.setattr(prepare_block, least, 1)
    alone, many = Bank(database, plan, "alone"), Bank(database, plan, "many")
    day = shuffled(many.read(rows), seed)
    first = [alone.road.submit(one, at=alone.now()) for one in shuffled(alone.read(rows), seed)]
    second = list(many.road.submit_many(day, now=many.now))
    assert told(second) == told(first)
    assert many.stands() == alone.stands()
    again = list(many.road.submit_many(day, now=many.now))
    assert [one.decision for one in again] == [one.decision for one in first]
    assert all(one.is_repeat for one in again)
    assert many.stands() == alone.stands()


def outcomes(answers: Sequence[Answer]) -> list[str]:
    return [one.decision.outcome.value for one in answers]


def test_order_is_kept_where_a_limit_makes_it_matter(desk: Desk) -> None:
    desk.register(*everyone(own="20.00", parent="25.00"))
    asked = [
        keeping(desk, f"a{at}", f"{amount}.00") for at, amount in enumerate([60, 30, 20, 15, 1])
    ]
    answers = list(desk.road.submit_many(asked, now=desk.now))
    assert outcomes(answers) == ["refused", "permitted", "refused", "permitted", "refused"]
    assert [use.left for use in answers[3].decision.limits] == ["0.00", "15.00"]


def test_business_continued_in_one_file_is_continued(desk: Desk) -> None:
    desk.register(*everyone())
    asked = [
        keeping(desk, "a1", "30.00"),
        giving_back(desk, "r1", "10.00", "a1"),
        giving_back(desk, "r2", "20.00", "a1"),
        giving_back(desk, "r3", "0.01", "a1"),
        keeping(desk, "a2", "45.00"),
    ]
    answers = list(desk.road.submit_many(iter(asked), now=desk.now))
    assert outcomes(answers) == ["permitted", "permitted", "permitted", "refused", "permitted"]


def test_what_rests_on_an_earlier_row_shares_its_commit(desk: Desk) -> None:
    desk.register(*everyone())
    keep(desk, "a1", "30.00")
    asked = [giving_back(desk, f"r{at}", "10.00", "a1") for at in range(5)]
    (answered,) = desk.road.submit_blocks(asked, now=desk.now)
    assert outcomes(list(answered)) == [*["permitted"] * 3, *["refused"] * 2]
    with desk.database.transaction() as conn:
        assert list(journal.verify(conn)) == []


def test_a_column_sees_what_a_row_by_itself_puts_on_file_before_it(desk: Desk) -> None:
    """Whoever sells for the first time comes on a list, once; the rows after it are a column."""
    open_shop(desk)
    price = {"price.amount": "1.00"}
    asked = [offering(desk, "s0", given=price)]
    next_day = DAY_OF_DESK + timedelta(days=1)
    asked += [offering(desk, f"s{at}", given=price, on=next_day) for at in range(1, 40)]
    answered = list(desk.road.submit_blocks(asked, now=desk.now))
    assert sum(len(part) for one in answered for part in one.parts) == 0, "all of them ask for it"
    assert outcomes([one for each in answered for one in each]) == ["permitted"] * 40
    with desk.database.transaction() as conn:
        told = conn.execute(
            "select since from registers.qualifications where name = 'umbrella_list'"
        ).fetchall()
    assert told == [(DAY_OF_DESK,)]


def test_a_file_that_settles_many_holds_prepares_each_row_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.register(*everyone())
    held = {**FACTS, "fee.amount": "0.10", "until": "2025-07-31"}
    asked = [desk.instruction(f"h{n}", FACILITY, "reserve", WHO, held) for n in range(60)]
    asked += [
        desk.instruction(f"c{n}", FACILITY, "confirm" if n % 2 else "cancel", {}, {}, of=f"h{n}")
        for n in range(60)
    ]
    prepared: list[str] = []
    prepare = desk.road._preparer.prepare

    def counted(conn: Connection, rows: Sequence[Instruction], days: Days) -> list[Handover]:
        prepared.extend(one.id for one in rows)
        return prepare(conn, rows, days)

    monkeypatch.setattr(desk.road._preparer, "prepare", counted)
    answers = list(desk.road.submit_many(asked, now=desk.now))
    assert outcomes(answers) == ["permitted"] * 120
    assert prepared == [one.id for one in asked]
    assert balance(desk, MONEY) == 10_000 - 30 * 10


def test_an_id_with_other_content_stops_the_file_and_what_was_answered_stays(desk: Desk) -> None:
    desk.register(*everyone())
    good, other = keeping(desk, "a1", "10.00"), keeping(desk, "a1", "11.00")
    found: list[Answer] = []
    with pytest.raises(BadInput, match="a1"):
        found.extend(desk.road.submit_many([good, other], now=desk.now))
    assert desk.road.submit(good, at=desk.now()).is_repeat


def test_whoever_wrote_between_asking_and_posting_is_seen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer gives back while a column that rests on it is on its way."""
    desk.register(*everyone())
    keep(desk, "a1", "30.00")
    keep(desk, "a0", "5.00")
    asked = [giving_back(desk, "r0", "5.00", "a0"), giving_back(desk, "r1", "30.00", "a1")]
    post_named = desk.road.writer.post_named
    others = iter([giving_back(desk, "x1", "10.00", "a1")])

    def after_another(*args: object, **kwargs: object) -> object:
        for other in others:
            desk.road.submit(other, at=desk.now())
        return post_named(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.road.writer, "post_named", after_another)
    answers = list(desk.road.submit_many(asked, now=desk.now))
    assert outcomes(answers) == ["permitted", "refused"], "ten of the thirty had come back"


def test_a_block_of_answers_is_sealed_and_a_change_in_it_is_found(desk: Desk) -> None:
    desk.register(*everyone())
    asked = [keeping(desk, f"a{at}", "0.01") for at in range(40)]
    answers = list(desk.road.submit_many(asked, now=desk.now))
    assert outcomes(answers) == ["permitted"] * 40
    with desk.database.transaction() as conn:
        assert list(journal.verify(conn)) == []
    for change in (
        "update instructions.decisions set outcome = 'refused' where instruction_id = 'a7'",
        "update instructions.decisions set block = null where instruction_id = 'a7'",
        "delete from instructions.reports where instruction_id = 'a7'",
        "update instructions.instructions set block = gen_random_uuid() where block is not null",
    ):
        table = change.removeprefix("update ").removeprefix("delete from ").split()[0]
        with desk.database.transaction(rollback=True) as conn:
            tampering.silence_triggers(conn)
            changed = conn.execute(change.encode()).rowcount
            found = list(journal.verify(conn))
        assert changed > 0
        assert {flaw.place.file for flaw in found} == {table}, change
