"""Recompute the whole journal and every sealed row, and name what is not as it was recorded.

It only reads. It must not mend anything, and its memory stays bounded however long the journal.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import attrgetter

from qianhai.db import Connection
from qianhai.journal import store
from qianhai.journal.append import ERASED
from qianhai.journal.digest import content_digest, entry_digest, next_chain
from qianhai.journal.model import Head
from qianhai.kernel import Flaw, Place

_START = Head(0, bytes(32))


@dataclass(slots=True)
class _Erasures:
    """What was found without a body, and what the journal says was erased."""

    found: set[int] = field(default_factory=set)
    said: set[int] = field(default_factory=set)
    rows: set[tuple[str, str]] = field(default_factory=set)


def verify(conn: Connection, head: Head | None = None) -> Iterator[Flaw]:
    """Yield every difference between what was recorded and what is there.

    A whole journal yields nothing. With a head that was kept elsewhere, a history that was cut
    or rewritten and chained anew is found as well; without one it cannot be. Read it to its end
    inside one transaction: the cursors live in it.
    """
    store.settle_digests(conn)
    erasures = _Erasures()
    yield from _verify_chain(conn, head, erasures)
    for seq in sorted(erasures.found - erasures.said):
        yield _entry_flaw(
            "J105",
            seq,
            "no body",
            "its body",
            "lost its body without an act of erasure that says so",
            "正文缺失，且没有相应的删除记录",
        )
    yield from _verify_tables(conn, erasures.rows)


def _verify_chain(conn: Connection, head: Head | None, erasures: _Erasures) -> Iterator[Flaw]:
    """Walk the chain from its start.

    After a break it goes on from what is stored: the broken link is named, not all that follow.
    """
    at = _START
    is_met = head is None or head == _START
    for entry, seals in _with_seals(conn):
        if entry is None:
            yield _orphan_seals(seals)
            continue
        if entry.seq != at.seq + 1:
            yield _missing(at.seq + 1, entry.seq - 1)
        yield from _verify_entry(entry, seals, at)
        at = Head(entry.seq, entry.chain)
        is_met = is_met or at == head
        _note_erasure(entry, erasures)
    recorded = store.read_head(conn)
    if recorded != at:
        yield Flaw(
            code="J106",
            place=Place("journal.heads"),
            value=recorded.text(),
            expected=at.text(),
            en=f"The recorded head is {recorded.text()}, the last entry gives {at.text()}: entries "
            "were cut off or slipped in at the end. Compare with the last backup.",
            zh=f"记录的链头为{recorded.text()}，最后一条日志为{at.text()}：末尾被截断或插入。"
            "请与最近备份核对。",
        )
    if head is not None and not is_met:
        yield Flaw(
            code="J107",
            place=Place("journal.entries", line=head.seq),
            value=at.text(),
            expected=head.text(),
            en=f"History was cut or rewritten: the journal, now at {at.text()}, does not lead "
            f"through the head {head.text()}. Compare with the backup of that day.",
            zh=f"历史被截断或改写：日志现为{at.text()}，未经过链头{head.text()}。请与当日备份核对。",
        )


def _with_seals(
    conn: Connection,
) -> Iterator[tuple[store.StoredEntry | None, Sequence[store.StoredSeal]]]:
    """Pair each entry with its seals; seals whose entry is gone come with None."""
    groups = groupby(store.read_seals(conn), key=attrgetter("entry_seq"))
    seq, seals = next(groups, (None, iter(())))
    for entry in store.read_entries(conn):
        while seq is not None and seq < entry.seq:
            yield None, list(seals)
            seq, seals = next(groups, (None, iter(())))
        if seq == entry.seq:
            yield entry, list(seals)
            seq, seals = next(groups, (None, iter(())))
        else:
            yield entry, []
    while seq is not None:
        yield None, list(seals)
        seq, seals = next(groups, (None, iter(())))


def _verify_entry(
    entry: store.StoredEntry, seals: Sequence[store.StoredSeal], before: Head
) -> Iterator[Flaw]:
    """Yield what is wrong with one entry: its body, its other fields, its link to the former."""
    if entry.salt is not None and entry.body is not None:
        content = content_digest(entry.salt, entry.body)
        if content != entry.content:
            yield _entry_flaw(
                "J102",
                entry.seq,
                content.hex(),
                entry.content.hex(),
                "was changed: its body or its salt is not what was recorded",
                "被改动：正文或盐值与记录不符",
            )
    digest = entry_digest(
        seq=entry.seq,
        institution_id=entry.institution_id,
        schema_version=entry.schema_version,
        kind=entry.kind,
        subject=entry.subject,
        at=entry.at,
        content=entry.content,
        seals=[(one.institution_id, one.schema_version, one.seal) for one in seals],
    )
    if digest != entry.digest:
        yield _entry_flaw(
            "J103",
            entry.seq,
            digest.hex(),
            entry.digest.hex(),
            "was changed: institution_id, schema_version, kind, subject, at, content or its seals"
            " are not what was recorded",
            "被改动：institution_id、schema_version、kind、subject、at、content或其封签与记录不符",
        )
    linked = next_chain(before.chain, entry.digest)
    if linked != entry.chain:
        yield _entry_flaw(
            "J104",
            entry.seq,
            entry.chain.hex(),
            linked.hex(),
            "does not continue the entry before it: digest or chain was changed, or the history"
            " before it was",
            "与前一条不衔接：digest或chain被改动，或此前历史被改动",
        )


def _note_erasure(entry: store.StoredEntry, erasures: _Erasures) -> None:
    """Take down an entry without a body, and what an act of erasure names."""
    if entry.body is None:
        erasures.found.add(entry.seq)
    elif entry.kind == ERASED:
        said = json.loads(entry.body)
        erasures.said.update(said["entries"])
        erasures.rows.update((table, row_key) for table, row_key in said["rows"])


def _verify_tables(conn: Connection, erased: set[tuple[str, str]]) -> Iterator[Flaw]:
    """Yield every row of a sealed table that is not as it was sealed, by table and key."""
    for name, count in store.read_undeclared(conn):
        yield Flaw(
            code="J108",
            place=Place("journal.sealed_tables"),
            value="no row",
            expected=name,
            en=f"{name} has {count} seals but is no longer declared in journal.sealed_tables, or "
            "the table is gone; its rows cannot be checked. Restore the declaration.",
            zh=f"{name}有{count}条封签，但已不在journal.sealed_tables中声明或该表已不存在，"
            "无法核对。请恢复声明。",
        )
    for table in store.read_sealed_tables(conn):
        broken = chain(store.read_broken_rows(conn, table), store.read_broken_blocks(conn, table))
        for row_key, seq, is_there, is_sealed in broken:
            if (table.name, row_key) not in erased:
                yield _row_flaw(table.name, row_key, seq, is_there=is_there, is_sealed=is_sealed)


def _row_flaw(
    table: str, row_key: str, seq: int | None, *, is_there: bool, is_sealed: bool
) -> Flaw:
    if not is_sealed:
        code, value, expected = "J203", "a row", "no row, or a seal"
        en, zh = "was added past the journal: no entry seals it", "绕过日志加入：没有封签"
    elif is_there:
        code, value, expected = "J201", "another content", f"as sealed by entry {seq}"
        en, zh = f"was changed after entry {seq} sealed it", f"在第{seq}条日志封签后被改动"
    else:
        code, value, expected = "J202", "no row", f"the row sealed by entry {seq}"
        en, zh = f"is missing, though entry {seq} sealed it", f"缺失，但第{seq}条日志有其封签"
    return Flaw(
        code=code,
        place=Place(table, column=row_key),
        value=value,
        expected=expected,
        en=f"The row {row_key} of {table} {en}. Compare it with the last backup.",
        zh=f"{table}中主键为{row_key}的行{zh}。请与最近备份核对。",
    )


def _entry_flaw(code: str, seq: int, value: str, expected: str, en: str, zh: str) -> Flaw:
    return Flaw(
        code=code,
        place=Place("journal.entries", line=seq),
        value=value,
        expected=expected,
        en=f"Entry {seq} {en}. Compare it with the last backup.",
        zh=f"第{seq}条日志{zh}。请与最近备份核对。",
    )


def _missing(first: int, last: int) -> Flaw:
    return Flaw(
        code="J101",
        place=Place("journal.entries", line=first),
        value="no entry",
        expected=f"entries {first} to {last}",
        en=f"Entries {first} to {last} are missing. Restore them from the last backup.",
        zh=f"缺少第{first}至{last}条日志。请从最近备份恢复。",
    )


def _orphan_seals(seals: Sequence[store.StoredSeal]) -> Flaw:
    seq, count = seals[0].entry_seq, len(seals)
    return Flaw(
        code="J109",
        place=Place("journal.seals", line=seq),
        value=f"{count} seals",
        expected=f"entry {seq}",
        en=f"{count} seals belong to entry {seq}, which is missing. Restore it from a backup.",
        zh=f"有{count}条封签属于缺失的第{seq}条日志。请从备份恢复。",
    )
