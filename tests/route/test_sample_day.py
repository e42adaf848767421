"""The sample day gives what its authors meant, line by line, and nothing a second time."""

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from make_sample_day import main as make_sample_day
from qianhai.cli import Site, start
from qianhai.kernel import Outcome, Place
from qianhai.main import read_files, site
from qianhai.messages import Row, read
from qianhai.policy import Policy, flatten, open_policy, read_facts
from tracing import untraced

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PARTIES = EXAMPLES / "day" / "parties.jsonl"
FILES = [EXAMPLES / "day" / f"day.{kind}" for kind in ("csv", "jsonl", "xlsx", "xml")]
FILES.append(EXAMPLES / "day" / "legacy.xml")
#: Actions that came to its facilities after the sample day was written.
LATER = {
    ("fx_operating_rent", "apply"),
    ("pilot_combination", "pair_with_wfoe"),
    ("pilot_combination", "apply_directly"),
    ("trade_settlement_on_instruction", "settle_rmb"),
    ("trade_settlement_on_instruction", "settle_fx"),
    ("freight_invoice_payment", "request"),
}
#: Their rules, or the papers they ask for, do not stand on both days the facts are tried on.
EXPIRING = {"qdie_investment", "fund_share_custody"}
FACTS = sorted((EXAMPLES / "facts").glob("*.json"))


@pytest.fixture(scope="module")
@untraced()
def policy() -> Policy:
    return open_policy(read_files(ROOT / "plan"))


@pytest.fixture
def bank(database_url: str, tmp_path: Path) -> Site:
    return site({"QIANHAI_DATABASE_URL": database_url, "QIANHAI_DATA_DIR": str(tmp_path / "data")})


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def run_day(bank: Site, out: Path) -> dict[str, object]:
    files = [str(file) for file in FILES]
    assert start(bank, ["run", *files, "--parties", str(PARTIES), "--out", str(out)]) == 0
    summary: dict[str, object] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return summary


def answers(out: Path) -> list[tuple[str, str, str]]:
    return [
        (line["id"], line["outcome"], line["reasons"].split()[0])
        for line in lines(out / "outcomes.csv")
    ]


@pytest.mark.slow
def test_every_line_of_the_sample_day_is_answered_as_meant_and_booked_once(
    bank: Site, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    meant = [
        (line["id"], line["outcome"], line["reason"]) for line in lines(EXAMPLES / "expected.csv")
    ]
    summary = run_day(bank, first)
    assert [pair for pair in zip(meant, answers(first), strict=True) if pair[0] != pair[1]] == []
    assert summary["repeated"] == 0

    again = run_day(bank, second)
    assert answers(second) == answers(first)
    assert again["repeated"] == again["instructions"] == len(meant)
    assert again["heads"] == summary["heads"]

    head = str(first / "summary.json")
    assert start(bank, ["ledger", "verify", "--head", head]) == 0
    assert start(bank, ["journal", "verify", "--head", head]) == 0


def test_the_sample_day_shows_every_action_of_its_facilities_and_every_outcome(
    policy: Policy,
) -> None:
    facilities = policy.pack.facilities
    meant = lines(EXAMPLES / "expected.csv")
    asked: dict[str, tuple[str, str]] = {}
    for row in (row for file in FILES for row in read(file)):
        assert isinstance(row, Row)
        facility = row.fields.get("facility", "")
        actions = list(facilities[facility].actions) if facility else [""]
        asked[row.fields["id"]] = facility, row.fields.get("action", actions[0])
    assert list(asked) == [line["id"] for line in meant], "no id twice, none left out"
    assert len(meant) >= 320
    assert {line["outcome"] for line in meant} == set(Outcome)
    permitted = {asked[line["id"]] for line in meant if line["outcome"] == "permitted"}
    shown = {facility for facility, _ in asked.values() if facility}
    assert len(shown) >= 13
    every = {(name, action) for name in shown for action in facilities[name].actions}
    assert every - permitted == LATER
    assert ("", "") in asked.values(), "a message that states no facility"


def test_the_sample_day_is_what_its_cases_say(tmp_path: Path) -> None:
    assert make_sample_day(tmp_path) == 0
    for file in (*FILES, PARTIES):
        assert list(read(tmp_path / "day" / file.name)) == list(read(file)), file.name
    assert lines(tmp_path / "expected.csv") == lines(EXAMPLES / "expected.csv")


def test_every_facility_has_facts_that_permit(policy: Policy) -> None:
    waiting = {clause for clause, status in policy.pack.clauses.items() if status == "proposed"}
    first = {name: policy.compiled(name, "").action.clause for name in policy.pack.facilities}
    open_ones = {name for name, clause in first.items() if clause not in waiting}
    assert {path.stem for path in FACTS} | EXPIRING == open_ones


@pytest.mark.parametrize("facts", FACTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("on", [date(2025, 6, 30), date(2026, 11, 23)])
def test_the_facts_of_an_example_are_permitted(policy: Policy, facts: Path, on: date) -> None:
    compiled = policy.compiled(facts.stem, "")
    given = flatten(json.loads(facts.read_text(encoding="utf-8")))
    values, flaws = read_facts(compiled.facts, given, lambda path: Place(facts.name, None, path))
    assert flaws == []
    verdict = policy.decide(compiled, values, policy.standing(on))
    assert verdict.decision.outcome is Outcome.PERMITTED
