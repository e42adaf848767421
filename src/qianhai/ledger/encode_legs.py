"""Legs in columns, and what is on record about them, laid out as the kernel's rows.

Holds the same numbering as `encode`, over arrays. Must not decide anything about a balance (that is
`kernel`) and must not know SQL (`store`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import numpy.typing as npt

from qianhai.ledger import batch as forms
from qianhai.ledger import kernel
from qianhai.ledger.batch import Arrays, Records
from qianhai.ledger.book import Book
from qianhai.ledger.encode import ChainKey, Encoder, Sheet
from qianhai.ledger.legs import LegColumns
from qianhai.ledger.past import PastChain

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which chains of some legs are tried: those whose id is neither on record nor came before.

    `places` are their places among all chains; `repeats` pairs the place of every other chain with
    the place of the first of its id, or -1 where the id is on record.
    """

    places: Numbers
    repeats: Sequence[tuple[int, int]]


def choose(ids: Records, institution: str, past: Mapping[ChainKey, PastChain]) -> Choice:
    """Choose the chains to try, by their ids in order."""
    if not past and _is_rising(ids):
        return Choice(np.arange(len(ids)), ())
    known = {key[1].to_bytes(16, "big") for key in past if key[0] == institution}
    first: dict[bytes, int] = {}
    places, repeats = [], []
    for place, one in enumerate(each.tobytes() for each in ids):
        if one in known:
            repeats.append((place, -1))
        elif first.setdefault(one, place) != place:
            repeats.append((place, first[one]))
        else:
            places.append(place)
    return Choice(np.array(places, np.int64), repeats)


def _is_rising(ids: Records) -> bool:
    """Tell whether every id is greater than the one before, as those made in order are."""
    parts = np.ascontiguousarray(ids).view(">u8").reshape(-1, 2)
    high, low = parts[:, 0], parts[:, 1]
    rises = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
    return bool(rises.all())


def encode_legs(
    legs: LegColumns,
    choice: Choice,
    institution: str,
    book: Book,
    past: Mapping[ChainKey, PastChain],
) -> Sheet:
    """Lay out the chosen chains, in their order, after the chains on record they continue."""
    starts = legs.starts[choice.places]
    encoder = Encoder(book, frozenset())
    originals = _originals(legs, starts)
    continued = [
        past[institution, number.int]
        for number in dict.fromkeys(originals.values())
        if (institution, number.int) in past
    ]
    for one in continued:
        encoder.add_past(one)
    before = encoder.sheet(continued, ()).arrays
    ends = np.append(legs.starts, len(legs))[choice.places + 1]
    chains = np.zeros(len(starts), forms.CHAIN)
    chains["kind"] = legs.kind[starts]
    chains["origin"] = chains["failed_leg"] = kernel.NONE
    chains["expires"] = legs.expires_at[starts]
    chains["has_fitting_amounts"] = 1
    chains["verdict"] = kernel.UNDECIDED
    sources = _sources(legs, starts, originals, encoder.rows, institution, before.chains, chains)
    sizes = ends - starts
    for place, origin_size in sources.items():
        sizes[place] = origin_size
    first = len(before.legs) + np.cumsum(sizes) - sizes
    chains["leg_first"], chains["leg_end"] = first, first + sizes
    made = _own_legs(legs, starts, ends, sizes, chains["kind"] <= kernel.HOLD, book, institution)
    all_legs = np.concatenate([before.legs, made])
    all_chains = np.concatenate([before.chains, chains])
    later = np.array([len(before.chains) + place for place in sources], np.int64)
    if np.isin(all_chains["origin"][later], later).any():
        for row in later:  # one continues another of them, which must be filled before
            _continue(all_legs, all_chains, row[np.newaxis])
    else:
        _continue(all_legs, all_chains, later)
    arrays = Arrays(
        book.assets, book.accounts, before.opens, before.expects, before.closes,
        all_legs, all_chains,
    )  # fmt: skip
    return Sheet(
        arrays,
        continued,
        legs.chain_id[starts],
        np.full(len(starts), book.institution(institution), np.int32),
        legs.value_on[starts],
        legs.of_id[starts],
    )


def original_ids(legs: LegColumns) -> set[UUID]:
    """Return the ids of the chains that chains of these legs continue."""
    return set(_originals(legs, legs.starts).values())


def _originals(legs: LegColumns, starts: Numbers) -> dict[int, UUID]:
    """Return, by the place of each chain that continues another, the id of that one."""
    later = np.flatnonzero(legs.kind[starts] >= kernel.COMMIT)
    return {place: UUID(bytes=legs.of_id[starts[place]].tobytes()) for place in later.tolist()}


def _sources(
    legs: LegColumns,
    starts: Numbers,
    originals: Mapping[int, UUID],
    on_record: Mapping[ChainKey, int],
    institution: str,
    past: Records,
    chains: Records,
) -> dict[int, int]:
    """Set the origin of each chain that continues another; return how many legs it takes over.

    A chain continues another only if that one is on record or stands before it.
    """
    if not originals:
        return {}
    rows = {
        key[1].to_bytes(16, "big"): row for key, row in on_record.items() if key[0] == institution
    }
    own_sizes = np.diff(np.append(starts, len(legs)))
    sizes: dict[int, int] = {}
    for place, one in enumerate(each.tobytes() for each in legs.chain_id[starts]):
        if place in originals:
            origin = rows.get(originals[place].bytes, kernel.NONE)
            chains["origin"][place] = origin
            if origin == kernel.NONE:
                sizes[place] = 0
            elif origin < len(past):
                sizes[place] = int(past["leg_end"][origin] - past["leg_first"][origin])
            else:
                fresh = origin - len(past)
                sizes[place] = sizes.get(fresh, int(own_sizes[fresh]))
        rows.setdefault(one, len(past) + place)
    return sizes


def _own_legs(
    legs: LegColumns,
    starts: Numbers,
    ends: Numbers,
    sizes: Numbers,
    is_own: npt.NDArray[np.bool_],
    book: Book,
    institution: str,
) -> Records:
    """Return room for the legs of all chains, filled for those that bring their own."""
    made = np.zeros(int(sizes.sum()), forms.LEG)
    made["source"] = kernel.NONE
    made["cap"] = kernel.NO_CAP
    given = np.repeat(is_own, sizes)
    counts = np.where(is_own, ends - starts, 0)
    rows = np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
    made["debit"][given] = book.rows_of(legs.debit_account_id[rows], institution)
    made["credit"][given] = book.rows_of(legs.credit_account_id[rows], institution)
    made["amount"][given] = legs.amount[rows]
    made["cap"][given] = legs.cap[rows]
    made["spills"][given] = legs.spills[rows]
    return made


def _continue(legs: Records, chains: Records, rows: Numbers) -> None:
    """Fill the legs of chains that continue others, each by itself, from those of the others."""
    counts = chains["leg_end"][rows] - chains["leg_first"][rows]
    steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    own = np.repeat(chains["leg_first"][rows], counts) + steps
    source = np.repeat(chains["leg_first"][chains["origin"][rows]], counts) + steps
    is_reverse = np.repeat(chains["kind"][rows] == kernel.REVERSE, counts)
    debit, credit = legs["debit"][source], legs["credit"][source]
    legs["debit"][own] = np.where(is_reverse, credit, debit)
    legs["credit"][own] = np.where(is_reverse, debit, credit)
    legs["amount"][own] = kernel.ALL
    legs["source"][own] = source


def accounts_of(legs: LegColumns) -> Numbers:
    """Return the numbers of the accounts that legs name, some more than once."""
    own = legs.kind <= kernel.HOLD
    if own.all():
        return np.concatenate([legs.debit_account_id, legs.credit_account_id])
    return np.concatenate([legs.debit_account_id[own], legs.credit_account_id[own]])
