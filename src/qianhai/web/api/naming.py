"""What a request names: a facility and action, readings, days, pages; and what is wrong with it.

Must not read a body.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from starlette.responses import JSONResponse

from qianhai.identity import Role
from qianhai.kernel import BadInput, Flaw, Place, nearest, parse_date
from qianhai.policy import Compiled, Policy
from qianhai.web import faults
from qianhai.web.visitor import Visitor

PAGE_MAX: Final = 200
#: Roles that see the business of their institution; a party alone sees its own.
SEEING_ALL: Final = (
    Role.BANK_OFFICER, Role.APPROVER, Role.SUPERVISOR, Role.POLICY_AUTHOR, Role.AUDITOR,
)  # fmt: skip


def told(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Answer with a document as it is; its form is declared beside the route."""
    return JSONResponse(document, status, dict(headers or {}))


def refused(code: str, field: str, value: str, expected: str, *, en: str, zh: str) -> BadInput:
    """Return the fault of one field of a request."""
    return BadInput([Flaw(code, Place("request", column=field), value, expected, en, zh)])


def unknown(field: str, zh: str, value: str, known: Iterable[str]) -> BadInput:
    """Say that there is no such name, with the nearest one."""
    near = nearest(value, list(known))
    hint, zh_hint = (f" Nearest name: `{near}`.", f"相近名称：“{near}”。") if near else ("", "")
    return refused(
        "W001",
        field,
        value,
        f"a {field} of the pack",
        en=f"unknown {field} `{value}`.{hint} The lists of /api/v1 show what there is.",
        zh=f"未知的{zh}“{value}”。{zh_hint}可在 /api/v1 的列表中查看。",
    )


def find_action(policy: Policy, facility: str, action: str) -> Compiled:
    """Return the action a request names.

    Raises:
        BadInput: no such facility or action; the nearest name is told.
    """
    model = policy.pack.facilities.get(facility)
    if model is None:
        raise unknown("facility", "业务", facility, policy.pack.facilities)
    if action and action not in model.actions:
        raise unknown("action", "操作", action, model.actions)
    return policy.compiled(facility, action)


def checked_switches(policy: Policy, switches: Mapping[str, str]) -> dict[str, str]:
    """Return the readings a request chooses.

    Raises:
        BadInput: no such reading, or not that value of it.
    """
    for name, value in switches.items():
        switch = policy.pack.switches.get(name)
        if switch is None:
            raise unknown("switch", "读法开关", name, policy.pack.switches)
        if value not in switch.values:
            raise unknown("switch value", "读法取值", value, switch.values)
    return dict(switches)


def day_in(text: str | None, field: str) -> date | None:
    """Return the day of a field, or None where it is left out.

    Raises:
        BadInput: the text is no day.
    """
    if not text:
        return None
    try:
        return parse_date(text)
    except ValueError:
        raise refused(
            "W002",
            field,
            text,
            "a day as YYYY-MM-DD",
            en=f"`{text}` is no day; write it as YYYY-MM-DD.",
            zh=f"“{text}”不是日期，请写成 YYYY-MM-DD。",
        ) from None


def party_of(visitor: Visitor, party: str) -> str:
    """Return the party a visitor asks about: anybody for an officer, itself for a party.

    Raises:
        Turned: another's business.
    """
    if not visitor.roles.intersection(SEEING_ALL) and visitor.known.party != party:
        raise faults.not_found()
    return party


def own_party(visitor: Visitor) -> str | None:
    """Return the party whose business is all this visitor sees; None for who sees all."""
    if visitor.roles.intersection(SEEING_ALL):
        return None
    return visitor.known.party or ""


def cursor(*key: object) -> str:
    """Return where a page ended, to go on from; opaque to whoever carries it.

    >>> position(cursor("2026-03-02", "A-1"), str, str)
    ['2026-03-02', 'A-1']
    """
    text = json.dumps(key, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def position(text: str, *kinds: Callable[[Any], Any]) -> list[Any]:
    """Return the key of a cursor, by the kinds of its parts.

    Raises:
        BadInput: it is no cursor of this list.
    """
    try:
        raw = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
        found = json.loads(raw)
        parts = found if isinstance(found, list) else []
        return [kind(one) for kind, one in zip(kinds, parts, strict=True)]
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, binascii.Error):
        raise refused(
            "W003",
            "cursor",
            text[:80],
            "the `next` of the page before",
            en="this cursor is of no page here; take `next` of the page before, or leave it out.",
            zh="游标不属于此列表，请使用上一页返回的 next，或不填写。",
        ) from None
