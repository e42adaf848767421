"""Casting: who and what must be on record so that the register says what an example assumes.

Each provider of facts has its inverse here: from what a fact is in an example to the register
entries that make it so. What the ledger knows is made by business, never by an entry. Must not
know a facility: only providers, roles and types.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from qianhai.policy import Compiled, Facility, Fact, Values
from qianhai.rules import ABSENT
from qianhai.rules import Money as MoneyType

#: One row of a register file.
Entry = dict[str, str]
#: Since when everything is on record, long before the simulated year.
SINCE: Final = "2018-01-02"
#: Who owns what no example gives to anyone: public, and of the mainland.
HOLDER: Final = "public_holder"
#: What a home and an overseas party is registered under, where an example says no more.
_HOME, _OVERSEAS = "CN", "HK"


@dataclass(slots=True)
class Part:
    """A party as its facts draw it."""

    id: str
    type: str
    is_overseas: bool | None = None
    registered_in: str = ""
    is_in_zone: bool | None = None
    attributes: dict[str, Entry] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    parent: str = ""
    is_public: bool = False

    @property
    def owners(self) -> list[tuple[str, str]]:
        """Return who owns it and how much: a parent most of it, the public the rest, if told."""
        owners = [(self.parent, "0.75")] if self.parent else []
        if self.is_public:
            owners.append((HOLDER, "0.25" if self.parent else "1"))
        return owners

    @property
    def looks(self) -> tuple[object, ...]:
        """Return all a register knows of it but its id."""
        attributes = tuple(
            (name, *sorted(cells.items())) for name, cells in sorted(self.attributes.items())
        )
        place = self.jurisdiction, self.is_in_zone
        return self.type, place, tuple(sorted(self.lists)), attributes

    @property
    def jurisdiction(self) -> str:
        """Return where it is registered."""
        return self.registered_in or (_OVERSEAS if self.is_overseas else _HOME)

    @property
    def area(self) -> str:
        """Return the area it is in; what no example says is outside."""
        return "original" if self.is_in_zone else "outside"


@dataclass(slots=True)
class Cast:
    """Those who take part in one client's business, and the papers it rests on.

    `texts` turn what an example calls something into what it is called here; a fact that names a
    paper gets a new text for each business, so `papers` hold what is on such a paper. `named` are
    roles whose account the sender names, with what the register says of it.
    """

    facility: Facility
    parts: dict[str, Part]
    texts: dict[str, str] = field(default_factory=dict)
    papers: dict[tuple[str, str], Entry] = field(default_factory=dict)
    named: dict[str, Entry] = field(default_factory=dict)

    def entries(self, name: Callable[[Part], tuple[str, str]]) -> Iterable[Entry]:
        """Yield the entries of the parties; `name` gives their names in zh and en."""
        for part in {one.id: one for one in self.parts.values()}.values():
            zh, en = name(part)
            yield {
                "kind": "party", "id": part.id, "type": part.type, "area": part.area,
                "jurisdiction": part.jurisdiction, "name": zh, "name_en": en, "since": SINCE,
            }  # fmt: skip
            for owner, share in part.owners:
                yield {
                    "kind": "ownership", "owned": part.id, "owner": owner, "share": share,
                    "since": SINCE,
                }  # fmt: skip
            for attribute, value in part.attributes.items():
                yield {
                    "kind": "attribute", "party": part.id, "name": attribute, **value,
                    "since": SINCE,
                }  # fmt: skip
            for listed in sorted(part.lists):
                yield {"kind": "qualification", "party": part.id, "name": listed, "since": SINCE}

    def papers_of(self, names: Mapping[str, str]) -> Iterable[Entry]:
        """Yield the papers of one business; `names` are what its facts call them."""
        for (kind, key), attributes in self.papers.items():
            number = names.get(key) or (self.parts[key].id if key in self.parts else "")
            if number:
                yield {
                    "kind": "record", "id": number, "record_kind": kind, **attributes,
                    "since": SINCE,
                }  # fmt: skip

    def names(self, business: str, facts: Values) -> dict[str, str]:
        """Return what the facts of a business call its papers.

        One that is a text gets a name of the business; what names one of a few (a channel, a kind
        of wallet) names the paper that all share.
        """
        declared = self.facility.facts
        named: dict[str, str] = {}
        for key in sorted({key for _, key in self.papers if key not in self.parts}):
            is_own = key in declared and declared[key].type == "text"
            if is_own and declared[key].provider == "sender":
                named[key] = f"{business}.{key}"
            elif facts.get(key) is not None:
                text = text_of(facts[key])
                named[key] = self.texts.get(text, text)
        return named


def cast_of(facility: Facility, facts: Values, ids: Callable[[str, str], str]) -> Cast:
    """Return the cast in which the facts that a register knows are as given.

    `ids` gives the id of the party in a role of a type. Roles that an example calls by one name
    are one party, of a type that each of them takes; without such a type they are parties apart.
    """
    called = {
        fact.args["party"]: str(facts[name])
        for name, fact in facility.facts.items()
        if fact.provider == "party_id" and name in facts
    }
    kinds = {
        fact.args["party"]: str(facts[name])
        for name, fact in facility.facts.items()
        if fact.provider == "party_kind" and facts.get(name) is not None
    }
    parts: dict[str, Part] = {}
    for role, model in facility.parties.items():
        alike = [
            one for one in facility.parties if role in called and called.get(one) == called[role]
        ]
        takes = [facility.parties[one].kinds for one in alike or [role]]
        shared = [kind for kind in model.kinds if all(kind in one for one in takes)]
        same = [one for one in alike if one in parts] if shared else []
        types = shared or model.kinds
        kind = kinds[role] if kinds.get(role) in types else types[0]
        parts[role] = parts[same[0]] if same else Part(ids(role, kind), kind)
    cast = Cast(facility, parts)
    cast.texts = {text: parts[role].id for role, text in called.items() if role in parts}
    for name, fact in facility.facts.items():
        make = MAKERS.get(fact.provider)
        value = _value(name, fact, facts)
        if make is not None and value is not None:
            make(cast, fact, value)
    return cast


#: What a fact is in an example: its texts by the ending of its columns in a register file.
Value = Mapping[str, str]


def _value(name: str, fact: Fact, facts: Values) -> Value | None:
    """Return a fact's texts: one under an empty ending, or an amount and its currency."""
    if fact.type != "money":
        found = facts.get(name)
        return None if found is None or found is ABSENT else {"": text_of(found)}
    parts = not fact.currency
    amount = facts.get(f"{name}.amount" if parts else name)
    currency = facts.get(f"{name}.currency") if parts else fact.currency
    if currency is not None and not str(currency).isupper():
        currency = facts.get(str(currency))
    if amount is None or currency is None:
        return None
    return {".amount": text_of(amount), ".currency": str(currency)}


def text_of(value: object) -> str:
    """Return a value as an input file has it.

    >>> text_of(Decimal("1E+2")), text_of(True), text_of(date(2025, 6, 30))
    ('100', 'true', '2025-06-30')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def _part(cast: Cast, fact: Fact) -> Part:
    return cast.parts[fact.args["party"]]


def _in_zone(cast: Cast, fact: Fact, value: Value) -> None:
    _part(cast, fact).is_in_zone = value[""] == "true"


def _is_overseas(cast: Cast, fact: Fact, value: Value) -> None:
    _part(cast, fact).is_overseas = value[""] == "true"


def _jurisdiction(cast: Cast, fact: Fact, value: Value) -> None:
    _part(cast, fact).registered_in = value[""]


def _account(cast: Cast, fact: Fact, value: Value) -> None:
    cast.named.setdefault(fact.args["party"], {})[fact.args["name"]] = value[""]


def _attribute(cast: Cast, fact: Fact, value: Value) -> None:
    _part(cast, fact).attributes[fact.args["name"]] = {
        f"value{ending}": cast.texts.get(text, text) for ending, text in value.items()
    }


def _qualification(cast: Cast, fact: Fact, value: Value) -> None:
    if value[""] == "true":
        _part(cast, fact).lists.add(fact.args["name"])


def _hk_funded(cast: Cast, fact: Fact, value: Value) -> None:
    if value[""] == "true":
        _part(cast, fact).lists.add("hk_funded")
    else:
        _part(cast, fact).is_public = True


def _controls(cast: Cast, fact: Fact, value: Value) -> None:
    parent, child = cast.parts[fact.args["parent"]], cast.parts[fact.args["child"]]
    if parent is child:
        return
    if value[""] == "true":
        child.parent = parent.id
    else:
        child.is_public = True


def _record(cast: Cast, fact: Fact, value: Value) -> None:
    attributes = cast.papers.setdefault((fact.args["kind"], fact.args["id"]), {})
    for ending, text in value.items():
        attributes[f"attributes.{fact.args['name']}{ending}"] = cast.texts.get(text, text)


def _record_exists(cast: Cast, fact: Fact, value: Value) -> None:
    if value[""] == "true":
        cast.papers.setdefault((fact.args["kind"], fact.args["id"]), {})


#: The inverse of each provider that reads the register.
MAKERS: Final[Mapping[str, Callable[[Cast, Fact, Value], None]]] = {
    "in_zone": _in_zone,
    "is_overseas": _is_overseas,
    "jurisdiction": _jurisdiction,
    "account": _account,
    "attribute": _attribute,
    "qualification": _qualification,
    "hk_funded": _hk_funded,
    "controls": _controls,
    "record": _record,
    "record_exists": _record_exists,
}


def currencies_of(compiled: Compiled, facts: Values) -> Iterable[tuple[str, str]]:
    """Yield each account an action moves money on, as `role.kind`, and the currency it needs."""
    for number, leg in enumerate(compiled.action.legs):
        kind = compiled.values[f"leg.{number}.amount"].type
        if not isinstance(kind, MoneyType):
            continue
        currency = kind.currency if kind.currency.isupper() else str(facts.get(kind.currency) or "")
        for name in (leg.debit, leg.credit) if currency else ():
            yield name, currency
