"""Each chain's result, in the order the chains were handed in.

Holds how an answer is read from a batch or from what is on record. Must not decide anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from uuid import UUID

import numpy as np

from qianhai.ledger import kernel
from qianhai.ledger.book import Book
from qianhai.ledger.columns import Detail, day_of, instant_of
from qianhai.ledger.decode import ContentOf, Entries
from qianhai.ledger.encode import ChainKey, Sheet, key_of
from qianhai.ledger.encode_legs import Choice
from qianhai.ledger.legs import LegColumns, PostedColumns
from qianhai.ledger.model import Chain, ChainResult, Result
from qianhai.ledger.past import RESULTS, PastChain, PastLeg


def answer(
    chains: Sequence[Chain | None],
    sheet: Sheet,
    entries: Entries,
    book: Book,
    past: Mapping[ChainKey, PastChain],
) -> list[ChainResult]:
    """Return each chain's result.

    Of chains with one id the first decides: equal content is answered the same, other content is
    a conflict; while the first is stale all of them are, because nothing of them is kept.
    """
    if len(sheet.chains) == len(chains):  # every chain is new and stands once
        return list(_fresh(sheet, entries))
    found = dict(zip(map(key_of, sheet.chains), _fresh(sheet, entries), strict=True))
    answered: set[ChainKey] = set()
    results = []
    for chain in chains:
        if chain is None:
            results.append(ChainResult(Result.POSTED))
            continue
        key = key_of(chain)
        known = past.get(key)
        if known is None:
            result = found[key]
            if key not in answered or result.result is Result.STALE:
                answered.add(key)
                results.append(result)
                continue
            known = _written(sheet, entries, key)
        is_same = known.is_asked_by(chain, partial(book.number, chain.institution_id))
        results.append(known.answer(first=False) if is_same else ChainResult(Result.ID_CONFLICT))
    return results


def _fresh(sheet: Sheet, entries: Entries) -> Iterator[ChainResult]:
    """Yield the results of the new chains, in their order."""
    if not sheet.chains:
        return
    rows, legs = sheet.fresh, sheet.arrays.legs
    taken = np.where(legs["posted"] != 0, legs["posted"], np.maximum(legs["held"], 0))
    asked, amounts = legs["asked"].tolist(), taken.tolist()
    available = (legs["debit_balance"] - legs["debit_pending"]).tolist()
    used = (legs["credit_balance"] + legs["credit_pending"]).tolist()
    before = list(zip(available, used, strict=True))
    names = ("verdict", "failed_leg", "leg_first", "tried")
    columns = [rows[name].tolist() for name in names]
    written = entries.chains
    numbers = iter(
        zip(
            written["has_transfers"].tolist(),
            written["transfer_first"].tolist(),
            written["transfer_last"].tolist(),
            strict=True,
        )
    )
    for verdict, failed, first, tried in zip(*columns, strict=True):
        if verdict == kernel.STALE:
            yield ChainResult(Result.STALE)
            continue
        has_transfers, seq_first, seq_last = next(numbers)
        end = first + tried
        yield ChainResult(
            RESULTS[verdict],
            None if failed == kernel.NONE else failed,
            tuple(asked[first:end]),
            tuple(amounts[first:end]),
            tuple(before[first:end]),
            seq_first if has_transfers else None,
            seq_last if has_transfers else None,
        )


def _written(sheet: Sheet, entries: Entries, key: ChainKey) -> PastChain:
    """Return a chain of this batch as it will stand on record."""
    place = sheet.rows[key] - sheet.first
    chain = sheet.chains[place]
    return _stands(sheet, entries, place, chain.institution_id, chain.id)


def _stands(
    sheet: Sheet, entries: Entries, place: int, institution: str, number: UUID
) -> PastChain:
    """Return the chain at a place among the new ones as it will stand on record."""
    stands = int((sheet.fresh["verdict"][: place + 1] != kernel.STALE).sum()) - 1
    row = entries.chains[stands]
    legs = []
    first, last = int(row["transfer_first"]), int(row["transfer_last"])
    if row["has_transfers"]:
        start = first - int(entries.transfers["seq"][0])
        legs = [past_leg(one) for one in entries.transfers[start : start + last - first + 1]]
    return PastChain(
        int(row["seq"]),
        institution,
        number,
        int(row["kind"]),
        day_of(row["value_on"]),
        instant_of(row["posted_at"]),
        int(row["result"]),
        first if row["has_transfers"] else None,
        last if row["has_transfers"] else None,
        UUID(bytes=row["of_id"].tobytes()) if row["has_origin"] else None,
        instant_of(row["expires_at"]) if row["is_expiring"] else None,
        entries.details.get(stands, Detail()),
        legs,
    )


def answer_legs(
    legs: LegColumns,
    choice: Choice,
    sheet: Sheet,
    entries: Entries,
    past: Mapping[ChainKey, PastChain],
    institution: str,
) -> PostedColumns:
    """Return what became of each chain that came in columns, by the same rules as `answer`."""
    posted = PostedColumns.empty(len(legs.starts))
    fresh = sheet.fresh
    posted.result[choice.places] = fresh["verdict"]
    posted.failed_leg[choice.places] = fresh["failed_leg"]
    posted.transfer_first[choice.places] = entries.chains["transfer_first"]
    if not choice.repeats:
        return posted
    bounds = np.append(legs.starts, len(legs))
    places = {place: at for at, place in enumerate(choice.places.tolist())}
    for place, first in choice.repeats:
        number = UUID(bytes=legs.chain_id[bounds[place]].tobytes())
        known = (
            past[institution, number.int]
            if first < 0
            else _stands(sheet, entries, places[first], institution, number)
        )
        amounts = tuple(-leg.held for leg in known.legs)
        wanted = legs.wanted(int(bounds[place]), int(bounds[place + 1]), amounts)
        is_same = known.is_wanted(wanted)
        failed = known.detail.failed_leg
        posted.result[place] = known.result if is_same else kernel.ID_CONFLICT
        posted.failed_leg[place] = failed if is_same and failed is not None else kernel.NONE
        posted.transfer_first[place] = (known.transfer_first or 0) if is_same else 0
        posted.is_first[place] = not is_same
    return posted


def content_of(legs: LegColumns, choice: Choice) -> ContentOf:
    """Return what gives the salted digest of a chosen chain's content, by its place among them."""
    bounds = np.append(legs.starts, len(legs))

    def content(place: int, salt: bytes) -> bytes:
        chain = int(choice.places[place])
        return legs.wanted(int(bounds[chain]), int(bounds[chain + 1]), ()).digest(salt)

    return content


def past_leg(transfer: np.void) -> PastLeg:
    """Return a transfer of a batch as it is read back later."""
    numbers = {name: int(transfer[name]) for name in PastLeg._fields}
    return PastLeg(**numbers)._replace(
        cap=numbers["cap"] if transfer["has_cap"] else None,
        spilled=numbers["spilled"] if transfer["is_spilling"] else None,
    )
