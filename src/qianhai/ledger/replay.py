"""Every account added up again from its transfers, to compare with what is stored.

Holds running totals as columns and the bounds they must have kept. Must not use the writer's
kernel: two ways of adding up that agree prove more than one.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qianhai.kernel import Flaw
from qianhai.ledger import kernel
from qianhai.ledger.batch import Records
from qianhai.ledger.digest import AccountRow, AccountState
from qianhai.ledger.flaws import flaw
from qianhai.ledger.history import Slab

Numbers = npt.NDArray[np.int64]
#: One account's running totals and bounds; `last_seq` is the last transfer that touched it.
_TOTAL: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "is_open", "institution", "asset", "floor", "ceiling", "balance", "pending_in",
            "pending_out", "cap", "closed_by", "last_seq", "stored_seq", "row_balance",
            "row_pending_in", "row_pending_out", "row_cap", "row_last_seq",
        )
    ]
)  # fmt: skip
_ROWS: Final = ("balance", "pending_in", "pending_out", "cap", "last_seq")


class Replay:
    """The running totals of all accounts, fed with rows in the order they were written.

    `settled` is the transfer up to which every account's row must be written back.
    """

    def __init__(self, settled: int) -> None:
        self._settled = settled
        self._totals = np.zeros(1024, _TOTAL)
        self._institutions: dict[str, int] = {}

    def open(self, row: AccountRow, state: AccountState) -> None:
        """Start an account at zero; `state` says up to which transfer its row is written back."""
        if row.id >= len(self._totals):
            more = np.zeros(max(row.id + 1 - len(self._totals), len(self._totals)), _TOTAL)
            self._totals = np.concatenate([self._totals, more])
        total = self._totals[row.id]
        total["is_open"] = 1
        total["institution"] = self._institution(row.institution_id)
        total["asset"] = row.asset_id
        total["floor"] = kernel.INT64_MIN if row.floor is None else row.floor
        total["ceiling"] = kernel.INT64_MAX if row.ceiling is None else row.ceiling
        total["cap"] = total["row_cap"] = kernel.NO_CAP
        total["stored_seq"] = max(self._settled, state.last_seq)

    def _institution(self, name: str) -> int:
        return self._institutions.setdefault(name, len(self._institutions) + 1)

    def post(self, chains: Slab, transfers: Slab) -> Iterator[Flaw]:
        """Add the chains and transfers of some batches; yield what they broke or say otherwise."""
        rows = transfers.rows
        for place, detail in chains.details.items():
            for account in detail.closed or ():
                if 0 < account < len(self._totals):
                    self._totals["closed_by"][account] = chains.rows["seq"][place]
        if not len(rows):
            return
        belongs = self._belonging(chains, transfers)
        for row in rows[~belongs].tolist():
            yield flaw("L107", "transfers", row[1], row[1])
        rows = rows[belongs]
        if len(rows):
            yield from self._add(rows)
            yield from self._bounds(rows)

    def _belonging(self, chains: Slab, transfers: Slab) -> npt.NDArray[np.bool_]:
        """Tell which transfers a posted chain covers that says the same, on two fit accounts."""
        rows = transfers.rows
        posted = chains.rows[(chains.rows["result"] == 0) & (chains.rows["has_transfers"] == 1)]
        if not len(posted):
            return np.zeros(len(rows), bool)
        at = np.searchsorted(posted["transfer_first"], rows["seq"], side="right") - 1
        chain = posted[np.maximum(at, 0)]
        own = np.array([self._institution(name) for name in transfers.institutions])
        of_chain = np.array([self._institution(name) for name in chains.institutions])
        fits = (at >= 0) & (rows["seq"] <= chain["transfer_last"])
        fits &= chain["id"] == rows["chain_id"]
        fits &= (chain["kind"] == rows["kind"]) & (chain["value_on"] == rows["value_on"])
        fits &= of_chain[chain["institution"]] == own[rows["institution"]]
        # In the first form a leg that moved nothing has no row, nor in what continued such a chain.
        fits &= rows["leg"] >= rows["seq"] - chain["transfer_first"]
        sides = []
        for side in ("debit", "credit"):
            ids = rows[f"{side}_account_id"]
            is_inside = (ids > 0) & (ids < len(self._totals))
            total = self._totals[np.where(is_inside, ids, 0)]
            fits &= is_inside & (total["is_open"] == 1)
            fits &= total["institution"] == own[rows["institution"]]
            is_open = (total["closed_by"] == 0) | (total["closed_by"] >= chain["seq"])
            fits &= is_open | ((rows["amount"] == 0) & (rows["held"] == 0))
            sides.append(total["asset"])
        fits &= sides[0] == sides[1]
        return np.asarray(fits, bool)

    def _add(self, rows: Records) -> Iterator[Flaw]:
        """Add transfers to their accounts, each in order, and compare what each says stands then.

        Sums go past 64 bits and come back: all that is compared is right again.
        """
        ids, seqs = _sides(rows["debit_account_id"], rows["credit_account_id"]), rows["seq"]
        zero = np.zeros(len(rows), np.int64)
        moves = {
            "balance": _sides(-rows["amount"], rows["amount"]),
            "pending_out": _sides(rows["held"], zero),
            "pending_in": _sides(zero, rows["held"]),
        }
        order = np.argsort(ids, kind="stable")
        accounts, starts = np.unique(ids[order], return_index=True)
        counts = np.diff(np.append(starts, len(order)))
        after = {}
        is_stored = np.repeat(seqs, 2)[order] <= np.repeat(
            self._totals["stored_seq"][accounts], counts
        )
        for name, move in moves.items():
            sums = np.cumsum(move[order])
            before = np.repeat(sums[starts] - move[order][starts], counts)
            running = sums - before + np.repeat(self._totals[name][accounts], counts)
            stored = np.add.reduceat(np.where(is_stored, move[order], 0), starts)
            self._totals[f"row_{name}"][accounts] += stored
            self._totals[name][accounts] = running[np.append(starts[1:], len(order)) - 1]
            after[name] = np.empty_like(running)
            after[name][order] = running
        self._note_last(rows, ids)
        for column, name, side in (
            ("debit_balance", "balance", 0),
            ("debit_pending", "pending_out", 0),
            ("credit_balance", "balance", 1),
            ("credit_pending", "pending_in", 1),
        ):
            expected = after[name][side::2]
            for place in np.flatnonzero(rows[column] != expected).tolist():
                yield flaw("L105", "transfers", int(seqs[place]), int(rows[column][place]),
                           column=column, expected=int(expected[place]))  # fmt: skip

    def _note_last(self, rows: Records, ids: Numbers) -> None:
        """Note the last transfer and cap of each account, and those its row must know."""
        seqs, totals = np.repeat(rows["seq"], 2), self._totals
        totals["last_seq"][ids] = seqs
        is_stored = seqs <= totals["stored_seq"][ids]
        totals["row_last_seq"][ids[is_stored]] = seqs[is_stored]
        draws = rows[(rows["has_cap"] == 1) & (rows["amount"] + rows["held"] > 0)]
        credited = draws["credit_account_id"]
        totals["cap"][credited] = draws["cap"]
        is_stored = draws["seq"] <= totals["stored_seq"][credited]
        totals["row_cap"][credited[is_stored]] = draws["cap"][is_stored]

    def _bounds(self, rows: Records) -> Iterator[Flaw]:
        """Yield each bound a transfer passed that moved more into, or out of, an account."""
        rows = rows[rows["amount"] + rows["held"] > 0]
        floor = self._totals["floor"][rows["debit_account_id"]]
        ceiling = self._totals["ceiling"][rows["credit_account_id"]]
        available = rows["debit_balance"] - rows["debit_pending"]
        used = rows["credit_balance"] + rows["credit_pending"]
        cap = np.where(rows["has_cap"] == 1, rows["cap"], kernel.INT64_MAX)
        for column, found, bound, is_passed in (
            ("floor", available, floor, available < floor),
            ("ceiling", used, ceiling, used > ceiling),
            ("cap", used, cap, used > cap),
        ):
            for place in np.flatnonzero(is_passed).tolist():
                yield flaw("L106", "transfers", int(rows["seq"][place]), int(found[place]),
                           column=column, expected=int(bound[place]))  # fmt: skip

    def compare(self, row: AccountRow, state: AccountState) -> Iterator[Flaw]:
        """Yield where an account as stored is not what its transfers add up to."""
        expected: Sequence[Any] = (None,) * len(AccountState._fields)
        if 0 < row.id < len(self._totals) and self._totals["is_open"][row.id]:
            total = self._totals[row.id]
            balance, pending_in, pending_out, cap, last = (
                int(total[f"row_{name}"]) for name in _ROWS
            )
            cap_seen = None if cap == kernel.NO_CAP else cap
            closed_by = int(total["closed_by"]) or None
            expected = (balance, pending_in, pending_out, cap_seen, closed_by, last)
        for column, found, wanted in zip(AccountState._fields, state, expected, strict=True):
            if found != wanted:
                yield flaw("L105", "accounts", row.id, found, column=column, expected=wanted)


def _sides(debit: Numbers, credit: Numbers) -> Numbers:
    """Put what a transfer does to its debited and to its credited account in turn."""
    return np.stack([debit, credit], axis=1).ravel()
