"""Answers on record read back by their ids, as the lists of a desk show them.

Reads only. What was erased with a person's key is left out.
"""

from collections.abc import Sequence
from typing import Any

from qianhai.db import Connection
from qianhai.instructions.interpret import declared_facts
from qianhai.instructions.model import Answer, Instruction
from qianhai.instructions.record import Recorder
from qianhai.kernel import Place
from qianhai.policy import Policy, leaves_of, read_facts


def answers_of(
    conn: Connection, recorder: Recorder, policy: Policy, institution_id: str, ids: Sequence[str]
) -> tuple[dict[str, Answer], frozenset[str]]:
    """Return the answers of instructions on record, and the persons they are about."""
    kept = recorder.instructions(conn, ids)
    asked = [_instruction(policy, institution_id, number, found) for number, found in kept.items()]
    subjects = frozenset(found["parties"]["subject"] for found in kept.values()) - {""}
    return recorder.recalled(conn, asked), subjects


def _instruction(
    policy: Policy, institution_id: str, number: str, found: dict[str, Any]
) -> Instruction:
    """Return a stored instruction, with those facts the pack of today still reads."""
    facts: dict[str, object] = {}
    said = {path: str(value) for path, value in found["facts"].items() if value is not None}
    if found["facility"] in policy.pack.facilities:
        declared = declared_facts(policy, found["facility"])
        leaves = leaves_of(declared)
        given = [(path, value) for path, value in found["facts"].items() if path in leaves]
        facts, _ = read_facts(declared, given, Place, leaves=leaves)
        said = {}
    parties = found["parties"]
    return Instruction(
        number,
        institution_id,
        found["facility"],
        found["action"],
        found["value_on"],
        parties["parties"],
        parties["accounts"],
        facts,
        said=said,
    )
