"""The files of the sample day: register, four formats of instructions, what is expected.

Holds how a case is put into a format. Must not know what a case means: which role is the debtor
of a message is the pack's to say.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from qianhai.kernel import SHANGHAI
from qianhai.messages import Cell, write_csv, write_jsonl, write_pain001, write_xlsx
from qianhai.policy import Facility, Policy
from sample_day.banks import SHEKOU, VICTORIA
from sample_day.cast import Cast
from sample_day.day import Case, Day

_LEADING: Final = ("id", "facility", "action", "of", "value_date")
#: Text that only looks like a number: ids and account numbers keep every digit.
_IS_TEXT: Final = re.compile(r"id|of|.*_id|.*\.account")
_SENT_AT: Final = datetime(2025, 6, 30, 8, 30, tzinfo=SHANGHAI)
_SENDER: Final = "Qianhai Bay Bank, corporate channel"


def write_register(path: Path, cast: Cast) -> None:
    """Write the register as JSONL, one entry a line, nested as it was entered."""
    lines = (json.dumps(entry, ensure_ascii=False) + "\n" for entry in cast.entries)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


def write_day(folder: Path, day: Day, policy: Policy) -> None:
    """Write every file of the day, each in its format."""
    plain = [case.fields for case in day.of("day.csv")]
    write_csv(folder / "day.csv", columns_of(plain), plain)
    write_jsonl(folder / "day.jsonl", [_ordered(case.fields) for case in day.of("day.jsonl")])
    typed = [_typed(case.fields) for case in day.of("day.xlsx")]
    write_xlsx(folder / "day.xlsx", columns_of(typed), typed, sheet="instructions")
    for name, version, message in (
        ("day.xml", "pain.001.001.09", "QXHB-20250630-1"),
        ("legacy.xml", "pain.001.001.03", "QXHB-20250630-2"),
    ):
        rows = [as_payment(case, day.cast, policy, version) for case in day.of(name)]
        write_pain001(
            folder / name,
            rows,
            version=version,
            message_id=message,
            created_at=_SENT_AT,
            initiator=_SENDER,
        )


def write_expected(path: Path, day: Day, files: Sequence[str]) -> None:
    """Write what each line must be answered, in the order in which the files are read."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "outcome", "reason", "note"))
        for name in files:
            for case in day.of(name):
                writer.writerow((case.id, case.outcome, case.reason, case.note))


def columns_of(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Return every column some row has: first what all have, then the rest by name.

    >>> columns_of([{"id": "1", "b": "x"}, {"id": "2", "a": "y", "of": "1"}])
    ['id', 'of', 'a', 'b']
    """
    names = {name for row in rows for name in row}
    return [
        *(name for name in _LEADING if name in names),
        *sorted(names - set(_LEADING)),
    ]


def _ordered(fields: Mapping[str, str]) -> dict[str, Cell]:
    return {name: fields[name] for name in columns_of([fields])}


def _typed(fields: Mapping[str, str]) -> dict[str, Cell]:
    """Return a row as a person types it into a sheet: numbers and days as such."""
    return {name: _cell(name, text) for name, text in fields.items()}


def _cell(name: str, text: str) -> Cell:
    """Return one cell's value.

    >>> _cell("amount.amount", "1.50"), _cell("value_date", "2025-06-30"), _cell("of", "12")
    (Decimal('1.50'), datetime.date(2025, 6, 30), '12')
    """
    if _IS_TEXT.fullmatch(name):
        return text
    if text in {"true", "false"}:
        return text == "true"
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return date.fromisoformat(text)
    return Decimal(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else text


def as_payment(case: Case, cast: Cast, policy: Policy, version: str) -> dict[str, str]:
    """Return a case as the row a payment message gives: roles become ends of the payment."""
    fields = dict(case.fields)
    facility = policy.pack.facilities.get(fields.get("facility", ""))
    row: dict[str, str] = {
        name: fields.pop(name)
        for name in ("id", "facility", "action", "value_date")
        if name in fields
    }
    instructed = _instructed(facility)
    currency = fields[f"{instructed}.currency"]
    for leaf in ("amount", "currency"):
        row[f"iso.instructed_amount.{leaf}"] = fields.pop(f"{instructed}.{leaf}")
    for role, end in _ends(facility).items():
        if role in fields:
            party, account = fields.pop(role), fields.pop(f"{role}.account", "")
            is_agent = end.endswith("_agent")
            named = _agent(cast, party) if is_agent else _end(cast, party, account, currency)
            row |= {f"iso.{end}.{leaf}": text for leaf, text in named.items()}
    if not any(name.startswith("iso.debtor_agent.") for name in row):
        row |= {f"iso.debtor_agent.{leaf}": text for leaf, text in _agent(cast, VICTORIA).items()}
    if version == "pain.001.001.03":  # which has no element for a legal entity identifier
        row = {name.replace(".lei", ".id"): text for name, text in row.items()}
    return row | fields


def _instructed(facility: Facility | None) -> str:
    facts = facility.facts if facility else {}
    return next((name for name, fact in facts.items() if fact.iso == "instructed_amount"), "amount")


def _ends(facility: Facility | None) -> dict[str, str]:
    """Return which end of a payment each role is; a message without a facility names the ends."""
    if facility is None:
        return {end: end for end in ("debtor", "debtor_agent", "creditor")}
    return {role: party.iso for role, party in facility.parties.items() if party.iso}


def _agent(cast: Cast, party: str) -> dict[str, str]:
    """Name a bank, one by its number in the payment system and the others by their BIC."""
    identifiers = cast.identifiers(party)
    if party == SHEKOU:
        return {
            "name": cast.name(party),
            "member": identifiers["cnaps"],
            "clearing_system": "CNAPS",
        }
    return {"name": cast.name(party), "bic": identifiers["bic"]}


def _end(cast: Cast, party: str, account: str, currency: str) -> dict[str, str]:
    """Name the debtor or creditor as its counterparty knows it: by BIC, registration, LEI, account.

    Who has neither identifier nor account on record keeps the id of the register.
    """
    identifiers = cast.identifiers(party)
    number = account or cast.number_of(party, currency)
    row = {"name": cast.name(party), "account": number or f"OTH-{party}"}
    for scheme, leaf in (("bic", "bic"), ("hk_brn", "id"), ("lei", "lei")):
        if scheme in identifiers:
            return row | {leaf: identifiers[scheme]}
    return row if number else row | {"id": party}
