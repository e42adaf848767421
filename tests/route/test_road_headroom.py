"""What is left under a limit is what the ledger says, and what is not known is named."""

from datetime import date

import pytest

from qianhai.instructions import Headroom, headroom_of
from route.desk import DAY, Desk
from route.resale import amount_of, offer, open_shop
from route.umbrella import keep, shed


@pytest.fixture(autouse=True)
def _shop(desk: Desk) -> None:
    open_shop(desk)


def of(desk: Desk, party: str, facility: str, on: date = DAY) -> list[Headroom]:
    with desk.database.transaction() as conn:
        found = list(headroom_of(conn, desk.road.policy, "local", party, on, desk.now()))
    return [one for one in found if one.facility == facility]


def figures(rooms: list[Headroom]) -> dict[tuple[str, str], tuple[str | None, ...]]:
    return {(r.action, r.use.id): (r.use.cap, r.use.used, r.use.left) for r in rooms}


def test_a_party_sees_the_pools_it_can_hold_with_what_is_drawn_of_them(desk: Desk) -> None:
    keep(desk, "a1", "30.00")
    assert figures(of(desk, "firm", "umbrella_storage"))["keep", "shed.own"] == (
        "20.00",
        "20.00",
        "0.00",
    )
    parent = figures(of(desk, "group", "umbrella_storage"))
    assert parent["keep", "shed.parent"] == ("25.00", "10.00", "15.00")


def test_a_ceiling_that_nobody_has_on_record_is_unknown_and_named(desk: Desk) -> None:
    rooms = of(desk, "group", "umbrella_resale")
    assert {(room.use.cap, room.use.left) for room in rooms} == {(None, None)}
    assert {room.use.used for room in rooms} == {"0.00"}
    assert {room.missing for room in rooms} == {("seller.stock",)}


def test_what_is_left_is_of_the_day_that_is_asked(desk: Desk) -> None:
    offer(desk, "n1")
    desk.register(amount_of("firm", "stock", "10.00") | {"since": "2025-07-01"})
    before, after = (
        {figures([room])[room.action, "sales"] for room in of(desk, "firm", "umbrella_resale", on)}
        for on in (DAY, date(2025, 7, 1))
    )
    assert before == {("100.00", "30.00", "70.00")}
    assert after == {("10.00", "30.00", "0.00")}
    (next_year,) = {room.use.used for room in of(desk, "firm", "umbrella_resale", date(2026, 1, 1))}
    assert next_year == "0.00"


def test_a_bank_or_a_stranger_holds_no_such_limit(desk: Desk) -> None:
    assert of(desk, "bank-1", "umbrella_storage") == []
    assert of(desk, "nobody", "umbrella_storage") == []
    desk.register(shed("bank-1", "1.00"))
    assert of(desk, "bank-1", "umbrella_storage") == []
