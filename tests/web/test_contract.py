"""The whole API against its own description, asked by a machine that means no good.

No 500, and no answer that the description does not tell: with each role, a bounded number of
generated requests, reproducible by the seed that a failure prints.
"""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from qianhai.identity import Role
from qianhai.policy import reach_of
from qianhai.views import coverage_document, examples_show, reach_document
from web.api import program
from web.routes import WAYS
from web.served import Served

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_DOCUMENTS = [way for way in WAYS if way.path.startswith("/api/")]
#: What is asked of each role; with all of them the whole API is, with more examples.
_FEW, _MORE = 2, 8


@pytest.fixture(scope="module")
def description(served: Served) -> dict[str, Any]:
    house = served.house  # what all examples show takes seconds, and has the same form
    few = list(house.policy.pack.facilities.values())[:2]
    reach = reach_document(reach_of(house.policy))
    vars(house)["coverage"] = {**coverage_document(examples_show(house.policy, few)), "plan": reach}
    found: dict[str, Any] = httpx2.get(f"{served.address}/api/v1/openapi.json").json()
    return found


def _operations(description: dict[str, Any]) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(description)
    for found in schema.get_all_operations():
        operation: Any = found
        yield operation.ok()


def _ask(served: Served, description: dict[str, Any], token: str, examples: int) -> int:
    """Ask every operation so many times, and return how many answers were held to it."""
    count = 0
    for operation in _operations(description):

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def held(case: Any) -> None:  # noqa: ANN401 - the library's case
            nonlocal count
            answer = case.call(
                base_url=served.address, headers={"Authorization": f"Bearer {token}"}, timeout=300
            )
            case.validate_response(answer, checks=_CHECKS)
            count += 1

        held()
    return count


def test_no_answer_is_outside_the_description(served: Served, description: dict[str, Any]) -> None:
    token = served.token(served.person(*(role for role in Role if role is not Role.PARTY)))
    assert _ask(served, description, token, _MORE) >= len(_DOCUMENTS)


@pytest.mark.parametrize("role", Role, ids=str)
def test_no_role_meets_an_answer_outside_the_description(
    served: Served, description: dict[str, Any], role: Role
) -> None:
    token = served.token(served.person(role))
    assert _ask(served, description, token, _FEW) >= len(_DOCUMENTS)


def test_every_operation_says_its_roles_its_errors_and_an_example(
    description: dict[str, Any],
) -> None:
    told = {
        (method.upper(), path)
        for path, operations in description["paths"].items()
        for method in operations
    }
    assert told == {(way.method, way.path) for way in _DOCUMENTS}
    for way in _DOCUMENTS:
        operation = description["paths"][way.path][way.method.lower()]
        roles = sorted(role.value for role in way.roles or ())
        names = ["anyone"] if way.roles is None else roles or ["any"]
        assert operation["x-roles"] == names, way
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
        contents = [*operation.get("requestBody", {}).get("content", {}).items()]
        for status, response in operation["responses"].items():
            contents += response.get("content", {}).items() if status.startswith("2") else ()
        for kind, content in contents:
            assert kind == "multipart/form-data" or "example" in content, f"{way}: {kind}"
        for parameter in operation.get("parameters", []):
            assert "example" in parameter, f"{way}: {parameter['name']}"


def test_every_reason_is_told_with_its_words(served: Served, description: dict[str, Any]) -> None:
    known = served.house.policy.pack.vocabulary["reasons"]
    told = description["components"]["schemas"]["ReasonCode"]
    assert told["enum"] == list(known)
    assert told["x-texts"] == {code: {"zh": t.zh, "en": t.en} for code, t in known.items()}


def test_an_example_is_what_the_server_answers(served: Served, description: dict[str, Any]) -> None:
    client = program(served, Role.BANK_OFFICER)
    for path in ("/decide", "/what-if", "/ask", "/which"):
        operation = description["paths"][f"/api/v1{path}"]["post"]
        asked = operation["requestBody"]["content"]["application/json"]["example"]
        answer = client.post(path, json=asked)
        assert answer.status_code == 200, answer.text
