"""A round of business with every kind of answer, and everything that must be true after a crash."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from qianhai import journal, ledger
from qianhai.db import Database
from qianhai.instructions import Instruction
from qianhai.kernel import derived_id
from qianhai.policy import open_policy
from route.desk import Desk, make_desk, plan_files
from route.umbrella import FACILITY, FACTS, WHO, account, everyone

#: What one round answers, instruction by instruction.
OUTCOMES = {
    "a": "permitted",
    "b": "permitted",
    "c": "refused",
    "d": "permitted",
    "e": "permitted",
    "f": "ordinary",
    "g": "incomplete",
    "h": "permitted",
    "i": "permitted",
    "j": "permitted",
    "k": "incomplete",
    "l": "refused",
}


def open_desk(database: Database) -> Desk:
    return make_desk(database, open_policy(plan_files()))


def enter(desk: Desk) -> None:
    """Enter everyone, with room for many rounds."""
    desk.register(*everyone("2000.00", "2500.00")[:-1], account("6200001", "100000.00"))


def round_of(desk: Desk, number: int) -> Iterator[Instruction]:
    """Yield a round's instructions: posts, holds, later actions and every other answer."""
    at = f"{number}"

    def make(letter: str, action: str, of: str = "", **facts: str) -> Instruction:
        parties = {} if of else WHO
        given = {name.replace("__", "."): text for name, text in facts.items()}
        known = given if of else FACTS | given
        whole = f"{of}{at}" if of else ""
        return desk.instruction(f"{letter}{at}", FACILITY, action, parties, known, of=whole)

    yield make("a", "keep", fee__amount="12.00")
    yield make("b", "reserve", fee__amount="3.00", until="2025-07-31")
    yield make("c", "keep", fee__amount="9999.00")
    yield make("d", "give_back", "a", back="5.00")
    yield make("e", "confirm", "b")
    yield make("f", "keep", is_dry="false")
    yield Instruction(f"g{at}", "local", "", "", date(2025, 6, 30), {})
    yield make("h", "give_back", "a", back="7.00")
    yield make("i", "reserve", fee__amount="2.00", until="2025-07-31")
    yield make("j", "cancel", "i")
    facts = {name: text for name, text in FACTS.items() if name != "is_dry"}
    yield desk.instruction(f"k{at}", FACILITY, "keep", WHO, facts)
    yield make("l", "give_back", "a", back="0.01")


_HALVES = {
    "an instruction without its decision": """
        select i.id from instructions.instructions i left join instructions.decisions d
        on d.institution_id = i.institution_id and d.instruction_id = i.id
        where d.instruction_id is null""",
    "a decision without its journal entry, or with two": """
        select d.instruction_id from instructions.decisions d left join journal.entries e
        on e.kind = 'decision' and e.subject = d.instruction_id
        group by d.instruction_id having count(e.seq) <> 1""",
    "a permitted business without its posted chain": """
        select d.instruction_id from instructions.decisions d
        join instructions.instructions i on i.id = d.instruction_id
        left join ledger.chains c on c.id = i.chain_id and c.result = 0
          and c.transfer_last = d.ledger_seq
        where d.outcome = 'permitted' and c.seq is null""",
    "a posted chain of a business that is not permitted": """
        select d.instruction_id from instructions.decisions d
        join instructions.instructions i on i.id = d.instruction_id
        join ledger.chains c on c.id = i.chain_id and c.result = 0
        where d.outcome <> 'permitted'""",
    "a chain of no instruction": """
        select c.id::text from ledger.chains c left join instructions.instructions i
        on i.chain_id = c.id where i.id is null and c.id <> %(opening)s""",
    "a permitted report that does not wait to leave": """
        select d.instruction_id from instructions.decisions d
        join instructions.instructions i on i.id = d.instruction_id
        left join instructions.reports o on o.instruction_id = i.id
        where i.action = 'keep' and (d.outcome = 'permitted') <> (o.kind is not null)""",
}


def halves(database: Database) -> list[str]:
    """Return everything that is half there, and every difference the rooms find themselves."""
    found = []
    opening = {"opening": derived_id("opening", "local", "bank-1", "6200001")}
    with database.transaction() as conn:
        for what, query in _HALVES.items():
            found += [f"{what}: {one}" for (one,) in conn.execute(query.encode(), opening)]
    with database.transaction() as conn:
        found += map(str, ledger.verify(conn))
    with database.transaction() as conn:
        found += map(str, journal.verify(conn))
    return found


def outcomes(database: Database) -> dict[str, str]:
    """Return what every instruction was answered."""
    with database.transaction() as conn:
        rows = conn.execute("select instruction_id, outcome from instructions.decisions").fetchall()
    return dict(rows)


def positions(database: Database) -> dict[str, tuple[int, ...]]:
    """Return how every account stands."""
    with database.transaction() as conn:
        rows = conn.execute(
            "select name, balance, pending_in, pending_out from ledger.balances"
        ).fetchall()
    return {name: tuple(figures) for name, *figures in rows}


def write_files(folder: Path, number: int) -> tuple[Path, Path]:
    """Write a round and its parties as files for the command."""
    parties = [
        {"since": "2020-01-01"} | dict(row)
        for row in [*everyone("2000.00", "2500.00")[:-1], account("6200001", "100000.00")]
    ]
    day = [
        {"id": f"a{number}", **FACTS, "fee.amount": "12.00", "action": "keep", **WHO},
        {"id": f"d{number}", "back": "5.00", "action": "give_back", "of": f"a{number}"},
        {"id": f"f{number}", **FACTS, "is_dry": "false", "action": "keep", **WHO},
    ]
    placed = [{"facility": FACILITY, "value_date": "2025-06-30"} | row for row in day]
    paths = folder / "parties.jsonl", folder / "day.jsonl"
    for path, rows in zip(paths, (parties, placed), strict=True):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return paths
