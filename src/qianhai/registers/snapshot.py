"""The register as it stood: asked about a day, as known at an instant.

Holds the questions other rooms may ask, each for a whole column of keys at once: a fixed number of
statements, however many keys. Must not hold SQL (that is store.py) or decide anything. None means
not on record, so nothing may be concluded; a qualification that is not on the register is false,
because that register is closed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from operator import itemgetter
from typing import Any, Final, TypeVar

from qianhai.db import Connection
from qianhai.kernel import business_date
from qianhai.registers import ownership, store
from qianhai.registers.countries import HONG_KONG, MAINLAND
from qianhai.registers.identifiers import check
from qianhai.registers.keys import Keyring
from qianhai.registers.model import (
    Account,
    Area,
    Authorisation,
    Party,
    PartyType,
    RecordOnFile,
    ShareRange,
    Value,
)
from qianhai.registers.reveal import identifiers_of
from qianhai.registers.rows import (
    Row,
    read_account,
    read_authorisation,
    read_holding,
    read_party,
    read_record,
    read_value,
)

_Answer = TypeVar("_Answer")
#: What is kept of an id that is not on a register: most are not, so they share it.
_NOTHING: Final[Mapping[str, Any]] = {}
#: What is kept of a row of a register that is keyed by a name beside the id.
_READERS: Final[Mapping[str, Callable[[Row], Any]]] = {
    "attribute": read_value,
    "qualification": itemgetter("since"),
    "record": read_record,
}


class Register:
    """One institution's register on a day, as known at an instant."""

    def __init__(
        self, conn: Connection, institution_id: str, true_on: date, known_at: datetime
    ) -> None:
        assert known_at.tzinfo is not None, "an instant says its offset"
        self._conn = conn
        self._as_of = store.AsOf(institution_id, true_on, known_at)
        self._parties: dict[str, Party | None] = {}
        self._read: dict[str, dict[str, Mapping[str, Any]]] = {}

    def read_ahead(self, parties: Iterable[str], papers: Iterable[str]) -> None:
        """Read what is on record about some parties and papers, in a statement for each kind.

        Whoever asks many things of many of them then asks the database nothing more.
        """
        ids = sorted(set(parties))
        self.parties(ids)
        for kind in ("attribute", "qualification"):
            self._named(kind, ids)
        self._named("record", sorted(set(papers)))

    def renew(self, conn: Connection, known_at: datetime) -> None:
        """Ask by another connection from now on, as known at a later instant.

        What was read is kept: whoever renews it knows that nothing of it has changed, or has it
        forgotten.
        """
        self._conn = conn
        self._as_of = replace(self._as_of, known_at=known_at)

    def forget(self, kind: str, ids: Iterable[str]) -> None:
        """Read again, when it is asked for, what one kind of register says of some ids."""
        read = self._read.get(kind, {})
        for one in ids:
            read.pop(one, None)

    def _named(self, kind: str, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return what a register says that is keyed by a name beside the id, by both.

        Many questions are about the same ids, so each is read once, under all its names.
        """
        read = self._read.setdefault(kind, {})
        if unread := {one for one in ids if one not in read}:
            first, second = store.key_of(kind)
            found: dict[str, dict[str, Any]] = {}
            for row in store.standing(self._conn, kind, self._as_of, first, sorted(unread)):
                found.setdefault(row[first], {})[row[second]] = _READERS[kind](row)
            read |= dict.fromkeys(unread, _NOTHING) | found
        return read

    def parties(self, ids: Sequence[str]) -> dict[str, Party | None]:
        """Answer who each party is; a person comes without names and identifiers.

        Many questions are about the same parties, so each is read once.
        """
        if unread := {one for one in ids if one not in self._parties}:
            self._parties |= dict.fromkeys(unread)
            for row in store.standing(self._conn, "party", self._as_of, "party", sorted(unread)):
                self._parties[row["party"]] = read_party(row)
        return {one: self._parties[one] for one in ids}

    def parties_like(self, text: str, types: Collection[str], most: int) -> list[Party]:
        """Answer which parties have an id that begins with a text, or an open name that holds it.

        A person is found by id alone.
        """
        rows = store.parties_like(self._conn, self._as_of, text, types, most)
        return [read_party(row) for row in rows]

    def search(self, text: str, after: str, most: int) -> list[Party]:
        """Answer which parties have a text in their id or name, so many after one.

        A person is found by id alone. Those not on record on the day are left out.
        """
        ids = store.party_ids_like(self._conn, self._as_of.institution_id, text, after, most)
        return [party for party in self.parties(ids).values() if party is not None]

    def known_parties(self, ids: Sequence[str]) -> set[str]:
        """Return those ids that are on record."""
        return {party for party, found in self.parties(ids).items() if found is not None}

    def area(self, ids: Sequence[str]) -> dict[str, Area | None]:
        """Answer in which area each party is registered."""
        return self._of_parties(ids, lambda party: party.area)

    def in_zone(self, ids: Sequence[str]) -> dict[str, bool | None]:
        """Answer whether each party is registered in the zone, the later part included."""
        return self._of_parties(
            ids, lambda party: None if party.area is None else party.area is not Area.OUTSIDE
        )

    def is_overseas(self, ids: Sequence[str]) -> dict[str, bool | None]:
        """Answer whether each party is of a place other than the mainland."""
        return self._of_parties(ids, lambda party: party.jurisdiction != MAINLAND)

    def _of_parties(
        self, ids: Sequence[str], answer: Callable[[Party], _Answer]
    ) -> dict[str, _Answer | None]:
        parties = self.parties(ids).items()
        return {id_: None if party is None else answer(party) for id_, party in parties}

    def attributes(self, ids: Sequence[str], name: str) -> dict[str, Value | None]:
        """Answer what is on record under one name: a text, or an amount with its currency."""
        read = self._named("attribute", ids)
        return {one: read[one].get(name) for one in ids}

    def qualifications(self, ids: Sequence[str], name: str) -> dict[str, bool]:
        """Answer whether each party has a qualification; off the register means no."""
        found = self.qualified_since(ids, name)
        return {id_: since is not None for id_, since in found.items()}

    def qualified_since(self, ids: Sequence[str], name: str) -> dict[str, date | None]:
        """Answer since which day each party has a qualification; None for one that has it not."""
        read = self._named("qualification", ids)
        return {one: read[one].get(name) for one in ids}

    def hk_share(self, ids: Sequence[str]) -> dict[str, Fraction | None]:
        """Answer the share funded from Hong Kong; None while unrecorded owners could change it."""
        return {id_: share.known for id_, share in self.hk_share_range(ids).items()}

    def hk_share_range(self, ids: Sequence[str]) -> dict[str, ShareRange]:
        """Answer the least and the most that is funded from Hong Kong.

        A person of Hong Kong and an organisation registered there count whole: what stands behind
        an organisation of Hong Kong is not looked at. Other persons and public institutions count
        nothing; every other organisation counts as far as its own owners do.
        """
        graph, parties = self._ownership(ids)
        sources = {
            id_: party.jurisdiction == HONG_KONG
            for id_, party in parties.items()
            if party.jurisdiction == HONG_KONG or id_ in graph.unowned
        }
        return ownership.funded_shares(graph, ids, sources)

    def controls(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bool | None]:
        """Answer whether the first of each pair holds the majority of the second, by any chain."""
        graph, _ = self._ownership([child for _, child in pairs])
        return {
            (parent, child): ownership.controls(graph, parent, child)
            for parent, child in dict.fromkeys(pairs)
        }

    def _ownership(self, ids: Sequence[str]) -> tuple[ownership.Ownership, dict[str, Party]]:
        shares: dict[str, dict[str, Fraction]] = {}
        involved = set(ids)
        for row in store.holdings_behind(self._conn, self._as_of, ids):
            holding = read_holding(row)
            shares.setdefault(holding.owned, {})[holding.owner] = holding.share
            involved |= {holding.owned, holding.owner}
        found = self.parties(sorted(involved))
        parties = {id_: party for id_, party in found.items() if party is not None}
        unowned = frozenset(
            id_
            for id_, party in parties.items()
            if party.type in {PartyType.PERSON, PartyType.INSTITUTION}
        )
        return ownership.Ownership(shares, unowned), parties

    def accounts(self, ids: Sequence[str]) -> dict[str, tuple[Account, ...]]:
        """Answer the accounts each party holds, by number."""
        found: dict[str, list[Account]] = {id_: [] for id_ in ids}
        for row in store.accounts_of(self._conn, self._as_of, ids):
            found[row["party"]].append(read_account(row))
        return {id_: tuple(accounts) for id_, accounts in found.items()}

    def account_by_number(self, numbers: Sequence[str]) -> dict[str, Account | None]:
        """Answer whose account each number is."""
        found: dict[str, Account | None] = dict.fromkeys(numbers)
        for row in store.standing(self._conn, "account", self._as_of, "number", numbers):
            found[row["number"]] = read_account(row)
        return found

    def records(self, kind: str, ids: Sequence[str]) -> dict[str, RecordOnFile | None]:
        """Answer what is on file under each id, among papers of one kind."""
        read = self._named("record", ids)
        return {one: read[one].get(kind) for one in ids}

    def authorisations(self) -> list[Authorisation]:
        """Answer every instrument in effect, by clause."""
        rows = store.standing_everywhere(self._conn, "authorisation", self._as_of)
        return [read_authorisation(row) for row in rows]

    def every_authorisation(self) -> list[Authorisation]:
        """Answer every instrument on record, for whatever days it gives a clause a status."""
        as_of = self._as_of
        rows = store.ever_on_record(
            self._conn, "authorisation", as_of.institution_id, as_of.known_at
        )
        return [read_authorisation(row) for row in rows]

    def consents(self, ids: Sequence[str], purpose: str) -> dict[str, frozenset[str]]:
        """Answer the scopes each subject consents to for a purpose; empty when there is none.

        A consent is gone on the day on which it is withdrawn.
        """
        scopes: dict[str, set[str]] = {id_: set() for id_ in ids}
        rows = store.standing(self._conn, "consent", self._as_of, "subject", ids, name=purpose)
        for row in rows:
            withdrawn_at = row["withdrawn_at"]
            if withdrawn_at is None or business_date(withdrawn_at) > self._as_of.true_on:
                scopes[row["subject"]].add(row["scope"])
        return {id_: frozenset(found) for id_, found in scopes.items()}

    def party_by_identifier(
        self, keyring: Keyring, kind: str, texts: Iterable[str]
    ) -> dict[str, str | None]:
        """Answer which party holds each identifier, without revealing anything else of it."""
        found: dict[str, str | None] = dict.fromkeys(texts)
        written = {text: check(kind, text) for text in found}
        institution_id = self._as_of.institution_id
        blinds = [
            keyring.blind(institution_id, kind, number)
            for number in written.values()
            if isinstance(number, str)
        ]
        rows = store.parties_with(self._conn, self._as_of, blinds)
        opened = identifiers_of(self._conn, keyring, institution_id, rows)
        holders = {
            identifiers[kind]: row["party"]
            for row, identifiers in zip(rows, opened, strict=True)
            if kind in identifiers
        }
        return {
            text: holders.get(number) if isinstance(number, str) else None
            for text, number in written.items()
        }
