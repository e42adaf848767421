"""A small bank's day for tests: who is on record, and loans to write in every format."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from qianhai.messages import write_csv, write_jsonl, write_pain001, write_xlsx

COLUMNS = (
    "id", "facility", "action", "of", "value_date", "lender", "bank", "borrower",
    "amount.amount", "amount.currency", "is_genuine",
)  # fmt: skip
#: A bank, two enterprises of the zone with money and equity, and a borrower overseas.
PARTIES: list[dict[str, object]] = [
    {
        "kind": "party", "id": "firm", "type": "enterprise", "jurisdiction": "CN",
        "area": "original", "name": "某企业", "identifiers": {"uscc": "91440300708461136T"},
    },
    {"kind": "party", "id": "abroad", "type": "enterprise", "jurisdiction": "HK", "name": "某商行"},
    {
        "kind": "party", "id": "bank", "type": "bank", "jurisdiction": "CN", "name": "某银行",
        "identifiers": {"bic": "QXHBCNBS"},
    },
    {
        "kind": "attribute", "party": "firm", "name": "equity",
        "value": {"amount": "1000000.00", "currency": "CNY"},
    },
    {
        "kind": "account", "number": "6200001", "party": "firm", "bank": "bank", "currency": "CNY",
        "account_kind": "settlement", "opening_balance": "5000000.00",
    },
]  # fmt: skip


def loan(number: str, amount: str = "1000.00", **changes: str) -> dict[str, str]:
    """Return a loan overseas, permitted as it stands; columns of another name as `x__y`."""
    row = {
        "id": number,
        "facility": "overseas_lending",
        "value_date": "2025-06-30",
        "lender": "firm",
        "bank": "bank",
        "borrower": "abroad",
        "amount.amount": amount,
        "amount.currency": "CNY",
        "is_genuine": "true",
    }
    row |= {name.replace("__", "."): text for name, text in changes.items()}
    return {name: text for name, text in row.items() if text}


def parties_file(folder: Path, *more: Mapping[str, object]) -> Path:
    """Write the register of the day, with more entries."""
    path = folder / "parties.jsonl"
    rows = [{"since": "2020-01-01", **row} for row in [*PARTIES, *more]]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def csv_file(path: Path, *rows: Mapping[str, str]) -> Path:
    """Write loans as CSV, with every column that one of them has."""
    names = [*COLUMNS, *(name for row in rows for name in row if name not in COLUMNS)]
    write_csv(path, list(dict.fromkeys(names)), rows)
    return path


def jsonl_file(path: Path, *rows: Mapping[str, str]) -> Path:
    """Write loans as JSONL."""
    write_jsonl(path, rows)
    return path


def xlsx_file(path: Path, *rows: Mapping[str, str]) -> Path:
    """Write loans as a workbook."""
    write_xlsx(path, COLUMNS, rows)
    return path


def message(path: Path, version: str, rows: Iterable[Mapping[str, str]]) -> Path:
    """Write loans as a pain.001; the debtor is named by its code, the agent by its BIC."""
    write_pain001(
        path,
        [_transaction(row) for row in rows],
        version=f"pain.001.001.{version}",
        message_id=f"MSG-{path.stem}",
        created_at=datetime(2025, 6, 30, 1, 0, tzinfo=UTC),
        initiator="Some Firm",
    )
    return path


def _transaction(row: Mapping[str, str]) -> dict[str, str]:
    fields = {
        "id": row["id"],
        "facility": row.get("facility", ""),
        "value_date": row["value_date"],
        "iso.end_to_end_id": row["id"],
        "iso.payment_method": "TRF",
        "iso.instructed_amount.amount": row["amount.amount"],
        "iso.instructed_amount.currency": row["amount.currency"],
        "iso.debtor.name": "Some Firm",
        "iso.debtor.id": "91440300708461136T",
        "iso.debtor.account": "6200001",
        "iso.debtor_agent.bic": "QXHBCNBS",
        "iso.creditor.name": "Overseas",
        "iso.creditor.id": "abroad",
        "is_genuine": row.get("is_genuine", ""),
    }
    return {name: text for name, text in fields.items() if text}
