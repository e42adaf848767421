"""Rows decided together are what the policy says of each alone; a wrong file is told whole."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines.rows import Draw, differences, table_of
from plan.the_pack import POLICY
from policy.small import with_action
from qianhai.engines import Desk, DuckDB, Engine, Python, decide_file, decide_many
from qianhai.kernel import BadInput
from qianhai.policy import Policy

SEED, ROWS = "20261126", 2000
FACTS = """\
  own: {type: money, currency: CNY, provider: balance, with: {account: bank.nostro}, zh: 自, en: o}
  theirs: {type: money, currency: CNY, zh: 他, en: theirs}
  own_used:
    {type: money, currency: CNY, provider: used, with: {limit: debt, pool: own}, zh: 自用, en: used}
  their_used:
    {type: money, currency: CNY, provider: used, with: {limit: debt, pool: theirs}, zh: 用, en: u}
  asked:
    {type: money, currency: CNY, provider: balance, with: {account: bank.nostro}, zh: 请, en: asked}
  has_parent: {type: boolean, optional: true, zh: 有母, en: has a parent}
  part: {type: number, zh: 份, en: part}
"""
POOLS = """\
limits:
  - id: debt
    asset: CNY
    amount: asked * part
    pools:
      - {id: own, holder: borrower, cap: own, used: own_used, zh: 自, en: own}
      - id: theirs
        holder: bank
        cap: theirs
        used: their_used
        when: coalesce(has_parent, false)
        zh: 他
        en: t
    zh: 外债
    en: debt
"""
WHOLE = pa.decimal128(20, 2)


@pytest.fixture(scope="module")
def policy() -> Policy:
    assert POLICY
    return POLICY


@pytest.fixture(scope="module")
def duckdb() -> Iterator[DuckDB]:
    with DuckDB(threads=2) as engine:
        yield engine


@pytest.mark.untraced
@pytest.mark.parametrize("typed", [True, False])
def test_a_million_are_decided_as_one(policy: Policy, duckdb: DuckDB, *, typed: bool) -> None:
    rows = Draw(policy, Random(f"{SEED} {typed}")).rows(ROWS)  # noqa: S311 (a test's draws)
    found = decide_many(policy, table_of(policy, rows, typed=typed), duckdb)
    assert not list(differences(policy, rows, found))
    assert set(found["engine"].to_pylist()) == {"duckdb", "python"}
    assert len(set(found["outcome"].to_pylist())) == 6
    assert len(set(found["action"].to_pylist())) > 13


def test_without_an_engine_the_answers_are_the_same(policy: Policy) -> None:
    rows = Draw(policy, Random(SEED)).rows(100)  # noqa: S311 (as above)
    found = decide_many(policy, table_of(policy, rows, typed=True), Python())
    assert not list(differences(policy, rows, found))


def test_a_file_is_decided_batch_by_batch(policy: Policy, duckdb: DuckDB, tmp_path: Path) -> None:
    rows = Draw(policy, Random(SEED)).rows(200, sorted(policy.pack.facilities)[:2])  # noqa: S311 (as above)
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(table_of(policy, rows, typed=True), path)
    told: list[int] = []
    decide_file(Desk(policy), path, duckdb, out, lambda one: told.append(len(one)), rows=60)
    assert told == [60, 60, 60, 20]
    assert not list(differences(policy, rows, pq.read_table(out)))
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".part"] == []


def loans(count: int, **columns: object) -> pa.Table:
    """Rows of the small pack's loan: every fact is stated unless it is given otherwise."""
    given: dict[str, object] = {
        "own": pa.array([Decimal("100.00")] * count, WHOLE),
        "own_used": pa.array([Decimal("40.00")] * count, WHOLE),
        "theirs": pa.array([Decimal("50.00")] * count, WHOLE),
        "their_used": pa.array([Decimal("20.00")] * count, WHOLE),
        "asked": pa.array([Decimal("70.00")] * count, WHOLE),
        "has_parent": pa.array([True] * count),
        "part": pa.array(["1"] * count),
    }
    head = {
        "id": [f"i{at}" for at in range(count)],
        "facility": ["pier_loan"] * count,
        "action": pa.nulls(count, pa.string()),
        "on": [date(2030, 6, 30)] * count,
    }
    return pa.table(head | given | columns)


@pytest.fixture(scope="module")
def pools() -> Policy:
    return with_action(POOLS, FACTS)


def told(table: pa.Table, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


@pytest.mark.parametrize("name", ["duckdb", "python"])
def test_pools_are_drawn_in_order_and_absence_is_a_value(
    pools: Policy, duckdb: DuckDB, name: str
) -> None:
    engine: Engine = duckdb if name == "duckdb" else Python()
    table = loans(
        4,
        has_parent=pa.array([True, None, None, True]),
        **{"has_parent.absent": pa.array([False, True, None, None])},
        part=pa.array(["1", "1", "1", "1.28571429"]),
    )
    found = decide_many(pools, table, engine)
    assert found["outcome"].to_pylist() == ["permitted", "refused", "incomplete", "refused"]
    assert found["missing"].to_pylist() == [[], [], ["has_parent"], []]
    assert told(found, "debt.own.asked", "debt.theirs.asked", "debt.own.left") == [
        (Decimal(60), Decimal(10), Decimal(60)),
        (Decimal(70), None, Decimal(60)),
        (Decimal(60), Decimal(10), Decimal(60)),
        (Decimal(60), Decimal("30.01"), Decimal(60)),
    ]


def test_an_amount_no_column_holds_is_decided_alone(pools: Policy, duckdb: DuckDB) -> None:
    large = ["92233720368547758.07", "100.00"]
    found = decide_many(pools, loans(2, own=pa.array(large)), duckdb)
    assert told(found, "engine", "debt.own.cap") == [
        ("python", Decimal("92233720368547758.07")),
        ("duckdb", Decimal(100)),
    ]


def test_a_figure_that_has_no_room_is_told(pools: Policy, duckdb: DuckDB) -> None:
    wide = pa.array(["100000000000000000000000", "1"])
    with pytest.raises(BadInput) as fault:
        decide_many(pools, loans(2, asked=pa.array(["90000000000.00", "1.00"]), part=wide), duckdb)
    assert {flaw.code for flaw in fault.value.flaws} == {"E010"}
    assert {flaw.place.line for flaw in fault.value.flaws} == {1}


WRONG: Mapping[str, tuple[Mapping[str, object], list[tuple[str, int | None, str]]]] = {
    "a word that is none": (
        {"part": pa.array(["one", "1"]), "has_parent": pa.array(["yes", "true"])},
        [("F003", 1, "has_parent"), ("F003", 1, "part")],
    ),
    "more decimals than the currency has": (
        {"asked": pa.array(["1.00", "1.001"])},
        [("F005", 2, "asked")],
    ),
    "an amount below zero": (
        {"own_used": pa.array([Decimal("-0.01"), Decimal("0.00")], WHOLE)},
        [("F003", 1, "own_used")],
    ),
    "stated and absent": (
        {"has_parent.absent": pa.array([None, True])},
        [("E008", 2, "has_parent.absent")],
    ),
    "absent and not optional": (
        {"part.absent": pa.array([False, True])},
        [("E009", 2, "part.absent")],
    ),
    "no such facility": (
        {"facility": pa.array(["pier_laon", None])},
        [("E006", 1, "facility"), ("E005", 2, "facility")],
    ),
    "no such action": ({"action": pa.array(["drew", None])}, [("E006", 1, "action")]),
    "no day": ({"on": pa.array(["2030-02-30", None])}, [("E007", 1, "on"), ("E005", 2, "on")]),
    "no id": ({"id": pa.array(["a", None])}, [("E005", 2, "id")]),
    "no such fact": ({"prat": pa.array(["1", None])}, [("E003", None, "prat")]),
    "a number that is not exact": ({"part": pa.array([1.0, 2.0])}, [("E004", None, "part")]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_told_with_its_row_and_column(
    pools: Policy, duckdb: DuckDB, name: str
) -> None:
    columns, expected = WRONG[name]
    with pytest.raises(BadInput) as fault:
        decide_many(pools, loans(2, **columns), duckdb)
    found = [(flaw.code, flaw.place.line, flaw.place.column) for flaw in fault.value.flaws]
    assert found == expected
    assert all(flaw.en and flaw.zh for flaw in fault.value.flaws)


def test_a_wrong_file_leaves_no_answers(pools: Policy, duckdb: DuckDB, tmp_path: Path) -> None:
    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(loans(4, part=pa.array(["1", "1", "1", "none"])), path)
    with pytest.raises(BadInput):
        decide_file(Desk(pools), path, duckdb, out, lambda _one: None, rows=2)
    path.write_bytes(b"no Parquet")
    with pytest.raises(BadInput) as fault:
        decide_file(Desk(pools), path, duckdb, out, lambda _one: None)
    assert fault.value.flaws[0].code == "E001"
    assert [one.name for one in tmp_path.iterdir()] == ["in.parquet"]
