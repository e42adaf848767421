"""The words every room speaks: canonical form, outcomes, faults, points."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qianhai.kernel import (
    POINTS,
    STRENGTH,
    BadInput,
    BrokenIntegrity,
    Environment,
    Flaw,
    Outcome,
    Place,
    QianhaiError,
    Reason,
    StaleState,
    arm,
    canonical_bytes,
    canonical_text,
    digest_of,
    nearest,
    points,
    reach,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)


class Side(Enum):
    DEBIT = "debit"


@dataclass(frozen=True)
class Point:
    x: int
    on: date


def test_every_kind_of_value_has_one_canonical_form() -> None:
    value = {
        "outcome": Outcome.REFUSED,
        "side": Side.DEBIT,
        "id": UUID(int=1),
        "hash": b"\x01\xff",
        "names": frozenset({"b", "a"}),
        "at": datetime(2023, 6, 30, tzinfo=UTC),
        "point": Point(1, date(2023, 6, 30)),
        "rate": Decimal("1E+2"),
        "zh": "前海",
    }
    assert canonical_text(value) == (
        '{"at":"2023-06-30T00:00:00+00:00","hash":"01ff",'
        '"id":"00000000-0000-0000-0000-000000000001","names":["a","b"],"outcome":"refused",'
        '"point":{"on":"2023-06-30","x":1},"rate":"100","side":"debit","zh":"前海"}'
    )


@pytest.mark.parametrize("value", [object(), Point, 1j])
def test_a_value_without_canonical_form_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(TypeError, match=f"{type(value).__name__} has no canonical form"):
        canonical_text([value])


@given(st.dictionaries(st.text(max_size=3), VALUES))
def test_the_order_of_keys_changes_nothing(value: dict[str, object]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical_bytes(value) == canonical_bytes(turned)
    assert digest_of(value) == digest_of(turned)


@given(VALUES, VALUES)
def test_other_content_has_another_digest(one: object, other: object) -> None:
    same = canonical_text(one) == canonical_text(other)
    assert (digest_of(one) == digest_of(other)) is same


def test_every_outcome_has_a_strength_of_its_own() -> None:
    assert set(STRENGTH) == set(Outcome)
    assert len(set(STRENGTH.values())) == len(Outcome)
    assert max(STRENGTH, key=STRENGTH.__getitem__) is Outcome.REFUSED
    assert min(STRENGTH, key=STRENGTH.__getitem__) is Outcome.PERMITTED


FLAW = Flaw("X1", Place("day.csv", 3, "amount"), "5m", "an amount", "No amount.", "不是金额。")


def test_a_place_is_written_as_far_as_it_is_known() -> None:
    written = [str(Place("f")), str(Place("f", 3)), str(Place("f", None, "c")), str(FLAW.place)]
    assert written == ["f", "f:3", "f: c", "day.csv:3: amount"]


def test_a_flaw_is_told_with_its_place_and_its_excerpt() -> None:
    assert str(FLAW) == "day.csv:3: amount: X1 No amount."
    shown = Flaw("X1", Place("f"), "", "", "Wrong.", "错。", excerpt="  a = b\n  ^")
    assert str(shown) == "f: X1 Wrong.\n  a = b\n  ^"


@pytest.mark.parametrize(("fault", "code"), [(BadInput, 2), (BrokenIntegrity, 3)])
def test_a_fault_carries_every_flaw_and_its_exit_code(
    fault: type[BadInput | BrokenIntegrity], code: int
) -> None:
    raised = fault([FLAW, FLAW])
    assert (raised.flaws, raised.exit_code) == ((FLAW, FLAW), code)
    assert str(raised) == f"{FLAW}\n{FLAW}"
    with pytest.raises(AssertionError, match="at least one"):
        fault([])


def test_faults_say_whether_a_retry_is_safe() -> None:
    assert StaleState("moved").is_retry_safe
    assert not QianhaiError("any").is_retry_safe
    zh = "磁盘已满，请腾出空间。"
    full = Environment("The disk is full.", "Free some space.", zh=zh, is_retry_safe=True)
    assert (str(full), full.exit_code) == ("The disk is full. Free some space.", 4)
    assert (full.what_to_do, full.zh) == ("Free some space.", zh)
    assert full.is_retry_safe
    assert not Environment("No.", "Help.", zh="不行，请处理。").is_retry_safe


def test_the_nearest_word_is_found_and_nothing_is_guessed() -> None:
    assert nearest("amuont", ["amount", "account"]) == "amount"
    assert nearest("xyz", ["amount"]) == ""


def test_a_reason_without_data_has_none() -> None:
    assert Reason("AG01", "67a").data == {}


def test_a_point_does_nothing_until_it_is_armed_and_only_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(points, "_armed", {})
    reached: list[str] = []
    reach(POINTS[0])
    arm(POINTS[0], lambda: reached.append(POINTS[0]))
    reach(POINTS[1])
    assert reached == []
    reach(POINTS[0])
    assert reached == [POINTS[0]]


def test_a_point_that_is_none_cannot_be_armed() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        arm("nowhere", lambda: None)
