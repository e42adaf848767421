"""Every account added up again from its transfers, to compare with what is stored.

Holds running totals and the bounds they must have kept. Must not use the writer's kernel: two ways
of adding up that agree prove more than one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from qianhai.kernel import Flaw
from qianhai.ledger.digest import AccountRow, AccountState, ChainRow, TransferRow
from qianhai.ledger.flaws import flaw
from qianhai.ledger.model import Result


@dataclass(slots=True)
class _Total:
    """One account as its transfers so far add up."""

    institution_id: str
    asset_id: int
    floor: int | None
    ceiling: int | None
    balance: int = 0
    pending_in: int = 0
    pending_out: int = 0
    cap_seen: int | None = None
    closed_by: int | None = None


class Replay:
    """The running totals of all accounts, fed with rows in the order they were written."""

    def __init__(self) -> None:
        self._totals: dict[int, _Total] = {}
        self._chains: dict[int, ChainRow] = {}

    def open(self, row: AccountRow) -> None:
        """Start an account at zero."""
        self._totals[row.id] = _Total(row.institution_id, row.asset_id, row.floor, row.ceiling)

    def begin(self, chains: dict[int, ChainRow]) -> None:
        """Take the chains of the batch whose transfers follow."""
        self._chains = chains

    def close(self) -> None:
        """Close the accounts the batch's chains closed, after its transfers."""
        for chain in self._chains.values():
            for account in chain.closed:
                if account in self._totals:
                    self._totals[account].closed_by = chain.seq

    def post(self, row: TransferRow) -> Iterator[Flaw]:
        """Add a transfer, and yield what it broke or what it says otherwise."""
        chain = self._chains.get(row.chain_seq)
        debit = self._totals.get(row.debit_account_id)
        credit = self._totals.get(row.credit_account_id)
        if debit is None or credit is None or chain is None or not _belongs(row, chain):
            yield flaw("L107", "transfers", row.seq, row.chain_seq)
            return
        institutions = {row.institution_id, debit.institution_id, credit.institution_id}
        if (
            institutions != {chain.institution_id}
            or debit.asset_id != credit.asset_id
            or (debit.closed_by or credit.closed_by) is not None
        ):
            yield flaw("L107", "transfers", row.seq, row.chain_seq)
        debit.balance -= row.amount
        debit.pending_out += row.held
        credit.balance += row.amount
        credit.pending_in += row.held
        for column, found, expected in (
            ("debit_balance", row.debit_balance, debit.balance),
            ("debit_pending", row.debit_pending, debit.pending_out),
            ("credit_balance", row.credit_balance, credit.balance),
            ("credit_pending", row.credit_pending, credit.pending_in),
        ):
            if found != expected:
                yield flaw("L105", "transfers", row.seq, found, column=column, expected=expected)
        yield from _bounds(row, debit, credit)
        if row.cap is not None:
            credit.cap_seen = row.cap

    def compare(self, row: AccountRow, state: AccountState) -> Iterator[Flaw]:
        """Yield where an account as stored is not what its transfers add up to."""
        total = self._totals.get(row.id)
        for column, found in zip(AccountState._fields, state, strict=True):
            expected = None if total is None else getattr(total, column)
            if found != expected:
                yield flaw("L105", "accounts", row.id, found, column=column, expected=expected)


def _belongs(row: TransferRow, chain: ChainRow) -> bool:
    """Tell whether a posted chain covers a transfer."""
    return (
        chain.result == Result.POSTED
        and (chain.transfer_first or 0) <= row.seq <= (chain.transfer_last or 0)
        and 0 <= row.leg < len(chain.amounts)
    )


def _bounds(row: TransferRow, debit: _Total, credit: _Total) -> Iterator[Flaw]:
    """Yield each bound a transfer passed that moved more into, or out of, an account."""
    if row.amount + row.held <= 0:
        return
    available, used = debit.balance - debit.pending_out, credit.balance + credit.pending_in
    if debit.floor is not None and available < debit.floor:
        yield flaw("L106", "transfers", row.seq, available, column="floor", expected=debit.floor)
    if credit.ceiling is not None and used > credit.ceiling:
        yield flaw("L106", "transfers", row.seq, used, column="ceiling", expected=credit.ceiling)
    if row.cap is not None and used > row.cap:
        yield flaw("L106", "transfers", row.seq, used, column="cap", expected=row.cap)
