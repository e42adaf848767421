"""The generated client is the one of this API, and works against the real server."""

import importlib
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from qianhai.identity import Role
from qianhai.web import describe
from web.api import a_loan, path_of, program, sample_day
from web.served import Served
from write_client import TARGET, client_of

pytestmark = pytest.mark.usefixtures("_one_suffices")


@pytest.fixture(scope="module")
def library() -> Iterator[ModuleType]:
    sys.path.insert(0, str(TARGET.parents[1]))
    yield importlib.import_module("qianhai_client")
    sys.path.remove(str(TARGET.parents[1]))


def test_the_client_is_the_one_of_this_description(served: Served) -> None:
    document = program(served, Role.AUDITOR).get("/openapi.json").json()
    assert client_of(document) == TARGET.read_text(encoding="utf-8"), "make client"
    assert callable(describe)


def test_a_program_decides_books_and_looks_up_by_the_client(
    served: Served, library: ModuleType
) -> None:
    officer = served.person(Role.BANK_OFFICER)
    api = library.Client(served.address, served.token(officer))
    assert api.me()["name"] == officer.name
    sample_day(program(served, Role.BANK_OFFICER))
    work = api.ended(api.upload(path_of("day.csv").read_bytes(), "text/csv"), every=0.05)
    assert work["result"]["instructions"] > 50
    row = {**a_loan(), "id": "CLIENT-1"}
    first = api.submit(row, idempotency_key="client-1")
    assert api.submit(row, idempotency_key="client-1") == first
    ids = [one["id"] for one in api.pages(api.decisions, limit=40)]
    assert "CLIENT-1" in ids
    assert len(ids) == len(set(ids)) > work["result"]["instructions"]
    assert api.decision("CLIENT-1")["outcome"] == first["outcome"]
    assert api.outcomes(work["id"], format="csv").startswith(b"id,")
    with pytest.raises(library.Refused) as refused:
        api.submit({**row, "value_date": "2026-01-01"})
    assert refused.value.status == 409
    assert refused.value.flaws[0]["code"] == "I011"
    with pytest.raises(library.Refused):
        api.entries()


def test_many_clients_at_once_get_what_each_asked(served: Served, library: ModuleType) -> None:
    api = library.Client(served.address, served.token(served.person(Role.BANK_OFFICER)))
    numbers = [one["id"] for one in api.measures()["measures"]]
    found: dict[int, int] = {}

    def ask(number: int) -> None:
        found[number] = api.measure(number)["id"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in numbers[:32]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: number for number in numbers[:32]}
