"""The simulated year: reproducible, over every facility, and fit to be run."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from qianhai.instructions import PROVIDERS
from qianhai.kernel import Place
from qianhai.main import read_files
from qianhai.policy import Policy, open_policy
from qianhai.registers import Checker
from qianhai.registers import Entry as Row
from qianhai.simulation import INVERTED, Entry, Line, Year
from qianhai.simulation.casting import cast_of
from qianhai.simulation.repertoire import repertoires
from tracing import untraced

#: Providers whose facts business makes, or that every cast has by itself.
MADE = {
    "party_id", "party_kind", "used", "position", "scheduled", "balance", "same_holder",
    "account_exists",
}  # fmt: skip
PATTERNS = {"split", "dormant", "mule", "circle", "mismatch"}


@pytest.fixture(scope="module")
@untraced()
def policy() -> Policy:
    return open_policy(read_files(Path(__file__).parents[2] / "plan"))


def year(policy: Policy, instructions: int, seed: int = 7) -> tuple[list[Line], list[Entry]]:
    entries: list[Entry] = []
    lines = list(Year(policy, 2025, instructions, seed).lines(entries.append))
    return lines, entries


@pytest.fixture(scope="module")
def made(policy: Policy) -> tuple[list[Line], list[Entry]]:
    return year(policy, 4000)


def test_every_provider_has_an_inverse_or_its_facts_are_made() -> None:
    assert PROVIDERS.keys() <= INVERTED.keys() | MADE
    assert INVERTED.keys() | MADE <= PROVIDERS.keys()


def test_a_year_has_as_many_instructions_as_asked_over_all_facilities(
    policy: Policy, made: tuple[list[Line], list[Entry]]
) -> None:
    lines, _ = made
    assert len(lines) == 4000
    assert len({line.cells["id"] for line in lines}) == 4000
    assert {line.cells["facility"] for line in lines} == policy.pack.facilities.keys()
    assert {line.on.month for line in lines} == set(range(1, 13))


def test_the_same_seed_gives_the_same_year_and_another_seed_another(policy: Policy) -> None:
    assert year(policy, 600) == year(policy, 600)
    assert year(policy, 600)[0] != year(policy, 600, seed=8)[0]


def test_the_register_of_a_year_is_sound(made: tuple[list[Line], list[Entry]]) -> None:
    _, entries = made
    rows = [Row(Place("parties", number), entry) for number, entry in enumerate(entries)]
    checker = Checker(lambda _ids: set())
    checked = checker.add(rows)
    checker.end()
    assert len(checked) == len(entries), "nobody is named who is not entered"


def test_every_role_of_every_play_is_cast_as_a_type_it_takes(policy: Policy) -> None:
    cast_as = Counter[bool]()
    for repertoire in repertoires(policy, date(2025, 6, 16)):
        facility = repertoire.facility
        for play in repertoire.firsts:
            parts = cast_of(facility, play.facts, lambda role, _: role).parts
            for role, model in facility.parties.items():
                assert parts[role].type in model.kinds, (facility.id, play.facts, role)
                cast_as[parts[role].id == role] += 1
    assert cast_as[True] > cast_as[False] > 0, "some are one party, most are parties apart"


def test_what_is_planted_is_labelled_and_shows_in_no_id(
    made: tuple[list[Line], list[Entry]],
) -> None:
    lines, entries = made
    labels = Counter(line.label.partition(".")[0] for line in lines if line.label)
    assert labels.keys() == PATTERNS | {"mistake"}
    assert labels["split"] >= 12
    assert labels["circle"] >= 3
    shown = " ".join(" ".join(line.cells.values()) for line in lines[:500])
    shown += " ".join(str(entry) for entry in entries[:500])
    assert not [name for name in PATTERNS if name in shown]


def test_money_that_goes_round_comes_back(made: tuple[list[Line], list[Entry]]) -> None:
    lines, _ = made
    round_ = [line for line in lines if line.label == "circle.1"]
    members = [
        [v for v in line.cells.values() if v.startswith("C") and "." in v] for line in round_
    ]
    assert len(round_) == 3
    firsts = [set(one) for one in members]
    assert all(firsts[at] & firsts[(at + 1) % 3] for at in range(3))


def test_what_continues_a_business_comes_after_it(made: tuple[list[Line], list[Entry]]) -> None:
    lines, _ = made
    days: dict[str, date] = {line.cells["id"]: line.on for line in lines}
    later = [line for line in lines if "of" in line.cells]
    assert later
    assert all(days[line.cells["of"]] < line.on for line in later)
