"""Know: what is in force for each instruction, who its parties are, and what it continues.

A column of instructions is known with a fixed number of questions a day of value. Reads only;
must not decide anything but whether an instruction can continue what it names.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from qianhai.db import Connection
from qianhai.instructions.days import Days
from qianhai.instructions.model import Drawn, Instruction, Known, Root
from qianhai.instructions.record import Recorder
from qianhai.kernel import Outcome, Place
from qianhai.policy import (
    Compiled,
    Policy,
    Standing,
    leaves_of,
    read_facts,
)
from qianhai.registers import PartyType

#: Why an instruction cannot go on: the answer, and what is missing or wrong.
Refusal = tuple[Outcome, Sequence[str]]


def know(
    policy: Policy,
    recorder: Recorder,
    conn: Connection,
    days: Days,
    instructions: Sequence[Instruction],
) -> list[tuple[Known, Refusal | None]]:
    """Know each instruction, and why it cannot be decided by its conditions where it cannot."""
    continued = {one.continues for one in instructions if one.continues}
    roots = roots_of(recorder, conn, continued)
    found: list[tuple[Known, Refusal | None]] = []
    for instruction in instructions:
        standing = days[instruction.value_on].standing
        if instruction.facility:
            known = _known(policy, standing, instruction, roots.get(instruction.continues))
        else:
            known = _of_no_facility(policy, standing, instruction)
        known[0].known_at = days.known_at
        found.append(known)
    _find_subjects(policy, days, [row for row, _ in found])
    return found


def _known(
    policy: Policy, standing: Standing, instruction: Instruction, root: Root | None
) -> tuple[Known, Refusal | None]:
    compiled = policy.compiled(instruction.facility, instruction.action)
    is_own = root is not None and root.facility == compiled.facility
    inherited = inherited_facts(policy, root) if root and is_own else {}
    refusal = refused_continuation(instruction, compiled, root, inherited)
    parties, accounts = instruction.parties, instruction.accounts
    facts = dict(instruction.facts)
    if root and not refusal:
        parties, accounts = {**root.parties, **parties}, {**root.accounts, **accounts}
        facts = {**inherited, **facts}
    else:
        root = None
    sent = frozenset(facts)
    return Known(instruction, compiled, standing, root, parties, accounts, facts, sent), refusal


def _of_no_facility(
    policy: Policy, standing: Standing, instruction: Instruction
) -> tuple[Known, Refusal]:
    """Return what is known of an instruction that does not say what business it is."""
    parties, accounts = instruction.parties, instruction.accounts
    row = Known(instruction, policy.nothing, standing, None, parties, accounts)
    return row, (Outcome.INCOMPLETE, ["facility"])


def _find_subjects(policy: Policy, days: Days, rows: Iterable[Known]) -> None:
    """Find the natural person each business is about; only roles a person may have are asked."""
    asked: dict[date, list[tuple[Known, list[str]]]] = {}
    for row in rows:
        if not row.compiled.facility:
            continue
        roles = policy.pack.facilities[row.compiled.facility].parties
        named = [
            row.parties[role]
            for role, model in roles.items()
            if role in row.parties and PartyType.PERSON.value in model.kinds
        ]
        if named:
            asked.setdefault(row.instruction.value_on, []).append((row, named))
    for day, those in asked.items():
        people = days[day].register.parties(sorted({one for _, named in those for one in named}))
        for row, named in those:
            found = (one for one in named if (p := people[one]) and p.type is PartyType.PERSON)
            row.subject = next(found, "")


def roots_of(recorder: Recorder, conn: Connection, ids: Iterable[str]) -> dict[str, Root]:
    """Return the stored instructions that later actions name, by id, with what their roots drew."""
    stored = recorder.instructions(conn, ids)
    firsts = {one["root"] for one in stored.values()} - stored.keys()
    firsts_stored = recorder.instructions(conn, firsts)
    drawn_by = {
        number: tuple(Drawn(**one) for one in found["draws"])
        for number, found in (stored | firsts_stored).items()
    }
    roots = {}
    for number, found in stored.items():
        drawn = drawn_by[number]
        if found["root"] != number:
            drawn += drawn_by[found["root"]]
        fields = {name: found[name] for name in found if name not in {"draws", "parties"}}
        parties = found["parties"]
        roots[number] = Root(
            drawn=drawn, parties=parties["parties"], accounts=parties["accounts"], **fields
        )
    return roots


def inherited_facts(policy: Policy, root: Root) -> dict[str, object]:
    """Return the sender's facts of the instruction that is continued."""
    declared = policy.pack.facilities[root.facility].facts
    sent = {name: fact for name, fact in declared.items() if fact.provider == "sender"}
    leaves = leaves_of(sent)
    given = [(path, value) for path, value in root.facts.items() if path in leaves]
    values, _ = read_facts(sent, given, Place, leaves=leaves)
    return values


def refused_continuation(
    instruction: Instruction,
    compiled: Compiled,
    root: Root | None,
    inherited: Mapping[str, object],
) -> Refusal | None:
    """Tell why an instruction cannot continue what it names; None when it can, or names nothing.

    What was agreed stands: a later action may add facts, and may repeat one, never change it.
    """
    action = compiled.action
    if not action.of and not instruction.continues:
        return None
    if root is None:
        return Outcome.REFUSED, ["unknown"]
    if root.facility != compiled.facility or root.action not in action.of:
        return Outcome.REFUSED, ["other_action"]
    if root.outcome != Outcome.PERMITTED.value:
        return Outcome.REFUSED, ["not_permitted"]
    own = instruction.parties
    if any(root.parties.get(role, party) != party for role, party in own.items()):
        return Outcome.REFUSED, ["other_parties"]
    if any(inherited.get(path, value) != value for path, value in instruction.facts.items()):
        return Outcome.REFUSED, ["other_facts"]
    if instruction.value_on < root.value_on:
        return Outcome.REFUSED, ["earlier_day"]
    return None
