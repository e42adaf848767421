"""A day's business as documents: one line an answer, and the tally of the day.

The tally keeps counts and sums only, so that a day of a million answers needs no more memory
than a day of ten.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from qianhai.instructions import Answer, Named
from qianhai.kernel import CURRENCIES, EXACT, Outcome, format_minor, to_minor
from qianhai.policy import LimitUse, Pack
from qianhai.views.decision import decision_document, reason_texts
from qianhai.views.flaws import Document

#: Answers with which somebody has to do something before the business goes on.
_WAITING = frozenset({Outcome.REFUSED, Outcome.REFERRED, Outcome.INCOMPLETE})
#: How many of them a terminal shows; the outcome files hold them all.
WAITING_SHOWN_MAX = 10
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


def outcome_line(pack: Pack, answer: Answer) -> list[str]:
    """Return one answer as a row of `outcomes.csv`."""
    decision, instruction = answer.decision, answer.instruction
    texts = [reason_texts(pack, reason) for reason in decision.reasons]
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


def booked_as(answer: Answer) -> str:
    """Return what the ledger said of an answer; nothing where nothing was asked of it."""
    is_asked = answer.decision.outcome is Outcome.PERMITTED or answer.ledger_result != "posted"
    return answer.ledger_result if is_asked else ""


def instructed(pack: Pack, answer: Answer) -> tuple[str, str]:
    """Return the amount an instruction is about and its currency; empty when it has none."""
    facility = pack.facilities.get(answer.decision.facility)
    facts = answer.instruction.facts
    if facility:
        names = sorted(facility.facts, key=lambda n: facility.facts[n].iso != "instructed_amount")
        for name in names:
            amount = facts.get(f"{name}.amount")
            if facility.facts[name].type == "money" and isinstance(amount, Decimal):
                return format(amount, "f"), str(facts.get(f"{name}.currency", ""))
    said = answer.instruction.said
    amount_said = said.get("iso.instructed_amount.amount", "")
    return amount_said, said.get("iso.instructed_amount.currency", "")


def written(sums: Mapping[str, Decimal]) -> dict[str, str]:
    """Return sums by currency, each with all the decimals of its currency.

    >>> written({"EUR": Decimal("100000"), "JPY": Decimal("5")})
    {'EUR': '100000.00', 'JPY': '5'}
    """
    return {
        currency: format(
            EXACT.quantize(total, Decimal(1).scaleb(-CURRENCIES[currency]))
            if currency in CURRENCIES
            else total,
            "f",
        )
        for currency, total in sorted(sums.items())
    }


@dataclass(slots=True)
class DayTally:
    """Counts and sums of a day while it runs, and the first answers that wait for a person."""

    pack: Pack
    outcomes: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    instructed: dict[str, Decimal] = field(default_factory=dict)
    permitted: dict[str, Decimal] = field(default_factory=dict)
    limits: dict[tuple[str, str, str], LimitUse] = field(default_factory=dict)
    accounts: dict[tuple[str, str, str], Named] = field(default_factory=dict)
    waiting: list[Answer] = field(default_factory=list)
    waiting_count: int = 0
    count: int = 0
    repeats: int = 0

    def add(self, answer: Answer) -> None:
        """Count one answer; a repeat is counted apart and moves no sum."""
        self.count += 1
        self.repeats += answer.is_repeat
        decision = answer.decision
        self.outcomes[decision.measure, decision.facility, decision.outcome.value] += 1
        amount, currency = instructed(self.pack, answer)
        sums = [self.instructed] if amount else []
        if amount and decision.outcome is Outcome.PERMITTED and not answer.is_repeat:
            sums.append(self.permitted)
        for total in sums:
            total[currency] = EXACT.add(total.get(currency, Decimal(0)), Decimal(amount))
        if decision.outcome in _WAITING:
            self.waiting_count += 1
            if len(self.waiting) < WAITING_SHOWN_MAX:
                self.waiting.append(answer)
        for use, pool in zip(decision.limits, answer.pools, strict=False):
            if answer.ledger_seq is not None and pool is not None:
                key = (decision.facility, pool.holder, use.id)
                self.limits[key], self.accounts[key] = use, pool

    def settle(self, used: Mapping[str, int]) -> None:
        """Put in what is used of each limit at the end of the day, by the ledger's accounts."""
        for key, pool in self.accounts.items():
            minor = used.get(pool.account, 0)
            cap = to_minor(Decimal(self.limits[key].cap or 0), pool.scale)
            self.limits[key] = replace(
                self.limits[key],
                used=format_minor(minor, pool.scale),
                left=format_minor(max(0, cap - minor), pool.scale),
                asked=None,
            )

    def document(self, heads: Document) -> Document:
        """Return the day's summary, as `summary.json` holds it."""
        by_measure: dict[int, Document] = {}
        for (measure, facility, outcome), count in sorted(self.outcomes.items()):
            line = by_measure.setdefault(measure, {"measure": measure, "facility": facility})
            line[outcome] = count
        return {
            "instructions": self.count,
            "repeated": self.repeats,
            "outcomes": {
                outcome.value: sum(n for key, n in self.outcomes.items() if key[2] == outcome.value)
                for outcome in Outcome
            },
            "by_measure": list(by_measure.values()),
            "instructed": written(self.instructed),
            "permitted": written(self.permitted),
            "limits": [
                {
                    "facility": facility,
                    "holder": holder,
                    "id": use.id,
                    "asset": use.asset,
                    "cap": use.cap,
                    "used": use.used,
                    "left": use.left,
                }
                for (facility, holder, _), use in sorted(self.limits.items())
            ],
            "heads": heads,
            "pack": {"version": self.pack.version, "hash": self.pack.hash},
        }
