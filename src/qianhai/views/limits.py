"""A party's limits as a document, with what each ceiling rests on; rows for a file."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, Final

from qianhai.instructions import Headroom, PastLine
from qianhai.kernel import format_minor
from qianhai.ledger import AccountSpec, LimitUse, StatementLine
from qianhai.messages import Cell
from qianhai.policy import Facility, Pack
from qianhai.views.flaws import Document
from qianhai.views.ledger import statement_line

#: The columns of a party's limits as a file.
LIMIT_COLUMNS: Final = (
    "measure", "facility", "action", "id", "clause", "zh", "en", "window", "order", "pools",
    "asset", "cap", "used", "left", "is_over_cap", "account", "missing",
)  # fmt: skip


def limits_document(
    party: str, day: date, rooms: Iterable[Headroom], pack: Pack | None = None
) -> Document:
    """Return what a party has used and has left under each limit on a day.

    With the pack also the title of each business, and the values of the regulation that each
    ceiling rests on, with the day they hold from and their source.
    """
    lines = []
    for room in rooms:
        use = asdict(room.use)
        use.pop("asked")
        line = {
            "facility": room.facility,
            "measure": room.measure,
            "action": room.action,
            "role": room.role,
            **use,
            "window": room.window,
            "zh": room.zh,
            "en": room.en,
            "missing": list(room.missing),
            "account": room.account,
            "clause": room.clause,
            "order": room.order,
            "pools": room.pools,
            "is_over_cap": room.is_over_cap,
        }
        if pack is not None:
            title = pack.facilities[room.facility].title
            line["title"] = {"zh": title.zh, "en": title.en}
            line["rests_on"] = [_value(pack, name, day) for name in room.parameters]
        lines.append(line)
    return {"party": party, "on": day.isoformat(), "limits": lines}


def _value(pack: Pack, name: str, day: date) -> Document:
    """Return the value of a parameter on a day: since when it holds, and by what."""
    parameter = pack.parameters[name]
    held = parameter.on(day)
    return {
        "id": name,
        "zh": parameter.title.zh,
        "en": parameter.title.en,
        "value": held.value if held else None,
        "unit": {"zh": parameter.unit.zh, "en": parameter.unit.en},
        "since": held.first.isoformat() if held else None,
        "source": parameter.source,
    }


def limit_rows(document: Mapping[str, Any]) -> Iterator[dict[str, Cell]]:
    """Yield a document's limits as rows of a file; figures are numbers."""
    for line in document["limits"]:
        row: dict[str, Cell] = {name: line[name] for name in LIMIT_COLUMNS if name in line}
        for name in ("cap", "used", "left"):
            row[name] = Decimal(line[name]) if line[name] is not None else None
        row["is_over_cap"] = "true" if line["is_over_cap"] else "false"
        row["missing"] = " ".join(line["missing"])
        yield row


def limit_use_document(use: LimitUse) -> Document:
    """Return what is used of a limit's account, as the ledger last saw its cap."""

    def said(number: int | None) -> str | None:
        return None if number is None else format_minor(number, use.scale)

    return {
        "account": use.name,
        "party": use.holder,
        "asset": use.asset.removeprefix("quota."),
        "used": said(use.used),
        "cap": said(use.cap_seen),
        "left": said(use.left),
        "over": said(None if use.cap_seen is None else max(0, use.used - use.cap_seen)),
    }


def draw_documents(
    spec: AccountSpec,
    lines: Iterable[StatementLine],
    drawn: Mapping[int, PastLine],
    lasts: Mapping[str, int],
) -> list[Document]:
    """Return the lines of an account, each with the instruction that moved it.

    `lasts` are the last transfers of chains by their id, `drawn` decisions by that transfer.
    """
    found = []
    for line in lines:
        one = drawn.get(lasts.get(str(line.chain_id), 0))
        found.append(
            {
                **statement_line(line, spec.asset.scale),
                "used": format_minor(line.balance, spec.asset.scale),
                "instruction": one.id if one else None,
                "facility": one.facility if one else None,
                "action": one.action if one else None,
            }
        )
    return found


def pools_document(pack: Pack) -> list[Document]:
    """Return the limits that draw on several pools, each pool in the order it is drawn."""
    found: list[Document] = []
    for facility in pack.facilities.values():
        for name, action in facility.actions.items():
            found += [
                {
                    "measure": facility.measure,
                    "facility": facility.id,
                    "title": {"zh": facility.title.zh, "en": facility.title.en},
                    "action": name,
                    "limit": limit.id,
                    "clause": limit.clause or action.clause,
                    "order": order,
                    "pool": pool.id,
                    "holder": pool.holder,
                    "whose": _whose(facility, pool.holder),
                    "zh": pool.zh,
                    "en": pool.en,
                    "cap": pool.cap,
                    "when": pool.when,
                }
                for limit in action.limits
                if len(limit.parts) > 1
                for order, pool in enumerate(limit.parts, 1)
            ]
    return found


def _whose(facility: Facility, role: str) -> dict[str, str]:
    """Return what a role is called; a holder that is a fact by that fact."""
    model = facility.parties.get(role) or facility.facts.get(role)
    return {"zh": model.zh, "en": model.en} if model else {"zh": role, "en": role}
