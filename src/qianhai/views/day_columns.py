"""A day's answers in columns: the lines and the sums of many answers of one kind at once.

Each text is written once for the kind, by the views of one answer, and filled with what differs.
Must say of a row what `outcome_document` and `outcome_line` say of its answer.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qianhai.instructions import Answer, Instruction, Named, Part, escaped, fill, mark, marked
from qianhai.kernel import Place
from qianhai.policy import LimitUse, Pack
from qianhai.views.flaws import Document
from qianhai.views.outcome import csv_line, outcome_document, outcome_line

#: What may not stand in a cell of CSV as it is, or not at its beginning.
_UNPLAIN: Final = '[,"\r\n]|^\\s*[=+\\-@\t＝＋－＠]'


def lines_of(pack: Pack, part: Part) -> tuple[list[str], list[str]]:
    """Return the lines of `outcomes.csv` and of `outcomes.jsonl` for the rows of a part."""
    answer, columns = _shown(part)
    document = outcome_document(pack, answer)
    line = outcome_line(pack, answer, document)
    return _csv_lines(part, line, columns), _json_lines(part, document, columns)


def _csv_lines(part: Part, line: list[str], columns: dict[str, Any]) -> list[str]:
    amounts, currencies = amounts_of(part)
    own = columns | {"amount": amounts, "currency": currencies}
    own = {name: _cells(column.fill_null("")) for name, column in own.items()}
    found: list[str] = fill(csv_line(line), own, len(part)).to_pylist()
    return found


def _json_lines(part: Part, document: Document, columns: dict[str, Any]) -> list[str]:
    text = json.dumps(document, ensure_ascii=False)
    own = columns | {name: escaped(columns[name]) for name in ("id", "file")}
    for name in ("line", "seq"):
        text = text.replace(f'"{mark(name)}"', mark(name))
        own[name] = columns[name].fill_null("null")
    found: list[str] = fill(text + "\n", own, len(part)).to_pylist()
    return found


def _shown(part: Part) -> tuple[Answer, dict[str, Any]]:
    """Return an answer of the part with marks for what differs, and what each stands for."""
    decision, columns = marked(part)
    heads, places = part.block.heads, pa.array(part.places)
    taken = {name: heads[name].take(places).combine_chunks() for name in ("id", "file", "line")}
    columns |= {"id": taken["id"], "file": taken["file"], "line": taken["line"].cast(pa.string())}
    seqs = pa.array(part.seqs)
    columns["seq"] = pc.if_else(pc.equal(seqs, 0), None, seqs).cast(pa.string())
    group = part.judged.group
    shown: Any = mark("line")
    instruction = Instruction(
        mark("id"),
        "",
        group.facility,
        group.action,
        group.value_on,
        {},
        said={_AMOUNT: mark("amount"), _CURRENCY: mark("currency")},
        place=Place(mark("file"), shown),
    )
    seq: Any = mark("seq")
    return Answer(instruction, decision, "posted", seq), columns


#: Where an amount that is no fact stands among what a sender said.
_AMOUNT: Final = "iso.instructed_amount.amount"
_CURRENCY: Final = "iso.instructed_amount.currency"


def _cells(column: Any) -> Any:  # noqa: ANN401 (Arrow has no types)
    """Return texts as they stand in CSV that a spreadsheet may open."""
    if not pc.any(pc.match_substring_regex(column, _UNPLAIN)).as_py():
        return column
    made = [csv_line([text, ""]).removesuffix(",\n") for text in column.to_pylist()]
    return pa.array(made, pa.string())


def amounts_of(part: Part) -> tuple[Any, Any]:
    """Return the amount each row is about and its currency; empty texts where it has none."""
    table, rows = part.judged.group.table, pa.array(part.rows)
    facilities = part.judged.business.rules.policy.pack.facilities
    amount = currency = pa.nulls(len(part), pa.string())
    columns = frozenset(table.column_names)
    sums = facilities[part.judged.group.facility].sums
    for name in (one for one in sums if f"{one}.amount" in columns):
        own = _texts(table, f"{name}.amount", rows)
        stated = pa.nulls(len(part), pa.string())
        if f"{name}.currency" in columns:
            stated = _texts(table, f"{name}.currency", rows)
        is_first = pc.and_(pc.is_null(amount), pc.is_valid(own))
        currency = pc.if_else(is_first, stated, currency)
        amount = pc.coalesce(amount, own)
    return amount.fill_null(""), currency.fill_null("")


def _texts(table: pa.Table, name: str, rows: pa.Array) -> Any:  # noqa: ANN401 (Arrow has no types)
    return table[name].take(rows).combine_chunks().cast(pa.string())


def sums_of(part: Part) -> dict[str, Decimal]:
    """Return the sum of the amounts the rows are about, by currency."""
    amounts, currencies = amounts_of(part)
    is_stated = pc.not_equal(amounts, "")
    if not pc.any(is_stated).as_py():
        return {}
    numbers = amounts.filter(is_stated).cast(pa.decimal128(38, 8))
    table = pa.table({"currency": currencies.filter(is_stated), "amount": numbers})
    summed = table.group_by("currency").aggregate([("amount", "sum")])
    found = zip(summed["currency"].to_pylist(), summed["amount_sum"].to_pylist(), strict=True)
    return {code: value.normalize() for code, value in found}


def limits_of(part: Part) -> Iterator[tuple[int, LimitUse, Named]]:
    """Yield how each pool stood at the last row of each holder, and the place of that row."""
    uses = {use.id: at for at, use in enumerate(part.decision.limits)}
    for column in part.draws:
        accounts, back = np.unique(column.account[::-1], return_index=True)
        for account, row in zip(accounts.tolist(), (len(part) - 1 - back).tolist(), strict=True):
            draw, spec = column.draw, part.specs[account]
            use_id = f"{draw.limit.id}.{draw.pool.id}" if draw.pool.id else draw.limit.id
            use = part.use(uses[use_id], row)
            named = Named(spec.name, draw.asset, draw.scale, spec.holder)
            yield int(part.places[row]), use, named
