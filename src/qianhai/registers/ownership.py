"""Who owns and who controls an enterprise, through chains and loops, exactly.

Holds the linear system behind an indirect share and the closure behind control. Must not hold a
register or a threshold. Shares nobody recorded may belong to anyone, so an answer is a range until
every share that matters is on record.

The indirect share of a source in a company is what its owners carry to it:

    x(company) = sum over owners of share * x(owner) + unrecorded part

With loops (cross-holdings) this is no sum over paths but a linear system. It is solved by exact
elimination, owners before what they own, so that a chain costs one step a link.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush

from qianhai.registers.model import ShareRange

_ZERO, _ONE = Fraction(0), Fraction(1)
_HALF = Fraction(1, 2)
_NOTHING = ShareRange(_ZERO, _ZERO)
_ANYTHING = ShareRange(_ZERO, _ONE)


@dataclass(frozen=True, slots=True)
class Ownership:
    """Recorded direct shares, by owned party and then by owner.

    `unowned` are parties nobody can own (persons, public institutions): the questions below never
    look behind them.
    """

    shares: Mapping[str, Mapping[str, Fraction]]
    unowned: frozenset[str] = frozenset()

    def remainder(self, party: str) -> Fraction:
        """Return the part of a party that no recorded owner holds.

        >>> Ownership({"c": {"a": Fraction(3, 4)}}).remainder("c")
        Fraction(1, 4)
        """
        rest = _ONE - sum(self.shares.get(party, {}).values(), _ZERO)
        assert rest >= 0, "shares over the whole are refused before they are recorded"
        return rest

    def owners_first(self, parties: Iterable[str], ends: Iterable[str] = ()) -> list[str]:
        """List the parties and all their direct and indirect owners, owners before the owned.

        Inside a loop some order is chosen. Nothing behind the parties in `ends` is looked at.

        >>> Ownership({"c": {"b": _ONE}, "b": {"a": _ONE}}).owners_first(["c"])
        ['a', 'b', 'c']
        """
        ordered: list[str] = []
        seen: set[str] = set()
        closed = set(ends)
        stack = [(party, False) for party in parties]
        while stack:
            party, is_left = stack.pop()
            if is_left:
                ordered.append(party)
            elif party not in seen:
                seen.add(party)
                stack.append((party, True))
                if party not in closed:
                    stack.extend((owner, False) for owner in self.shares.get(party, {}))
        return ordered


def funded_shares(
    ownership: Ownership, parties: Iterable[str], sources: Mapping[str, bool]
) -> dict[str, ShareRange]:
    """Return the share of each party that is funded by the sources, at least and at most.

    `sources` says of the parties where looking ends whether they count (True) or not (False). A
    loop of companies that own each other wholly has no outside owner on record: unknown.

    >>> shares = {"c": {"hk": Fraction(1, 4), "b": Fraction(3, 4)}, "b": {"hk": _ONE}}
    >>> funded_shares(Ownership(shares), ["c"], {"hk": True})
    {'c': ShareRange(low=Fraction(1, 1), high=Fraction(1, 1))}
    """
    asked = list(parties)
    order = ownership.owners_first(asked, sources)
    fixed = {party: ShareRange(*[Fraction(counts)] * 2) for party, counts in sources.items()}
    fixed |= {party: _NOTHING for party in order if party in ownership.unowned - fixed.keys()}
    fixed |= _closed_loops(ownership, order, fixed)
    solved = _solve(ownership, [party for party in order if party not in fixed], fixed)
    return {party: fixed[party] if party in fixed else solved[party] for party in asked}


def _closed_loops(
    ownership: Ownership, order: list[str], fixed: Mapping[str, ShareRange]
) -> dict[str, ShareRange]:
    """Find the parties from which no recorded chain of owners leads out of a loop."""
    owned_by: dict[str, list[str]] = {}
    for party in order:
        if party not in fixed:
            for owner, share in ownership.shares.get(party, {}).items():
                if share:
                    owned_by.setdefault(owner, []).append(party)
    leads_out = [party for party in order if party in fixed or ownership.remainder(party) > 0]
    reached = set(leads_out)
    while leads_out:
        for party in owned_by.get(leads_out.pop(), ()):
            if party not in reached:
                reached.add(party)
                leads_out.append(party)
    return {party: _ANYTHING for party in order if party not in reached}


def _solve(
    ownership: Ownership, unknowns: list[str], fixed: Mapping[str, ShareRange]
) -> dict[str, ShareRange]:
    """Solve the system of the unknown parties by elimination in the order given.

    Each party is expressed by parties eliminated later; reading the expressions back from the
    last gives the values. Every unknown leads out of its loops, so no pivot is zero.
    """
    place = {party: at for at, party in enumerate(unknowns)}
    rows: list[dict[int, Fraction]] = []
    constants: list[tuple[Fraction, Fraction]] = []
    for party in unknowns:
        row: dict[int, Fraction] = {}
        low, high = _ZERO, ownership.remainder(party)
        for owner, share in ownership.shares.get(party, {}).items():
            if owner in fixed:
                low, high = low + share * fixed[owner].low, high + share * fixed[owner].high
            else:
                row[place[owner]] = share
        here = len(rows)
        earlier = sorted(at for at in row if at < here)
        while earlier:
            at = heappop(earlier)
            weight = row.pop(at)
            low, high = low + weight * constants[at][0], high + weight * constants[at][1]
            for later, share in rows[at].items():
                if later < here and later not in row:
                    heappush(earlier, later)
                row[later] = row.get(later, _ZERO) + weight * share
        pivot = _ONE - row.pop(here, _ZERO)
        assert pivot > 0, "a loop without a way out was set aside"
        rows.append({at: share / pivot for at, share in row.items()})
        constants.append((low / pivot, high / pivot))
    for here in range(len(rows) - 1, -1, -1):
        low, high = constants[here]
        for at, share in rows[here].items():
            low, high = low + share * constants[at][0], high + share * constants[at][1]
        constants[here] = (low, high)
    return {party: ShareRange(*constants[place[party]]) for party in unknowns}


def controls(ownership: Ownership, parent: str, child: str) -> bool | None:
    """Say whether a parent holds more than half of a child, directly or through what it controls.

    Shares of controlled companies count whole, as company law counts votes. None while unrecorded
    shares could still give it the majority. A party controls itself.

    >>> shares = {"c": {"p": Fraction(2, 5), "b": Fraction(1, 5)}, "b": {"p": Fraction(3, 5)}}
    >>> controls(Ownership(shares), "p", "c")
    True
    """
    order = ownership.owners_first([child])
    if child in _controlled(ownership, order, parent, is_remainder_counted=False):
        return True
    possible = _controlled(ownership, order, parent, is_remainder_counted=True)
    return None if child in possible else False


def _controlled(
    ownership: Ownership, order: list[str], parent: str, *, is_remainder_counted: bool
) -> set[str]:
    held = {parent}
    grew = True
    while grew:
        grew = False
        for party in order:
            if party in held or party in ownership.unowned:
                continue
            owners = ownership.shares.get(party, {})
            share = sum((part for owner, part in owners.items() if owner in held), _ZERO)
            if is_remainder_counted:
                share += ownership.remainder(party)
            if share > _HALF:
                held.add(party)
                grew = True
    return held
