"""One answer of a day as a document: a line of `outcomes.jsonl` or of `outcomes.csv`."""

import csv
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from qianhai.instructions import Answer
from qianhai.kernel import Outcome
from qianhai.messages import neutralised
from qianhai.policy import Pack
from qianhai.views.decision import decision_document
from qianhai.views.flaws import Document

#: The columns of `outcomes.csv`, in their order.
OUTCOME_COLUMNS = (
    "id",
    "facility",
    "action",
    "measure",
    "clause",
    "value_date",
    "outcome",
    "reasons",
    "reason_zh",
    "reason_en",
    "missing",
    "amount",
    "currency",
    "limits",
    "ledger_result",
    "ledger_seq",
    "repeat",
    "file",
    "line",
)


def outcome_document(pack: Pack, answer: Answer) -> Document:
    """Return one answer whole, as a line of `outcomes.jsonl`."""
    place = answer.instruction.place
    return {
        "id": answer.instruction.id,
        "value_date": answer.instruction.value_on.isoformat(),
        **decision_document(pack, answer.decision),
        "ledger_result": booked_as(answer),
        "ledger_seq": answer.ledger_seq,
        "repeat": answer.is_repeat,
        "file": place.file,
        "line": place.line,
    }


def outcome_line(pack: Pack, answer: Answer, document: Document) -> list[str]:
    """Return one answer as a row of `outcomes.csv`; its sentences are those of its document."""
    decision, instruction = answer.decision, answer.instruction
    texts: Any = document["reasons"]
    amount, currency = instructed(pack, answer)
    limits = "; ".join(
        f"{u.id}: {u.asked or '?'} / {u.left or '?'} {u.asset or '?'}" for u in decision.limits
    )
    return [
        instruction.id,
        decision.facility,
        decision.action,
        str(decision.measure or ""),
        decision.clause,
        instruction.value_on.isoformat(),
        decision.outcome.value,
        " ".join(reason.code for reason in decision.reasons),
        "；".join(text["zh"] for text in texts),
        "; ".join(text["en"] for text in texts),
        " ".join(one.fact for one in decision.missing),
        amount,
        currency,
        limits,
        booked_as(answer),
        str(answer.ledger_seq or ""),
        "true" if answer.is_repeat else "false",
        instruction.place.file,
        str(instruction.place.line or ""),
    ]


class _Told:
    """Takes a line from a writer of CSV and hands it back."""

    def write(self, text: str) -> str:
        return text


def csv_line(cells: Iterable[str]) -> str:
    r"""Return a line of CSV that a spreadsheet may open.

    >>> csv_line(["a", "=1+1", "b, c"])
    'a,\'=1+1,"b, c"\n'
    """
    writer: Any = csv.writer(_Told(), lineterminator="\n")
    line: str = writer.writerow([neutralised(cell) for cell in cells])
    return line


def booked_as(answer: Answer) -> str:
    """Return what the ledger said of an answer; nothing where nothing was asked of it."""
    return ledger_said(answer.decision.outcome, answer.ledger_result)


def ledger_said(outcome: str, result: str) -> str:
    """Return what the ledger said of a decision; nothing where nothing was asked of it."""
    return result if outcome == Outcome.PERMITTED or result != "posted" else ""


def instructed(pack: Pack, answer: Answer) -> tuple[str, str]:
    """Return the amount an instruction is about and its currency; empty when it has none."""
    facility = pack.facilities.get(answer.decision.facility)
    facts = answer.instruction.facts
    if facility:
        for name in facility.sums:
            amount = facts.get(f"{name}.amount")
            if isinstance(amount, Decimal):
                return format(amount, "f"), str(facts.get(f"{name}.currency", ""))
    said = answer.instruction.said
    amount_said = said.get("iso.instructed_amount.amount", "")
    return amount_said, said.get("iso.instructed_amount.currency", "")
