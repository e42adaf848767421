"""Admit: a register file goes on record, and the opening balances of its accounts into the books.

The same file again adds nothing. An account's opening balance is posted once, under an id
derived from the account, so that a retry never books it twice.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from qianhai.db import Connection
from qianhai.instructions.accounts import money_asset, opening_account, registered_account
from qianhai.kernel import Flaw, Money, derived_id
from qianhai.ledger import Chain, Kind, Leg, Submission, Writer
from qianhai.policy import Policy
from qianhai.registers import Account, EntryRow, Keyring, LoadSummary, Recorded, load

_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """What went on record: how much, and the accounts, whose balances have to be opened."""

    summary: LoadSummary
    accounts: Sequence[Account]


@dataclass(frozen=True, slots=True)
class Admission:
    """Who loads a register, for which institution, and with what."""

    policy: Policy
    institution_id: str
    keyring: Keyring
    salts: Callable[[int], bytes]
    by: str

    def record(self, conn: Connection, rows: Iterable[EntryRow | Flaw], at: datetime) -> Admitted:
        """Put the rows of a register file on record, in the caller's transaction.

        Raises:
            BadInput: every flaw of the file. The transaction must be rolled back.
        """
        accounts: list[Account] = []

        def seen(recorded: Recorded) -> None:
            if isinstance(recorded, Account):
                accounts.append(recorded)

        summary = load(
            conn,
            rows,
            institution_id=self.institution_id,
            at=at,
            salts=lambda: self.salts(16),
            by=self.by,
            keyring=self.keyring,
            seen=seen,
        )
        return Admitted(summary, accounts)

    def open_accounts(self, admitted: Admitted, writer: Writer, at: datetime) -> int:
        """Post the opening balances of the accounts of a file; return how many were new."""
        opened = iter(admitted.accounts)
        posted = 0
        while some := list(islice(opened, _BATCH)):
            batch = [
                Submission(self._opening(account, account.opening_balance))
                for account in some
                if account.opening_balance and account.opening_balance.minor > 0
            ]
            results = writer.submit(batch, at=at) if batch else []
            posted += sum(1 for one in results if one.is_posted and one.first)
        return posted

    def _opening(self, account: Account, opening: Money) -> Chain:
        """Return the chain that brings an account's opening balance into the books."""
        asset = money_asset(account.currency)
        kinds = self.policy.pack.vocabulary["accounts"]
        spec = registered_account(account, kinds.get(account.kind))
        source = opening_account(asset, kinds.get(account.kind))
        return Chain(
            derived_id("opening", self.institution_id, account.bank, account.number),
            self.institution_id,
            Kind.POST,
            (Leg(source.name, spec.name, opening.minor),),
            account.since,
            opens=(source, spec),
        )
