"""A candidate pack at a test's desk: proposed, replayed, and judged in the shadow."""

import secrets

from qianhai.instructions import Changes, Cover, PackText, ShadowTurns
from qianhai.instructions.shadow import Shadow
from qianhai.policy import Policy, bundled
from qianhai.registers import Keyring
from route.desk import Desk, plan_files
from route.lending import moved, moved_files


def cover() -> Cover:
    return Cover("local", Keyring(bytes(32)), secrets.token_bytes)


def propose(desk: Desk) -> int:
    """Propose the moved ratios, and bind a replay to the change; return its number."""
    changes = Changes("local", secrets.token_bytes)
    pack = PackText(moved(), bundled(moved_files()))
    base = PackText(desk.road.policy, bundled(plan_files()))
    with desk.database.transaction() as conn:
        change = changes.propose(conn, pack, base, why="a test", by="first", at=desk.now())
        changes.replayed(conn, change.number, {"flipped": 0}, by="first", at=desk.now())
    return change.number


def shadow(desk: Desk, policy: Policy, files: bytes) -> Shadow:
    """Have a candidate judged beside everything this desk decides from now on."""
    turns = ShadowTurns("local", secrets.token_bytes)
    with desk.database.transaction() as conn:
        turn = turns.start(conn, PackText(policy, files), by="first", at=desk.now())
    found = Shadow(policy, turn.number, "local", cover(), secrets.token_bytes)
    desk.road.recorder.beside = found
    return found
