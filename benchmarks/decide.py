"""How fast a decision is, every condition traced, beside an SQL engine and beside plain Python.

    python benchmarks/decide.py [--quick | --full]

Each facility of the plan is decided on the facts of its own permitted example. The peers do less on
purpose: SQLite, prepared and in memory, is asked the two tests of one facility and explains
nothing; the floor only reads the facts that the decision reads from a dict. Rounds of all follow
each other. The last line is one JSON document.
"""

import argparse
import json
import sqlite3
import statistics
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Final

from qianhai.kernel import Outcome, Place
from qianhai.main import read_files
from qianhai.policy import Compiled, Example, Facility, Policy, Standing, open_policy, read_facts

PLAN: Final = Path(__file__).parents[1] / "plan"
#: The facility SQLite is asked about: one condition and one ceiling.
COMPARED: Final = "overseas_lending"
PEER: Final = (
    "select :is_genuine, :outstanding + :amount <= :equity * case when :in_zone then 8 else 5 end"
)

Case = tuple[Compiled, Mapping[str, object], Standing]


def cases(policy: Policy) -> Iterator[tuple[str, Case]]:
    """Yield each facility's first permitted example that needs no special reading."""
    for facility in policy.pack.facilities.values():
        for example in facility.examples:
            found = case_of(policy, facility, example)
            if found:
                yield facility.id, found
                break


def case_of(policy: Policy, facility: Facility, example: Example) -> Case | None:
    """Return an example as the arguments of a decision; None when it is not the plain kind."""
    if example.expect.get("outcome") != "permitted" or example.switches or example.opens:
        return None
    said: dict[str, object] = {}
    for name in example.given:
        said |= facility.given[name]
    said |= example.facts
    kept = [(name, value) for name, value in said.items() if name not in example.without]
    facts, flaws = read_facts(facility.facts, kept, lambda _: Place(example.id))
    assert not flaws, flaws
    case = policy.compiled(facility.id, example.action), facts, policy.standing(example.on)
    assert policy.decide(*case).decision.outcome is Outcome.PERMITTED, (facility.id, example.id)
    return case


def seconds_of(act: Callable[[], object], times: int) -> float:
    """Return the seconds one call takes, over many."""
    since = perf_counter()
    for _ in range(times):
        act()
    return (perf_counter() - since) / times


def measure(rounds: int, times: int) -> tuple[int, Mapping[str, list[float]]]:
    """Run the rounds; return how many facilities there are, and the seconds of each act."""
    policy = open_policy(read_files(PLAN))
    every = dict(cases(policy))
    one = every[COMPARED]
    names, facts = sorted(one[0].named_facts), one[1]
    memory = sqlite3.connect(":memory:")
    row = {
        "is_genuine": True,
        "in_zone": True,
        "outstanding": 0,
        "amount": 100_000,
        "equity": 1_000_000,
    }
    acts: dict[str, Callable[[], object]] = {
        "one": lambda: policy.decide(*one),
        "all": lambda: [policy.decide(*case) for case in every.values()],
        "sqlite": lambda: memory.execute(PEER, row).fetchone(),
        "floor": lambda: [facts.get(name) for name in names],
    }
    found: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            found[name].append(seconds_of(act, times))
    return len(every), found


def results(facilities: int, found: Mapping[str, list[float]]) -> list[dict[str, object]]:
    """Return each figure in microseconds, with its ratio to the peer it is held against."""
    middle = {name: statistics.median(values) * 1e6 for name, values in found.items()}
    each = middle["all"] / facilities
    sqlite, floor = "SQLite, two tests unexplained", "reading its facts from a dict"
    rows = [
        (f"decide_{COMPARED}", middle["one"], middle["sqlite"], sqlite),
        (f"decide_{COMPARED}_floor", middle["one"], middle["floor"], floor),
        (f"decide_mean_of_{facilities}", each, middle["sqlite"], sqlite),
        ("sqlite", middle["sqlite"], middle["sqlite"], "itself"),
    ]
    return [
        {
            "name": name,
            "value": round(value, 2),
            "unit": "us",
            "ratio": round(value / peer, 2),
            "against": against,
        }
        for name, value, peer, against in rows
    ]


def main() -> None:
    """Measure, print a table, and last one JSON document."""
    parser = argparse.ArgumentParser(description="Measure a decision beside its peers.")
    parser.add_argument("--quick", action="store_true", help="a few seconds (the default)")
    parser.add_argument("--full", action="store_true", help="a minute")
    rounds, times = (30, 2000) if parser.parse_args().full else (7, 300)
    facilities, found = measure(rounds, times)
    lines = results(facilities, found)
    print(f"{rounds} rounds of {times} decisions; every condition is traced")
    for line in lines:
        print(f"{line['name']:32} {line['value']:>9} us  x{line['ratio']} {line['against']}")
    print(f"one process decides {1e6 / float(str(lines[0]['value'])):,.0f} such loans a second")
    print(json.dumps({"bench": "decide", "results": lines}))


if __name__ == "__main__":
    main()
