"""Books that balance alone: what each has, money that crossed from one to another, and their links.

Holds the reads and what they prove. Which kinds of account a book has is the caller's to say, as
the ledger knows no pack. Must not correct anything: what does not add up is told.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from qianhai.db import Connection
from qianhai.kernel import Flaw, Place, format_minor


@dataclass(frozen=True, slots=True)
class BookLine:
    """What the accounts of a book add up to in one asset, in minor units.

    `debit` is the sum of the balances below zero without their sign, `credit` of those above.
    """

    book: str
    asset: str
    scale: int
    accounts: int
    debit: int
    credit: int
    pending_in: int
    pending_out: int

    @property
    def balance(self) -> int:
        """Return what the book is off; a book that balances alone has nothing."""
        return self.credit - self.debit

    @property
    def is_even(self) -> bool:
        """Tell whether the book balances alone, pending amounts too."""
        return self.balance == 0 and self.pending_in == self.pending_out


@dataclass(frozen=True, slots=True)
class Crossing:
    """Legs that moved an asset from an account of one book to one of another, in minor units."""

    debit_kind: str
    credit_kind: str
    asset: str
    scale: int
    legs: int
    amount: int


@dataclass(frozen=True, slots=True)
class Segregation:
    """How an institution's books stand: each by asset, and every flaw of their being apart."""

    lines: tuple[BookLine, ...]
    flaws: tuple[Flaw, ...]


_BALANCES: Final = """
    select kind, case when kind = any(%s) then holder end as holder, asset, scale, count(*),
           coalesce(-sum(balance) filter (where balance < 0), 0),
           coalesce(sum(balance) filter (where balance > 0), 0), sum(pending_in), sum(pending_out)
    from ledger.all_balances
    where institution_id = %s and asset_kind not in ('quota', 'position')
    group by 1, 2, asset, scale
"""
_PAIRS: Final = """
    select d.kind, c.kind, s.code, s.scale, count(*), sum(t.amount + t.held)
    from ledger.transfers t
    join ledger.accounts d on d.id = t.debit_account_id
    join ledger.accounts c on c.id = t.credit_account_id
    join ledger.assets s on s.id = d.asset_id
    where t.institution_id = %s and s.kind not in ('quota', 'position')
    group by d.kind, c.kind, s.code, s.scale
"""


def segregation(
    conn: Connection,
    institution: str,
    book_of: Callable[[str], str],
    links: Mapping[str, str],
) -> Segregation:
    """Return how the books of an institution stand.

    `book_of` says the book of a kind of account, `links` the book of each kind through which it
    meets the others; a link account is held in the name of the other book.
    """
    lines, between = _balances(conn, institution, book_of, links)
    flaws = [_uneven(line) for line in lines if not line.is_even]
    flaws += [_crossed(one, book_of) for one in _crossings(conn, institution, book_of)]
    flaws += _unequal_links(between, {line.asset: line.scale for line in lines})
    return Segregation(tuple(lines), tuple(flaws))


_Between = Mapping[tuple[str, str, str], int]


def _balances(
    conn: Connection,
    institution: str,
    book_of: Callable[[str], str],
    links: Collection[str],
) -> tuple[list[BookLine], _Between]:
    """Return the books by asset, and what each owes another: by book, other book and asset."""
    sums: defaultdict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0] * 5)
    between: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for kind, holder, asset, scale, *numbers in conn.execute(_BALANCES, (list(links), institution)):
        figures = [int(number) for number in numbers]
        total = sums[book_of(kind), asset, scale]
        total[:] = map(int.__add__, total, figures)
        if kind in links:
            between[book_of(kind), holder, asset] += figures[2] - figures[1]
    lines = [BookLine(*key, *figures) for key, figures in sorted(sums.items())]
    return lines, between


def _crossings(conn: Connection, institution: str, book_of: Callable[[str], str]) -> list[Crossing]:
    return [
        Crossing(debit, credit, asset, scale, legs, int(amount))
        for debit, credit, asset, scale, legs, amount in conn.execute(_PAIRS, (institution,))
        if book_of(debit) != book_of(credit)
    ]


def _uneven(line: BookLine) -> Flaw:
    off = format_minor(line.balance or line.pending_in - line.pending_out, line.scale)
    en = f"The book {line.book} is off by {off} {line.asset}; every book balances alone."
    zh = f"账册 {line.book} 的 {line.asset} 差额为 {off}；各账册须单独平衡。"
    return Flaw("L302", Place("ledger.books", None, f"{line.book}.{line.asset}"), off, "0", en, zh)


def _crossed(one: Crossing, book_of: Callable[[str], str]) -> Flaw:
    amount = format_minor(one.amount, one.scale)
    books = f"{book_of(one.debit_kind)} -> {book_of(one.credit_kind)}"
    en = (
        f"{one.legs} legs moved {amount} {one.asset} from {one.debit_kind} to {one.credit_kind}, "
        f"{books}, past the links of the books."
    )
    zh = (
        f"{one.legs} 笔分录将 {amount} {one.asset} 由 {one.debit_kind} 直接划至 {one.credit_kind}"
        f"（{books}），未经账册往来科目。"
    )
    place = Place("ledger.books", None, f"{one.debit_kind}.{one.credit_kind}")
    return Flaw("L303", place, amount, "legs inside one book", en, zh)


def _unequal_links(between: _Between, scales: Mapping[str, int]) -> list[Flaw]:
    """Return a flaw for each two books that do not say the same of what one owes the other."""
    flaws = []
    for book, other, asset in sorted(between):
        mine, theirs = between[book, other, asset], between.get((other, book, asset), 0)
        is_told_there = (other, book, asset) in between and other < book
        if mine + theirs == 0 or is_told_there:
            continue
        off = format_minor(mine + theirs, scales[asset])
        en = f"The books {book} and {other} differ by {off} {asset} on what one owes the other."
        zh = f"账册 {book} 与 {other} 的 {asset} 往来相差 {off}。"
        place = Place("ledger.books", None, f"{book}.{other}.{asset}")
        flaws.append(Flaw("L304", place, off, "0", en, zh))
    return flaws
