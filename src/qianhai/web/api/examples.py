"""Examples in the description: asked of the pack where it answers, else made from the form.

No name of the pack stands here: the business shown is the one of the pack that asks the least.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from qianhai.policy import Compiled, Matter, settlings, what_if
from qianhai.views import (
    ask_document,
    decision_document,
    facility_document,
    facility_line,
    form_document,
    measure_line,
    measure_page,
    plain_facts,
    what_if_document,
)
from qianhai.web.api.uploads import ARCHIVES, RAW, XLSX
from qianhai.web.site import House

_DAY: Final = "2026-03-02"
_SHOWN_MAX: Final = 2
_DEPTH_MAX: Final = 6
_ID: Final = "0190a6c4-0000-7000-8000-000000000001"
#: What stands for a text of one of these names.
_INSTANT: Final = f"{_DAY}T01:00:00+00:00"
_INSTANTS: Final = frozenset(
    {"decided_at", "posted_at", "made_at", "began_at", "created_at", "ended_at", "first_used_at"}
)
_DAYS: Final = frozenset(
    {"on", "since", "until", "value_date", "value_on", "at", "first_day", "active_from", "from"}
)
_HASHES: Final = frozenset({"pack", "base", "hash", "at_hand", "deciding", "shadow"})
_PEOPLE: Final = frozenset({"by", "proposed_by", "started_by"})
_ZEROS: Final = frozenset({"held", "used", "pending_in", "pending_out"})
_IDS: Final = frozenset({"number", "id", "instruction"})
_FIGURES: Final = frozenset({"balance", "amount", "available", "cap", "left", "asked"})
_OTHERS: Final[Mapping[str, str]] = {
    "asset": "CNY", "outcome": "permitted", "ledger_result": "posted", "party": "p-1",
    "period": "2026-03", "why": "The code was mistyped.", "zh": "示例", "en": "an example",
    "name": "p-1/CNY",
}  # fmt: skip
#: What stands for a text of one of these names.
_TEXTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(_INSTANTS, _INSTANT),
    **dict.fromkeys(_DAYS, _DAY),
    **dict.fromkeys(_ZEROS, "0.00"),
    **dict.fromkeys(_FIGURES, "1000.00"),
    **dict.fromkeys(_IDS, "A-0001"),
    **dict.fromkeys(_HASHES, "5c446327" * 8),
    **dict.fromkeys(_PEOPLE, "chen"),
    **_OTHERS,
}


class Examples:
    """The examples of one description."""

    def __init__(self, house: House, schemas: Mapping[str, Any]) -> None:
        self._house = house
        self._schemas = schemas

    def add(self, operation: dict[str, Any], path: str, method: str) -> None:
        """Add examples to an operation: its parameters, its body, its answer."""
        for parameter in operation.get("parameters", []):
            parameter["example"] = self._parameter(parameter, path)
        body = operation.get("requestBody", {}).get("content", {})
        asked = self._asked.get((method, path))
        for kind, content in body.items():
            if kind == "application/json":
                content["example"] = asked or self._made(content["schema"], "", 0)
            elif kind in RAW:
                content["example"] = "id,facility,action,value_date\n"
            elif kind in ARCHIVES:
                content["example"] = "the bytes of the archive"
        known = self._answers.get((method, path))
        for status, response in operation["responses"].items():
            for kind, content in response.get("content", {}).items():
                if kind == "application/json" and status.startswith("2"):
                    content["example"] = known or self._made(content["schema"], "", 0)
                elif status.startswith("2"):
                    is_sheet = kind == XLSX
                    content["example"] = "the bytes of it" if is_sheet else "id,facility,outcome\n"

    @cached_property
    def _matter(self) -> tuple[Matter, dict[str, object]]:
        """Return the business that asks the least, and facts that permit it."""
        policy = self._house.policy
        standing = policy.standing(self._house.site.now().date())
        least: tuple[int, Compiled, dict[str, object]] | None = None
        for name, model in sorted(policy.pack.facilities.items()):
            compiled = policy.compiled(name, next(iter(model.actions)))
            if len(compiled.facts) > (least[0] if least else 12):
                continue
            for one in settlings(Matter(policy, compiled, standing), {}):
                if one.outcome.value == "permitted" and (
                    least is None or len(one.facts) < least[0]
                ):
                    least = len(compiled.facts), compiled, dict(one.answers)
        assert least is not None, "some business of the pack is permitted"
        return Matter(policy, least[1], standing), least[2]

    @cached_property
    def _asked(self) -> Mapping[tuple[str, str], Any]:
        matter, facts = self._matter
        compiled = matter.compiled
        said = plain_facts(facts)
        asked = {"facility": compiled.facility, "action": compiled.name, "facts": said}
        some = dict(list(said.items())[:1])
        return {
            ("post", "/decide"): asked,
            ("post", "/what-if"): asked,
            ("post", "/ask"): {**asked, "facts": some, "skipped": []},
            ("post", "/which"): {"facts": said},
            ("post", "/instructions"): {
                "id": "A-0001",
                "facility": compiled.facility,
                "action": compiled.name,
                "value_date": _DAY,
                **said,
            },
        }

    @cached_property
    def _answers(self) -> Mapping[tuple[str, str], Any]:
        policy = self._house.policy
        pack = policy.pack
        matter, facts = self._matter
        decision = decision_document(pack, matter.decide(facts))
        facility = pack.facilities[matter.compiled.facility]
        some = dict(list(facts.items())[:1])
        measures = [measure_line(one) for one in list(pack.measures.values())[:_SHOWN_MAX]]
        page = measure_page(policy, pack.measures[facility.measure], matter.standing)
        reports = sorted(pack.vocabulary["reports"])[:1]
        return {
            ("post", "/decide"): decision,
            ("post", "/what-if"): {
                "decision": decision,
                "what_if": what_if_document(matter, what_if(matter, facts)),
            },
            ("post", "/ask"): ask_document(matter, some),
            ("get", "/measures"): {"measures": measures},
            ("get", "/measures/{number}"): page,
            ("get", "/facilities"): {"facilities": [facility_line(facility)]},
            ("get", "/facilities/{name}"): facility_document(pack, facility),
            ("get", "/reports"): {"items": [form_document(pack, name) for name in reports]},
        }

    def _parameter(self, parameter: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401
        name, schema = parameter["name"], parameter["schema"]
        if path.endswith("/measures/{number}"):
            return self._house.policy.pack.facilities[self._matter[0].compiled.facility].measure
        if path.endswith("/facilities/{name}") or name == "facility":
            return self._matter[0].compiled.facility
        if name == "report":
            return min(self._house.policy.pack.vocabulary["reports"])
        if name == "head":
            return f"0:{bytes(32).hex()}"
        if name == "cursor":
            return "WzFd"
        return self._made(schema, name, 0)

    def _made(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:  # noqa: ANN401
        """Return a value of a form."""
        if "$ref" in schema:
            return self._made(self._schemas[schema["$ref"].rpartition("/")[2]], name, depth)
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        if "const" in schema:
            return schema["const"]
        if "anyOf" in schema:
            kinds = [one for one in schema["anyOf"] if one.get("type") != "null"]
            return self._made(kinds[0], name, depth) if depth < _DEPTH_MAX else None
        return self._of_type(schema, name, depth)

    def _of_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:  # noqa: ANN401
        match schema.get("type"):
            case "object":
                properties = schema.get("properties", {})
                return {key: self._made(one, key, depth + 1) for key, one in properties.items()}
            case "array":
                items = schema.get("items", {})
                return [] if not items or depth >= _DEPTH_MAX else [self._made(items, name, depth)]
            case "integer" | "number":
                return schema.get("default") or 1
            case "boolean":
                return False
        return _ID if schema.get("format") == "uuid" else _TEXTS.get(name, "")
