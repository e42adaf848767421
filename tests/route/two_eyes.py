"""A second person at a test's desk: a threshold set, one instruction approved, a file taken in."""

import secrets
from decimal import Decimal
from uuid import UUID

from qianhai.instructions import (
    Bank,
    FourEyes,
    Instruction,
    Roads,
    RunLine,
    Sorted,
    Staged,
    claim_key,
    set_threshold,
)
from qianhai.policy import bundled
from qianhai.registers import Keyring
from route.desk import DAY, Desk, plan_files


def by_two_persons(desk: Desk, instruction: Instruction) -> None:
    """Have an instruction wait, be approved by another person, and stand in a run of a file."""
    policy = desk.road.policy
    bank = Bank(desk.database, "local", Keyring(bytes(32)), secrets.token_bytes)
    eyes = FourEyes(bank, Roads(bank, policy, bundled(plan_files())))
    asked = {"currency": "CNY", "amount": Decimal("0.01"), "first_day": DAY}
    with desk.database.transaction() as conn:
        set_threshold(conn, "local", asked, by="admin", at=desk.now(), salts=secrets.token_bytes)
        claim_key(conn, instruction, sender="officer", key="k-1", at=desk.now())
    sent = eyes.submit(instruction, by="officer", at=desk.now())
    assert sent.preview is not None
    assert sent.answer is None
    decided = eyes.approve(instruction.id, sent.preview.mark, by="approver", at=desk.now())
    assert decided.answer is not None
    with Staged(policy, "local") as direct, Staged(policy, "local") as waiting:
        line = RunLine(1, instruction.id, "day.csv", 2, "waiting")
        taken = Sorted(direct, waiting, lines=[line])
        began = desk.now()
        eyes.record_run(
            UUID(int=7), "day.csv", taken, {}, by="officer", began_at=began, at=desk.now()
        )
