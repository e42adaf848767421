"""Effects: what the pack asks the platform to write on file when business is permitted.

Named in `plan/vocabulary/effects.yaml`; a test holds both lists equal. An effect writes in the
road's own transaction or not at all.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qianhai.db import Connection
from qianhai.instructions.gather import Gathering
from qianhai.instructions.model import Known
from qianhai.instructions.schedules import check_terms
from qianhai.instructions.shape import Shaped
from qianhai.instructions.topics import Topic, topics_of
from qianhai.kernel import CURRENCIES, Money, Place, canonical_text, format_minor, scale_of
from qianhai.ledger import balances
from qianhai.policy import Verdict
from qianhai.registers import Entry, Keyring, Register, load

Fields = dict[str, str]


def _file_record(row: Known, args: Mapping[str, str]) -> Fields:
    """Put a record of a kind on file under the instruction's own id."""
    rest = {name: text for name, text in args.items() if name not in {"kind", "party", "id"}}
    fields = {
        "kind": "record",
        "record_kind": args["kind"],
        "id": args.get("id", row.instruction.id),
    }
    if args.get("party"):
        fields["party"] = args["party"]
    return fields | {f"attributes.{name}": text for name, text in rest.items()}


def _grant_qualification(_row: Known, args: Mapping[str, str]) -> Fields:
    """Enter a party on the register of a qualification."""
    return {"kind": "qualification", "party": args["party"], "name": args["name"]}


def _schedule(row: Known, args: Mapping[str, str]) -> Fields:
    """Put the terms of a schedule on file under the id of the business, in place of earlier ones.

    Raises:
        NoSchedule: no schedule can be made of them.
    """
    check_terms(args)
    return _file_record(row, {**args, "id": row.key})


def _end_record(register: Register, row: Known, args: Mapping[str, str]) -> Fields | None:
    """Let a record end: it is not on file from the instruction's day on.

    One filed that very day ends with it. Nothing is written where there is none.
    """
    number = args.get("id", row.key)
    record = register.records(args["kind"], [number])[number]
    if record is None:
        return None
    fields = {"kind": "record", "record_kind": record.kind, "id": record.id, "party": record.party}
    for name, value in record.attributes.items():
        if isinstance(value, Money):
            amount = format_minor(value.minor, scale_of(value.currency))
            fields |= {f"attributes.{name}.amount": amount}
            fields |= {f"attributes.{name}.currency": value.currency}
        else:
            fields |= {f"attributes.{name}": value}
    return {name: text for name, text in fields.items() if text} | _ended(record.since, row)


def _withdraw_qualification(
    register: Register, row: Known, args: Mapping[str, str]
) -> Fields | None:
    """Take a party off the register of a qualification, as a record ends."""
    since = register.qualified_since([args["party"]], args["name"])[args["party"]]
    if since is None:
        return None
    return _grant_qualification(row, args) | _ended(since, row)


def _ended(since: date, row: Known) -> Fields:
    """Return the days of an entry that ends before the instruction's day, or on its own first."""
    last = max(since, row.instruction.value_on - timedelta(days=1))
    return {"since": since.isoformat(), "until": last.isoformat()}


def _open_account(_row: Known, args: Mapping[str, str]) -> Fields:
    """Open an account of a kind, under its number, for a party at a bank."""
    return {"kind": "account", "account_kind": args["kind"]} | {
        name: args[name] for name in ("number", "party", "bank", "currency")
    }


def _close_account(row: Known, args: Mapping[str, str]) -> Fields:
    """End the account that the continued business opened, with the day."""
    assert row.root is not None, "an account is closed by a later action of its opening"
    days = {"since": row.root.value_on, "until": row.instruction.value_on}
    return _open_account(row, args) | {name: day.isoformat() for name, day in days.items()}


_Filing = Callable[[Known, Mapping[str, str]], Fields]
_Ending = Callable[[Register, Known, Mapping[str, str]], Fields | None]
#: Effects that put something on file, and those that let what is on file end.
_FILINGS: Final[Mapping[str, _Filing]] = {
    "file_record": _file_record,
    "grant_qualification": _grant_qualification,
    "schedule": _schedule,
    "open_account": _open_account,
    "close_account": _close_account,
}
_ENDINGS: Final[Mapping[str, _Ending]] = {
    "end_record": _end_record,
    "withdraw_qualification": _withdraw_qualification,
}
#: Effects that need neither the register nor a business that is continued.
PLAIN: Final = frozenset({"file_record", "grant_qualification"})
#: Every effect there is, by the name the pack calls it by.
EFFECTS: Final = frozenset(_FILINGS) | frozenset(_ENDINGS)


def shape_accounts(shaped: Shaped, row: Known, verdict: Verdict, at: Gathering) -> None:
    """Have the ledger open, or close, the accounts effects speak of, with the business's chain.

    A number that another holder has, or an account that is not empty, refuses the chain.
    """
    for _, effect, args in _called(row, verdict):
        if effect not in _ON_ACCOUNTS:
            continue
        spec = at.book.opened(args, args["currency"])
        shaped.opens[spec.name] = spec
        if effect == "open_account":
            shaped.begun.append(spec.name)
            continue
        others = {at.book.opened(args, currency).name for currency in CURRENCIES} - {spec.name}
        found = balances(at.conn, at.institution_id, sorted(others))
        shaped.closes += [spec.name, *sorted(found)]


_ON_ACCOUNTS: Final = ("open_account", "close_account")


def entries_of(register: Register | None, row: Known, verdict: Verdict) -> Iterator[Entry]:
    """Yield what the effects of a permitted action, whose condition holds, put on file.

    `register` is that of the instruction's day; what only files needs none.

    Raises:
        NoSchedule: the terms of a schedule make none.
    """
    for number, name, args in _called(row, verdict):
        if name in _FILINGS:
            fields: Fields | None = _FILINGS[name](row, args)
        else:
            assert register is not None, "what ends is on the register"
            fields = _ENDINGS[name](register, row, args)
        if fields is not None:
            began = {"since": row.instruction.value_on.isoformat()}
            fields = began | fields | {"evidence": row.instruction.id}
            yield Entry(Place("effect", number, name), fields)


def _called(row: Known, verdict: Verdict) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Yield the effects of an action whose condition holds, with their arguments as texts."""
    for number, effect in enumerate(row.compiled.action.effects):
        if verdict.guards[f"effect.{number}.when"]:
            args: dict[str, str] = {}
            for name in effect.args:
                args |= _texts(row, f"effect.{number}.{name}", name, verdict)
            yield number, effect.name, args


@dataclass(frozen=True, slots=True)
class Filed:
    """What effects put on file: the topics, and when the register was told."""

    topics: frozenset[Topic]
    at: datetime


def carry_out(
    conn: Connection,
    entries: Sequence[Entry],
    *,
    institution_id: str,
    keyring: Keyring,
    salts: Callable[[], bytes],
    at: datetime,
) -> Filed | None:
    """Put on file what the effects of booked business say.

    One load takes all of it, but what is told again of the same thing, in another one after it.
    """
    found: Filed | None = None
    for wave in _waves(entries):
        told = load(
            conn,
            wave,
            institution_id=institution_id,
            at=at,
            salts=salts,
            by="road",
            keyring=keyring,
        )
        if told.new:
            found = Filed(frozenset(topics_of(entries)), told.known_since)
    return found


def _waves(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return entries in order such that none together is about the same thing and day."""
    waves: list[list[Entry]] = []
    told: Counter[object] = Counter()
    for entry in entries:
        about = next(topics_of([entry])), entry.fields["since"]
        if told[about] == len(waves):
            waves.append([])
        waves[told[about]].append(entry)
        told[about] += 1
    return waves


def _texts(row: Known, key: str, name: str, verdict: Verdict) -> dict[str, str]:
    """Return an argument as the text, or the amount and currency, that goes on file."""
    value = verdict.values.get(key, verdict.guards.get(key))
    if value is None:
        return {}
    if isinstance(value, str):
        return {name: str(value)}
    currency = (
        getattr(row.compiled.values[key].type, "currency", "") if key in row.compiled.values else ""
    )
    if currency:
        assert isinstance(value, int | Decimal | Fraction), f"{key} is money"
        stated = currency if currency.isupper() else str(row.facts.get(currency))
        return {f"{name}.amount": _decimal(value), f"{name}.currency": stated}
    return {name: canonical_text(value).strip('"')}


def _decimal(value: int | Decimal | Fraction) -> str:
    number = Fraction(value)
    return format(Decimal(number.numerator) / Decimal(number.denominator), "f")
