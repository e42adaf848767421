"""Regulatory records and returns as documents, and as rows of a sheet.

One document feeds `--json` and the terminal. Must not fill in, compare or mend anything.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from qianhai.instructions import Difference, Return, Version, amount_of
from qianhai.messages import Cell
from qianhai.policy import Pack, ReportField, ReportForm
from qianhai.views.flaws import Document

#: What a difference is called.
DIFFERENCE_WORDS: Mapping[str, tuple[str, str]] = {
    "amount": ("报告与账本金额不一致", "record and ledger differ"),
    "no_record": ("应报未报", "owed, and no record"),
    "not_owed": ("有报告而无准予的业务", "a record that no permission owes"),
}


def form_document(pack: Pack, name: str) -> Document:
    """Return what one report is: whose, under which rule, when, and every field."""
    form, term = pack.form(name), pack.vocabulary["reports"][name]
    return {
        "report": name,
        "zh": term.zh,
        "en": term.en,
        "regulator": {"zh": form.regulator.zh, "en": form.regulator.en},
        "source": form.source,
        "confidence": form.confidence,
        "counts": form.counts,
        "period": form.returns.period,
        "by": list(form.returns.by),
        "inputs": {key: _field_words(one) for key, one in form.facts.items()},
        "fields": {key: _field_words(one) for key, one in form.fields.items()},
        "lines": {key: _field_words(one) for key, one in form.lines.items()},
    }


def _field_words(one: Any) -> Document:  # noqa: ANN401 - a fact or a field, which share no type
    return {"type": one.type, "zh": one.zh, "en": one.en, "optional": one.optional}


def version_document(pack: Pack, version: Version) -> Document:
    """Return one version of a record with the words of its fields."""
    form, record = version.form, version.record
    return {
        "instruction": version.instruction_id,
        "report": version.kind,
        "version": version.version,
        "period": version.period,
        "facility": version.facility,
        "action": version.action,
        "value_date": version.value_on.isoformat(),
        "created_at": version.created_at.isoformat(),
        "by": version.actor or None,
        "why": version.reason or None,
        "erased": record is None,
        "fields": _told(pack, form.fields, record.fields, version.value_on) if record else [],
        "lines": [
            _told(pack, form.lines, line, version.value_on)
            for line in (record.lines if record else ())
        ],
        "missing": list(record.missing) if record else [],
        "unproven": list(record.unproven) if record else [],
    }


def _told(
    pack: Pack, fields: Mapping[str, ReportField], values: Mapping[str, str | None], on: date
) -> list[Document]:
    return [
        {
            "field": name,
            "zh": one.zh,
            "en": one.en,
            "value": values[name],
            **_meaning(pack, one, values[name], on),
        }
        for name, one in fields.items()
        if name in values
    ]


def _meaning(pack: Pack, one: ReportField, value: str | None, on: date) -> Document:
    """Return what a code means, where its table says so."""
    code = pack.codes[one.table].on(value, on) if value and one.table in pack.codes else None
    if code is None:
        return {}
    return {"means": {"zh": code.zh, "en": code.en, "confidence": code.confidence}}


def record_columns(form: ReportForm) -> tuple[str, ...]:
    """Return the columns of the records of a report, in their order."""
    line = ("line", *form.lines) if form.lines else ()
    return ("report", "period", "version", "created_at", *form.fields, *line, "missing", "unproven")


def record_rows(version: Version) -> Iterator[dict[str, Cell]]:
    """Yield a record as rows of a sheet: one for each line, or one where it has none."""
    record, form = version.record, version.form
    head: dict[str, Cell] = {
        "report": version.kind,
        "period": version.period,
        "version": version.version,
        "created_at": version.created_at.isoformat(),
    }
    if record is None:
        yield {**head, "instruction": version.instruction_id, "missing": "erased"}
        return
    head |= _cells(form.fields, record.fields)
    head |= {"missing": " ".join(record.missing), "unproven": " ".join(record.unproven)}
    for number, line in enumerate(record.lines, 1):
        yield {**head, "line": number, **_cells(form.lines, line)}
    if not record.lines:
        yield head


def _cells(fields: Mapping[str, ReportField], values: Mapping[str, str | None]) -> dict[str, Cell]:
    return {
        name: _cell(fields[name], value)
        for name, value in values.items()
        if name in fields and value is not None
    }


def _cell(one: ReportField, value: str) -> Cell:
    match one.type:
        case "money" | "number":
            return Decimal(value)
        case "integer":
            return int(value)
        case "date":
            return date.fromisoformat(value)
        case _:
            return value


def return_columns(made: Return) -> tuple[str, ...]:
    """Return the columns of a return, in their order."""
    return ("report", "period", *made.form.returns.by, *_sum_columns(made))


def _sum_columns(made: Return) -> tuple[str, ...]:
    form = made.form
    if not form.lines:
        return ("count",)
    return ("currency", "count", "amount", *(("held",) if form.line_of("held") else ()))


def return_rows(made: Return) -> Iterator[dict[str, Cell]]:
    """Yield the rows of a return, in the order of what they are told by."""
    columns = _sum_columns(made)
    for key, (count, total) in sorted(made.rows.items()):
        *by, currency = key
        row: dict[str, Cell] = {"report": made.kind, "period": made.period, "count": count}
        row |= dict(zip(made.form.returns.by, by, strict=True))
        row |= {
            "currency": currency,
            "amount": amount_of(total.amount, currency),
            "held": amount_of(total.held, currency),
        }
        kept = {"report", "period", *made.form.returns.by, *columns}
        yield {name: value for name, value in row.items() if name in kept}


def return_document(made: Return) -> Document:
    """Return a return with its rows, and the proof that the ledger says the same."""
    return {
        "report": made.kind,
        "period": made.period,
        "records": made.records,
        "corrected": made.corrected,
        "incomplete": made.incomplete,
        "unproven": made.unproven,
        "erased": made.unreadable,
        "rows": [
            {k: format(v, "f") if isinstance(v, Decimal) else v for k, v in row.items()}
            for row in return_rows(made)
        ],
        "proof": _proof(made),
        "agrees": made.is_proven,
        "differing": made.differing,
        "differences": [_difference(one) for one in made.differences],
    }


def _written(counted: int, currency: str) -> str:
    return format(amount_of(counted, currency), "f")


def _proof(made: Return) -> list[Document]:
    sides = sorted(made.reported.keys() | made.booked.keys() | made.erased.keys())
    return [
        {
            "currency": currency,
            "side": word,
            "reported": _written(made.reported[side].amount, currency),
            "erased": _written(made.erased[side].amount, currency),
            "ledger": _written(made.booked[side].amount, currency),
            "reported_held": _written(made.reported[side].held, currency),
            "ledger_held": _written(made.booked[side].held, currency),
        }
        for side in sides
        for currency, word in (side,)
    ]


def _difference(one: Difference) -> Document:
    zh, en = DIFFERENCE_WORDS[one.what]
    told: Document = {"instruction": one.instruction_id, "what": one.what, "zh": zh, "en": en}
    if one.what == "amount":
        currency = one.currency
        told |= {
            "currency": currency,
            "side": one.side,
            "reported": _written(one.reported.amount, currency),
            "ledger": _written(one.booked.amount, currency),
            "reported_held": _written(one.reported.held, currency),
            "ledger_held": _written(one.booked.held, currency),
        }
    return told
