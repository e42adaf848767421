"""The ledger: everything scarce is an asset, and every movement is a chain of legs.

Money, quotas, securities and receipts are held in accounts; a limit is the account that holds what
is used of it. `Writer.submit` is the only way in: one transaction carries the chains and the
records that must commit with them. Reads take a connection. `verify` proves that nothing was
changed since.
"""

from qianhai.ledger.columns import day_number
from qianhai.ledger.compiling import is_compilable, warm
from qianhai.ledger.encode import micros_of
from qianhai.ledger.export import EXPORTS, Span, export_to
from qianhai.ledger.flows import (
    By,
    DayLine,
    Flow,
    LimitUse,
    flows,
    last_transfers,
    limits_used,
    value_days,
)
from qianhai.ledger.legs import LegColumns, PostedColumns
from qianhai.ledger.limits import Window, account_name, limit_account
from qianhai.ledger.load import Load, Loaded, Refused
from qianhai.ledger.model import (
    INT64_MAX,
    Account,
    AccountSpec,
    Asset,
    Balance,
    Chain,
    ChainResult,
    Draw,
    Head,
    Kind,
    Leg,
    Movement,
    Result,
    StatementLine,
    StoredChain,
    Transfer,
)
from qianhai.ledger.named import EXPECTED, NAMED, NamedChains, PostedChains
from qianhai.ledger.read import (
    account_spec,
    accounts_of,
    balance_as_of,
    balance_on,
    balances,
    chain_at,
    find_chain,
    head,
    movements,
    seq_at,
    statement,
    used,
)
from qianhai.ledger.reconcile import Reconciliation, Side
from qianhai.ledger.segregated import BookLine, Segregation, segregation
from qianhai.ledger.statement_file import Reconciled, reconcile_account
from qianhai.ledger.trial import TrialLine, trial_balance, uneven
from qianhai.ledger.verify import verify
from qianhai.ledger.writer import LEGS_MAX, Handed, Submission, Writer

__all__ = [
    "EXPECTED",
    "EXPORTS",
    "INT64_MAX",
    "LEGS_MAX",
    "NAMED",
    "Account",
    "AccountSpec",
    "Asset",
    "Balance",
    "BookLine",
    "By",
    "Chain",
    "ChainResult",
    "DayLine",
    "Draw",
    "Flow",
    "Handed",
    "Head",
    "Kind",
    "Leg",
    "LegColumns",
    "LimitUse",
    "Load",
    "Loaded",
    "Movement",
    "NamedChains",
    "PostedChains",
    "PostedColumns",
    "Reconciled",
    "Reconciliation",
    "Refused",
    "Result",
    "Segregation",
    "Side",
    "Span",
    "StatementLine",
    "StoredChain",
    "Submission",
    "Transfer",
    "TrialLine",
    "Window",
    "Writer",
    "account_name",
    "account_spec",
    "accounts_of",
    "balance_as_of",
    "balance_on",
    "balances",
    "chain_at",
    "day_number",
    "export_to",
    "find_chain",
    "flows",
    "head",
    "is_compilable",
    "last_transfers",
    "limit_account",
    "limits_used",
    "micros_of",
    "movements",
    "reconcile_account",
    "segregation",
    "seq_at",
    "statement",
    "trial_balance",
    "uneven",
    "used",
    "value_days",
    "verify",
    "warm",
]
