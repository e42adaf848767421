"""A terminal for tests: commands run in this process on a fresh database, output captured."""

import io
import json
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from qianhai.cli import Site, start
from qianhai.main import read_files

PLAN = Path(__file__).parents[2] / "plan"
#: A small pack, on which a command does what it does on the whole one.
HARBOUR = Path(__file__).parents[1] / "policy" / "harbour"
NOON = datetime(2025, 6, 30, 4, 0, tzinfo=UTC)

#: Nothing listens there.
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> "Json":
        """The one JSON document it printed."""
        return Json(json.loads(self.out))


class Json(dict[str, object]):
    """A JSON object whose parts are reached without casts."""

    def rows(self, name: str) -> list["Json"]:
        """Return a list of objects."""
        found = self[name]
        assert isinstance(found, list)
        return [Json(one) for one in found]

    def part(self, name: str) -> "Json":
        """Return an object inside."""
        found = self[name]
        assert isinstance(found, dict)
        return Json(found)


@dataclass
class Terminal:
    """Runs commands of `qianhai`."""

    site: Site
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    texts: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *argv: str, given: str | bytes = "", language: str = "en") -> Done:
        """Run one command with a text on its standard input."""
        raw = given.encode() if isinstance(given, str) else given
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        code = start(replace(self.site, language=language), list(argv))
        printed = self.capsys.readouterr()
        return Done(code, printed.out, printed.err)

    def decide(self, facility: str, facts: object, *options: str) -> Json:
        """Decide on facts and return the document; the command must have worked."""
        done = self("decide", facility, "--facts", "-", "--json", *options, given=json.dumps(facts))
        assert done.code == 0, done.out + done.err
        return done.document


def on_harbour(qianhai: Terminal, **changes: tuple[str, str]) -> Terminal:
    """Return a terminal on the small pack, with one text of a file changed for another.

    A file is named by what stands before its first dot.
    """
    files = read_files(HARBOUR)
    for name, (old, new) in changes.items():
        (path,) = (one for one in files if Path(one).name.partition(".")[0] == name)
        assert old in files[path].decode(), f"{path} holds {old}"
        files[path] = files[path].decode().replace(old, new, 1).encode()
    site = replace(qianhai.site, plan_files=lambda: dict(files))
    return Terminal(site, qianhai.capsys, qianhai.monkeypatch)


def make_site(database_url: str | None, data_dir: Path, files: Mapping[str, bytes]) -> Site:
    """Return a site on a database, with a clock that moves a second a look."""
    seconds = count(1)
    clock: Callable[[], datetime] = lambda: NOON + timedelta(seconds=next(seconds))  # noqa: E731
    return Site(
        data_dir=data_dir,
        database_url=database_url,
        institution_id="local",
        language="en",
        actor="test",
        plan_files=lambda: dict(files),
        read_plan=read_files,
        master_key=lambda: bytes(32),
        now=clock,
        salts=secrets.token_bytes,
        benchmarks=Path(__file__).parents[2] / "benchmarks",
    )


def rows_on_record(database_url: str | None) -> dict[str, int]:
    """Count the rows of every table of a business: books, instructions, registers, journal."""
    assert database_url, "the tests' database is given by its URL"
    with psycopg.connect(database_url) as conn:
        tables = conn.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema in ('ledger', 'instructions', 'registers', 'journal')"
        ).fetchall()
        assert tables, "there are tables to count"
        return {
            f"{schema}.{name}": one[0]
            for schema, name in sorted(tables)
            for one in conn.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
            )
        }


def refused(qianhai: Terminal, *argv: str) -> list[Json]:
    """Run a day that must be refused: one document, both languages, nothing on record."""
    before = rows_on_record(qianhai.site.database_url)
    done = qianhai("run", *argv, "--json")
    assert done.code == 2, done.out + done.err
    assert done.err == ""
    error = done.document.part("error")
    assert (error["kind"], error["exit_code"]) == ("bad_input", 2)
    assert rows_on_record(qianhai.site.database_url) == before
    flaws = error.rows("flaws")
    for flaw in flaws:
        assert all(flaw[part] for part in ("code", "file", "expected")), flaw
        assert str(flaw["en"]).endswith("."), flaw
        assert str(flaw["zh"]).endswith("。"), flaw
    return flaws


def plan_files() -> dict[str, bytes]:
    """Return the files of the project's pack."""
    return read_files(PLAN)
