"""The room journal: an append-only, hash-chained record of decisions, postings and acts.

    seals = insert_sealed(conn, "registers.parties", rows, key=["id"])
    head = append(conn, [Entry("registers.loaded", "file-1", {"rows": 3}, tuple(seals), "bank-1")],
                  at=at, salts=lambda: secrets.token_bytes(16))
    flaws = list(verify(conn, head))

The chain runs over digests, so an entry's body can be erased without breaking it; seals make
rows of other rooms evident when they are changed, removed or slipped in. A room declares its
sealed tables in its migration:

    insert into journal.sealed_tables (table_name, key_columns, mutable_columns)
    values ('registers.parties', '{id}', '{}');
    create trigger parties_are_append_only before update or delete or truncate
        on registers.parties for each statement execute function journal.refuse_change();

It must not know what the entries mean.
"""

from qianhai.journal.append import append, erase, head
from qianhai.journal.model import Entry, Head, Seal
from qianhai.journal.seal import insert_block, insert_sealed
from qianhai.journal.search import Found, Opened, entries, entry, kinds
from qianhai.journal.verify import verify

__all__ = [
    "Entry",
    "Found",
    "Head",
    "Opened",
    "Seal",
    "append",
    "entries",
    "entry",
    "erase",
    "head",
    "insert_block",
    "insert_sealed",
    "kinds",
    "verify",
]
