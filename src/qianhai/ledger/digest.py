"""What is stored, row by row, and the digests that make a change visible.

Holds the form of every row that is written once, in the order of its columns. A row's digest runs
over its salt and all its other columns; a batch's hash over the hash before it, the batch itself
and the digests of its rows in order. Salts keep digests from being guessed once a row's personal
content is erased. Must not read or write a database.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from qianhai.kernel import canonical_bytes
from qianhai.ledger.model import Chain

#: Bytes of a salt: beyond guessing.
SALT_BYTES = 16
#: The version of the rows written by this program.
SCHEMA_VERSION = 1


class AssetRow(NamedTuple):
    """An asset, registered by the chain that first used it."""

    id: int
    institution_id: str
    code: str
    scale: int
    kind: str
    registered_by: int
    schema_version: int
    salt: bytes
    digest: bytes


class AccountRow(NamedTuple):
    """An account as it was opened; what changes later is an `AccountState`."""

    id: int
    institution_id: str
    name: str
    asset_id: int
    kind: str
    holder: str
    floor: int | None
    ceiling: int | None
    opened_by: int
    schema_version: int
    salt: bytes
    digest: bytes


class AccountState(NamedTuple):
    """What of an account changes. Not digested: it is replayed from the transfers."""

    balance: int
    pending_in: int
    pending_out: int
    cap_seen: int | None
    closed_by: int | None


class ChainRow(NamedTuple):
    """A chain and its result. `content` is a salted digest of what was asked."""

    seq: int
    institution_id: str
    id: UUID
    kind: str
    of_id: UUID | None
    value_on: date
    expires_at: datetime | None
    posted_at: datetime
    result: str
    failed_leg: int | None
    asked: Sequence[int]
    amounts: Sequence[int]
    available: Sequence[int]
    used: Sequence[int]
    closed: Sequence[int]
    transfer_first: int | None
    transfer_last: int | None
    content: bytes
    schema_version: int
    salt: bytes
    digest: bytes


class TransferRow(NamedTuple):
    """One leg that moved something; balances and pendings of its two accounts are after it."""

    seq: int
    institution_id: str
    chain_seq: int
    leg: int
    debit_account_id: int
    credit_account_id: int
    amount: int
    held: int
    cap: int | None
    debit_balance: int
    debit_pending: int
    credit_balance: int
    credit_pending: int
    schema_version: int
    salt: bytes
    digest: bytes


class BatchRow(NamedTuple):
    """One transaction of the writer: the last number of each kind of row, and the hash so far."""

    number: int
    posted_at: datetime
    asset_last: int
    account_last: int
    chain_last: int
    transfer_last: int
    schema_version: int
    hash: bytes


SaltedRow = AssetRow | AccountRow | ChainRow | TransferRow
Row = TypeVar("Row", AssetRow, AccountRow, ChainRow, TransferRow)


def seal(form: type[Row], salt: bytes, *fields: object) -> Row:
    """Make a row from its fields: all columns before the salt, which the digest then closes."""
    return form._make((*fields, salt, _digest(form.__name__, salt, fields)))


def digest_row(row: SaltedRow) -> bytes:
    """Compute again what a row's digest must be."""
    return _digest(type(row).__name__, row.salt, row[:-2])


def _digest(form: str, salt: bytes, fields: Sequence[object]) -> bytes:
    return hashlib.sha256(salt + canonical_bytes([form, *map(_in_utc, fields)])).digest()


def _in_utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def hash_batch(previous: bytes, row: BatchRow, digests: Iterable[bytes]) -> bytes:
    """Return the hash over everything up to and with a batch.

    >>> from datetime import UTC, datetime
    >>> row = BatchRow(1, datetime(2023, 2, 23, tzinfo=UTC), 0, 0, 0, 0, 1, b"")
    >>> hash_batch(bytes(32), row, []) == hash_batch(bytes(32), row, [bytes(32)])
    False
    """
    state = hashlib.sha256(previous)
    state.update(canonical_bytes([_in_utc(field) for field in row[:-1]]))
    for digest in digests:
        state.update(digest)
    return state.digest()


def content_of(chain: Chain) -> tuple[object, ...]:
    """Return what a chain asks for, without the ground it stands on (`expects`, `opens`)."""
    return (
        chain.kind.value,
        chain.of,
        chain.value_on,
        _in_utc(chain.expires_at),
        tuple((leg.debit, leg.credit, leg.amount, leg.cap, leg.spills) for leg in chain.legs),
        chain.closes,
        chain.amounts,
    )


def digest_content(chain: Chain, salt: bytes) -> bytes:
    """Return the salted digest by which a chain sent again is recognised."""
    return hashlib.sha256(salt + canonical_bytes(content_of(chain))).digest()
