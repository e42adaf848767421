"""Checks a whole register input: every row alone, then the rows against each other.

Holds the order of the checks and what rows owe each other: no entry twice, no party nobody knows,
no more than the whole owned, no number held by two. Must not read the register; who is on record
comes in as a question.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from hashlib import sha256

from qianhai.kernel import BadInput, Flaw, Place, nearest
from qianhai.registers.cells import Cells, states_resident_number
from qianhai.registers.kinds import ENTRY_KINDS
from qianhai.registers.model import (
    Account,
    Attribute,
    Authorisation,
    Checked,
    Consent,
    EntryRow,
    Holding,
    Party,
    PartyType,
    Qualification,
    Recorded,
    RecordOnFile,
)

#: Which of these parties are on record?
KnownParties = Callable[[Collection[str]], Collection[str]]


class Checker:
    """Checks an input as it comes in, a portion at a time, and its rows against each other.

    Of a row is kept what a later one could contradict, some 200 bytes, and not the row: a register
    of a million papers needs no more memory than that.
    """

    def __init__(self, known_parties: KnownParties | None = None) -> None:
        self.flaws: list[Flaw] = []
        self._first: dict[bytes, Place] = {}
        self._holders: dict[tuple[str, str], str] = {}
        self._holdings: list[tuple[Recorded, Place]] = []
        self._references = References(known_parties) if known_parties else None

    def add(self, rows: Iterable[EntryRow | Flaw]) -> list[Checked]:
        """Return the entries of the next rows that are sound; what is not stands in `flaws`."""
        checked: list[Checked] = []
        for row in rows:
            if isinstance(row, Flaw):
                self.flaws.append(row)
                continue
            read = _read(row)
            if isinstance(read, Checked):
                checked.append(read)
            else:
                self.flaws.extend(read)
        for entry in checked:
            self.flaws.extend(self._repeated(entry))
            if not entry.is_retracted:
                self.flaws.extend(self._shared_identifiers(entry))
                if isinstance(entry.recorded, Holding):
                    self._holdings.append((entry.recorded, entry.place))
        if self._references:
            self._references.add(checked)
        return checked

    def end(self) -> None:
        """Look at what only the whole input tells.

        Raises:
            BadInput: with the flaws of all that was added, in the order of the input.
        """
        self.flaws.extend(over_the_whole(self._holdings))
        if self._references:
            self.flaws.extend(self._references.unknown())
        if self.flaws:
            raise BadInput(
                sorted(self.flaws, key=lambda flaw: (flaw.place.file, flaw.place.line or 0))
            )

    def _repeated(self, entry: Checked) -> Iterator[Flaw]:
        key, since = key_of(entry.recorded), entry.recorded.since
        kept = sha256(repr((entry.kind, key, since)).encode()).digest()[:16]
        first = self._first.get(kept)
        if first is None:
            self._first[kept] = entry.place
        else:
            name = " / ".join(key)
            yield Flaw(
                "R108",
                entry.place,
                name,
                "one entry for one thing and day",
                f"`{name}` since {since} stands here and at {first}. Keep one.",
                f"`{name}`（自 {since} 起）在此处与 {first} 重复，请只保留一条。",
            )

    def _shared_identifiers(self, entry: Checked) -> Iterator[Flaw]:
        if isinstance(entry.recorded, Party):
            for kind, number in entry.recorded.identifiers.items():
                holder = self._holders.setdefault((kind, number), entry.recorded.id)
                if holder != entry.recorded.id:
                    yield identifier_held(entry.place, entry.recorded.id, kind, number, holder)


def _read(row: EntryRow) -> Checked | list[Flaw]:
    cells = Cells(row)
    kind = cells.word("kind", ENTRY_KINDS)
    if cells.flaws:
        return cells.flaws
    entry_kind = ENTRY_KINDS[kind]
    cells.object_to_unknown_columns(entry_kind.columns, entry_kind.open_prefixes)
    is_retracted = cells.is_true("retracted")
    recorded = entry_kind.read(cells)
    _object_to_open_resident_numbers(cells, recorded)
    return cells.flaws or Checked(row.place, kind, recorded, is_retracted)


def _object_to_open_resident_numbers(cells: Cells, recorded: Recorded) -> None:
    """Refuse a resident identity number in a cell that is not encrypted where it rests."""
    if not states_resident_number("\n".join(cells.fields.values())):
        return
    hidden: tuple[str, ...] = ("identifiers.",)
    if isinstance(recorded, Party) and recorded.type is PartyType.PERSON:
        hidden = (*hidden, "name", "evidence")
    for column, text in cells.fields.items():
        if not column.startswith(hidden) and states_resident_number(text):
            cells.object_to(
                "R114",
                column,
                "no identity number",
                f"`{column}` states a resident identity number, which may stand only under"
                " `identifiers` of a person, where it is encrypted.",
                f"`{column}` 含有公民身份号码；该号码只能填在自然人的 `identifiers` 中并加密保存。",
            )


def key_of(recorded: Recorded) -> tuple[str, ...]:
    """Return what an entry is about: a later entry with the same key and day supersedes it.

    >>> from datetime import date
    >>> key_of(Qualification(party="p", name="pilot", since=date(2023, 1, 1)))
    ('p', 'pilot')
    """
    match recorded:
        case Party():
            return (recorded.id,)
        case Attribute() | Qualification():
            return (recorded.party, recorded.name)
        case Holding():
            return (recorded.owned, recorded.owner)
        case Account():
            return (recorded.number,)
        case RecordOnFile():
            return (recorded.id, recorded.kind)
        case Authorisation():
            return (recorded.clause, recorded.instrument, recorded.number)
        case Consent():
            granted_at = recorded.granted_at.isoformat()
            return (recorded.subject, recorded.purpose, recorded.scope, granted_at)


def identifier_held(place: Place, party: str, kind: str, number: str, holder: str) -> Flaw:
    """Say that a number that is stated of a party is another party's already."""
    return Flaw(
        "R115",
        Place(place.file, place.line, f"identifiers.{kind}"),
        number,
        "a number nobody else holds",
        f"`{party}` and `{holder}` have the same {kind} `{number}`. One of them is wrong, or they"
        " are one party.",
        f"`{party}` 与 `{holder}` 的 {kind} 号码 `{number}` 相同，其一有误，或二者为同一主体。",
    )


def references(recorded: Recorded) -> tuple[str, ...]:
    """Return the parties an entry speaks of and does not itself enter."""
    match recorded:
        case Attribute() | Qualification():
            return (recorded.party,)
        case Holding():
            return (recorded.owner, recorded.owned)
        case Account():
            return (recorded.party, recorded.bank)
        case RecordOnFile(party=party) if party:
            return (party,)
        case Consent():
            return (recorded.subject,)
        case _:
            return ()


class References:
    """The parties that an input speaks of, and where, until somebody knows them.

    One may be entered after it was spoken of, so only the whole input tells who is unknown.
    """

    def __init__(self, known_parties: KnownParties) -> None:
        self._ask = known_parties
        self._known: set[str] = set()
        self._places: dict[str, list[Place]] = {}

    def add(self, checked: Sequence[Checked]) -> None:
        """Note whom the next entries enter, and whom they speak of."""
        for entry in checked:
            if isinstance(entry.recorded, Party) and not entry.is_retracted:
                self._known.add(entry.recorded.id)
        named = {party for entry in checked for party in references(entry.recorded)}
        asked = named - self._known - self._places.keys()
        if asked:
            self._known.update(self._ask(sorted(asked)))
        for entry in checked:
            for party in references(entry.recorded):
                if party not in self._known:
                    self._places.setdefault(party, []).append(entry.place)

    def unknown(self) -> Iterator[Flaw]:
        """Name every reference to a party that is neither entered nor on record."""
        for party in self._places.keys() - self._known:
            hint = nearest(party, self._known)
            for place in self._places[party]:
                yield Flaw(
                    "R109",
                    place,
                    party,
                    "a party on record, or entered in the same input",
                    f"No party `{party}` is on record. Enter it first, or in the same input."
                    + (f" Nearest: `{hint}`." if hint else ""),
                    f"没有登记过主体 `{party}`，请先登记，或在同一文件中登记。"
                    + (f"最接近：`{hint}`。" if hint else ""),
                )


def over_the_whole(holdings: Iterable[tuple[Recorded, Place]]) -> Iterator[Flaw]:
    """Name every party of which more than the whole would be owned on some day.

    Shares change only on days an entry begins, so those days are looked at.
    """
    by_owned: dict[str, list[tuple[Holding, Place]]] = {}
    for recorded, place in holdings:
        if isinstance(recorded, Holding):
            by_owned.setdefault(recorded.owned, []).append((recorded, place))
    for owned, held in by_owned.items():
        for on in sorted({holding.since for holding, _ in held}):
            standing: dict[str, tuple[Holding, Place]] = {}
            for holding, place in sorted(held, key=lambda pair: pair[0].since):
                if holding.since <= on:
                    standing[holding.owner] = (holding, place)
            shares = [
                (holding.share, place)
                for holding, place in standing.values()
                if holding.until is None or holding.until >= on
            ]
            total = sum((share for share, _ in shares), Fraction(0))
            if total > 1:
                yield Flaw(
                    "R110",
                    max((place for _, place in shares), key=lambda place: place.line or 0),
                    str(total),
                    "at most the whole",
                    f"On {on} the owners of `{owned}` hold {total} of it, which is more than the"
                    " whole. Give an earlier holding its `until`, or correct a share.",
                    f"{on} 时 `{owned}` 各股东持股合计 {total}，超过全部。"
                    "请为先前的持股填写 `until`，或更正比例。",
                )
                break
