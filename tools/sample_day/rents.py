"""Rent of domestic operating leases in foreign currency the lessee earned itself (measure 84)."""

from sample_day.banks import QIANHAI
from sample_day.cast import Cast, worth
from sample_day.day import Day, Desk, amount


def fx_operating_rent(day: Day) -> None:
    """Write the rents: permit and own income to the cent, and money of the wrong source."""
    _lessees(day.cast)
    desk = Desk(
        day,
        "fx_operating_rent",
        "M84",
        "day.xlsx",
        {
            "enterprise": "qianhai_airfreight",
            "bank": QIANHAI,
            "lessor": "kechuang_leasing",
            "lease_kind": "operating",
            "needs_fx": "true",
            "source": "own_income",
            "permit_id": "WH-2025-11",
        },
    )
    _permit_and_income(desk)
    _unfit(desk)
    _rents_that_wait(desk)


def _lessees(cast: Cast) -> None:
    """Enter lessees with their permits and the foreign exchange they earned."""
    cast.firm(
        "qianhai_airfreight",
        "前海航空货运",
        "Qianhai Airfreight",
        funds={"USD": "900000.00"},
        holds=("real_economy",),
    )
    cast.account("qianhai_airfreight", "USD", "400000.00", kind="own_fx_income")
    cast.account("qianhai_airfreight", "EUR", "150000.00", kind="own_fx_income")
    cast.firm(
        "wuhe_printing", "五和印刷", "Wuhe Printing", area="expanded", holds=("real_economy",)
    )
    cast.account("wuhe_printing", "USD", "20000.00", kind="own_fx_income")
    cast.firm("banxue_moulds", "坂雪模具", "Banxue Moulds", area="outside", holds=("real_economy",))
    cast.account("banxue_moulds", "USD", "20000.00", kind="own_fx_income")
    cast.firm("yuehai_galleries", "粤海画廊", "Yuehai Galleries")
    cast.account("yuehai_galleries", "USD", "20000.00", kind="own_fx_income")
    lessor_funds = {"USD": "0.00", "EUR": "0.00"}
    cast.firm(
        "kechuang_leasing",
        "科创租赁",
        "Kechuang Leasing",
        funds=lessor_funds,
        holds=("fx_rent_receiver",),
    )
    cast.firm("gangcheng_leasing", "港城租赁", "Gangcheng Leasing", funds=lessor_funds)
    cast.overseas("tolo_leasing", "吐露租赁", "Tolo Leasing")
    cast.qualify("tolo_leasing", "fx_rent_receiver")
    for permit, holder, until in (
        ("WH-2025-11", "qianhai_airfreight", ""),
        ("WH-2025-12", "wuhe_printing", ""),
        ("WH-2024-07", "qianhai_airfreight", "2024-12-31"),
        ("WH-2025-13", "banxue_moulds", ""),
        ("WH-2025-14", "yuehai_galleries", ""),
    ):
        cast.paper(
            "fx_rent_permit",
            permit,
            since="2023-03-01",
            until=until,
            holder=holder,
            amount=worth("300000.00", "USD"),
        )


def _permit_and_income(desk: Desk) -> None:
    """Pay up to the permit and up to the income, both to the cent."""
    first = desk.permitted("a month's rent", amount("120000.00", "USD"))
    desk.refused("AM14", "a cent over the permit", amount("180000.01", "USD"))
    desk.permitted("rent in euro at its rate", amount("100000.00", "EUR"), permit_rate="1.1")
    by_message = {
        "enterprise.account": desk.day.cast.number_of("qianhai_airfreight", "USD", "own_fx_income"),
        "file": "day.xml",
    }
    desk.permitted("exactly the rest, by message", amount("70000.00", "USD"), by_message)
    desk.refused("AM14", "by message, a cent more", amount("0.01", "USD"), by_message)
    back = {"action": "return", "of": first}
    desk.refused("RR04", "more than was paid", back, returned="120000.01")
    desk.permitted("a part comes back", back, returned="20000.00")
    desk.permitted("and is paid again", amount("20000.00", "USD"))
    desk.incomplete("a return without its amount", back)
    print_ = {"enterprise": "wuhe_printing", "permit_id": "WH-2025-12"}
    desk.refused("RR04", "a cent more than was earned", amount("20000.01", "USD"), print_)
    desk.permitted("all that was earned", amount("20000.00", "USD"), print_)
    desk.refused("RR04", "nothing earned is left", amount("0.01", "USD"), print_)


def _unfit(desk: Desk) -> None:
    """Let each condition decide once."""
    some = amount("100.00", "USD")
    desk.refused("RR04", "bought for the purpose", some, source="purchased")
    desk.refused("RR04", "finance lease", some, lease_kind="finance")
    desk.refused("RR04", "no need of foreign currency", some, needs_fx="false")
    desk.refused("RR04", "permit not on file", some, permit_id="WH-2025-99")
    desk.refused("RR04", "permit of another", some, permit_id="WH-2025-12")
    desk.refused("RR04", "permit that ended", some, permit_id="WH-2024-07")
    desk.permitted("while it held", some, permit_id="WH-2024-07", on="2024-06-01")
    desk.refused(
        "RR04", "lessee outside the zone", some, permit_id="WH-2025-13", enterprise="banxue_moulds"
    )
    desk.refused(
        "RR04",
        "no real-economy enterprise",
        some,
        permit_id="WH-2025-14",
        enterprise="yuehai_galleries",
    )
    desk.refused("RR04", "lessor abroad", some, lessor="tolo_leasing")
    desk.refused("RR04", "lessor without the right", some, lessor="gangcheng_leasing")
    desk.refused("RR04", "RMB", amount("100.00"), permit_rate="0.14")
    desk.refused("AG01", "before the plan", some, on="2023-02-22")


def _rents_that_wait(desk: Desk) -> None:
    """Leave out the permit, the source, the rate; or the lessor's account."""
    desk.incomplete("no permit named", amount("100.00", "USD"), permit_id=None)
    desk.incomplete("source not stated", amount("100.00", "USD"), source=None)
    desk.incomplete("no rate to the permit's currency", amount("100.00", "EUR"))
    desk.incomplete("need not stated", amount("100.00", "USD"), needs_fx=None)
