"""The description of the API (OpenAPI 3.1): every operation with its roles, errors and examples.

Made from the routes themselves and from the pack at hand, so that it cannot say anything else.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.responses import Response

from qianhai.web.access import Allowed, Anyone
from qianhai.web.api.examples import Examples
from qianhai.web.api.naming import told
from qianhai.web.api.problems import PROBLEMS, reason_documents
from qianhai.web.api.shapes import Problem
from qianhai.web.api.strict import StrictRoute
from qianhai.web.site import House

router: Final = APIRouter(tags=["codes"], route_class=StrictRoute)

_PREFIX: Final = "/api/v1"
_PROBLEM: Final = "application/problem+json"
_REFS: Final = "#/components/schemas/{model}"
_ABOUT: Final = """\
Everything the command line does that somebody elsewhere may do; the documents are the same as its
`--json`. Come with a bearer token, made in the console under one's account and shown once.

* An error is a problem of RFC 9457 (`application/problem+json`) with what to do, and the flaws of
  what was sent, each in Chinese and English. A business "no" is no error: it is an outcome.
* Sent again with the same `Idempotency-Key` and content, an instruction is answered again and
  booked once; with other content it is refused with 409.
* Lists come in pages: take `next` as `cursor` of the next request. `?lang=` or `Accept-Language`
  (zh-Hans, zh-Hant, en) says in which language a problem speaks.
* A webhook carries `webhook-id`, `webhook-timestamp` and `webhook-signature`: `v1,` and the base64
  of HMAC-SHA256 over `id.timestamp.body` under the secret (after `whsec_`, base64). It is
  delivered at least once: leave out an id that was seen, and a timestamp older than five minutes.
"""


@router.get("/openapi.json", responses={200: {"model": dict[str, Any]}})
def openapi(_visitor: Anyone, request: Request) -> Response:
    """Describe this API."""
    state = request.app.state
    if not hasattr(state, "description"):
        state.description = describe(request.app, state.house)
    return told(state.description)


def describe(app: FastAPI, house: House) -> dict[str, Any]:
    """Return the description of an app's documents."""
    document = get_openapi(
        title="qianhai",
        version="1",
        summary="The Qianhai plan as a running system 前海方案办理系统",
        description=_ABOUT,
        routes=app.routes,
    )
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _add_codes(schemas, house)
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    document["components"]["responses"] = {"Problem": _problem_response()}
    examples = Examples(house, schemas)
    for route in _routes(app.state.documents):
        for method in route.methods or ():
            operation = document["paths"][_PREFIX + route.path_format][method.lower()]
            _complete(operation, route)
            examples.add(operation, route.path_format, method.lower())
    return document


def _routes(routers: Sequence[APIRouter]) -> Iterator[APIRoute]:
    """Yield the routes of documents."""
    for router in routers:
        for one in router.routes:
            assert isinstance(one, APIRoute), "a document has a route of its own"
            yield one


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    """Say who may, and how it can fail."""
    roles = _roles(route)
    operation["security"] = [] if roles is None else [{"bearer": []}]
    names = [] if roles is None else sorted(role.value for role in roles)
    operation["x-roles"] = ["anyone"] if roles is None else names or ["any"]
    said = {None: "anybody"}.get(roles) if roles is None else ", ".join(names) or "any role"
    operation["description"] = f"{operation.get('description', '').strip()}\n\nRoles: {said}."
    operation["operationId"] = route.name
    responses = operation["responses"]
    responses.pop("422", None)
    reference = {"$ref": "#/components/responses/Problem"}
    statuses = ["400", "403", "404", "413", "422", "429", "500", "503"]
    statuses += ["401"] if roles is not None else []
    statuses += ["409"] if route.path.endswith("/instructions") else []
    responses |= dict.fromkeys(statuses, reference)
    responses["default"] = reference


def _roles(route: APIRoute) -> Any:  # noqa: ANN401 - a set of roles, or None for anybody
    for inner in route.dependant.dependencies:
        if isinstance(inner.call, Allowed):
            return inner.call.roles
    raise AssertionError(f"{route.path}: its visitor is declared in its signature")


def _problem_response() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    example = {
        "type": f"{_PREFIX}/problems#not_found",
        "title": "This page is not here",
        "status": 404,
        "detail": "Check the address, or go on from the start page.",
        "instance": "urn:reference:MFRGGZDF",
        "code": "not_found",
    }
    return {
        "description": "What happened and what to do, by RFC 9457.",
        "content": {_PROBLEM: {"schema": schema, "example": example}},
    }


def _add_codes(schemas: dict[str, Any], house: House) -> None:
    """Enumerate the reasons of the pack and the problems, each with its words."""
    made = TypeAdapter(Problem).json_schema(ref_template=_REFS, mode="serialization")
    schemas |= made.pop("$defs", {})
    schemas["Problem"] = made
    codes = sorted({one.code for one in PROBLEMS})
    made["properties"]["code"] = {"type": "string", "enum": codes, "examples": ["bad_input"]}
    reasons = reason_documents(house)
    schemas["ReasonCode"] = {
        "type": "string",
        "enum": [one["code"] for one in reasons],
        "x-texts": {str(one["code"]): {"zh": one["zh"], "en": one["en"]} for one in reasons},
        "description": "\n".join(
            f"* `{one['code']}` ({one['outcome']}): {one['zh']} · {one['en']}" for one in reasons
        ),
    }
    schemas["Reason"]["properties"]["code"] = {"$ref": "#/components/schemas/ReasonCode"}
