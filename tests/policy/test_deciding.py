"""The strongest certain result stands, and an unknown that could be stronger is asked for."""

from collections.abc import Mapping
from datetime import date

import pytest

from policy.small import FACILITY, FILES, ON, decided, opened, small, with_action
from qianhai.kernel import Outcome
from qianhai.policy import Authorisation, Decision

ORDER = """\
conditions:
  - {id: must, when: a, zh: 甲, en: a}
  - {id: file, when: b, otherwise: incomplete, zh: 乙, en: b}
  - {id: desk, when: c, otherwise: referred, zh: 丙, en: c}
  - {id: first, when: d, otherwise: register_first, zh: 丁, en: d}
  - {id: usual, when: e, otherwise: ordinary, zh: 戊, en: e}
"""
FIVE = "".join(
    f"  {name}: {{type: boolean, document: contract, zh: 事实, en: fact}}\n" for name in "abcde"
)
ALL = dict.fromkeys("abcde", True)

SOUND = {
    "is_sound": True,
    "use": "pier",
    "amount": {"amount": "40.00", "currency": "CNY"},
    "used": "0",
}


def _told(decision: Decision) -> tuple[Outcome, list[str], list[str]]:
    return (
        decision.outcome,
        [reason.code for reason in decision.reasons],
        [one.fact for one in decision.missing],
    )


@pytest.mark.parametrize(
    ("facts", "outcome", "codes", "missing"),
    [
        ({}, "permitted", "QH00", ""),
        ({"a": False}, "refused", "RR04", ""),
        ({"c": False}, "referred", "QH05", ""),
        ({"d": False}, "register_first", "QH03", ""),
        ({"e": False}, "ordinary", "QH04", ""),
        ({"b": False}, "incomplete", "QH02", "b"),
        # the strongest stands, and all that failed is told in the order of the vocabulary
        ({"e": False, "d": False, "c": False}, "referred", "QH05 QH03 QH04", ""),
        ({"e": False, "a": False, "b": False}, "refused", "RR04 QH02 QH04", ""),
        ({"b": False, "c": False}, "incomplete", "QH02", "b"),
        # an unknown that could be stronger is asked for
        ({"a": None}, "incomplete", "QH01", "a"),
        ({"e": None}, "incomplete", "QH01", "e"),
        ({"c": None, "d": False}, "incomplete", "QH01", "c"),
        ({"a": None, "b": False}, "incomplete", "QH02 QH01", "a b"),
        ({"a": None, "c": None, "d": None}, "incomplete", "QH01 QH01 QH01", "a c d"),
        ({"b": None, "c": False}, "incomplete", "QH01", "b"),
        # an unknown that could not is not
        ({"a": False, "b": None, "c": None}, "refused", "RR04", ""),
        ({"c": False, "d": None, "e": None}, "referred", "QH05", ""),
        ({"d": False, "e": None}, "register_first", "QH03", ""),
        ({"b": False, "c": None}, "incomplete", "QH02", "b"),
    ],
)
def test_the_strongest_certain_result_is_the_outcome(
    facts: Mapping[str, bool | None], outcome: str, codes: str, missing: str
) -> None:
    decision = decided(with_action(ORDER, FIVE), {**ALL, **facts}).decision
    assert _told(decision) == (outcome, codes.split(), missing.split())
    assert [one.document for one in decision.missing] == ["contract"] * len(decision.missing)


def test_a_decision_shows_every_condition_with_its_clause_and_basis() -> None:
    action = """\
conditions:
  - {id: must, when: is_sound, clause: 1a, basis: implied, zh: 甲, en: a}
  - {id: file, when: use = 'pier', zh: 乙, en: b}
"""
    decision = decided(with_action(action), {"is_sound": False}).decision
    assert [(one.id, one.value, one.clause, one.basis) for one in decision.conditions] == [
        ("clause_open", True, "2a", "stated"),
        ("must", False, "1a", "implied"),
        ("file", None, "2a", "stated"),
    ]
    (reason,) = decision.reasons
    assert (reason.code, reason.clause) == ("RR04", "1a")
    assert reason.data == {"condition": "must", "zh": "甲", "en": "a"}


def test_a_condition_names_its_own_reason_its_alert_and_what_it_asks_for() -> None:
    action = """\
conditions:
  - {id: proof, when: is_sound or on_file, otherwise: incomplete, asks: [on_file], zh: 证, en: p}
  - {id: watch, when: use = 'pier', reason: AG01, alert: "true", zh: 警, en: w}
"""
    policy = with_action(action)
    facts = {"is_sound": False, "on_file": False, "use": "pier"}
    asked = decided(policy, facts).decision
    assert _told(asked) == (Outcome.INCOMPLETE, ["QH02"], ["on_file"])
    assert asked.alerts == ()
    barred = decided(policy, {**facts, "use": "ship"}).decision
    assert _told(barred) == (Outcome.REFUSED, ["AG01", "QH02"], [])
    assert barred.alerts == ("watch",)


@pytest.mark.parametrize(
    ("closed", "outcome"),
    [
        ("refused", "refused"),
        ("ordinary", "ordinary"),
        ("register_first", "register_first"),
        ("baseline", "permitted"),
    ],
)
def test_a_closed_clause_gives_what_its_action_says(closed: str, outcome: str) -> None:
    policy = with_action(f"clause: 1b\nclosed: {closed}\n")
    decision = decided(policy, {}).decision
    assert decision.outcome == outcome
    (reason,) = decision.reasons
    if closed == "baseline":
        assert (reason.code, reason.clause) == ("QH00", "")
    else:
        assert (reason.code, reason.data) == ("AG01", {"clause": "1b", "on": ON.isoformat()})
    given = Authorisation("1b", "in_force", date(2030, 1, 1), None, "no. 1")
    opened_by = decided(policy, {}, opens=(given,)).decision
    assert (opened_by.outcome, opened_by.reasons[0].clause) == (Outcome.PERMITTED, "1b")


def test_a_permission_rests_on_the_first_ground_that_applies() -> None:
    action = """\
closed: baseline
grounds:
  - {id: deed, when: on_file, clause: 1a, zh: 契, en: deed}
  - {id: law, when: is_sound, zh: 法, en: law}
"""
    policy = with_action(action)

    def ground(facts: Mapping[str, object]) -> tuple[str, str]:
        (reason,) = decided(policy, facts).decision.reasons
        return reason.data.get("ground", ""), reason.clause

    assert ground({"on_file": True, "is_sound": True}) == ("deed", "1a")
    assert ground({"on_file": False, "is_sound": True}) == ("law", "")
    assert ground({"is_sound": True}) == ("law", "")
    assert ground({"on_file": False, "is_sound": False}) == ("", "2a")


def test_only_a_permission_gives_rise_to_reports() -> None:
    permitted, refused = (
        decided(small(), {**SOUND, "is_sound": truth}, action="draw").decision
        for truth in (True, False)
    )
    assert (permitted.reports, permitted.documents) == (("loan_report",), ("contract",))
    assert (refused.reports, refused.documents) == ((), ("contract",))


# --- what a booking needs -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "facts", "missing"),
    [
        ("legs: [{debit: bank.nostro, credit: borrower.account, amount: back}]", {}, ["back"]),
        (
            "legs: [{debit: bank.nostro, credit: borrower.account, amount: back, when: is_sound}]",
            {},
            ["is_sound", "back"],
        ),
        (
            "legs: [{debit: bank.nostro, credit: borrower.account, amount: back, when: is_sound}]",
            {"is_sound": True},
            ["back"],
        ),
        ("opens: {principal: back}", {}, ["back"]),
        ("closes: {principal: back}", {}, ["back"]),
        ("hold_until: coalesce(due_on, date '2030-12-31')", {}, ["due_on"]),
    ],
)  # fmt: skip
def test_a_permission_waits_for_what_its_booking_needs(
    action: str, facts: Mapping[str, object], missing: list[str]
) -> None:
    condition = (
        "conditions:\n  - {id: usual, when: use = 'pier', otherwise: ordinary, zh: 用, en: u}\n"
    )
    policy = with_action(condition + action)
    waits = decided(policy, {**facts, "use": "pier"}).decision
    assert (waits.outcome, [one.fact for one in waits.missing]) == (Outcome.INCOMPLETE, missing)
    told = decided(policy, {**facts, "use": "ship"}).decision
    assert told.outcome is Outcome.ORDINARY


def test_a_leg_that_does_not_apply_needs_no_amount() -> None:
    leg = "legs: [{debit: bank.nostro, credit: borrower.account, amount: back, when: is_sound}]"
    assert decided(with_action(leg), {"is_sound": False}).decision.outcome is Outcome.PERMITTED


def test_an_answer_no_fact_could_bring_says_what_stays_open() -> None:
    action = "opens: {principal: \"money_in(amount, 'CNY')\"}"
    facts = {"amount": {"amount": "1.00", "currency": "USD"}}
    decision = decided(with_action(action), facts).decision
    assert _told(decision) == (Outcome.INCOMPLETE, ["QH02"], [])
    assert decision.reasons[0].data == {"condition": "booking", "zh": "试", "en": "Test"}


# --- overlays and what is no facility -----------------------------------------------------------


def test_an_overlay_is_decided_whether_its_clause_is_open_or_not() -> None:
    policy = opened(FILES)
    overlay = policy.overlays["ferry_tag"]
    assert overlay.action.clause == "1a"
    before = policy.standing(date(2029, 1, 1))
    outcomes = [
        policy.decide(overlay, facts, before).decision.outcome
        for facts in ({"is_own": True}, {"is_own": False}, {})
    ]
    assert outcomes == [Outcome.PERMITTED, Outcome.REFUSED, Outcome.INCOMPLETE]
    assert policy.decide(overlay, {"is_own": True}, before).guards["credit_kind"] is True


def test_an_overlay_stands_under_the_clause_it_names() -> None:
    name = "measures/001_ferry/ferry_tag.overlay.yaml"
    text = FILES[name].replace("on_debit", "clause: 1b\non_debit")
    text = text.replace("credit_kind: {when: is_own, kind: tagged}\n", "")
    policy = opened({**FILES, name: text})
    assert policy.overlays["ferry_tag"].action.clause == "1b"


def test_business_of_no_facility_is_refused() -> None:
    policy = small()
    assert policy.nothing.named_facts == frozenset()
    decision = policy.decide(policy.nothing, {}, policy.standing(ON)).decision
    assert decision.outcome is Outcome.REFUSED


def test_an_action_names_every_fact_it_reads_and_the_first_is_the_default() -> None:
    policy = small()
    assert policy.compiled("pier_loan") is policy.compiled("pier_loan", "draw")
    assert policy.compiled("pier_loan", "repay").named_facts == {"back", "open"}
    for names in (("pier_lone", ""), ("pier_loan", "drew")):
        with pytest.raises(KeyError):
            policy.compiled(*names)


def test_the_hash_of_the_pack_is_bound_to_every_file() -> None:
    first = small().pack.hash
    assert opened(FILES).pack.hash == first
    longer = {**FILES, "measures/002_pier/pier_loan.facility.yaml": FACILITY + "# more\n"}
    assert opened(longer).pack.hash != first
    assert decided(small(), SOUND).decision.pack_hash == first
