"""Reconciliation: an external statement against an account, line by line, by rules in order.

Pure: holds the matching and why each line that is left has no partner. Every rule is deterministic,
and a line is matched once or not at all. Amounts are minor units, credits of the account positive
on both sides.

1. reference   the same reference and amount; or lines of one reference that come to the same
2. exact       the only two lines of an amount and value date
3. near        the only two lines of an amount within so many days of each other
4. sum         one line against several of the same day, of the same sign, that alone add up to it
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice
from typing import Final, Generic, TypeVar

from qianhai.kernel import format_minor

#: Among so many lines of a day a sum is searched: two halves of a thousand sums each.
SUM_CANDIDATES_MAX: Final = 20
#: So many lines are named where several are candidates.
NAMED_MAX: Final = 5


class Rule(StrEnum):
    """By what lines were matched."""

    REFERENCE = "reference"
    EXACT = "exact"
    NEAR = "near"
    SUM = "sum"


class Why(StrEnum):
    """Why a line has no partner: the first that applies."""

    AMOUNT_DIFFERS = "amount_differs"
    AMBIGUOUS = "ambiguous"
    AMBIGUOUS_SUM = "ambiguous_sum"
    DATE_DIFFERS = "date_differs"
    TOO_MANY = "too_many"
    MISSING = "missing"


class Side(StrEnum):
    """Whose line it is: ours, or the statement's."""

    HERE = "here"
    THERE = "there"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of either side: `name` is its number in the ledger or line of the file.

    `references` are all names it may be known by; `shown` is what a person is shown of it.
    """

    side: Side
    name: int
    amount: int
    value_on: date
    references: frozenset[str] = frozenset()
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Lines that are the same money: their amounts add up to the same on both sides."""

    rule: Rule
    here: tuple[Line, ...]
    there: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A line without a partner, and why; `others` are the lines that come nearest."""

    line: Line
    why: Why
    others: tuple[Line, ...] = ()
    count: int = 0

    def text(self, scale: int) -> tuple[str, str]:
        """Say why, in English and Chinese.

        >>> on = date(2023, 6, 30)
        >>> Unmatched(Line(Side.THERE, 2, 500, on), Why.MISSING).text(2)[0]
        'missing here: no transfer of this account comes near it'
        """
        is_there = self.line.side is Side.THERE
        where, zh_where = ("here", "我方") if is_there else ("there", "对方")
        names = ", ".join(_named(one) for one in self.others[:NAMED_MAX])
        names += ", …" if len(self.others) > NAMED_MAX else ""
        match self.why:
            case Why.AMOUNT_DIFFERS:
                off = format_minor(self.count, scale)
                return (
                    f"amount differs by {off} from {names} (same reference)",
                    f"与 {names} 编号相同，金额相差 {off}",
                )
            case Why.AMBIGUOUS:
                return (
                    f"ambiguous among {self.count} candidates: {names}",
                    f"有 {self.count} 个候选，无法确定：{names}",
                )
            case Why.AMBIGUOUS_SUM:
                return (
                    f"ambiguous: more than one choice of lines of the day {where} adds up to it",
                    f"{zh_where}当日有不止一种组合的合计与其相等，无法确定",
                )
            case Why.DATE_DIFFERS:
                return (
                    f"date differs by {self.count} days from {names} (same amount)",
                    f"与 {names} 金额相同，起息日相差 {self.count} 天",
                )
            case Why.TOO_MANY:
                most = SUM_CANDIDATES_MAX
                return (
                    f"missing {where}; {self.count} lines of the day, a sum is sought in {most}",
                    f"{zh_where}缺失；当日有 {self.count} 行，超过合计搜索的上限 {most}",
                )
            case _:
                what = "transfer of this account" if is_there else "line of the statement"
                return (
                    f"missing {where}: no {what} comes near it",
                    f"{zh_where}缺失：没有与其相近的{'转账' if is_there else '对账单行'}",
                )


def _named(line: Line) -> str:
    what = "seq" if line.side is Side.HERE else "line"
    return f"{what} {line.name}"


@dataclass(frozen=True, slots=True)
class Totals:
    """What both sides come to, in minor units: it always adds up.

    The statement covers `first` to `last` by value date. `opening` is our balance before; the
    statement's closing is that opening and all of its lines. `timing` is what matched lines of
    ours from before or after those days come to: it is in the statement, not in our closing.
    """

    first: date
    last: date
    opening: int
    matched: int
    timing: int
    unmatched_here: int
    unmatched_there: int

    @property
    def closing_here(self) -> int:
        """Return our balance by value date at the end of the last day."""
        return self.opening + self.matched - self.timing + self.unmatched_here

    @property
    def closing_there(self) -> int:
        """Return what the statement's lines make of the same opening."""
        return self.opening + self.matched + self.unmatched_there

    @property
    def difference(self) -> int:
        """Return by how much the statement's closing passes ours."""
        return self.closing_there - self.closing_here


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Every line of both sides, once: matched, or not and why."""

    matches: tuple[Match, ...]
    unmatched: tuple[Unmatched, ...]
    totals: Totals

    @property
    def is_complete(self) -> bool:
        """Tell whether every line of both sides has its partner."""
        return not self.unmatched


def reconcile(
    here: Collection[Line], there: Collection[Line], *, near_days: int, opening: int
) -> Reconciliation:
    """Match the lines of a statement with ours, and say of each other why it has no partner.

    Ours may begin `near_days` before the statement's first day and end as long after its last:
    those outside its days count only when they are matched, for the statement need not know them.
    """
    assert there, "a statement has lines"
    days = [line.value_on for line in there]
    first, last = min(days), max(days)
    work = _Matching(here, there, near_days)
    work.by_reference()
    work.by_key(Rule.EXACT)
    work.by_nearness()
    work.by_sum()
    matches = tuple(work.matches)
    unmatched = tuple(
        one
        for one in work.explained()
        if one.line.side is Side.THERE or first <= one.line.value_on <= last
    )
    ours = [line for match in matches for line in match.here]
    totals = Totals(
        first,
        last,
        opening,
        sum(line.amount for line in ours),
        sum(line.amount for line in ours if not first <= line.value_on <= last),
        *(
            sum(one.line.amount for one in unmatched if one.line.side is side)
            for side in (Side.HERE, Side.THERE)
        ),
    )
    return Reconciliation(matches, unmatched, totals)


K = TypeVar("K")


class _Groups(Generic[K]):
    """Lines of both sides under one key."""

    def __init__(self, lines: Iterable[Line], key: Callable[[Line], Iterable[K]]) -> None:
        self.lines: defaultdict[K, tuple[list[Line], list[Line]]] = defaultdict(lambda: ([], []))
        for line in lines:
            for one in key(line):
                self.lines[one][line.side is Side.THERE].append(line)


class _Matching:
    """The lines still open, and what was matched so far."""

    def __init__(self, here: Collection[Line], there: Collection[Line], near_days: int) -> None:
        order = sorted([*here, *there], key=lambda line: (line.value_on, line.side, line.name))
        self.open = dict.fromkeys(order)
        assert len(self.open) == len(order), "a line stands once on its side"
        self.near_days = near_days
        self.matches: list[Match] = []
        self.apart: list[Unmatched] = []
        self.several: dict[Line, Why] = {}

    def match(self, rule: Rule, here: Sequence[Line], there: Sequence[Line]) -> None:
        """Take lines as the same money."""
        assert sum(one.amount for one in here) == sum(one.amount for one in there), "it adds up"
        for line in (*here, *there):
            del self.open[line]
        self.matches.append(Match(rule, tuple(here), tuple(there)))

    # By reference.

    def by_reference(self) -> None:
        """Match what bears the same reference; what differs in amount is nobody else's partner."""
        groups = _Groups(self.open, lambda line: sorted(line.references))
        for reference in sorted(groups.lines):
            here, there = (
                [line for line in side if line in self.open] for side in groups.lines[reference]
            )
            if not here or not there:
                continue
            here, there = self._pair(here, there)
            total = sum(one.amount for one in there) - sum(one.amount for one in here)
            if here and there and total == 0:
                self.match(Rule.REFERENCE, here, there)
            elif here and there:
                for line, others in [(one, there) for one in here] + [(one, here) for one in there]:
                    self.apart.append(
                        Unmatched(line, Why.AMOUNT_DIFFERS, tuple(others), abs(total))
                    )
                    del self.open[line]

    def _pair(self, here: list[Line], there: list[Line]) -> tuple[list[Line], list[Line]]:
        """Match lines of one reference that have the same amount, in order; return the others."""
        by_amount = defaultdict(list)
        for line in here:
            by_amount[line.amount].append(line)
        left = []
        for line in there:
            if ours := by_amount[line.amount]:
                self.match(Rule.REFERENCE, [ours.pop(0)], [line])
            else:
                left.append(line)
        return [line for line in here if line in self.open], left

    # By amount and day.

    def by_key(self, rule: Rule) -> None:
        """Match the only two lines of an amount and value date."""
        groups = _Groups(self.open, lambda line: [(line.amount, line.value_on)])
        for here, there in groups.lines.values():
            if len(here) == len(there) == 1:
                self.match(rule, here, there)

    def by_nearness(self) -> None:
        """Match two lines of an amount that have only each other within so many days.

        Each match may leave others with only each other: it goes on in rounds until none is found.
        """
        for here, there in list(_Groups(self.open, lambda line: [line.amount]).lines.values()):
            while found := [
                (line, there[first])
                for line in here
                for first, end in [self._near(line, there)]
                if end - first == 1 and _count(self._near(there[first], here)) == 1
            ]:
                for one, other in found:
                    self.match(Rule.NEAR, [one], [other])
                    here.remove(one)
                    there.remove(other)

    def _near(self, line: Line, others: Sequence[Line]) -> tuple[int, int]:
        """Return where among others, in the order of their days, the near ones begin and end."""
        return (
            bisect_left(others, _day(line) - self.near_days, key=_day),
            bisect_right(others, _day(line) + self.near_days, key=_day),
        )

    # By sum.

    def by_sum(self) -> None:
        """Match one line with several of its day that alone add up to it, both ways round."""
        for side in (Side.THERE, Side.HERE):
            groups = _Groups(self.open, lambda line: [(line.value_on, line.amount > 0)])
            for both in groups.lines.values():
                for lines in both:
                    lines.sort(key=_size)
            for line in [line for line in self.open if line.side is side]:
                others = groups.lines[line.value_on, line.amount > 0][side is Side.HERE]
                smaller = others[: bisect_left(others, _size(line), key=_size)]
                candidates = (other for other in smaller if other in self.open)
                self._sum(line, list(islice(candidates, SUM_CANDIDATES_MAX + 1)))

    def _sum(self, line: Line, others: list[Line]) -> None:
        if len(others) > SUM_CANDIDATES_MAX:
            self.several[line] = Why.TOO_MANY
            return
        chosen = subsets(line.amount, [other.amount for other in others])
        if len(chosen) > 1:
            self.several[line] = Why.AMBIGUOUS_SUM
        elif chosen:
            part = [others[place] for place in chosen[0]]
            here, there = ([line], part) if line.side is Side.HERE else (part, [line])
            self.match(Rule.SUM, here, there)

    # What is left.

    def explained(self) -> list[Unmatched]:
        """Return every line without a partner, and why."""
        groups = _Groups(self.open, lambda line: [line.amount])
        days = _Groups(self.open, lambda line: [line.value_on])
        found = list(self.apart)
        for line in self.open:
            at = line.side is Side.HERE
            same = groups.lines[line.amount][at]
            first, end = self._near(line, same)
            if first < end:
                near = tuple(same[first : min(end, first + NAMED_MAX + 1)])
                found.append(Unmatched(line, Why.AMBIGUOUS, near, end - first))
            elif self.several.get(line) is Why.AMBIGUOUS_SUM:
                found.append(Unmatched(line, Why.AMBIGUOUS_SUM))
            elif same:
                beside = same[max(first - 1, 0) : first + 1]
                other = min(beside, key=lambda one: _days(line, one))
                found.append(Unmatched(line, Why.DATE_DIFFERS, (other,), _days(line, other)))
            elif self.several.get(line) is Why.TOO_MANY:
                count = len(days.lines[line.value_on][at])
                found.append(Unmatched(line, Why.TOO_MANY, (), count))
            else:
                found.append(Unmatched(line, Why.MISSING))
        return sorted(found, key=lambda one: (one.line.side, one.line.value_on, one.line.name))


def _day(line: Line) -> int:
    return line.value_on.toordinal()


def _size(line: Line) -> int:
    return abs(line.amount)


def _count(part: tuple[int, int]) -> int:
    return part[1] - part[0]


def _days(one: Line, other: Line) -> int:
    return abs((one.value_on - other.value_on).days)


def subsets(total: int, amounts: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the first two choices of at least two amounts that add up to a total, as places.

    The amounts are halved, so that twenty are two thousand sums and not a million.

    >>> subsets(5, [1, 4, 2]), subsets(5, [1, 4, 2, 3])
    ([(0, 1)], [(0, 1), (2, 3)])
    """
    half = len(amounts) // 2
    left = _sums(amounts[:half], 0)
    right = defaultdict(list)
    for part, places in _sums(amounts[half:], half):
        right[part].append(places)
    found: list[tuple[int, ...]] = []
    for part, places in left:
        for others in right.get(total - part, ()):
            if len(places) + len(others) > 1:
                found.append((*places, *others))
            if len(found) > 1:
                return sorted(found)
    return found


def _sums(amounts: Sequence[int], first: int) -> list[tuple[int, tuple[int, ...]]]:
    found: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for place, amount in enumerate(amounts, first):
        found += [(part + amount, (*places, place)) for part, places in found]
    return found
