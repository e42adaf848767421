"""Each way a pack may change, and what a replay says it did to the decisions on record."""

from collections.abc import Mapping, Sequence

import pytest

from qianhai.db import Database
from qianhai.instructions import Flip, Left, Replay, Wanted
from qianhai.messages import Row
from qianhai.policy import Policy, open_policy
from qianhai.registers import erase
from route import candidate
from route.desk import Desk, plan_files
from route.test_personal_business import FACTS, WHO, remitted
from route.test_submit_many import Bank, plan, rows, shuffled
from route.umbrella import everyone, give_back, keep
from tracing import untraced

STORAGE = "umbrella_storage.facility.yaml"
__all__ = ["plan", "remitted", "rows"]


@untraced()
def changed(old: str, new: str, file: str = STORAGE) -> Policy:
    files = plan_files()
    name = next(one for one in files if one.endswith(file))
    assert old.encode() in files[name], f"{old!r} stands in {name}"
    return open_policy({**files, name: files[name].replace(old.encode(), new.encode())})


@untraced()
def without(*words: str) -> Policy:
    files = plan_files()
    return open_policy({n: raw for n, raw in files.items() if not any(w in n for w in words)})


def replayed(desk: Desk, policy: Policy) -> tuple[dict[str, Flip | Left], Replay]:
    live = desk.road.policy
    replay = Replay(policy, institution_id="local", cover=candidate.cover(), live=live)
    with desk.database.transaction() as conn:
        return {one.id: one for one in replay.run(conn, Wanted())}, replay


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_decision_of_a_random_day_is_read_again_as_it_was_made(
    database: Database, plan: Policy, rows: Sequence[Row], seed: int
) -> None:
    bank = Bank(database, plan, "local")
    day = shuffled(bank.read(rows), seed)
    answers = list(bank.road.submit_many(day, now=bank.now))
    replay = Replay(plan, institution_id="local", cover=candidate.cover(), live=plan)
    with database.transaction() as conn:
        assert list(replay.run(conn, Wanted())) == []
    assert replay.tally.equal == len(answers)


def way(found: Mapping[str, Flip | Left]) -> dict[str, str]:
    return {
        number: f"{one.before} {one.after}" if isinstance(one, Flip) else one.why
        for number, one in found.items()
    }


def causes(one: Flip | Left) -> list[tuple[str, str, str, str]]:
    assert isinstance(one, Flip)
    return [(cause.kind, cause.name, cause.before, cause.after) for cause in one.causes]


@pytest.fixture
def kept(desk: Desk) -> Desk:
    """Umbrellas kept and given back, refused by the sheds, wet, and one of which it is not said."""
    desk.register(*everyone(own="20.00", parent="25.00"))
    keep(desk, "a1", "30.00")
    give_back(desk, "b1", "10.00", "a1")
    keep(desk, "a2", "45.00")
    keep(desk, "a3", "1.00", is_dry="false")
    give_back(desk, "b2", "99.00", "a1")
    give_back(desk, "b3", "1.00", "a2")
    return desk


def test_a_rewritten_ceiling_flips_what_no_longer_fits(kept: Desk) -> None:
    policy = changed("money_in(keeper.shed, 'CNY')", "money_in(keeper.shed, 'CNY') * 0.1")
    found, replay = replayed(kept, policy)
    assert way(found) == {"a1": "permitted refused"}
    kinds = {(kind, name) for kind, name, _, _ in causes(found["a1"])}
    assert kinds >= {("limit", "shed.own"), ("rule", "limit.shed.own.cap")}
    assert replay.tally.untried == 0


def test_a_wider_ceiling_permits_what_was_refused_and_says_that_nobody_tried_it(
    kept: Desk,
) -> None:
    policy = changed("money_in(parent.shed, 'CNY')", "money_in(parent.shed, 'CNY') * 2")
    found, replay = replayed(kept, policy)
    assert way(found) == {"a2": "refused permitted"}
    assert replay.tally.untried == 1


def test_what_a_failure_gives_is_a_cause_of_its_own(kept: Desk) -> None:
    policy = changed("{id: dry, when: is_dry, otherwise: ordinary", "{id: dry, when: is_dry")
    found, _ = replayed(kept, policy)
    assert way(found) == {"a3": "ordinary refused"}
    assert ("rule", "dry", "ordinary", "refused") in causes(found["a3"])


def test_a_new_condition_asks_for_what_nobody_recorded(kept: Desk) -> None:
    narrower = "when: fee.currency = 'CNY' and until >= until,"
    policy = changed("when: fee.currency = 'CNY',", narrower)
    found, _ = replayed(kept, policy)
    assert way(found) == {
        "a1": "permitted incomplete",
        "a2": "refused incomplete",
        "a3": "ordinary incomplete",
    }
    assert ("fact", "until", "none", "missing") in causes(found["a1"])
    assert ("condition", "cny", "true", "unknown") in causes(found["a1"])


def test_a_part_given_back_is_counted_with_its_own_amount(kept: Desk) -> None:
    policy = changed(
        "when: back <= fee_open,",
        "when: back <= fee_open and back + back + back + back < fee_open,",
    )
    found, _ = replayed(kept, policy)
    assert way(found) == {"b1": "permitted refused"}
    (one,) = found.values()
    assert isinstance(one, Flip)
    assert (one.amount, one.currency) == ("10.00", "CNY")


def test_a_clause_that_waits_again_is_named(kept: Desk) -> None:
    files = plan_files()
    name = next(one for one in files if "/067_" in one and one.endswith("measure.yaml"))
    text = files[name].decode()
    assert "status: in_force" in text
    waits = {**files, name: text.replace("status: in_force", "status: proposed").encode()}
    found, _ = replayed(kept, open_policy(waits))
    assert way(found) == {
        "a1": "permitted refused",
        "b1": "permitted refused",
        "a3": "ordinary refused",
    }
    assert ("clause", "67b", "open", "closed") in causes(found["a1"])


def test_what_the_candidate_lacks_is_told_with_why(kept: Desk) -> None:
    found, replay = replayed(kept, without("umbrella_"))
    assert way(found) == dict.fromkeys(["a1", "a2", "a3", "b1", "b2"], "facility_gone")
    assert replay.tally.left == {("facility_gone", "umbrella_storage"): 5}
    assert replay.tally.equal == 1, "what continued nothing was decided by no condition"


def test_a_persons_business_is_replayed_until_its_person_is_erased(remitted: Desk) -> None:
    remitted.submit("p3", "personal_rmb_on_id", "remit", WHO, {**FACTS, "amount.amount": "1.00"})
    file = "personal_rmb_on_id.facility.yaml"
    policy = changed("procedure_60", "procedure_61", file)
    _, replay = replayed(remitted, policy)
    assert (replay.tally.count, replay.tally.erased) == (2, 0)
    with remitted.database.transaction() as conn:
        assert erase(
            conn,
            "person-1",
            institution_id="local",
            reason="asked",
            by="test",
            at=remitted.now(),
            salts=lambda: bytes(16),
        )
    found, replay = replayed(remitted, policy)
    assert found == {}
    assert (replay.tally.count, replay.tally.erased) == (2, 2)
