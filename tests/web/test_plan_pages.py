"""The plan at a glance and a measure's page: what they say is what the pack and the books say."""

import csv
import io
import re
from datetime import date
from html import unescape
from uuid import UUID

import pytest
from playwright.sync_api import Page

from qianhai.identity import Role
from qianhai.policy import Authorisation
from qianhai.views import STATES, Sought, history_document, map_document
from qianhai.web.business import load_day
from qianhai.web.works import Work
from web.served import Served

DAY = date(2026, 3, 2)
KNOWN = "2026-03-02"


@pytest.fixture(scope="module")
def booked(served: Served) -> Served:
    """The sample day in the books of the institution."""
    load_day(served.house, Work(UUID(int=1), "sample", "test", served.clock.at))
    return served


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_map_shows_every_measure_once_in_its_section(served: Served) -> None:
    text = served.client().get("/plan?lang=en").text
    shown = [int(number) for number in re.findall(r'class="tile [^"]*" href="/plan/(\d+)\?', text)]
    assert shown == list(range(1, 116))
    assert "115 of 115 measures" in text
    assert text.count('<div class="group">') == 30


def test_each_measure_says_how_it_stands_by_a_word_and_a_sign(served: Served) -> None:
    text = served.client().get(f"/plan?lang=en&on={KNOWN}").text
    pack = served.house.policy.pack
    tiles = re.findall(
        r'<a class="tile stands-(\w+)" href="/plan/(\d+)[^>]*>(.*?)</a>', text, re.DOTALL
    )
    words = {"in_force": "● In force", "pilot": "◐ Pilot", "supported": "◇ Supported",
             "proposed": "○ Proposed", "duty": "▭ Duty"}  # fmt: skip
    for state, number, inside in tiles:
        said = " ".join(re.sub(r"<[^>]*>", " ", inside).split())
        sign, word = words[state].split(" ", 1)
        assert said.startswith(f"{sign} {number} {word}")
        assert pack.measures[int(number)].status == state or state in words
    assert {state for state, _, _ in tiles} <= set(STATES)


def test_what_is_sought_is_found_and_nothing_else(served: Served) -> None:
    client = served.client()
    pack = served.house.policy.pack
    by_unit = _rows(client.get("/plan?unit=tax-sz&format=csv").text)
    assert [int(one["measure"]) for one in by_unit] == [
        one.id for one in pack.measures.values() if "tax-sz" in one.units
    ]
    by_chapter = _rows(client.get("/plan?chapter=5&format=csv").text)
    assert [int(one["measure"]) for one in by_chapter] == list(range(98, 105))
    proposed = _rows(client.get("/plan?state=proposed&format=csv").text)
    assert proposed
    assert {one["state"] for one in proposed} == {"proposed"}
    words = _rows(client.get("/plan?q=境外放款&format=csv").text)
    assert "67" in [one["measure"] for one in words]
    assert "No measure is like that" in client.get("/plan?q=zeppelin&lang=en").text


def test_before_the_plan_nothing_is_open(served: Served) -> None:
    rows = _rows(served.client().get("/plan?on=2023-02-22&format=csv").text)
    assert {one["state"] for one in rows} == {"not_yet"}
    assert {one["clauses_open"] for one in rows} == {"0"}
    assert served.client().get("/plan?on=yesterday").status_code == 400
    assert served.client().get("/plan?since=yesterday").status_code == 400


def test_an_instrument_on_record_opens_a_proposed_clause_from_its_day(served: Served) -> None:
    pack = served.house.policy.pack
    measure = next(
        one for one in pack.measures.values() if {c.status for c in one.clauses} == {"proposed"}
    )
    clause = measure.clauses[0].id
    given = [Authorisation(clause, "pilot", date(2025, 5, 1), date(2026, 4, 30), "SZ-2025-7")]
    history = history_document(pack, measure, given, DAY)
    spans = history["clauses"][0]["spans"]  # type: ignore[index]
    told = [(one["status"], one["first"], one["last"], one["instrument"]) for one in spans]
    assert told == [
        ("not_yet", None, "2023-02-22", ""),
        ("proposed", "2023-02-23", "2025-04-30", ""),
        ("pilot", "2025-05-01", "2026-04-30", "SZ-2025-7"),
        ("proposed", "2026-05-01", None, ""),
    ]
    assert sum(one["width"] for one in spans) == 1000
    for day, state in ((date(2025, 4, 30), 0), (DAY, 1)):
        found = map_document(pack, day, given, None, Sought(text=str(measure.id)))
        line = next(one for one in found["measures"] if one["id"] == measure.id)  # type: ignore[attr-defined]
        assert line["open"] == state


def test_use_is_told_to_those_who_see_the_books_and_to_nobody_else(booked: Served) -> None:
    with booked.house.database.transaction() as conn:
        found = conn.execute(
            "select i.facility, count(*) from instructions.instructions i"
            " where i.value_on between '2025-01-01' and '2026-12-31' group by 1"
        ).fetchall()
    pack = booked.house.policy.pack
    counted: dict[int, int] = {}
    for facility, count in found:
        if facility in pack.facilities:
            number = pack.facilities[facility].measure
            counted[number] = counted.get(number, 0) + count
    assert counted
    asked = "/plan?format=csv&since=2025-01-01&on=2026-12-31"
    officer = booked.signed_in(booked.person(Role.BANK_OFFICER))
    rows = _rows(officer.get(asked).text)
    assert {
        int(one["measure"]): int(one["decided"]) for one in rows if one["decided"] != "0"
    } == counted
    most = max(counted, key=lambda number: counted[number])
    page = officer.get(f"/plan/{most}?lang=en&since=2025-01-01&on=2026-12-31").text
    assert f"{counted[most]:,} instructions decided from 2025-01-01 to 2026-12-31" in page
    for client in (booked.client(), booked.signed_in(booked.person(Role.ADMINISTRATOR))):
        assert {one["decided"] for one in _rows(client.get(asked).text)} == {""}
        assert "shown to those who see the books" in client.get(f"/plan/{most}?lang=en").text


def test_a_measure_tells_its_rule_as_the_file_has_it_with_its_words(served: Served) -> None:
    text = unescape(served.client().get(f"/plan/67?lang=en&on={KNOWN}").text)
    pack = served.house.policy.pack
    for name in ("cross_border_financing", "overseas_lending"):
        model = pack.facilities[name]
        for action in model.actions.values():
            for condition in action.conditions:
                assert condition.when in text
                assert condition.en in text
        assert f"/navigator/business/{name}" in text
        assert f"qianhai ask {name}" in text
    parameter = pack.parameters["macro_prudential_enterprise"]
    for dated in parameter.values:
        assert dated.first.isoformat() in text
    assert parameter.source in text
    assert "Read on the official page" in text


def test_every_example_on_a_page_comes_to_what_is_expected(served: Served) -> None:
    text = served.client().get("/plan/67?lang=en").text
    block = text.partition("<h2>Examples</h2>")[2].partition("</section>")[0]
    rows = re.findall(r"<tr>.*?</tr>", block.partition("<tbody>")[2], re.DOTALL)
    files = served.house.files
    written = sum(
        text.count(b"\n  - {id:") + text.count(b"\n  - id:")
        for path, text in files.items()
        if path.startswith("measures/067") and path.endswith(".facility.yaml")
    )
    assert len(rows) == written > 50
    assert {re.findall(r"<td>(\w+)</td>", row)[-1] for row in rows} == {"yes"}


@pytest.mark.parametrize("number", ["0", "116", "x", "1e2", "-1", "９"])
def test_a_measure_there_is_not_is_not_found(served: Served, number: str) -> None:
    assert served.client().get(f"/plan/{number}").status_code == 404


def test_every_measure_has_its_page_in_chinese(served: Served) -> None:
    client = served.client(**{"accept-language": "zh-HK"})
    for number in range(1, 116, 9):
        answer = client.get(f"/plan/{number}")
        assert answer.status_code == 200, number
        assert "<h1>" in answer.text


def test_the_rule_is_drawn_where_scripts_run(page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.goto("/plan/67?lang=en")
    page.wait_for_selector(".graph canvas")
    assert page.locator(".graph:not([hidden])").count() >= 2
    assert not complaints
