"""The trial balance: per asset, whether what stands on both sides is the same.

Holds one read over all accounts. Must not correct anything: what does not add up is told.
"""

from dataclasses import dataclass
from typing import Final

from qianhai.db import Connection
from qianhai.kernel import Flaw, Place, format_minor


@dataclass(frozen=True, slots=True)
class TrialLine:
    """What the accounts of an asset, or those of one kind of it, add up to, in minor units.

    `debit` is the sum of the balances below zero without their sign, `credit` of those above;
    `kind` is None for all accounts of the asset together.
    """

    asset: str
    scale: int
    kind: str | None
    accounts: int
    closed: int
    debit: int
    credit: int
    balance: int
    pending_in: int
    pending_out: int

    @property
    def is_even(self) -> bool:
        """Tell whether all accounts of the asset add up to nothing, pending too.

        Of one kind alone nothing has to.

        >>> TrialLine("CNY", 2, None, 2, 0, 500, 500, 0, 70, 70).is_even
        True
        """
        return self.balance == 0 and self.pending_in == self.pending_out


_TRIAL: Final = """
    select asset, scale, kind, accounts, closed, debit, credit, balance, pending_in,
           pending_out
    from ledger.trial_balance
    where institution_id = %s and (kind is null or %s)
    order by asset, kind nulls last
"""


def trial_balance(conn: Connection, institution: str, *, by_kind: bool = False) -> list[TrialLine]:
    """Return a line for each asset, with `by_kind` after those of its kinds of account.

    Right at any moment, also while transfers stand that no account's row includes yet.
    """
    return [
        TrialLine(asset, scale, kind, *(int(number) for number in numbers))
        for asset, scale, kind, *numbers in conn.execute(_TRIAL, (institution, by_kind))
    ]


def uneven(lines: list[TrialLine]) -> list[Flaw]:
    """Return a difference for each asset whose accounts do not add up to nothing."""
    found = []
    for line in lines:
        if line.kind is not None or line.is_even:
            continue
        off = format_minor(line.balance or line.pending_in - line.pending_out, line.scale)
        what, zh = ("balances", "余额") if line.balance else ("pending amounts", "在途金额")
        found.append(
            Flaw(
                "L301",
                Place("ledger.trial_balance", None, line.asset),
                off,
                "0",
                f"The {what} of {line.asset} add up to {off}, not to nothing. Run `qianhai ledger"
                " verify`, stop writing, and compare with a backup.",
                f"{line.asset} 的{zh}合计为 {off}，应为零。请运行 qianhai ledger verify，停止写入，"
                "并与备份核对。",
            )
        )
    return found
