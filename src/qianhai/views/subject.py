"""Everything on record about one subject, as a document for programs and as a page for people.

Must not read a row: rooms do, and record it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from qianhai.registers import Held
from qianhai.views.flaws import Document

_STYLE = (
    "body{font:16px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;margin:2rem;color:#1a1f26}"
    "table{border-collapse:collapse;margin:0 0 2rem;font-size:14px}"
    "caption,h2{text-align:left;font-weight:600}th,td{border-bottom:1px solid #c5ccd3;"
    "padding:.3rem .8rem;text-align:left;vertical-align:top}"
)
_TITLES: Mapping[str, tuple[str, str]] = {
    "parties": ("身份", "Who you are"),
    "attributes": ("属性", "Attributes"),
    "qualifications": ("资格", "Qualifications"),
    "holdings": ("持股", "Holdings"),
    "accounts": ("账户", "Accounts"),
    "records": ("存档文件", "Papers on file"),
    "consents": ("同意", "Consents"),
    "instructions": ("业务及判定", "Business and decisions"),
    "reports": ("报送记录", "Reports made"),
    "accesses": ("查阅记录", "Who read it"),
    "retention": ("须依法保存的内容", "What the law has us keep"),
}


def subject_document(
    subject: str,
    found: Held,
    business: Mapping[str, Sequence[Mapping[str, Any]]],
    kept: Sequence[Document],
    *,
    institution_id: str,
    at: datetime,
) -> Document:
    """Return all that is on record about a subject, in plain JSON."""
    return {
        "subject": subject,
        "institution": institution_id,
        "made_at": at.isoformat(),
        **{name: _plain(rows) for name, rows in found.registers.items()},
        **{name: _plain(rows) for name, rows in business.items()},
        "accesses": _plain(found.accesses),
        "retention": list(kept),
    }


def subject_page(document: Document) -> str:
    """Return the same as one HTML page that needs nothing else to be read or printed."""
    parts = [
        '<!doctype html><html lang="zh-Hans"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{escape(str(document['subject']))}</title><style>{_STYLE}</style>",
        f"<h1>个人信息副本 · A copy of your data: {escape(str(document['subject']))}</h1>",
        f"<p>{escape(str(document['institution']))} · {escape(str(document['made_at']))}</p>",
    ]
    for name, (zh, en) in _TITLES.items():
        rows = document.get(name)
        parts.append(f"<h2>{zh} · {en}</h2>")
        assert isinstance(rows, list), "every part is a list of rows"
        parts.append(_table(rows) if rows else "<p>无 · nothing</p>")
    return "".join(parts) + "</html>\n"


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(row.get(name))}</td>' for name in names)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return "<br>".join(f"{escape(str(name))}: {_cell(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return "<br>".join(map(_cell, value))
    return "" if value is None else escape(str(value))


def _plain(rows: Sequence[Mapping[str, Any]]) -> list[Document]:
    return [{name: _value(value) for name, value in row.items()} for row in rows]


def _value(value: Any) -> object:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, Mapping):
        return {str(name): _value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_value(inner) for inner in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
