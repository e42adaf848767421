"""Admit: a register file goes on record, and the opening balances of its accounts into the books.

The same file again adds nothing. An account's opening balance is posted once, under an id
derived from the account, so that a retry never books it twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from qianhai.db import Connection
from qianhai.instructions.accounts import money_asset, opening_account, registered_account
from qianhai.kernel import Money, derived_id
from qianhai.ledger import Chain, Kind, Leg, Submission, Writer
from qianhai.policy import Policy
from qianhai.registers import Account, Entries, Keyring, LoadSummary, load

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Admission:
    """Who loads a register, for which institution, and with what."""

    policy: Policy
    institution_id: str
    keyring: Keyring
    salts: Callable[[int], bytes]
    by: str

    def record(self, conn: Connection, entries: Entries, at: datetime) -> LoadSummary:
        """Put the entries on record, in the caller's transaction."""
        return load(
            conn,
            entries,
            institution_id=self.institution_id,
            at=at,
            salts=lambda: self.salts(16),
            by=self.by,
            keyring=self.keyring,
        )

    def open_accounts(self, entries: Entries, writer: Writer, at: datetime) -> int:
        """Post the opening balances of the entries' accounts; return how many were new."""
        chains = [
            self._opening(entry.recorded, entry.recorded.opening_balance)
            for entry in entries.checked
            if isinstance(entry.recorded, Account)
            and entry.recorded.opening_balance
            and entry.recorded.opening_balance.minor > 0
        ]
        posted = 0
        for start in range(0, len(chains), _BATCH):
            batch = [Submission(chain) for chain in chains[start : start + _BATCH]]
            results = writer.submit(batch, at=at)
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
