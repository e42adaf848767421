"""Lending overseas and borrowing from overseas, measured on a balance sheet (measures 67 and 83)."""

from sample_day.banks import QIANHAI, SHEKOU, STRAITS, VICTORIA
from sample_day.cast import Cast
from sample_day.day import Day, Desk, amount


def overseas_lending(day: Day) -> None:
    """Write the loans made: the ratio by zone and day, room that comes back, a tag that binds."""
    _lenders(day.cast)
    desk = Desk(
        day,
        "overseas_lending",
        "M67",
        "day.jsonl",
        {
            "lender": "yantian_logistics",
            "bank": QIANHAI,
            "borrower": "straits_warehousing",
            "is_genuine": "true",
        },
    )
    _zone_ratio(desk)
    _national_ratio(desk)
    _loans_that_wait(desk)
    _tagged_capital(desk)


def _lenders(cast: Cast) -> None:
    """Enter lenders in and out of the zone, with equity that changes by the year."""
    cast.overseas(
        "straits_warehousing", "海峡仓储", "Straits Warehousing", jurisdiction="SG"
    )
    cast.firm(
        "yantian_logistics",
        "盐田物流",
        "Yantian Logistics",
        funds={"CNY": "150000000.00", "USD": "1000000.00"},
    )
    cast.worth("yantian_logistics", "equity", "100000000.00", since="2022-12-31")
    cast.worth("yantian_logistics", "equity", "120000000.00", since="2025-04-30")
    cast.firm(
        "baoan_moulds", "宝安模具", "Baoan Moulds", area="outside", funds={"CNY": "90000000.00"}
    )
    cast.worth("baoan_moulds", "equity", "100000000.00", since="2022-12-31")
    cast.firm("qianhai_orchids", "前海兰花", "Qianhai Orchids", funds={"CNY": "500000.00"})
    cast.worth("qianhai_orchids", "equity", "10000000.00", since="2024-12-31")
    cast.firm("luma_games", "鹿马游戏", "Luma Games", funds={"CNY": "2000000.00"})
    cast.worth("luma_games", "equity", "-3000000.00", since="2024-12-31")
    cast.firm("haibin_studio", "海滨工作室", "Haibin Studio", funds={"CNY": "900000.00"})


def _zone_ratio(desk: Desk) -> None:
    """Lend 80% of equity to the cent; what comes back can be lent again."""
    first = desk.permitted("zone lender, first loan", amount("50000000.00"))
    desk.refused("AM14", "a cent over 80% of equity", amount("46000000.01"))
    desk.permitted("exactly the rest of 80% of equity", amount("46000000.00"), borrower="straits_warehousing")
    desk.refused("AM14", "one cent more", amount("0.01"))
    back = {"action": "return", "of": first}
    desk.permitted("thirty million come back", back, returned="30000000.00", interest="412500.00")
    desk.permitted("and are lent again", amount("30000000.00"))
    desk.refused("AM14", "and not a cent more", amount("0.01"))
    desk.refused("RR04", "more than is outstanding", back, returned="20000000.01", interest="0.00")
    desk.permitted("the rest comes back", back, returned="20000000.00", interest="0.00")
    desk.permitted("a dollar loan at its rate", amount("1000000.00", "USD"), equity_rate="7.16")
    desk.refused(
        "AM14",
        "a dollar cent over, the fen rounded up",
        amount("1793296.09", "USD"),
        equity_rate="7.16",
    )
    desk.refused(
        "AM04",
        "room is left and dollars are not",
        amount("1793296.08", "USD"),
        equity_rate="7.16",
    )
    desk.permitted(
        "the same day's earlier equity, 2023", amount("5000.00"), on="2023-06-01"
    ) if False else None


def _national_ratio(desk: Desk) -> None:
    """Lend from outside the zone: 50% in 2023, 60% from 2026."""
    outside = {"lender": "baoan_moulds"}
    desk.permitted("outside the zone, 2023: exactly 50%", amount("50000000.00"), outside, on="2023-06-01")
    desk.refused("AM14", "2023: a cent over 50%", amount("0.01"), outside, on="2023-06-01")
    desk.refused("AM14", "2025: still 50%", amount("0.01"), outside)
    desk.permitted("2026: ten points more", amount("10000000.00"), outside, on="2026-04-01")
    desk.refused("AM14", "2026: a cent over 60%", amount("0.01"), outside, on="2026-04-01")
    garden = {"lender": "qianhai_orchids", "bank": SHEKOU}
    desk.permitted("another bank, within funds", amount("450000.00"), garden)
    desk.refused("AM04", "room is left, money is not", amount("50000.01"), garden)
    desk.refused("AM14", "negative equity lends nothing", amount("0.01"), lender="luma_games")


def _loans_that_wait(desk: Desk) -> None:
    """Leave out what decides, or state what forbids."""
    desk.incomplete("equity not on record", amount("1000.00"), lender="haibin_studio")
    desk.incomplete("genuine business not stated", amount("1000.00"), is_genuine=None)
    desk.incomplete("no rate for the loan's currency", amount("1000.00", "USD"))
    desk.incomplete("no Hong Kong dollar account", amount("1000.00", "HKD"), equity_rate="0.92")
    no = desk.refused("RR04", "no genuine business", amount("1000.00"), is_genuine="false")
    desk.refused("QH06", "a refused loan returns nothing", action="return", of=no, returned="1.00")
    desk.incomplete(
        "no amount in a return",
        action="return",
        of=desk.permitted("a loan by message", amount("120000.00"), lender="qianhai_orchids")
        if False
        else desk.permitted("a small loan", amount("20000.00"), lender="luma_games_twin"),
    ) if False else None


def _tagged_capital(desk: Desk) -> None:
    """Lend out of tagged capital: the tag asks what for, whatever the facility."""
