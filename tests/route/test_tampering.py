"""One changed byte in any table is found and named; a history made anew fails against its head."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from cli.terminal import make_site
from crash.business import OUTCOMES, round_of, write_files
from qianhai import journal, ledger
from qianhai.cli import Site, start
from qianhai.db import Connection, Database, Server
from qianhai.kernel import Flaw
from qianhai.policy import bundled
from qianhai.registers import Keyring, reveal
from route import candidate, filing, tampering
from route.desk import Desk, plan_files
from route.resale import offer
from route.tampering import Column
from route.two_eyes import by_two_persons
from route.umbrella import everyone

#: Columns that may change after their row was written, and why nothing is lost by it.
MUTABLE = {
    "instructions.outbox.sent_at": "when a message left is known only afterwards",
    "instructions.outbox.attempts": "how often a message was tried is known only afterwards",
    "instructions.reports.sent_at": "when a record left is known only afterwards",
    "instructions.reports.attempts": "how often it was tried is known only afterwards",
    "registers.parties.blind_index": "it ends with the person's key; it only finds, never answers",
    "registers.subject_keys.wrapped": "destroying it is how a person is forgotten; bytes that"
    " were changed open nothing",
    "registers.subject_keys.erased_at": "set when the key is destroyed",
    "registers.heads.institution_id": "the lock of a load, and no record of anything",
    "registers.heads.known_since": "the lock of a load, and no record of anything",
    "registers.heads.schema_version": "the lock of a load, and no record of anything",
    "journal.heads.is_only": "it says only that there is one row",
    "ledger.heads.is_only": "it says only that there is one row",
}
#: Tables that are no record of anything, in rows and columns.
UNSEALED = {
    "instructions.idempotency_keys": "a retry's guard; what was booked goes by its own id",
    "instructions.run_lines": "where in a file an instruction stood; the run, the instruction and"
    " its decision are sealed",
    "registers.master_keys": "which key is in force: changed, the server's key is refused; a"
    " rotation is in the journal",
}
#: Tables in which a row more, or less, changes no record.
LOOSE = {
    "registers.heads": "the lock of a load; made anew when it is gone",
    "journal.sealed_tables": "a declaration of a table that is not there seals nothing",
}


def everything(desk: Desk) -> None:
    """A small day that leaves a row in every table of every room."""
    desk.register(
        *everyone("2000.00", "2500.00"),
        {
            "kind": "party",
            "id": "chan",
            "type": "person",
            "jurisdiction": "HK",
            "name": "陈大文",
            "identifiers.hkid": "A123456(3)",
        },
        {"kind": "ownership", "owner": "group", "owned": "firm", "share": "0.6"},
        {"kind": "qualification", "party": "firm", "name": "qflp"},
        {"kind": "record", "record_kind": "permit", "id": "paper-1", "attributes.use": "storage"},
        {
            "kind": "authorisation",
            "clause": "109a",
            "status": "pilot",
            "instrument": "notice",
            "number": "1",
            "issued_by": "office",
            "through": "109",
        },
    )
    desk.register(
        {
            "kind": "consent",
            "subject": "chan",
            "purpose": "credit",
            "scope": "all",
            "granted_at": "2025-01-01T00:00:00Z",
            "since": "",
        }
    )
    with desk.database.transaction() as conn:
        reveal(
            conn,
            Keyring(bytes(32)),
            ["chan"],
            institution_id="local",
            purpose="test",
            by="test",
            at=desk.now(),
            salts=lambda: secrets.token_bytes(16),
        )
    candidate.propose(desk)
    candidate.shadow(desk, desk.road.policy, bundled(plan_files()))
    for instruction in round_of(desk, 1):
        answer = desk.road.submit(instruction, at=desk.now())
        assert answer.decision.outcome.value == OUTCOMES[instruction.id[0]], answer.decision
    alerted = offer(desk, "z1", given={"parts": [{"name": "handle", "price": "1.00"}] * 3})
    assert alerted.decision.alerts
    with desk.database.transaction() as conn:
        filing.correct(desk, conn, "a1", "bop_declaration", {"code": "226000"})
    by_two_persons(desk, next(round_of(desk, 2)))


@contextmanager
def tampered(database: Database) -> Iterator[Connection]:
    """A transaction of the owner's, undone at the end, in which both rooms can be verified."""
    with database.transaction(rollback=True) as conn:
        conn.execute("set transaction isolation level repeatable read")
        tampering.silence_triggers(conn)
        yield conn


def flaws_of(conn: Connection) -> list[Flaw]:
    return [*ledger.verify(conn), *journal.verify(conn)]


def names(flaw: Flaw, table: str, key: str) -> bool:
    """Tell whether a flaw names a table and the row in it.

    A seal is named through its entry, whose digest runs over it; a declaration through the table
    it declares.
    """
    parts = [str(part) for part in json.loads(key)] if key != "[]" else []
    place, said = flaw.place, f"{flaw.place} {flaw.value} {flaw.expected} {flaw.en}"
    if table == "journal.seals":
        return place.file == "journal.entries" and place.line == int(parts[0])
    if table == "journal.sealed_tables":
        return parts[0] in said or place.file == parts[0]
    return place.file == table and all(part in said for part in parts if table[-5:] != "heads")


@pytest.mark.slow
def test_one_changed_byte_in_any_column_of_any_table_is_found_and_named(desk: Desk) -> None:
    everything(desk)
    with desk.database.transaction() as conn:
        tampering.unlock(conn)
        columns = tampering.columns(conn)
    with tampered(desk.database) as conn:
        assert flaws_of(conn) == []
    assert {str(column) for column in columns} >= set(MUTABLE), "what is declared is there"
    unseen = []
    for column in columns:
        with tampered(desk.database) as conn:
            key = tampering.change(conn, column)
            flaws = flaws_of(conn)
        if str(column) in MUTABLE or column.table in UNSEALED:
            assert flaws == [], f"{column} is declared mutable, and is not"
        elif column.name in column.key and flaws:
            continue  # a row under another key is one row missing and one too many
        elif not any(names(flaw, column.table, key) for flaw in flaws):
            unseen.append(f"{column} {key}: {[str(flaw) for flaw in flaws[:3]]}")
    assert not unseen, "\n".join(unseen)


def tables(columns: list[Column]) -> list[Column]:
    """The first key column of each table, or of one without a key its first column."""
    found: dict[str, Column] = {}
    for column in columns:
        if column.name == (column.key or (column.name,))[-1]:
            found.setdefault(column.table, column)
    return list(found.values())


@pytest.mark.slow
def test_a_row_removed_from_any_table_or_added_to_it_is_found(desk: Desk) -> None:
    everything(desk)
    with desk.database.transaction() as conn:
        tampering.unlock(conn)
        chosen = tables(tampering.columns(conn))
    unseen = []
    for column in chosen:
        if column.table in {**LOOSE, **UNSEALED} or column.table.endswith(".heads"):
            continue
        with tampered(desk.database) as conn:
            key = tampering.remove(conn, column)
            if not flaws_of(conn):
                unseen.append(f"removed from {column.table}: {key}")
        with tampered(desk.database) as conn:
            tampering.add(conn, column)
            if not flaws_of(conn):
                unseen.append(f"added to {column.table}")
    assert not unseen, "\n".join(unseen)


def test_a_column_declared_mutable_afterwards_hides_nothing(desk: Desk) -> None:
    everything(desk)
    with tampered(desk.database) as conn:
        conn.execute(
            "update journal.sealed_tables set mutable_columns = '{outcome}'"
            " where table_name = 'instructions.decisions'"
        )
        conn.execute("update instructions.decisions set outcome = 'permitted'")
        found = [flaw.place.column for flaw in flaws_of(conn)]
    ids = ["a2", *(f"{letter}1" for letter in [*OUTCOMES, "z"])]
    assert found == sorted(f'["local", "{one}"]' for one in ids)


@contextmanager
def after_a_day(url: str, folder: Path) -> Iterator[tuple[Path, Site]]:
    """A day run by the command; its summary, and the site it ran on."""
    site = make_site(url, folder, plan_files())
    parties, day = write_files(folder, 1)
    arguments = ["run", str(day), "--parties", str(parties), "--out", str(folder / "out")]
    assert start(site, arguments) == 0
    yield folder / "out" / "summary.json", site


def verified(site: Site, *head: str) -> dict[str, int]:
    """Return the exit codes of both rooms' verification."""
    rooms = ("ledger", "journal")
    return {room: start(site, [room, "verify", *head]) for room in rooms}


WHOLE = {"ledger": 0, "journal": 0}


def test_a_history_chained_anew_by_the_owner_fails_against_the_head_of_the_day(
    database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with after_a_day(database_url, tmp_path) as (summary, site):
        assert verified(site, "--head", str(summary)) == WHOLE
        with database.transaction() as conn:
            tampering.silence_triggers(conn)
            conn.execute(
                "update instructions.decisions set outcome = 'permitted' where outcome = 'ordinary'"
            )
            tampering.rechain_journal(conn, "instructions.decisions")
            tampering.rechain_ledger(conn)
        assert verified(site) == WHOLE
        capsys.readouterr()
        assert verified(site, "--head", str(summary)) == {"ledger": 3, "journal": 3}
        said = capsys.readouterr().err
    assert "L110" in said
    assert "J107" in said
    assert json.loads(summary.read_text(encoding="utf-8"))["heads"]["journal"] in said


def test_a_history_cut_back_to_an_earlier_hour_fails_against_the_head_of_the_day(
    database_url: str, tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    def swap(old: str, new: str) -> None:
        """Put a copy in the place of a database, as one who owns the server can."""
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as owner:
            names = {"old": sql.Identifier(old), "new": sql.Identifier(new)}
            owner.execute(sql.SQL("drop database if exists {new}").format(**names))
            owner.execute(sql.SQL("create database {new} template {old}").format(**names))

    name = conninfo_to_dict(database_url)["dbname"]
    assert isinstance(name, str)
    with after_a_day(database_url, tmp_path) as (_, site):
        swap(name, "earlier")
    _, day = write_files(tmp_path, 2)
    assert start(site, ["run", str(day), "--out", str(tmp_path / "late")]) == 0
    summary = tmp_path / "late" / "summary.json"
    assert verified(site, "--head", str(summary)) == WHOLE
    swap("earlier", name)
    capsys.readouterr()
    assert verified(site) == WHOLE
    assert verified(site, "--head", str(summary)) == {"ledger": 3, "journal": 3}
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as owner:
        owner.execute("drop database earlier")
