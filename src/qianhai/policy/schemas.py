"""JSON Schemas of the pack's files, made from the models that read them and the pack's own words.

Holds what an editor needs to complete and check a file while it is written: the shape of each
file kind, and the names of this pack's clauses, providers, documents and the like. A file that
fits its schema may still be wrong; `qianhai plan check` says the rest.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from qianhai.kernel import CURRENCIES, Outcome
from qianhai.policy.crossing import OPTIONAL_ARGS
from qianhai.policy.model import Facility, Measure, Overlay, Parameter, Switch, Term, Worked
from qianhai.policy.movements import ANY_ACCOUNT, Movements
from qianhai.policy.naming import EXPECTED
from qianhai.policy.outline import Plan
from qianhai.policy.pack import Pack
from qianhai.policy.reporting import CodeTable, ReportForm

Schema = dict[str, Any]
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

#: Which files of a pack each kind of schema is for, as a glob inside the pack; the first that fits.
FILES: Final[Mapping[str, str]] = {
    "plan": "plan.yaml",
    "movements": "accounts/movements.yaml",
    "measure": "measures/*/measure.yaml",
    "facility": "measures/*/*.facility.yaml",
    "overlay": "measures/*/*.overlay.yaml",
    "examples": "parameters/*.examples.yaml",
    "parameters": "parameters/*.yaml",
    "report": "reports/*.yaml",
    "codes": "codes/*.yaml",
    "switches": "vocabulary/switches.yaml",
    "vocabulary": "vocabulary/*.yaml",
}

#: The fields that name an entry of the pack, and the entries they may name.
_NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "Action": {"clause": "clauses", "documents": "documents", "reports": "reports"},
    "Condition": {"clause": "clauses", "reason": "reasons"},
    "CreditKind": {"kind": "accounts"},
    "EffectCall": {"name": "effects"},
    "Example": {"opens": "clauses"},
    "Facility": {"measure": "measures"},
    "Fact": {"provider": "providers", "document": "documents", "currency": "currency"},
    "FactField": {"currency": "currency"},
    "Ground": {"clause": "clauses"},
    "LegTemplate": {"debit": "account", "credit": "account"},
    "Limit": {"clause": "clauses", "asset": "currency"},
    "Measure": {
        "related": "measures",
        "section": "sections",
        "module": "modules",
        "units": "units",
        "actors": "actors",
        "systems": "systems",
    },
    "MovementRow": {"clause": "clauses"},
    "Movements": {"kinds": "accounts", "apart": "accounts"},
    "OnDebit": {"kind": "accounts"},
    "Overlay": {"clause": "clauses", "measure": "measures"},
    "Parameter": {"currency": "currencies", "measures": "measures"},
    "Position": {"currency": "currency"},
    "WorkedFact": {"currency": "currency"},
}


def schemas(pack: Pack) -> dict[str, Schema]:
    """Return the schema of every kind of file, with the names of this pack."""
    names = _names(pack)
    made: dict[str, Schema] = {}
    for kind, (model, form) in _MODELS.items():
        whole: Schema = model.model_json_schema(by_alias=True)
        models = _loosened({**whole.pop("$defs", {}), model.__name__: whole})
        _name_fields(models)
        _add_demands(models, pack)
        shape = form(model.__name__) if form else models[model.__name__]
        about = f"{FILES[kind]} · `qianhai plan schema {kind}`"
        used = _used(shape, {**models, **names})
        made[kind] = {"$schema": _DIALECT, "$comment": about, **shape, "$defs": used}
    return made


def _listed(name: str) -> Schema:
    return {"type": "array", "items": _ref(name)}


def _keyed(name: str) -> Schema:
    return {"type": ["object", "null"], "additionalProperties": _ref(name)}


#: The model each kind of file is held to: the file itself, its entries, or those by their ids.
_MODELS: Final[Mapping[str, tuple[type[BaseModel], Callable[[str], Schema] | None]]] = {
    "plan": (Plan, None),
    "movements": (Movements, None),
    "measure": (Measure, None),
    "facility": (Facility, None),
    "overlay": (Overlay, None),
    "parameters": (Parameter, _listed),
    "report": (ReportForm, None),
    "codes": (CodeTable, None),
    "examples": (Worked, _listed),
    "vocabulary": (Term, _keyed),
    "switches": (Switch, _keyed),
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _names(pack: Pack) -> Schema:
    """Return a shape for each kind of name, which lists what the pack has."""
    plan, words = pack.plan, pack.vocabulary
    clauses = {c.id: f"{c.zh} / {c.en}" for m in pack.measures.values() for c in m.clauses}
    shapes = {
        "clauses": _one_of(clauses),
        "measures": _one_of({str(m.id): _said(m.title) for m in pack.measures.values()}),
        "sections": _one_of({str(one.id): "" for one in plan.sections}),
        "modules": _one_of({one.slug: "" for one in plan.modules}),
        "units": _one_of({one.slug: f"{one.zh} / {one.en}" for one in plan.units}),
        "actors": _one_of({one.slug: f"{one.zh} / {one.en}" for one in plan.actors}),
        "systems": _one_of({one.slug: "" for one in plan.systems}),
        "currencies": _one_of(dict.fromkeys(CURRENCIES, "")),
        # A currency is a code in capitals, or the path of the fact that holds one.
        "currency": {"anyOf": [_ref("currencies"), {"type": "string", "pattern": "^[a-z]"}]},
    }
    for kind, terms in words.items():
        shapes[kind] = _one_of({name: _said(term) for name, term in terms.items()})
    kinds = "|".join(["account", ANY_ACCOUNT, *words["accounts"]])
    shapes["account"] = {
        "type": "string",
        "pattern": rf"^[a-z][a-z0-9_]*\.({kinds})$",
        "description": "主体.账户种类 / <role>.<kind>",
    }
    return shapes


def _said(words: Any) -> str:  # noqa: ANN401 - a title or a term, which share no type but the words
    return f"{words.zh} / {words.en}"


def _one_of(names: Mapping[str, str]) -> Schema:
    """Return the shape of one of some names; a name of digits may stand without quotes."""
    numbers = [int(name) for name in names if name.isdigit()]
    shape: Schema = {"enum": [*names, *numbers]}
    if any(names.values()):
        shape["enumDescriptions"] = [*names.values(), *(names[str(one)] for one in numbers)]
    return shape


def _loosened(shape: Any) -> Any:  # noqa: ANN401 - the nodes of a schema have no common type
    """Return a shape for what an editor reads: the same text, with scalars as YAML guesses them.

    The pack's own reader takes every scalar as text, so `5`, `"5"` and `no` are texts alike.
    """
    if isinstance(shape, list):
        return [_loosened(one) for one in shape]
    if not isinstance(shape, dict):
        return shape
    if "properties" in shape:
        fields = {name: _loosened(one) for name, one in shape["properties"].items()}
        kept = {key: one for key, one in shape.items() if key != "properties"}
        return {**kept, "properties": fields}
    loose = {key: _loosened(one) for key, one in shape.items() if key not in {"title", "default"}}
    choices = [one for one in loose.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        return choices[0]
    if loose.get("format") == "date":
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
    match loose.get("type"):
        case "integer":
            loose |= {"type": ["integer", "string"], "pattern": "^-?[0-9]+$"}
        case "boolean":
            return {"enum": [True, False, "true", "false"]}
        case "string" if "enum" not in loose and "const" not in loose and "pattern" not in loose:
            loose["type"] = ["string", "number", "boolean"]
    return loose


def _name_fields(models: Mapping[str, Schema]) -> None:
    """Let each field that names an entry of the pack list the entries there are."""
    for model, fields in _NAMED.items():
        for name, kind in fields.items():
            properties = models.get(model, {}).get("properties", {})
            if name in properties:
                is_list = properties[name].get("type") == "array"
                properties[name] = {"type": "array", "items": _ref(kind)} if is_list else _ref(kind)


def _add_demands(models: Mapping[str, Schema], pack: Pack) -> None:
    """Add what a field demands of its neighbours: a provider its arguments, a type its words."""
    vocabulary = pack.vocabulary
    if fact := models.get("Fact"):
        needs = [("type", "enum", ["values"]), ("type", "list", ["fields"])]
        needs += [("type", "rate", ["of", "per"])]
        fact["allOf"] = [_if(field, word, {"required": must}) for field, word, must in needs]
        for name, term in vocabulary["providers"].items():
            fact["allOf"].append(_if("provider", name, _arguments(term, closed=True)))
    if effect := models.get("EffectCall"):
        effect["allOf"] = [
            _if("name", name, _arguments(term, closed=False))
            for name, term in vocabulary["effects"].items()
        ]
    if limit := models.get("Limit"):
        limit["anyOf"] = [{"required": ["pools"]}, {"required": ["holder", "cap", "used"]}]
    if parameter := models.get("Parameter"):
        parameter["allOf"] = [_if("type", "money", {"required": ["currency"]})]
    if example := models.get("Example"):
        outcome = {"outcome": {"enum": [one.value for one in Outcome]}, "clause": {}}
        named = {"type": "object", "propertyNames": {"enum": list(EXPECTED)}, "minProperties": 1}
        example["properties"]["expect"] = {**named, "properties": outcome}
    for model in ("Example", "Worked"):
        if model in models:
            readings = {name: {"enum": [*one.values]} for name, one in pack.switches.items()}
            shape = {"type": "object", "properties": readings, "additionalProperties": False}
            models[model]["properties"]["switches"] = shape


def _if(field: str, value: str, then: Schema) -> Schema:
    guard = {"properties": {field: {"const": value}}, "required": [field]}
    return {"if": guard, "then": then}


def _arguments(term: Term, *, closed: bool) -> Schema:
    """Return what a provider or effect demands under `with`."""
    known = list(term.args)
    needed = [name for name in known if name not in OPTIONAL_ARGS]
    inside: Schema = {"required": needed}
    if closed:
        inside["propertyNames"] = {"enum": known} if known else False
    if term.words:
        inside["properties"] = {arg: {"enum": [*words]} for arg, words in term.words.items()}
    return {"properties": {"with": inside}} | ({"required": ["with"]} if needed else {})


def _used(shape: Schema, shapes: Mapping[str, Schema]) -> Schema:
    """Return the shapes that a shape refers to, and those that they refer to."""
    found: Schema = {}
    open_: list[object] = [shape]
    while open_:
        node = open_.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix("#/$defs/")
            if name and name not in found:
                found[name] = shapes[name]
                open_.append(shapes[name])
            open_ += node.values()
        elif isinstance(node, list):
            open_ += node
    return dict(sorted(found.items()))
