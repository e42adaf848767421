"""Rows written one at a time, and the digests that make a change visible.

Holds the form of assets, accounts and batches; chains and transfers are columns (`columns`). The
digest of an asset or account runs over its salt and all its other columns: salts keep it from being
guessed once personal content is erased. A batch's hash runs over the hash before it, the batch with
the digests of its chains and transfers, and the digests of what it opened, in order. Must not read
or write a database.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

from qianhai.kernel import canonical_bytes
from qianhai.ledger.first_form import FirstChainRow, FirstTransferRow
from qianhai.ledger.model import Chain

#: Bytes of a salt: beyond guessing.
SALT_BYTES = 16
#: The version of the rows of assets and accounts written by this program.
SCHEMA_VERSION = 1
#: The version of the batches, chains and transfers written by this program.
BATCH_VERSION = 2


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
    """What of an account changes. Not digested: it is replayed from the transfers.

    `last_seq` is the last transfer of the account that the others include.
    """

    balance: int
    pending_in: int
    pending_out: int
    cap_seen: int | None
    closed_by: int | None
    last_seq: int = 0


class BatchRow(NamedTuple):
    """One transaction of the writer: the last number of each kind of row, and the hash so far.

    The digests of its chains and transfers are None in a batch of the first form, whose hash runs
    over a digest of every row.
    """

    number: int
    posted_at: datetime
    asset_last: int
    account_last: int
    chain_last: int
    transfer_last: int
    schema_version: int
    chains_digest: bytes | None
    transfers_digest: bytes | None
    hash: bytes


#: Where a ledger's history begins; the migration writes it as the head.
GENESIS = BatchRow(0, datetime(1970, 1, 1, tzinfo=UTC), 0, 0, 0, 0, 1, None, None, bytes(32))

SaltedRow = AssetRow | AccountRow | FirstChainRow | FirstTransferRow
Row = TypeVar("Row", AssetRow, AccountRow, FirstChainRow, FirstTransferRow)


#: The word a row's digest begins with; digests outlive the names of this program.
_FORMS: Final[dict[type, str]] = {
    AssetRow: "AssetRow",
    AccountRow: "AccountRow",
    FirstChainRow: "ChainRow",
    FirstTransferRow: "TransferRow",
}


def seal(form: type[Row], salt: bytes, *fields: object) -> Row:
    """Make a row from its fields: all columns before the salt, which the digest then closes."""
    return form._make((*fields, salt, _digest(_FORMS[form], salt, fields)))


def digest_row(row: SaltedRow) -> bytes:
    """Compute again what a row's digest must be."""
    return _digest(_FORMS[type(row)], row.salt, row[:-2])


def _digest(form: str, salt: bytes, fields: Sequence[object]) -> bytes:
    return hashlib.sha256(salt + canonical_bytes([form, *map(_in_utc, fields)])).digest()


def _in_utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


#: How many fields of a batch its hash ran over in the first form.
_FIRST_FORM_FIELDS: Final = BatchRow._fields.index("schema_version") + 1


def hash_batch(previous: bytes, row: BatchRow, digests: Iterable[bytes]) -> bytes:
    """Return the hash over everything up to and with a batch.

    >>> row = BatchRow(1, datetime(2023, 2, 23, tzinfo=UTC), 0, 0, 0, 0, 1, None, None, b"")
    >>> hash_batch(bytes(32), row, []) == hash_batch(bytes(32), row, [bytes(32)])
    False
    """
    state = hashlib.sha256(previous)
    fields = row[:-1] if row.schema_version >= BATCH_VERSION else row[:_FIRST_FORM_FIELDS]
    state.update(canonical_bytes([_in_utc(field) for field in fields]))
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
