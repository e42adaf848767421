"""Each chain's result, in the order the chains were handed in.

Holds how an answer is read from a batch or from what is on record. Must not decide anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from qianhai.ledger import kernel
from qianhai.ledger.book import Book
from qianhai.ledger.columns import Detail, day_of
from qianhai.ledger.decode import Entries
from qianhai.ledger.encode import ChainKey, Sheet
from qianhai.ledger.model import Chain, ChainResult, Result
from qianhai.ledger.past import KIND_NUMBERS, RESULTS, PastChain, PastLeg


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
    found = dict(zip(map(_key, sheet.chains), _fresh(sheet, entries), strict=True))
    answered: set[ChainKey] = set()
    results = []
    for chain in chains:
        if chain is None:
            results.append(ChainResult(Result.POSTED))
            continue
        key = _key(chain)
        known = past.get(key)
        if known is None:
            result = found[key]
            if key not in answered or result.result is Result.STALE:
                answered.add(key)
                results.append(result)
                continue
            known = _written(sheet, entries, book, key)
        is_same = known.is_asked_by(chain, lambda name, of=key[0]: book.number(of, name))
        results.append(
            known.answer(first=False) if is_same else ChainResult(Result.ID_CONFLICT)
        )
    return results


def _key(chain: Chain) -> ChainKey:
    return chain.institution_id, chain.id


def _fresh(sheet: Sheet, entries: Entries) -> Iterator[ChainResult]:
    """Yield the results of the new chains, in their order."""
    if not sheet.chains:
        return
    rows, legs = sheet.fresh, sheet.arrays.legs
    taken = np.where(legs["posted"] != 0, legs["posted"], np.maximum(legs["held"], 0))
    asked, amounts = legs["asked"].tolist(), taken.tolist()
    available = (legs["debit_balance"] - legs["debit_pending"]).tolist()
    used = (legs["credit_balance"] + legs["credit_pending"]).tolist()
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
            tuple(zip(available[first:end], used[first:end], strict=True)),
            seq_first if has_transfers else None,
            seq_last if has_transfers else None,
        )


def _written(sheet: Sheet, entries: Entries, book: Book, key: ChainKey) -> PastChain:
    """Return a chain of this batch as it will stand on record."""
    place = sheet.rows[key] - sheet.first
    chain = sheet.chains[place]
    stands = np.cumsum(sheet.fresh["verdict"] != kernel.STALE) - 1
    row = entries.chains[stands[place]]
    legs = []
    if row["has_transfers"]:
        start = int(row["transfer_first"] - entries.transfers["seq"][0])
        count = int(row["transfer_last"] - row["transfer_first"]) + 1
        legs = [past_leg(transfer) for transfer in entries.transfers[start : start + count]]
    return PastChain(
        int(row["seq"]),
        chain.institution_id,
        chain.id,
        KIND_NUMBERS[chain.kind],
        day_of(row["value_on"]),
        datetime.min,
        int(row["result"]),
        int(row["transfer_first"]) if row["has_transfers"] else None,
        int(row["transfer_last"]) if row["has_transfers"] else None,
        chain.of,
        chain.expires_at,
        entries.details.get(int(stands[place]), Detail()),
        legs,
    )


def past_leg(transfer: np.void) -> PastLeg:
    """Return a transfer of a batch as it is read back later."""
    numbers = {name: int(transfer[name]) for name in PastLeg._fields}
    return PastLeg(**numbers)._replace(
        cap=numbers["cap"] if transfer["has_cap"] else None,
        spilled=numbers["spilled"] if transfer["is_spilling"] else None,
    )
