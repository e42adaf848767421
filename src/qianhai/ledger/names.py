"""Account names made into numbers, a block at a time, each distinct name asked for once.

Holds the reads a load needs: what accounts are open, and which a file of accounts would open. The
file's accounts rest in a temporary table of the check's transaction, not in memory.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from qianhai.db import Connection
from qianhai.kernel import Place, format_minor, parse_decimal, to_minor
from qianhai.ledger.cells import Mask, Numbers
from qianhai.ledger.file_flaws import Flaws
from qianhai.ledger.model import SCALE_MAX, AccountSpec, Asset
from qianhai.ledger.tables import CELL_CHARS_MAX, Block, Form, read_table

#: So many names are kept before all are asked for again.
NAMES_MAX: Final = 1 << 20
#: So many accounts are opened by one chain.
OPENS_MAX: Final = 1_000
_FLAWS_READ_MAX: Final = 1_001

ACCOUNT_FORM: Final = Form(
    needed=("name", "asset", "scale", "asset_kind", "kind", "holder"),
    optional=("floor", "ceiling"),
    ignored=(
        "balance", "pending_in", "pending_out", "available", "used", "cap_seen", "is_closed",
    ),
)  # fmt: skip


class NamedAccount(NamedTuple):
    """What a row needs to know of an account it names; number 0 while it is not open."""

    number: int
    asset: str
    scale: int


class Names:
    """The accounts that a file names, by name: those open, and those a file would open."""

    def __init__(self, institution: str, *, has_plan: bool) -> None:
        self._institution = institution
        self._has_plan = has_plan
        self._known: dict[str, NamedAccount | None] = {}

    def find(self, conn: Connection, names: Sequence[str]) -> dict[str, NamedAccount | None]:
        """Return accounts by name, None for one that is neither open nor planned."""
        if len(self._known) > NAMES_MAX:
            self._known.clear()
        fresh = [name for name in names if name not in self._known]
        if fresh:
            self._known |= dict.fromkeys(fresh)
            planned = _PLANNED if self._has_plan else ""
            rows = conn.execute(
                _OPEN + planned,
                {"institution": self._institution, "names": fresh},
            )
            for name, number, asset, scale in rows:
                known = self._known[name]
                if known is None or number:
                    self._known[name] = NamedAccount(number, asset, scale)
        return self._known


_OPEN: Final = """
    select a.name, a.id, s.code, s.scale from ledger.accounts a
    join ledger.assets s on s.id = a.asset_id
    where a.institution_id = %(institution)s and a.name = any(%(names)s)
"""
_PLANNED: Final = """
    union all select p.name, 0, p.asset, p.scale from pg_temp.planned_accounts p
    where p.name = any(%(names)s)
"""


def named(
    conn: Connection, names: Names, cells: pa.Array
) -> tuple[pa.Array, list[NamedAccount | None], Numbers]:
    """Return a column's distinct names, their accounts, and which each row names (or -1)."""
    coded = cells.dictionary_encode()
    distinct = coded.dictionary.to_pylist()
    # PostgreSQL holds no NUL, so no account has one in its name.
    found = names.find(conn, [name for name in distinct if "\0" not in name])
    at = coded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return coded.dictionary, [found.get(name) for name in distinct], at


def column_of(accounts: list[NamedAccount | None], field: int, at: Numbers) -> Numbers:
    """Return a field of the account that each row names, 0 where there is none."""
    values = np.array([0, *(0 if one is None else one[field] for one in accounts)], np.int64)
    found: Numbers = values[at + 1]
    return found


def lacking(accounts: list[NamedAccount | None], at: Numbers) -> Mask:
    """Tell which rows name an account there is none of."""
    mask: Mask = np.array([False, *(one is None for one in accounts)])[at + 1]
    return mask


# The file of accounts.


def plan_accounts(conn: Connection, institution: str, path: Path, flaws: Flaws) -> None:
    """Put the accounts of a file into a temporary table, and add what is wrong with them."""
    conn.execute("""
        create temporary table planned_accounts (
          line bigint, name text, asset text, scale integer, asset_kind text, kind text,
          holder text, floor bigint, ceiling bigint) on commit drop
    """)
    for block in read_table(path, ACCOUNT_FORM, flaws):
        rows = list(_accounts(block, path.name, flaws))
        with conn.cursor().copy("copy pg_temp.planned_accounts from stdin") as copy:
            for row in rows:
                copy.write_row(row)
    conn.execute("create index on pg_temp.planned_accounts (name)")
    conn.execute("create index on pg_temp.planned_accounts (line)")
    conn.execute("analyze pg_temp.planned_accounts")
    _compare(conn, institution, path.name, flaws)


def _accounts(block: Block, file: str, flaws: Flaws) -> Iterator[tuple[Any, ...]]:
    """Yield each account of a block that can be one."""
    count = len(block.lines)
    names = (*ACCOUNT_FORM.needed, *ACCOUNT_FORM.optional)
    columns = [
        block.columns[name].to_pylist() if name in block.columns else [None] * count
        for name in names
    ]
    for line, *row in zip(block.lines.tolist(), *columns, strict=True):
        cells = dict(zip(names, row, strict=True))
        before = len(flaws.found)
        spec = _spec(cells, Place(file, line), flaws)
        if len(flaws.found) > before or spec is None:
            continue
        asset = spec.asset
        yield (
            line, spec.name, asset.code, asset.scale, asset.kind, spec.kind, spec.holder,
            spec.floor, spec.ceiling,
        )  # fmt: skip


def _spec(cells: dict[str, Any], place: Place, flaws: Flaws) -> AccountSpec | None:
    def at(column: str) -> Place:
        return Place(place.file, place.line, column)

    _check_texts(cells, at, flaws)
    scale = _scale(cells["scale"])
    if scale is None:
        known = f"a whole number from 0 to {SCALE_MAX}"
        zh = f" 0 至 {SCALE_MAX} 的整数"
        value = "" if cells["scale"] is None else cells["scale"]
        flaws.add("L221", at("scale"), value, name="scale", known=known, known_zh=zh)
        return None
    bounds: list[int | None] = []
    for column in ("floor", "ceiling"):
        written = cells[column]
        try:
            bounds.append(None if written is None else to_minor(_decimal(written), scale))
        except ValueError:
            flaws.add("L222", at(column), written, name=column, limit=scale)
            return None
    try:
        return AccountSpec(
            str(cells["name"] or "?"),
            Asset(str(cells["asset"]), scale, str(cells["asset_kind"])),
            str(cells["kind"]),
            str(cells["holder"] or ""),
            *bounds,
        )
    except ValueError:
        flaws.add("L244", place, cells["name"])
        return None


def _check_texts(cells: dict[str, Any], at: Callable[[str], Place], flaws: Flaws) -> None:
    """Add what cannot stand in the columns of text; only an account of nobody has no holder."""
    for column in ("name", "asset", "asset_kind", "kind", "holder"):
        text = cells[column]
        if text is None or text == "":
            if column != "holder":
                flaws.add("L220", at(column), name=column)
        elif not isinstance(text, str) or "\0" in text:
            flaws.add("L221", at(column), text, name=column, known="a text", known_zh="文本")
        elif len(text) > CELL_CHARS_MAX:
            flaws.add("L223", at(column), len(text), name=column, limit=CELL_CHARS_MAX)


def _decimal(written: object) -> Decimal:
    if isinstance(written, str):
        return parse_decimal(written)
    if isinstance(written, int | Decimal):
        return Decimal(written)
    raise ValueError(written)


def _scale(written: object) -> int | None:
    text = str(written)
    return int(text) if text.isascii() and text.isdigit() and int(text) <= SCALE_MAX else None


def _compare(conn: Connection, institution: str, file: str, flaws: Flaws) -> None:
    """Add what contradicts: within the file, and between it and what is on record."""
    twice = conn.execute(
        "select name, array_agg(line order by line) from pg_temp.planned_accounts"
        " group by name having count(*) > 1 order by min(line) limit %s",
        (_FLAWS_READ_MAX,),
    )
    for name, lines in twice.fetchall():
        numbers = ", ".join(map(str, lines[:5])) + ("…" if len(lines) > 5 else "")  # noqa: PLR2004
        flaws.add("L241", Place(file, lines[1], "name"), name, lines=numbers)
    others = conn.execute(
        """
        select p.line, p.asset, coalesce(s.scale, f.scale), coalesce(s.kind, f.asset_kind)
        from pg_temp.planned_accounts p
        join (select distinct on (asset) asset, scale, asset_kind from pg_temp.planned_accounts
              order by asset, line) f on f.asset = p.asset
        left join ledger.assets s on s.institution_id = %s and s.code = p.asset
        where (p.scale, p.asset_kind)
          is distinct from (coalesce(s.scale, f.scale), coalesce(s.kind, f.asset_kind))
        order by p.line limit %s
        """,
        (institution, _FLAWS_READ_MAX),
    )
    for line, asset, scale, kind in others.fetchall():
        flaws.add("L243", Place(file, line, "asset"), asset, expected=f"scale {scale}, kind {kind}")
    differing = conn.execute(
        """
        select p.line, p.name, s.code, s.scale, a.kind, a.holder, a.floor, a.ceiling
        from pg_temp.planned_accounts p
        join ledger.accounts a on a.institution_id = %s and a.name = p.name
        join ledger.assets s on s.id = a.asset_id
        where (p.asset, p.kind, p.holder, p.floor, p.ceiling)
          is distinct from (s.code, a.kind, a.holder, a.floor, a.ceiling)
        order by p.line limit %s
        """,
        (institution, _FLAWS_READ_MAX),
    )
    for line, name, asset, scale, kind, holder, *bounds in differing.fetchall():
        floor, ceiling = ("none" if one is None else format_minor(one, scale) for one in bounds)
        said = f"asset {asset}, kind {kind}, holder {holder}, floor {floor}, ceiling {ceiling}"
        flaws.add("L242", Place(file, line, "name"), name, expected=said)


def unopened(conn: Connection, institution: str) -> Iterator[tuple[AccountSpec, ...]]:
    """Yield the planned accounts that are not open, so many at a time, in the file's order."""
    line = 0
    while True:
        rows = conn.execute(
            """
            select p.line, p.name, p.asset, p.scale, p.asset_kind, p.kind, p.holder, p.floor,
                   p.ceiling
            from pg_temp.planned_accounts p
            where p.line > %s and not exists (
              select from ledger.accounts a where a.institution_id = %s and a.name = p.name)
            order by p.line limit %s
            """,
            (line, institution, OPENS_MAX),
        ).fetchall()
        if not rows:
            return
        line = rows[-1][0]
        yield tuple(
            AccountSpec(name, Asset(asset, scale, asset_kind), kind, holder, floor, ceiling)
            for _, name, asset, scale, asset_kind, kind, holder, floor, ceiling in rows
        )
