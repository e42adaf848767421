"""A fault in the middle of a batch is told to all who share it, and sending again books it once."""

import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from qianhai.db import Connection, Database, Server, UnknownCommit, open_database
from qianhai.kernel import Environment
from qianhai.ledger import Chain, ChainResult, Submission, Writer, balances, head, verify
from races.limit_race import AT, CAP, draw
from races.losing_proxy import LosingProxy

NAMES = [f"caller-{number}" for number in range(8)]


def told(writer: Writer, chains: Sequence[Submission]) -> list[bool | Environment]:
    """Hand several in as callers of one batch; what each hears: first or not, or the fault."""
    handed = [writer.hand_in([each], at=AT) for each in chains]
    heard: list[bool | Environment] = []
    for each in handed:
        try:
            (result,) = each.result()
        except Environment as fault:
            heard.append(fault)
        else:
            assert result.is_posted
            heard.append(result.first)
    return heard


def assert_all_retry_safe(heard: Sequence[bool | Environment]) -> None:
    for each in heard:
        assert isinstance(each, Environment), "something was booked"
        assert each.is_retry_safe


def used(database: Database) -> int:
    with database.transaction() as conn:
        found = balances(conn, "bank-1", ["limit"])
    return found["limit"].used if "limit" in found else 0


def assert_whole(database: Database, posted: int) -> None:
    assert used(database) == posted
    with database.transaction() as conn:
        assert list(verify(conn)) == []


def _cutting(database: Database, chain: Chain) -> Submission:
    """A submission whose record loses the connection, once, in the middle of the transaction."""
    left = [1]

    def record(conn: Connection, _result: ChainResult) -> None:
        if left and left.pop():
            with database.transaction() as other:
                other.execute("select pg_terminate_backend(%s, 5000)", [conn.info.backend_pid])
        conn.execute("select 1")

    return Submission(chain, record)


def test_a_connection_cut_in_the_middle_is_told_to_every_caller_of_the_batch(
    database: Database,
) -> None:
    writer = Writer(database)
    writer.submit([Submission(draw("before", 100))], at=AT)
    chains = [draw(name, 10) for name in NAMES]
    batch = [Submission(each) for each in chains]
    batch[5] = _cutting(database, chains[5])
    assert_all_retry_safe(told(writer, batch))
    assert_whole(database, 100)
    assert told(writer, batch) == [True] * 8
    assert told(writer, batch) == [False] * 8
    assert_whole(database, 180)


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_connection_cut_around_the_commit_of_several_callers_is_found_out_for_all(
    wired: Database, proxy: LosingProxy, database: Database, cut: str
) -> None:
    writer = Writer(wired)
    writer.submit([Submission(draw("before", 100))], at=AT)
    batch = [Submission(draw(name, 10)) for name in NAMES]
    proxy.cut = cut
    heard = told(writer, batch)
    assert proxy.cut is None
    with database.transaction() as conn:
        assert head(conn).batch == (1 if cut == "before" else 2)
    if cut == "before":
        assert_all_retry_safe(heard)
        assert used(database) == 100
        heard = told(writer, batch)
    assert heard == [True] * 8
    assert told(writer, batch) == [False] * 8
    assert_whole(database, 180)


def test_callers_whose_commits_are_cut_again_and_again_each_post_once(
    wired: Database, proxy: LosingProxy, database: Database
) -> None:
    writer = Writer(wired)
    writer.submit([Submission(draw("before", 100))], at=AT)
    faults: list[Environment] = []
    firsts: list[bool] = []

    def call(name: str) -> None:
        for number in range(10):
            chain = draw(f"{name}-{number}", 3)
            if number % 3 == 0:
                proxy.cut = ("before", "after")[number % 2]
            result = None
            while result is None:
                try:
                    (result,) = writer.submit([Submission(chain)], at=AT)
                except Environment as fault:
                    faults.append(fault)
            assert result.is_posted
            firsts.append(result.first)

    threads = [threading.Thread(target=call, args=(name,)) for name in NAMES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(firsts) == 80
    assert faults
    assert all(fault.is_retry_safe for fault in faults)
    # Only who was told that nobody knows may find the chain booked when sending it again.
    assert all(firsts) or any(isinstance(fault, UnknownCommit) for fault in faults)
    assert_whole(database, 100 + 80 * 3)


@pytest.mark.parametrize("where", ["lock", "record"])
def test_a_statement_that_takes_too_long_is_told_and_the_batch_is_sent_again(
    database: Database, database_url: str, where: str
) -> None:
    url = make_conninfo(database_url, options="-c statement_timeout=300")
    with open_database(url=url, data_dir=Path("unused")) as hurried:
        writer = Writer(hurried)
        writer.submit([Submission(draw("before", 100))], at=AT)
        batch = [Submission(draw(name, 10)) for name in NAMES]
        slow = [where == "record"]

        def record(conn: Connection, _result: ChainResult) -> None:
            if slow[0]:
                conn.execute("select pg_sleep(60)")

        batch[3] = Submission(draw("caller-3", 10), record)
        with database.transaction() as other:
            if where == "lock":  # another process's batch takes its time
                other.execute("select pg_advisory_xact_lock(x'71686c67'::int)")
            assert_all_retry_safe(told(writer, batch))
        slow[0] = False
        assert_whole(database, 100)
        assert told(writer, batch) == [True] * 8
        assert_whole(database, 180)


def test_a_fault_of_one_record_is_told_to_its_caller_alone(database: Database) -> None:
    writer = Writer(database)

    def record(_conn: Connection, _result: ChainResult) -> None:
        raise ArithmeticError("the caller's own")

    batch = [Submission(draw(name, 10)) for name in NAMES]
    batch[2] = Submission(draw(NAMES[2], 10), record)
    handed = [writer.hand_in([each], at=AT) for each in batch]
    with pytest.raises(ArithmeticError):
        handed[2].result()
    others = [each.result()[0] for each in handed if each is not handed[2]]
    assert all(each.is_posted and each.first for each in others)
    assert_whole(database, 70)
    assert writer.submit([Submission(draw(NAMES[2], 10))], at=AT)[0].first


@pytest.fixture
def small_disk(server: Server, server_dir: Path) -> Iterator[tuple[Path, str]]:
    """A disk of 40 MB, and the URL of a migrated database that lives on it."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = server_dir / "small"
    folder.mkdir()
    owner = (server_dir / "pg").stat().st_uid
    options = f"size=40m,mode=700,uid={owner}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        folder.rmdir()
        pytest.skip("this machine does not let us mount a small disk")
    try:
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
            admin.execute(f"create tablespace small location '{folder}'".encode())
            admin.execute("create database small template template_qianhai tablespace small")
            yield folder, server.conninfo("small")
            admin.execute("drop database small with (force)")
            admin.execute("drop tablespace small")
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def _fill(ballast: Path) -> None:
    """Take all that is left of a disk."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def test_a_full_disk_is_told_and_nothing_half_stays_and_what_is_sent_again_is_booked_once(
    small_disk: tuple[Path, str],
) -> None:
    folder, url = small_disk
    with open_database(url=url, data_dir=Path("unused")) as database:
        writer = Writer(database)
        writer.submit([Submission(draw("before", 100))], at=AT)
        _fill(folder / "ballast")
        batches = [
            [Submission(draw(f"{turn}-{number}", 1)) for number in range(400)]
            for turn in range(CAP // 400)
        ]
        booked = 0
        for batch in batches:  # pages that have room left take some
            heard = told(writer, batch)
            if not all(each is True for each in heard):
                break
            booked += len(batch)
        assert_all_retry_safe(heard)
        assert any("disk refuses" in str(each) for each in heard)
        assert_whole(database, 100 + booked)
        assert_all_retry_safe(told(writer, batch))
        (folder / "ballast").unlink()
        assert told(writer, batch) == [True] * len(batch)
        assert told(writer, batch) == [False] * len(batch)
        assert_whole(database, 100 + booked + len(batch))
