"""The ledger for people and programs: balances, statements, trial balances, reconciliations.

Amounts are plain decimals as texts, exact, with their asset beside them.
"""

from collections.abc import Iterator, Sequence

from qianhai.kernel import format_minor
from qianhai.ledger import (
    Account,
    Balance,
    BookLine,
    DayLine,
    Flow,
    Loaded,
    Reconciled,
    Side,
    StatementLine,
    TrialLine,
)
from qianhai.views.flaws import Document

#: The columns of a reconciliation as a file: every line of both sides, once.
RECONCILED_COLUMNS = (
    "side", "line", "amount", "asset", "value_on", "text", "match", "rule", "why", "en", "zh",
)  # fmt: skip


def loaded_document(loaded: Loaded) -> Document:
    """Say what became of a load."""
    return {
        "rows": loaded.rows,
        "accounts_opened": loaded.accounts_opened,
        "chains": loaded.chains,
        "repeated": loaded.repeated,
        "results": dict(sorted(loaded.results.items())),
    }


def balance_document(account: str, asset: str, scale: int, balance: Balance) -> Document:
    """Say what an account has."""
    return {
        "account": account,
        "asset": asset,
        "balance": format_minor(balance.balance, scale),
        "pending_in": format_minor(balance.pending_in, scale),
        "pending_out": format_minor(balance.pending_out, scale),
        "available": format_minor(balance.available, scale),
        "used": format_minor(balance.used, scale),
    }


def account_document(account: Account, balance: Balance | None = None) -> Document:
    """Say what an account on record is and has; with a balance, what it had at another time."""
    spec = account.spec
    found = balance_document(
        spec.name, spec.asset.code, spec.asset.scale, balance or account.balance
    )
    return {
        **found,
        "kind": spec.kind,
        "holder": spec.holder,
        "asset_kind": spec.asset.kind,
        "is_closed": account.is_closed,
    }


def day_documents(lines: Sequence[DayLine], scale: int) -> list[Document]:
    """Say what each value date brought to an account, and what it came to then."""
    return [
        {
            "on": line.on.isoformat(),
            "in": format_minor(line.came, scale),
            "out": format_minor(line.left, scale),
            "balance": format_minor(line.balance, scale),
        }
        for line in lines
    ]


def flow_documents(found: Sequence[Flow], most: int) -> list[Document]:
    """Say what flowed between whom; beyond the first of each asset the rest is one line."""
    lines: list[Document] = []
    for asset in dict.fromkeys(one.asset for one in found):
        mine = [one for one in found if one.asset == asset]
        lines += [_flow(one) for one in mine[:most]]
        if rest := mine[most:]:
            total = Flow(
                asset, rest[0].scale, "", "", sum(one.amount for one in rest),
                sum(one.count for one in rest),
            )  # fmt: skip
            lines.append(_flow(total))
    return lines


def _flow(one: Flow) -> Document:
    return {
        "asset": one.asset,
        "payer": one.payer,
        "payee": one.payee,
        "amount": format_minor(one.amount, one.scale),
        "count": one.count,
    }


def statement_line(line: StatementLine, scale: int) -> Document:
    """Say one line of a statement."""
    return {
        "seq": line.seq,
        "posted_at": line.posted_at.isoformat(),
        "value_on": line.value_on.isoformat(),
        "kind": line.kind.value,
        "counterpart": line.counterpart,
        "amount": format_minor(line.amount, scale),
        "held": format_minor(line.held, scale),
        "balance": format_minor(line.balance, scale),
        "chain_id": str(line.chain_id),
        "transfer_id": str(line.id),
    }


def trial_line(line: TrialLine) -> Document:
    """Say what the accounts of an asset, or a kind of it, add up to."""
    return {
        "asset": line.asset,
        "kind": line.kind,
        "accounts": line.accounts,
        "closed": line.closed,
        "debit": format_minor(line.debit, line.scale),
        "credit": format_minor(line.credit, line.scale),
        "balance": format_minor(line.balance, line.scale),
        "pending_in": format_minor(line.pending_in, line.scale),
        "pending_out": format_minor(line.pending_out, line.scale),
    }


def book_documents(lines: Sequence[BookLine]) -> list[Document]:
    """Say what each book has of each asset."""
    return [
        {
            "book": line.book,
            "asset": line.asset,
            "accounts": line.accounts,
            **{
                name: format_minor(getattr(line, name), line.scale)
                for name in ("debit", "credit", "balance", "pending_in", "pending_out")
            },
        }
        for line in lines
    ]


def side_document(found: Reconciled, side: Side) -> dict[str, str]:
    """Say what one side of a reconciliation comes to: its closing is the sum of what is above."""
    totals, scale = found.result.totals, found.scale
    is_here = side is Side.HERE
    unmatched = totals.unmatched_here if is_here else totals.unmatched_there
    closing = totals.closing_here if is_here else totals.closing_there
    return {
        "opening": format_minor(totals.opening, scale),
        "matched": format_minor(totals.matched, scale),
        "timing": format_minor(-totals.timing if is_here else 0, scale),
        "unmatched": format_minor(unmatched, scale),
        "closing": format_minor(closing, scale),
    }


def reconciliation_document(account: str, found: Reconciled) -> Document:
    """Say what a statement and an account have in common, and what each has alone."""
    totals = found.result.totals
    return {
        "account": account,
        "asset": found.asset,
        "first": totals.first.isoformat(),
        "last": totals.last.isoformat(),
        "is_complete": found.result.is_complete,
        "here": side_document(found, Side.HERE),
        "there": side_document(found, Side.THERE),
        "difference": format_minor(totals.difference, found.scale),
        "matches": [
            {
                "rule": match.rule.value,
                "here": [line.name for line in match.here],
                "there": [line.name for line in match.there],
                "amount": format_minor(sum(line.amount for line in match.here), found.scale),
            }
            for match in found.result.matches
        ],
        "unmatched": [row for row in reconciled_rows(found) if not row["match"]],
    }


def reconciled_rows(found: Reconciled) -> Iterator[dict[str, str]]:
    """Yield every line of both sides, once: first those matched, by match, then the others."""
    scale = found.scale
    for number, match in enumerate(found.result.matches, 1):
        for line in (*match.here, *match.there):
            yield {
                "side": line.side.value,
                "line": str(line.name),
                "amount": format_minor(line.amount, scale),
                "asset": found.asset,
                "value_on": line.value_on.isoformat(),
                "text": line.shown,
                "match": str(number),
                "rule": match.rule.value,
                "why": "",
                "en": "",
                "zh": "",
            }
    for one in found.result.unmatched:
        en, zh = one.text(scale)
        yield {
            "side": one.line.side.value,
            "line": str(one.line.name),
            "amount": format_minor(one.line.amount, scale),
            "asset": found.asset,
            "value_on": one.line.value_on.isoformat(),
            "text": one.line.shown,
            "match": "",
            "rule": "",
            "why": one.why.value,
            "en": en,
            "zh": zh,
        }


def trial_documents(lines: Sequence[TrialLine]) -> list[Document]:
    """Say all lines of a trial balance."""
    return [trial_line(line) for line in lines]
