"""Append entries to the chain, and erase what an entry says without breaking it.

It must not know what the entries mean.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from qianhai.db import Connection
from qianhai.journal import store
from qianhai.journal.digest import content_digest, entry_digest, next_chain
from qianhai.journal.model import Entry, Head
from qianhai.kernel import canonical_text

#: The kind of entry that says which bodies and rows were erased; verify accepts no other gap.
ERASED: Final = "journal.erased"

_VERSION: Final = 1


def head(conn: Connection) -> Head:
    """Return the end of the chain as this transaction sees it."""
    return store.read_head(conn)


def append(
    conn: Connection,
    entries: Sequence[Entry],
    *,
    at: datetime,
    salts: Callable[[], bytes],
) -> Head:
    """Append entries at one instant and return the new head; they commit with the caller.

    The head's row is locked until the transaction ends, so numbers have no gap and two
    appenders wait for each other: append last, after the rows it seals. `salts` gives 16
    random bytes for each entry.
    """
    last = store.lock_head(conn)
    rows: list[store.EntryRow] = []
    seq, chain = last.seq, last.chain
    for entry in entries:
        seq += 1
        salt, body = salts(), canonical_text(entry.body)
        assert len(salt) == store.SALT_BYTES, "a salt has 16 bytes"
        content = content_digest(salt, body)
        digest = entry_digest(
            seq=seq,
            institution_id=entry.institution_id,
            schema_version=_VERSION,
            kind=entry.kind,
            subject=entry.subject,
            at=at,
            content=content,
            seals=[
                (entry.institution_id, _VERSION, seal)
                for seal in sorted(entry.seals, key=lambda seal: (seal.table, seal.row_key))
            ],
        )
        chain = next_chain(chain, digest)
        rows.append(store.EntryRow(seq, entry, salt, body, content, digest, chain))
    if rows:
        store.write_entries(conn, rows, at)
    return Head(seq, chain)


def erase(
    conn: Connection,
    *,
    entries: Sequence[int] = (),
    rows: Sequence[tuple[str, str]] = (),
    institution_id: str,
    reason: str,
    at: datetime,
    salts: Callable[[], bytes],
) -> Head:
    """Erase the bodies of entries for ever, and record that it was done, and for what reason.

    The chain holds: it runs over digests. `rows` (table, row_key) names sealed rows of other
    rooms whose personal content their room erases in this same transaction; verify then expects
    them to differ from their seal. `reason` must not be personal itself.
    """
    store.erase_bodies(conn, entries)
    body = {"entries": sorted(entries), "reason": reason, "rows": sorted(map(list, rows))}
    return append(conn, [Entry(ERASED, "journal", body, (), institution_id)], at=at, salts=salts)
