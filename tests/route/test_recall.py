"""A decision is read back whole, in the words of the pack that made it."""

from qianhai.policy import bundled, open_policy
from route.desk import Desk, make_desk, plan_files
from route.umbrella import everyone, keep


def test_a_decision_is_answered_again_word_for_word_after_the_pack_changed(desk: Desk) -> None:
    desk.register(*everyone())
    first = keep(desk, "a1")
    files = plan_files()
    name = next(one for one in files if one.endswith("umbrella_storage.facility.yaml"))
    files[name] = files[name].replace(b"id: dry", b"id: is_dry_now")
    later = make_desk(desk.database, open_policy(files), range(100, 200), bundled(files))
    again = keep(later, "a1")
    assert again.is_repeat
    assert again.decision == first.decision
    assert "dry" in {one.id for one in again.decision.conditions}
    fresh = keep(later, "a2", "0.01")
    assert "is_dry_now" in {one.id for one in fresh.decision.conditions}
    assert fresh.decision.pack_hash != first.decision.pack_hash


def test_of_the_conditions_one_character_each_is_kept(desk: Desk) -> None:
    desk.register(*everyone())
    answer = keep(desk, "a1", is_dry="false")
    with desk.database.transaction() as conn:
        row = conn.execute("select answers, explained from instructions.decisions").fetchone()
    assert row is not None
    assert len(row[0]) == len(answer.decision.conditions)
    assert "f" in row[0]
    assert '"conditions"' not in row[1]
