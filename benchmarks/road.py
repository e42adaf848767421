"""How fast the road is, beside what the same database does without it, durable and in one run.

    python benchmarks/road.py [--quick | --full]

A round submits instructions one by one through `Road.submit` (decided, limited, posted, sealed),
inserts and commits single rows on the same server, and copies the very rows the round has written
into tables of the same form, in one commit. Rounds follow each other, so that a slow minute of the
machine is a slow minute of all three. The last line is one JSON document.
"""

import argparse
import json
import secrets
import shutil
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Final

from psycopg import sql

from qianhai.db import Connection, Database, open_database
from qianhai.instructions import Admission, Instruction, Road
from qianhai.kernel import Outcome, Place
from qianhai.main import read_files
from qianhai.policy import bundled, open_policy, read_facts
from qianhai.registers import Entry, Keyring

PLAN: Final = Path(__file__).parents[1] / "plan"
FACILITY: Final = "overseas_lending"
DAY: Final = date(2025, 6, 30)
LENDERS: Final = 20
SENDERS: Final = 8
ROOMS: Final = ("instructions", "ledger", "journal", "registers")
SAID: Final = {
    "amount.amount": "1000.00",
    "amount.currency": "CNY",
    "equity_rate": "1",
    "is_genuine": "true",
}


def open_road(database: Database) -> Road:
    """Return a road on an empty database, with lenders that have room and money enough."""
    files = read_files(PLAN)
    policy, keyring = open_policy(files), Keyring(bytes(32))
    road = Road(
        database,
        policy,
        institution_id="bench",
        keyring=keyring,
        salts=secrets.token_bytes,
        pack_files=bundled(files),
    )
    party = {"kind": "party", "type": "enterprise", "jurisdiction": "CN", "area": "original"}
    rows: list[dict[str, str]] = [
        {**party, "id": "bank", "type": "bank", "name": "银行"},
        {**party, "id": "abroad", "jurisdiction": "HK", "area": "outside", "name": "境外"},
    ]
    for number in range(LENDERS):
        lender = f"lender-{number}"
        rows += [
            {**party, "id": lender, "name": f"企业{number}"},
            {
                "kind": "attribute",
                "party": lender,
                "name": "equity",
                "value.amount": "100000000000.00",
                "value.currency": "CNY",
            },
            {
                "kind": "account",
                "number": f"62{number:06}",
                "party": lender,
                "bank": "bank",
                "currency": "CNY",
                "account_kind": "settlement",
                "opening_balance": "100000000000.00",
            },
        ]
    entries = [
        Entry(Place("bench", at), {"since": "2020-01-01", **row}) for at, row in enumerate(rows)
    ]
    admission = Admission(policy, "bench", keyring, secrets.token_bytes, "bench")
    with database.transaction() as conn:
        admitted = admission.record(conn, entries, instant(0))
    admission.open_accounts(admitted, road.writer, instant(1))
    return road


def instant(number: int) -> datetime:
    """Return the instant of an instruction; the benchmark's clock moves by itself."""
    return datetime(2025, 6, 30, 1, tzinfo=UTC) + timedelta(milliseconds=number)


def instruction(road: Road, number: int) -> Instruction:
    """Return a loan of a thousand yuan by one of the lenders."""
    facts, flaws = read_facts(
        road.policy.pack.facilities[FACILITY].facts, SAID.items(), lambda _: Place("bench")
    )
    assert not flaws, flaws
    parties = {"lender": f"lender-{number % LENDERS}", "bank": "bank", "borrower": "abroad"}
    return Instruction(f"i{number}", "bench", FACILITY, "lend", DAY, parties, {}, facts)


def submit(road: Road, number: int) -> float:
    """Submit one instruction; return its seconds."""
    asked = instruction(road, number)
    since = perf_counter()
    answer = road.submit(asked, at=instant(number))
    spent = perf_counter() - since
    assert answer.decision.outcome is Outcome.PERMITTED, answer.decision
    return spent


def commit_rows(database: Database, rows: int) -> list[float]:
    """Insert and commit single rows; return the seconds of each."""
    spent = []
    for number in range(rows):
        since = perf_counter()
        with database.transaction() as conn:
            conn.execute("insert into peer.single (note) values (%s)", (f"row {number}",))
        spent.append(perf_counter() - since)
    return spent


def make_peers(conn: Connection) -> list[tuple[str, str]]:
    """Make a table of the same form for each table of the rooms; return their names."""
    tables = conn.execute(
        "select schemaname, tablename from pg_tables where schemaname = any(%s) order by 1, 2",
        (list(ROOMS),),
    ).fetchall()
    conn.execute("create schema peer")
    conn.execute("create table peer.single (id bigserial primary key, note text not null)")
    for schema, table in tables:
        conn.execute(
            sql.SQL("create table {} (like {} including all)").format(
                sql.Identifier("peer", f"{schema}_{table}"), sql.Identifier(schema, table)
            )
        )
    return [(schema, table) for schema, table in tables]


def copy_same(database: Database, tables: Sequence[tuple[str, str]], since_id: int) -> float:
    """Copy every row written since a transaction into the peers, durable; return the seconds."""
    written: list[tuple[str, list[bytes]]] = []
    with database.transaction() as conn:
        for schema, table in tables:
            out = sql.SQL(
                "copy (select * from {} where xmin::text::bigint >= {}) to stdout (format binary)"
            ).format(sql.Identifier(schema, table), sql.Literal(since_id))
            with conn.cursor() as cursor, cursor.copy(out) as copy:
                written.append((f"{schema}_{table}", [bytes(part) for part in copy]))
        for name, _ in written:
            conn.execute(sql.SQL("truncate {}").format(sql.Identifier("peer", name)))
    since = perf_counter()
    with database.transaction() as conn:
        for name, parts in written:
            into = sql.SQL("copy {} from stdin (format binary)").format(
                sql.Identifier("peer", name)
            )
            with conn.cursor() as cursor, cursor.copy(into) as copy:
                for part in parts:
                    copy.write(part)
    return perf_counter() - since


def measure(database: Database, rounds: int, size: int) -> Mapping[str, list[float]]:
    """Run the rounds; return the seconds each act took, instruction by instruction or a mean."""
    road = open_road(database)
    with database.transaction() as conn:
        tables = make_peers(conn)
    numbers = count(2)
    submit(road, next(numbers))
    found: dict[str, list[float]] = {"road": [], "commit": [], "copy": [], "senders": []}
    for _ in range(rounds):
        with database.transaction() as conn:
            row = conn.execute("select txid_current()").fetchone()
            assert row, "a transaction has its number"
        found["road"] += [submit(road, next(numbers)) for _ in range(size)]
        found["copy"].append(copy_same(database, tables, row[0]) / size)
        found["commit"] += commit_rows(database, size)
        asked = [next(numbers) for _ in range(size)]
        since = perf_counter()
        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(lambda number: submit(road, number), asked))
        found["senders"].append((perf_counter() - since) / size)
    return found


def results(found: Mapping[str, list[float]]) -> list[dict[str, object]]:
    """Return each figure in milliseconds, with its ratio to the peer it is held against."""
    middle: Callable[[str], float] = lambda name: statistics.median(found[name]) * 1000  # noqa: E731
    p99 = statistics.quantiles(found["road"], n=100)[98] * 1000
    commit, copy = middle("commit"), middle("copy")
    plain = "single-row insert and commit"
    rows = [
        ("submit_p50", middle("road"), commit, plain),
        ("submit_p99", p99, commit, plain),
        ("submit_over_copy", middle("road"), copy, "COPY of the same rows, one commit a round"),
        (f"submit_{SENDERS}_senders", middle("senders"), commit, plain),
        ("commit_p50", commit, commit, "itself"),
        ("copy_p50", copy, copy, "itself"),
    ]
    return [
        {"name": name, "value": round(value, 3), "unit": "ms", "ratio": round(value / peer, 2),
         "against": against}
        for name, value, peer, against in rows
    ]  # fmt: skip


def main() -> None:
    """Measure, print a table, and last one JSON document."""
    parser = argparse.ArgumentParser(description="Measure the road beside its database.")
    parser.add_argument("--quick", action="store_true", help="a few seconds (the default)")
    parser.add_argument("--full", action="store_true", help="some minutes")
    rounds, size = (20, 200) if parser.parse_args().full else (5, 60)
    folder = Path(tempfile.mkdtemp(prefix="qianhai-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        with open_database(url=None, data_dir=folder) as database:
            lines = results(measure(database, rounds, size))
    finally:
        shutil.rmtree(folder)
    print(f"{rounds} rounds of {size} instructions, fsync on")
    for line in lines:
        print(f"{line['name']:20} {line['value']:>10} ms  x{line['ratio']} {line['against']}")
    print(json.dumps({"bench": "road", "results": lines}))


if __name__ == "__main__":
    main()
