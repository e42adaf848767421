"""The account matrix: what may move between two kinds of account, cell by cell, with its source.

Holds the shape of `plan/accounts/movements.yaml`, its cells, and the table rules look answers up
in. A cell is a paying and a receiving kind (or a place that is no account here), whether both
belong to one holder, and whether the money is RMB; the first row that names it answers. Must not
decide an instruction: the conditions of a facility read the answer.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import product
from typing import Final, Literal, NamedTuple

from pydantic import Field

from qianhai.policy.model import Bilingual, Confidence
from qianhai.policy.reading import PackModel
from qianhai.rules import Bool, Line, Table, Text

#: The name by which `cell('movements', debit, credit, own_name, is_rmb)` asks.
MOVEMENTS: Final = "movements"
#: What a leg calls the account its sender named, of whatever kind; `account` is one not guarded.
ANY_ACCOUNT: Final = "any"
_Answer = Literal["permit", "refuse", "conditional", "ask"]
_OWN_NAMES: Final = {"any": (True, False), "own": (True,), "other": (False,)}
_CURRENCIES: Final = {"any": (True, False), "rmb": (True,), "fx": (False,)}


class Cell(NamedTuple):
    """One movement: paying kind, receiving kind, one holder or two, RMB or another currency."""

    debit: str
    credit: str
    is_own_name: bool
    is_rmb: bool


class Book(Bilingual):
    """A set of accounts that balances alone; `link` is the kind through which others are met."""

    link: str


class MovementRow(Bilingual):
    """What some cells answer, under which clause, and who says so.

    `debit` and `credit` name kinds, places or groups; `both` takes the other direction in. A
    conditional answer names what it `needs`. While its `clause` is not open the answer is `closed`.
    """

    debit: tuple[str, ...] = Field(min_length=1)
    credit: tuple[str, ...] = Field(min_length=1)
    both: bool = False
    own_name: Literal["any", "own", "other"] = "any"
    currency: Literal["any", "rmb", "fx"] = "any"
    answer: _Answer
    needs: str = ""
    clause: str = ""
    closed: Literal["", "refuse", "ask"] = ""
    confidence: Confidence
    source: str = Field(min_length=1)

    @property
    def word(self) -> str:
        """Return the answer as a rule reads it: of a conditional one, what it needs."""
        return self.needs or self.answer


class Movements(PackModel):
    """The matrix of every kind of account against every movement."""

    title: Bilingual
    basis: Bilingual
    books: Mapping[str, Book] = Field(min_length=1)
    ordinary: str
    outside: str
    kinds: tuple[str, ...] = Field(min_length=1)
    places: Mapping[str, Bilingual] = Field(default_factory=dict)
    apart: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    needs: Mapping[str, Bilingual] = Field(default_factory=dict)
    rows: tuple[MovementRow, ...] = Field(min_length=1)

    @property
    def first_book(self) -> str:
        """Return the book of every kind that names none."""
        return next(iter(self.books))

    def members(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the kinds and places that names stand for."""
        return tuple(one for name in names for one in self.groups.get(name, (name,)))

    def all_cells(self) -> Iterator[Cell]:
        """Yield every movement there is: one side at least is an account."""
        words = (*self.kinds, *self.places)
        for debit, credit, is_own, is_rmb in product(words, words, (True, False), (True, False)):
            if not {debit, credit} <= self.places.keys():
                yield Cell(debit, credit, is_own, is_rmb)

    @cached_property
    def cells(self) -> Mapping[Cell, int]:
        """Return the number of the row that answers each cell; one no row names is not there."""
        known = set(self.all_cells())
        found: dict[Cell, int] = {}
        for number, row in enumerate(self.rows):
            sides = [(self.members(row.debit), self.members(row.credit))]
            sides += [sides[0][::-1]] if row.both else []
            for debits, credits_ in sides:
                names, currencies = _OWN_NAMES[row.own_name], _CURRENCIES[row.currency]
                for cell in map(Cell._make, product(debits, credits_, names, currencies)):
                    if cell in known:
                        found.setdefault(cell, number)
        return found

    @property
    def answers(self) -> tuple[str, ...]:
        """Return every answer a rule may read."""
        return ("permit", "refuse", *self.needs, "ask")

    @cached_property
    def table(self) -> Table:
        """Return the matrix as a table of rules; what it does not speak of is to be asked."""
        pairs_of: defaultdict[tuple[str, str, str], _Pairs] = defaultdict(lambda: defaultdict(set))
        for cell, number in self.cells.items():
            row = self.rows[number]
            said = (row.word, row.clause, (row.closed or "refuse") if row.clause else "")
            pairs_of[said][cell.debit, cell.credit].add((cell.is_own_name, cell.is_rmb))
        lines = [
            Line((debits, credits_, *flags), *said)
            for said, pairs in pairs_of.items()
            if said != ("ask", "", "")
            for debits, credits_, shape in _boxes(pairs)
            for flags in _flags(shape)
        ]
        return Table((Text(), Text(), Bool(), Bool()), self.answers, tuple(lines), "ask")


_Shape = frozenset[tuple[bool, bool]]
_Pairs = defaultdict[tuple[str, str], set[tuple[bool, bool]]]


def _boxes(
    pairs: Mapping[tuple[str, str], set[tuple[bool, bool]]],
) -> Iterator[tuple[frozenset[str], frozenset[str], _Shape]]:
    """Yield pairs of kinds with one shape together: debits that go to the same credits."""
    credits_of: defaultdict[tuple[_Shape, str], set[str]] = defaultdict(set)
    for (debit, credit), flags in pairs.items():
        credits_of[frozenset(flags), debit].add(credit)
    debits_of: defaultdict[tuple[_Shape, frozenset[str]], set[str]] = defaultdict(set)
    for (shape, debit), credits_ in credits_of.items():
        debits_of[shape, frozenset(credits_)].add(debit)
    for (shape, credited), debits in debits_of.items():
        yield frozenset(debits), credited, shape


_TRUE, _FALSE = frozenset({"true"}), frozenset({"false"})


def _flags(shape: _Shape) -> Iterator[tuple[frozenset[str] | None, frozenset[str] | None]]:
    """Yield the fewest tests of holder and currency that hold for the flags of a shape alone.

    >>> list(_flags(frozenset({(True, True), (False, True)})))
    [(None, frozenset({'true'}))]
    """
    words = {True: _TRUE, False: _FALSE}
    if len(shape) == len(words) ** 2:
        yield None, None
        return
    left = set(shape)
    for one in (True, False):
        if {(one, True), (one, False)} <= left:
            left -= {(one, True), (one, False)}
            yield words[one], None
        if {(True, one), (False, one)} <= left:
            left -= {(True, one), (False, one)}
            yield None, words[one]
    for is_own, is_rmb in sorted(left):
        yield words[is_own], words[is_rmb]
