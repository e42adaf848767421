"""Decisions on record and entries of the journal as documents."""

from qianhai.instructions import Again, Past, PastLine
from qianhai.journal import Found
from qianhai.views.decision import decision_document
from qianhai.views.flaws import Document
from qianhai.views.outcome import ledger_said


def past_line(line: PastLine) -> Document:
    """Return a decision on record as one line of a list."""
    return {
        "id": line.id,
        "facility": line.facility,
        "action": line.action,
        "clause": line.clause,
        "outcome": line.outcome,
        "value_date": line.value_on.isoformat(),
        "decided_at": line.decided_at.isoformat(),
        "ledger_result": ledger_said(line.outcome, line.ledger_result),
        "ledger_seq": line.ledger_seq,
        "continues": line.continues,
        "pack": line.pack_hash,
    }


def past_document(past: Past) -> Document:
    """Return a decision on record whole: what was asked and seen, and every condition."""
    kept = past.recorded
    return {
        "id": kept.id,
        "value_date": kept.value_on.isoformat(),
        "decided_at": kept.decided_at.isoformat(),
        **decision_document(past.policy.pack, past.decision),
        "parties": dict(past.parties),
        "accounts": dict(past.accounts),
        "facts": dict(kept.facts),
        "ledger_result": ledger_said(past.decision.outcome, kept.ledger_result),
        "ledger_seq": past.ledger_seq,
    }


def again_document(again: Again) -> Document:
    """Return a decision judged again as of its day, and whether it says the same."""
    pack = again.past.policy.pack
    return {
        "id": again.past.recorded.id,
        "is_equal": again.is_equal,
        "why": again.why or None,
        "recorded": decision_document(pack, again.past.decision),
        "again": decision_document(pack, again.decision) if again.decision else None,
    }


def entry_document(entry: Found) -> Document:
    """Return an entry of the journal; its body is null once erased."""
    return {
        "seq": entry.seq,
        "kind": entry.kind,
        "subject": entry.subject,
        "at": entry.at.isoformat(),
        "body": entry.body,
        "chain": entry.chain.hex(),
    }
