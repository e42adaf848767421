"""What every command stands on: the pack, the database and the road, opened when first asked."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from qianhai.db import Database, open_database
from qianhai.instructions import Admission, Bank, Road, Roads
from qianhai.kernel import BadInput, Flaw, Place, business_date, parse_date
from qianhai.policy import Policy, bundled, open_policy
from qianhai.registers import Keyring

_WIDTH_MIN = 120


@dataclass(frozen=True, slots=True)
class Site:
    """Where an installation's parts are; made by main, the only reader of the environment."""

    data_dir: Path
    database_url: str | None
    institution_id: str
    language: str
    actor: str
    plan_files: Callable[[], dict[str, bytes]]
    read_plan: Callable[[Path], dict[str, bytes]]
    master_key: Callable[[], bytes]
    now: Callable[[], datetime]
    salts: Callable[[int], bytes]
    benchmarks: Path
    #: Reads a file that must hold a key; and the file of a new key, where one is named.
    read_key: Callable[[Path], bytes] = Path.read_bytes
    new_key_file: Path | None = None
    #: Where the master key lies; None where it is no file. `is_own_key_file`: in the data folder.
    key_file: Path | None = None
    is_own_key_file: bool = False


@dataclass
class App:
    """One command's use of the installation."""

    site: Site
    is_json: bool = False
    language: str = "en"
    out: Console = field(default_factory=Console)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The pack's files."""
        return self.site.plan_files()

    @cached_property
    def policy(self) -> Policy:
        """The pack, compiled, without its examples: they are most of it and decide nothing."""
        return open_policy(self.files, is_brief=True)

    @cached_property
    def whole_policy(self) -> Policy:
        """The pack with its examples."""
        return open_policy(self.files)

    @cached_property
    def keyring(self) -> Keyring:
        """The keys personal data rests under."""
        return Keyring(self.site.master_key())

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Open the database for one command."""
        with open_database(url=self.site.database_url, data_dir=self.site.data_dir) as database:
            yield database

    def bank(self, database: Database) -> Bank:
        """Return what every road on a database stands on."""
        return Bank(database, self.site.institution_id, self.keyring, self.site.salts)

    def road(self, database: Database) -> Road:
        """Return the road of the pack at hand on a database."""
        return self.bank(database).road(self.policy, bundled(self.files))

    def roads(self, database: Database) -> Roads:
        """Return the roads on a database, one for each pack that is active."""
        return Roads(self.bank(database), self.policy, bundled(self.files))

    def admission(self) -> Admission:
        """Return who loads registers here."""
        site = self.site
        return Admission(self.policy, site.institution_id, self.keyring, site.salts, site.actor)

    def day(self, text: str | None) -> date:
        """Return the day a command names, or today in Shanghai.

        Raises:
            BadInput: the text is no day.
        """
        if text is None:
            return business_date(self.site.now())
        try:
            return parse_date(text)
        except ValueError:
            raise BadInput(
                [
                    Flaw(
                        "C001",
                        Place("--on"),
                        text,
                        "a day as YYYY-MM-DD",
                        f"`{text}` is no day; write it as YYYY-MM-DD.",
                        f"“{text}”不是日期，请写成 YYYY-MM-DD。",
                    )
                ]
            ) from None

    def say(self, zh: str, en: str) -> str:
        """Return a text in the language of the terminal."""
        return zh if self.language == "zh" else en

    def print_document(self, document: object) -> None:
        """Print one JSON document."""
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))

    def print_table(
        self, title: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]
    ) -> None:
        """Print a table of (heading, justification) columns; without rows there is none."""
        if not rows:
            return
        table = Table(title=title, title_justify="left", header_style="bold")
        for heading, justify in columns:
            table.add_column(
                heading, justify="right" if justify == "right" else "left", overflow="fold"
            )
        for row in rows:
            table.add_row(*row)
        self.out.print(table)


def new_console() -> Console:
    """Return a console for tables, wide enough for them when it is no terminal."""
    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False)
    if console.width < _WIDTH_MIN and not console.is_terminal:
        console = Console(
            file=sys.stdout, width=_WIDTH_MIN, highlight=False, emoji=False, markup=False
        )
    return console
