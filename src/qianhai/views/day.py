"""The tally of a day.

It keeps counts and sums only, so that a day of a million answers needs no more memory
than a day of ten.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import islice

from qianhai.instructions import Answer, Answered, Named
from qianhai.kernel import CURRENCIES, EXACT, Outcome, format_minor, to_minor
from qianhai.policy import LimitUse, Pack
from qianhai.views.day_columns import limits_of, sums_of
from qianhai.views.flaws import Document
from qianhai.views.outcome import instructed

#: Answers with which somebody has to do something before the business goes on.
_WAITING = frozenset({Outcome.REFUSED, Outcome.REFERRED, Outcome.INCOMPLETE})
#: How many of them a terminal shows; the outcome files hold them all.
WAITING_SHOWN_MAX = 10


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

    def _count(self, answer: Answer) -> None:
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
        self.waiting_count += decision.outcome in _WAITING

    def add_all(self, answered: Answered) -> None:
        """Count the answers of a commit, those of parts by columns."""
        limits = []
        for part in answered.parts:
            decision, count = part.decision, len(part)
            self.count += count
            self.outcomes[decision.measure, decision.facility, decision.outcome.value] += count
            totals = [self.instructed, self.permitted] if part.is_permitted else [self.instructed]
            for currency, amount in sums_of(part).items():
                for total in totals:
                    total[currency] = EXACT.add(total.get(currency, Decimal(0)), amount)
            if decision.outcome in _WAITING:
                self.waiting_count += count
            limits += [(*one, decision.facility) for one in limits_of(part)]
        for place, answer in answered.single.items():
            self._count(answer)
            limits += [
                (place, use, pool, answer.decision.facility)
                for use, pool in zip(answer.decision.limits, answer.pools, strict=False)
                if answer.ledger_seq is not None and pool is not None
            ]
        for _, use, pool, facility in sorted(limits, key=lambda one: one[0]):
            key = (facility, pool.holder, use.id)
            self.limits[key], self.accounts[key] = use, pool
        missing = WAITING_SHOWN_MAX - len(self.waiting)
        if missing > 0:
            self.waiting += islice(answered.those(_WAITING), missing)

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
