"""Random values for the facts of a facility, near the figures that decide it."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from qianhai.policy import Case, Fact, Leaf, Verdict
from qianhai.rules import ABSENT

_CENT = Decimal("0.01")
_CURRENCIES = ("CNY", "USD", "HKD", "JPY")


def seeded(name: str) -> Random:
    """A source of draws that is the same whenever it is named the same."""
    return Random(name)  # noqa: S311 (draws of a test, no secrets)


class Values:
    """Draws values of every type: words of the example, its days and amounts, and those beside."""

    def __init__(self, case: Case, verdict: Verdict, random: Random) -> None:
        found = [value for value in case.facts.values() if not isinstance(value, bool | list)]
        self._random = random
        self._texts = sorted({value for value in found if isinstance(value, str)})
        self._days = sorted({value for value in found if isinstance(value, date)})
        self._days.append(case.standing.on)
        figures = [Decimal(0), *(value for value in found if isinstance(value, Decimal))]
        for use in verdict.decision.limits:
            figures += [Decimal(text) for text in (use.cap, use.left, use.asked) if text]
        parameters = case.standing.parameters.values()
        figures += [value for value in parameters if isinstance(value, Decimal)]
        self._figures = sorted(set(figures))

    def of(self, leaf: Leaf) -> object:
        """Draw a value of a leaf; an optional one may be recorded as absent."""
        if leaf.fact.optional and self._random.random() < 0.3:
            return ABSENT
        if leaf.type == "list":
            return [self._row(leaf.fact) for _ in range(self._random.randrange(4))]
        return self._scalar(leaf.type, leaf.values)

    def _row(self, fact: Fact) -> dict[str, object]:
        return {
            name: self._scalar(field.type, field.values)
            for name, field in fact.fields.items()
            if self._random.random() < 0.8
        }

    def _scalar(self, kind: str, words: Sequence[str]) -> object:
        random = self._random
        match kind:
            case "boolean":
                return random.random() < 0.5
            case "enum":
                return random.choice(words)
            case "currency":
                return random.choice(_CURRENCIES)
            case "text":
                return random.choice([*self._texts, "another"])
            case "integer":
                return max(0, random.choice((0, 1, 90, 180, 365)) + random.randint(-1, 1))
            case "date":
                return random.choice(self._days) + timedelta(days=random.randint(-400, 400))
            case "rate":
                return random.choice([Decimal(1), Decimal("0.1389"), Decimal("7.2")])
            case _:
                figure = random.choice(self._figures) * random.choice([1, 1, 1, 2, 1000])
                return figure.quantize(_CENT) + random.randint(-1, 1) * _CENT
