"""Interpret: one row of a file read as an instruction of a facility.

Reserved columns are `id`, `facility`, `action`, `of`, `value_date`; a column named for a role
names its party, `<role>.account` an account number, every other column is a fact. What a
register, list, ledger or calendar knows is refused as a column.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from qianhai.instructions import flaws as say
from qianhai.instructions.model import Instruction
from qianhai.instructions.report_flaws import wrong_code
from qianhai.kernel import Flaw, Place, parse_date
from qianhai.messages import Row
from qianhai.policy import Facility, Fact, Leaf, Policy, leaves_of, read_facts

_ID_MAX = 64
#: `kind` is what a workbook calls its sheet; it says nothing of an instruction.
_RESERVED = frozenset({"id", "facility", "action", "of", "value_date", "kind"})


@dataclass(slots=True)
class Draft:
    """An instruction being staged; parties of a message are still to be found by the register."""

    id: str
    facility: str
    action: str
    continues: str
    value_on: date
    place: Place
    parties: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    iso: dict[str, dict[str, str]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def at(self, column: str) -> Place:
        """Return the place of one of its columns."""
        return Place(self.place.file, self.place.line, column)

    def instruction(self, institution_id: str) -> Instruction:
        """Return the instruction as it is handed to the road."""
        return Instruction(
            self.id,
            institution_id,
            self.facility,
            self.action,
            self.value_on,
            dict(self.parties),
            dict(self.accounts),
            self.facts,
            self.continues,
            self.said,
            self.place,
        )


def declared_facts(policy: Policy, facility: str) -> dict[str, Fact]:
    """Return what a sender's columns may be: its facts, its reports', and those of every overlay.

    Where both declare a name, the facility's word is the one that was meant.
    """
    declared: dict[str, Fact] = {**policy.report_facts.get(facility, {})}
    for overlay in policy.pack.overlays.values():
        declared |= overlay.facts
    found = policy.pack.facilities.get(facility)
    return declared | dict(found.facts) if found else declared


@lru_cache(maxsize=1024)
def declared_leaves(policy: Policy, facility: str) -> Mapping[str, Leaf]:
    """Return the leaves of what a sender's columns may be."""
    return leaves_of(declared_facts(policy, facility))


class Interpreter:
    """Reads rows by the facilities of a pack."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._facilities = policy.pack.facilities
        self._known_by = {
            name: term.known_by for name, term in policy.pack.vocabulary["providers"].items()
        }
        self._declared: dict[str, tuple[dict[str, Fact], dict[str, Leaf]]] = {}

    def read(self, row: Row) -> tuple[Draft | None, list[Flaw]]:
        """Read one row and find all its flaws.

        A draft is given wherever its parties and its id can still be proven, so that whoever
        sent the file is told everything at once.
        """
        flaws: list[Flaw] = []
        fields, place = row.fields, row.place
        number = fields.get("id", "")
        if not 0 < len(number) <= _ID_MAX or not number.isprintable():
            flaws.append(say.wrong_id(Place(place.file, place.line, "id"), number))
        day = self._day(fields.get("value_date", ""), place, flaws)
        facility = self._facility(fields.get("facility", ""), place, flaws)
        is_placed = not flaws
        draft = Draft(number, "", "", fields.get("of", ""), day or date.min, place)
        if facility:
            draft.facility = facility.id
            draft.action = self._action(facility, fields.get("action", ""), place, flaws)
            self._columns(facility, draft, fields, flaws)
        else:
            draft.said = dict(fields)
        return (draft if is_placed else None), flaws

    def _day(self, text: str, place: Place, flaws: list[Flaw]) -> date | None:
        try:
            return parse_date(text)
        except ValueError:
            flaws.append(say.wrong_day(Place(place.file, place.line, "value_date"), text))
            return None

    def _facility(self, name: str, place: Place, flaws: list[Flaw]) -> Facility | None:
        if name and name not in self._facilities:
            at = Place(place.file, place.line, "facility")
            flaws.append(say.unknown_word(at, "facility", "业务", name, self._facilities))
        return self._facilities.get(name)

    def _action(self, facility: Facility, name: str, place: Place, flaws: list[Flaw]) -> str:
        if name and name not in facility.actions:
            at = Place(place.file, place.line, "action")
            flaws.append(say.unknown_word(at, "action", "操作", name, facility.actions))
        return name or next(iter(facility.actions))

    def _columns(
        self, facility: Facility, draft: Draft, fields: Mapping[str, str], flaws: list[Flaw]
    ) -> None:
        """Sort the columns of a row into parties, accounts, message parts and facts."""
        declared, leaves = self._facts_of(facility)
        given: list[tuple[str, object]] = []
        for column, text in fields.items():
            role, _, rest = column.rpartition(".")
            if column in _RESERVED:
                continue
            if column.startswith("iso."):
                self._message_part(facility, draft, column, text, given)
            elif column in facility.parties:
                draft.parties[column] = text
            elif rest == "account" and role in facility.parties:
                draft.accounts[role] = text
            elif self._is_known_elsewhere(column, declared, leaves):
                at = draft.at(column)
                provider = self._provider(column, declared)
                flaws.append(
                    say.known_elsewhere(at, column, text, self._known_by.get(provider, ""))
                )
            elif column in leaves or _is_list_part(column, declared):
                given.append((column, text))
            else:
                known = [*_RESERVED, *facility.parties, *self._sendable(declared, leaves)]
                known = [role] if role in known else known
                flaws.append(say.unknown_column(draft.at(column), column, text, facility.id, known))
        facts, found = read_facts(declared, _with_lists(declared, given), draft.at, leaves=leaves)
        flaws += found
        draft.facts = facts
        flaws += self._wrong_codes(facility.id, draft)

    def _wrong_codes(self, facility: str, draft: Draft) -> Iterable[Flaw]:
        """Yield each code that has not the form of the table it is said to be of."""
        for name, fact in self._policy.report_facts[facility].items():
            found = draft.facts.get(name)
            if fact.codes and found is not None:
                table = self._policy.pack.codes[fact.codes]
                if not table.fits(str(found)):
                    yield wrong_code(draft.at(name), str(found), table)

    def _facts_of(self, facility: Facility) -> tuple[dict[str, Fact], dict[str, Leaf]]:
        if facility.id not in self._declared:
            declared = declared_facts(self._policy, facility.id)
            self._declared[facility.id] = (declared, leaves_of(declared))
        return self._declared[facility.id]

    def _provider(self, column: str, declared: Mapping[str, Fact]) -> str:
        fact = declared.get(column) or declared.get(column.rpartition(".")[0])
        return fact.provider if fact else ""

    def _sendable(self, declared: Mapping[str, Fact], leaves: Mapping[str, Leaf]) -> list[str]:
        """Return the columns a sender may give: the leaves nobody else knows."""
        return [leaf for leaf in leaves if self._provider(leaf, declared) in {"", "sender"}]

    def _is_known_elsewhere(
        self, column: str, declared: Mapping[str, Fact], leaves: Mapping[str, Leaf]
    ) -> bool:
        provider = self._provider(column, declared) if column in leaves else ""
        return provider not in {"", "sender"}

    def _message_part(
        self,
        facility: Facility,
        draft: Draft,
        column: str,
        text: str,
        given: list[tuple[str, object]],
    ) -> None:
        """Read a part of an ISO 20022 message: the instructed amount, or who a role is."""
        _, part, *rest = column.split(".")
        name = ".".join(rest)
        if part == "instructed_amount":
            given += [
                (f"{fact}.{name}", text)
                for fact, model in facility.facts.items()
                if model.iso == "instructed_amount"
            ]
            return
        for role, model in facility.parties.items():
            if model.iso == part:
                draft.iso.setdefault(role, {})[name] = text


def _is_list_part(column: str, declared: Mapping[str, Fact]) -> bool:
    """Tell whether a column is a field of an item of a list fact, such as `funds.0.size`."""
    fact = declared.get(column.partition(".")[0])
    return fact is not None and fact.type == "list"


def _with_lists(
    declared: Mapping[str, Fact], given: Iterable[tuple[str, object]]
) -> Iterable[tuple[str, object]]:
    """Gather `funds.0.size` columns into the list fact `funds`; `[]` is a list that has none."""
    lists: dict[str, dict[int, dict[str, object]]] = {}
    for column, text in given:
        name, _, rest = column.partition(".")
        number, _, leaf = rest.partition(".")
        if name in declared and declared[name].type == "list" and number.isdigit() and leaf:
            lists.setdefault(name, {}).setdefault(int(number), {})[leaf] = text
        elif column in declared and declared[column].type == "list" and text == "[]":
            yield column, []
        else:
            yield column, text
    for name, items in lists.items():
        yield name, [items[number] for number in sorted(items)]
