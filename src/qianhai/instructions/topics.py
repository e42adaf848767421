"""Topics: what on the register an instruction asks for, and what another one changes of it.

Two instructions of a column must not be decided together where the second asks for what the first
puts on file. Whom both name is not enough to tell: a bank that is entered on one list is still the
bank it was for whoever asks for another. So a topic is a heading (a register, and the name or kind
within it) and whom or what it is about. Must not read the register.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from qianhai.instructions.handover import Handover
from qianhai.instructions.model import Known
from qianhai.policy import Compiled, Policy
from qianhai.registers import Entry

#: A register, and a name or kind within it.
Heading = tuple[str, str]
#: A heading, and whom or what it is about.
Topic = tuple[Heading, str]
ACCOUNTS: Final[Heading] = ("account", "")
#: Beside the qualification itself, where an entry lets it end.
_ENDED: Final = "qualification ended"


def _nothing(_args: Mapping[str, str]) -> list[Heading]:
    """Return nothing: what it asks for is changed by no effect, or is no register."""
    return []


def _of_papers(args: Mapping[str, str]) -> list[Heading]:
    return [("record", args["kind"])]


def _of_accounts(_args: Mapping[str, str]) -> list[Heading]:
    return [ACCOUNTS]


#: The headings each provider looks under, by its arguments.
LOOKS_UNDER: Final[Mapping[str, Callable[[Mapping[str, str]], list[Heading]]]] = {
    "in_zone": _nothing,
    "is_overseas": _nothing,
    "party_kind": _nothing,
    "jurisdiction": _nothing,
    "party_id": _nothing,
    "attribute": _nothing,
    "qualification": lambda args: [("qualification", args["name"])],
    "hk_funded": lambda _args: [("qualification", "hk_funded")],
    "controls": _nothing,
    "record": _of_papers,
    "record_exists": _of_papers,
    "scheduled": _of_papers,
    "account": _of_accounts,
    "account_exists": _of_accounts,
    "same_holder": _nothing,
    "used": _nothing,
    "position": _nothing,
    "balance": _of_accounts,
}


def topics_of(entries: Iterable[Entry]) -> Iterator[Topic]:
    """Yield what entries that effects made change on the register."""
    for entry in entries:
        fields = entry.fields
        match fields["kind"]:
            case "record":
                yield ("record", fields["record_kind"]), fields["id"]
            case "qualification":
                yield ("qualification", fields["name"]), fields["party"]
                if "until" in fields:
                    yield (_ENDED, fields["name"]), fields["party"]
            case kind:
                assert kind == "account", f"no effect files a {kind}"
                yield ACCOUNTS, fields["number"]
                yield ACCOUNTS, fields["party"]


class Lookups:
    """The headings under which actions look, each action's found once."""

    def __init__(self, policy: Policy) -> None:
        self._found: dict[tuple[str, str], frozenset[Heading] | None] = {}
        self._beside = frozenset(
            heading for one in policy.overlays.values() for heading in _looked(one)
        )
        self._askers: dict[tuple[str, str], Mapping[str, Sequence[tuple[str, str]]]] = {}

    def of(self, compiled: Compiled) -> frozenset[Heading] | None:
        """Return the headings an action looks under; None where that may be any."""
        key = compiled.facility, compiled.name
        if key not in self._found:
            effects = {effect.name for effect in compiled.action.effects}
            found = frozenset(_looked(compiled)) | self._beside
            self._found[key] = None if effects & _LOOKING else found
        return self._found[key]

    def holds(self, row: Known, name: str, party: str) -> bool:
        """Tell whether all that an instruction asks of a qualification is that a party has it.

        Whoever has it has it still when it is granted again, whenever that begins.
        """
        compiled = row.compiled
        key = compiled.facility, compiled.name
        if ("qualification", name) in self._beside:
            return False
        if key not in self._askers:
            found: dict[str, list[tuple[str, str]]] = {}
            for fact, model in compiled.facts.items():
                if model.provider in _OF_A_PARTY:
                    asked = model.args.get("name", "hk_funded")
                    found.setdefault(asked, []).append((fact, model.args["party"]))
            self._askers[key] = found
        mine = [f for f, role in self._askers[key].get(name, ()) if row.parties.get(role) == party]
        return bool(mine) and all(row.facts.get(fact) is True for fact in mine)


#: Providers that say whether a party has a qualification.
_OF_A_PARTY: Final = frozenset({"qualification", "hk_funded"})
#: Effects that look at what they let end.
_LOOKING: Final = frozenset({"end_record", "withdraw_qualification"})


def _looked(compiled: Compiled) -> Iterator[Heading]:
    for fact in compiled.facts.values():
        if fact.provider != "sender":
            yield from LOOKS_UNDER[fact.provider](fact.args)
    if compiled.action.legs:
        yield ACCOUNTS


class Filings:
    """What the rows of a column put on file, and at which place first."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._places: dict[str, dict[Heading, int]] = {}

    def add(self, topics: Iterable[Topic], place: int) -> None:
        """Note what a row puts on file."""
        for heading, about in topics:
            places = self._places.setdefault(about, {})
            places[heading] = min(place, places.get(heading, place))

    def meet(self, one: Handover, place: int) -> bool:
        """Tell whether an answer asks for what a row before its place files and may change."""
        if self._places.keys().isdisjoint(one.named):
            return False
        headings = self._lookups.of(one.row.compiled)
        return any(
            at < place and (headings is None or self._is_changed(one.row, heading, name, place))
            for name in one.named & self._places.keys()
            for heading, at in self._places[name].items()
            if headings is None or heading in headings
        )

    def _is_changed(self, row: Known, heading: Heading, about: str, place: int) -> bool:
        """Tell whether what was filed under a heading before a place may answer otherwise."""
        register, name = heading
        if register != "qualification":
            return True
        is_ended = self._places[about].get((_ENDED, name), place) < place
        return is_ended or not self._lookups.holds(row, name, about)
