"""Every example of the plan gives the decision it expects, and together they show every side."""

import pytest

from plan.the_pack import CASES, FLAWS, POLICY, ROOT, name_of
from qianhai.kernel import Outcome
from qianhai.policy import Case, check_pack, judge_case, judge_figure, uncovered

pytestmark = pytest.mark.untraced

PUBLISHED = ROOT.parent / "shared" / "plan" / "000_a70ff44a8bc4ed2e.txt"


def test_the_pack_is_sound() -> None:
    assert not FLAWS, "\n".join(map(str, FLAWS))


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_example(case: Case) -> None:
    assert POLICY
    flaws = judge_case(POLICY, case)
    assert not flaws, "\n".join(map(str, flaws))


@pytest.mark.parametrize("name", POLICY.figures if POLICY else ())
def test_worked_figure(name: str) -> None:
    assert POLICY
    flaws = judge_figure(POLICY.pack, POLICY.figures[name])
    assert not flaws, "\n".join(map(str, flaws))


def test_every_condition_and_limit_is_seen_to_pass_to_fail_to_lack_and_at_its_edge() -> None:
    assert POLICY
    flaws = uncovered(POLICY)
    assert not flaws, "\n".join(map(str, flaws))


def test_every_outcome_a_facility_may_give_is_shown_somewhere() -> None:
    shown = {str(case.example.expect.get("outcome")) for case in CASES}
    assert shown >= {outcome.value for outcome in Outcome}


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published text is not here")
def test_the_pack_says_what_the_published_text_says() -> None:
    assert POLICY
    report = check_pack(POLICY, PUBLISHED.read_text(encoding="utf-8"), PUBLISHED.name)
    official = [flaw for flaw in report.differences if flaw.code.startswith("official.")]
    assert not official, "\n".join(map(str, official))
