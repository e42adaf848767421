"""Effects: what the pack asks the platform to write on file when business is permitted.

Named in `plan/vocabulary/effects.yaml`; a test holds both lists equal. An effect writes in the
road's own transaction or not at all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from qianhai.db import Connection
from qianhai.instructions.model import Known
from qianhai.kernel import Place, canonical_text
from qianhai.policy import Verdict
from qianhai.registers import Entry, Keyring, check_entries, load

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


#: Every effect there is, by the name the pack calls it by.
EFFECTS: Final[Mapping[str, Callable[[Known, Mapping[str, str]], Fields]]] = {
    "file_record": _file_record,
    "grant_qualification": _grant_qualification,
}


def entries_of(row: Known, verdict: Verdict) -> Iterator[Entry]:
    """Yield what the effects of a permitted action, whose condition holds, put on file."""
    for at_effect, effect in enumerate(row.compiled.action.effects):
        if not verdict.guards[f"effect.{at_effect}.when"]:
            continue
        args: dict[str, str] = {}
        for name in effect.args:
            args |= _texts(row, f"effect.{at_effect}.{name}", name, verdict)
        fields = EFFECTS[effect.name](row, args)
        fields |= {"since": row.instruction.value_on.isoformat(), "evidence": row.instruction.id}
        yield Entry(Place("effect", at_effect, effect.name), fields)


def carry_out(
    conn: Connection,
    entries: Sequence[Entry],
    *,
    institution_id: str,
    keyring: Keyring,
    salts: Callable[[], bytes],
    at: datetime,
) -> None:
    """Put on file what the effects of booked business say, all of it by one load."""
    if entries:
        load(
            conn,
            check_entries(entries),
            institution_id=institution_id,
            at=at,
            salts=salts,
            by="road",
            keyring=keyring,
        )


def _texts(row: Known, key: str, name: str, verdict: Verdict) -> dict[str, str]:
    """Return an argument as the text, or the amount and currency, that goes on file."""
    value = verdict.values.get(key, verdict.guards.get(key))
    if value is None:
        return {}
    currency = (
        getattr(row.compiled.values[key].type, "currency", "") if key in row.compiled.values else ""
    )
    if currency:
        assert isinstance(value, int | Decimal | Fraction), f"{key} is money"
        stated = currency if currency.isupper() else str(row.facts.get(currency))
        return {f"{name}.amount": _decimal(value), f"{name}.currency": stated}
    return {name: str(value) if isinstance(value, str) else canonical_text(value).strip('"')}


def _decimal(value: int | Decimal | Fraction) -> str:
    number = Fraction(value)
    return format(Decimal(number.numerator) / Decimal(number.denominator), "f")
