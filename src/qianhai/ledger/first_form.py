"""Chains and transfers as the first form of the ledger kept them: a salt and a digest each.

Holds their columns, in the order their digests run over them. They are read by `verify` alone: a
head kept from that time still proves what was before it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID


class FirstChainRow(NamedTuple):
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


class FirstTransferRow(NamedTuple):
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
