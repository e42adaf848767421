"""Lending overseas and borrowing from there, measured on a balance sheet (67 and 83)."""

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
    cast.overseas("straits_warehousing", "海峡仓储", "Straits Warehousing", jurisdiction="SG")
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
    desk.permitted("exactly the rest of 80% of equity", amount("46000000.00"))
    desk.refused("AM14", "one cent more", amount("0.01"))
    back = {"action": "return", "of": first}
    desk.permitted("thirty million come back", back, returned="30000000.00", interest="412500.00")
    desk.permitted("and are lent again", amount("30000000.00"))
    desk.refused("AM14", "and not a cent more", amount("0.01"))
    desk.refused("RR04", "more than is outstanding", back, returned="20000000.01", interest="0.00")
    desk.incomplete("a return without its amount", back, interest="0.00")
    desk.permitted("the rest comes back", back, returned="20000000.00", interest="0.00")
    rate = {"equity_rate": "7.16"}
    desk.permitted("a dollar loan at its rate", amount("1000000.00", "USD"), rate)
    desk.refused("AM14", "a US cent over, the fen rounded up", amount("1793296.09", "USD"), rate)
    desk.refused("AM04", "room is left, dollars are not", amount("1793296.08", "USD"), rate)
    desk.refused(
        "AM14", "by the equity of 2023 more than all is lent", amount("0.01"), on="2023-06-01"
    )


def _national_ratio(desk: Desk) -> None:
    """Lend from outside the zone: 50% until 2026, 60% from then."""
    outside = {"lender": "baoan_moulds"}
    desk.permitted("2023: exactly 50%", amount("50000000.00"), outside, on="2023-06-01")
    desk.refused("AM14", "2023: a cent over 50%", amount("0.01"), outside, on="2023-06-01")
    desk.refused("AM14", "2025: still 50%", amount("0.01"), outside)
    desk.permitted("2026: ten points more", amount("10000000.00"), outside, on="2026-04-01")
    desk.refused("AM14", "2026: a cent over 60%", amount("0.01"), outside, on="2026-04-01")
    garden = {"lender": "qianhai_orchids", "bank": SHEKOU}
    desk.permitted("another bank, within funds", amount("450000.00"), garden)
    desk.refused("AM04", "room is left, money is not", amount("50000.01"), garden)
    desk.permitted("by message, the lender's last fen", amount("50000.00"), garden, file="day.xml")
    desk.refused("AM14", "negative equity lends nothing", amount("0.01"), lender="luma_games")


def _loans_that_wait(desk: Desk) -> None:
    """Leave out what decides, or state what forbids."""
    desk.incomplete("equity not on record", amount("1000.00"), lender="haibin_studio")
    desk.incomplete("genuine business not stated", amount("1000.00"), is_genuine=None)
    desk.incomplete("no rate for the loan's currency", amount("1000.00", "USD"))
    desk.incomplete(
        "no Hong Kong dollar account", amount("1000.00", "HKD"), {"equity_rate": "0.92"}
    )
    no = desk.refused("RR04", "no genuine business", amount("1000.00"), is_genuine="false")
    desk.refused("QH06", "a refused loan returns nothing", action="return", of=no, returned="1.00")


def _tagged_capital(desk: Desk) -> None:
    """Lend out of tagged capital: the tag asks what for, whatever the facility (measure 64)."""
    cast = desk.day.cast
    number = cast.account("qianhai_orchids", "CNY", "300000.00", kind="capital")
    usual = {"lender": "qianhai_orchids", "lender.account": number}
    meant = {"use": "operations", "use_is_evidenced": "true"}
    desk.permitted("tagged money, an allowed use", amount("100000.00"), usual, meant)
    desk.refused(
        "RR04", "tagged money, for securities", amount("100.00"), usual, meant, use="securities"
    )
    desk.incomplete("tagged money, no use stated", amount("100.00"), usual)
    desk.incomplete(
        "tagged money, use not evidenced",
        amount("100.00"),
        usual,
        meant,
        use_is_evidenced="false",
        reason="QH02",
    )


def leasing_group_foreign_debt(day: Day) -> None:
    """Write the debts of leasing groups: own quota first, then the parent's, then none."""
    _groups(day.cast)
    desk = Desk(
        day,
        "leasing_group_foreign_debt",
        "M83",
        "day.xlsx",
        {
            "lender": VICTORIA,
            "borrower": "xiaochan_vessels",
            "parent": "daya_leasing",
            "bank": QIANHAI,
            "term_days": "1826",
        },
    )
    _own_then_parent(desk)
    _shared_to_the_end(desk)
    _outside_the_group(desk)
    _debts_that_wait(desk)


def _groups(cast: Cast) -> None:
    """Enter a leasing parent with its members, and a parent outside the zone."""
    cast.firm("daya_leasing", "大亚租赁", "Daya Leasing", funds={"CNY": "0.00"})
    cast.qualify("daya_leasing", "leasing_83")
    cast.worth("daya_leasing", "net_assets", "500000000.00", since="2024-12-31")
    members = (
        ("xiaochan_vessels", "小铲船舶租赁", "Xiaochan Vessels", "outside", "1", "1000000.00"),
        (
            "neilingding_wings",
            "内伶仃飞机租赁",
            "Neilingding Wings",
            "outside",
            "0.51",
            "20000000.00",
        ),
        ("meisha_turbines", "梅沙风机租赁", "Meisha Turbines", "original", "0.8", "10000000.00"),
        ("dapeng_medical", "大鹏医械租赁", "Dapeng Medical", "original", "0.4", "10000000.00"),
        ("songzi_robots", "松子机械租赁", "Songzi Robots", "original", "0.5", "10000000.00"),
        ("pingshan_estates", "坪山置业", "Pingshan Estates", "original", "1", "10000000.00"),
    )
    for member, zh, en, area, share, net_assets in members:
        cast.firm(member, zh, en, area=area, funds={"CNY": "200000.00", "USD": "0.00"})
        cast.owns("daya_leasing", member, share)
        cast.worth(member, "net_assets", net_assets, since="2024-12-31")
    cast.owns("yantian_logistics", "dapeng_medical", "0.6")
    cast.owns("mr_liang", "yantian_logistics", "1")
    cast.qualify("pingshan_estates", "outside_macro_prudential")
    cast.qualify("meisha_turbines", "group_sub_limit")
    cast.worth("meisha_turbines", "group_sub_limit", "36000000.00")
    cast.firm(
        "huizhou_leasing", "惠洲租赁", "Huizhou Leasing", area="outside", holds=("leasing_83",)
    )
    cast.worth("huizhou_leasing", "net_assets", "90000000.00", since="2024-12-31")
    cast.firm("huizhou_cranes", "惠洲起重租赁", "Huizhou Cranes", funds={"CNY": "0.00"})
    cast.owns("huizhou_leasing", "huizhou_cranes", "1")
    cast.worth("huizhou_cranes", "net_assets", "2000000.00", since="2022-12-31")
    cast.firm("wutong_lifts", "梧桐电梯租赁", "Wutong Lifts", funds={"CNY": "0.00"})
    cast.owns("daya_leasing", "wutong_lifts", "1")


def _own_then_parent(desk: Desk) -> None:
    """Use up a member's own quota, then draw dollars on the parent's, then give a part back."""
    desk.permitted("exactly the member's own quota", amount("3500000.00"))
    dollars = desk.permitted(
        "fifty million dollars on the parent's quota", amount("50000000.00", "USD"), cny_rate="7.10"
    )
    repay = {"action": "repay", "of": dollars}
    desk.permitted("ten million repaid", repay, repaid="10000000.00", interest="0.00")
    desk.refused("RR04", "more than is outstanding", repay, repaid="40000000.01", interest="0.00")
    desk.refused(
        "AM04",
        "interest the member does not have",
        repay,
        repaid="40000000.00",
        interest="0.01",
    )
    desk.incomplete("a repayment without its amount", repay, interest="0.00")


def _shared_to_the_end(desk: Desk) -> None:
    """Let parent and members share one quota of 1,750 million to the last fen."""
    wings, turbines = {"borrower": "neilingding_wings"}, {"borrower": "meisha_turbines"}
    desk.permitted("up to a year weighs half more", amount("40000000.00"), wings, term_days="365")
    desk.permitted(
        "own quota first, the rest on the parent's", amount("40000000.00"), wings, term_days="366"
    )
    desk.permitted("within the member's sub-limit", amount("36000000.00"), turbines)
    desk.refused("AM14", "a fen over the sub-limit", amount("0.01"), turbines)
    desk.permitted(
        "the parent itself takes the rest", amount("1293000000.00"), borrower="daya_leasing"
    )
    desk.refused("AM14", "nothing is left for the parent", amount("0.01"), borrower="daya_leasing")
    desk.refused("AM14", "nor for a member", amount("0.01"), wings)


def _outside_the_group(desk: Desk) -> None:
    """Leave whoever does not share with the own quota."""
    medical = {"borrower": "dapeng_medical"}
    desk.permitted("not controlled: own quota serves", amount("35000000.00"), medical)
    desk.refused("AM14", "not controlled: and no more than that", amount("0.01"), medical)
    cranes = {"borrower": "huizhou_cranes", "parent": "huizhou_leasing"}
    desk.permitted(
        "parent outside the zone, 2023 parameter", amount("5000000.00"), cranes, on="2023-06-30"
    )
    desk.permitted(
        "from 20 July 2023 half as much again", amount("1000000.00"), cranes, on="2023-07-20"
    )
    desk.refused("AM14", "a fen more that day", amount("0.01"), cranes, on="2023-07-20")
    desk.permitted(
        "by message, the parameter of 2025", amount("1000000.00"), cranes, file="day.xml"
    )
    desk.refused("AM14", "by message, a fen over", amount("0.01"), cranes, file="day.xml")
    desk.refused(
        "RR04", "a property firm is outside the scheme", amount("1.00"), borrower="pingshan_estates"
    )


def _debts_that_wait(desk: Desk) -> None:
    """Leave out what the weight or the quota needs."""
    desk.incomplete("no rate for dollars", amount("100.00", "USD"), lender=STRAITS)
    desk.incomplete("no term", amount("100.00"), term_days=None)
    desk.incomplete("net assets not on record", amount("100.00"), borrower="wutong_lifts")
    desk.incomplete(
        "half owned: control not certain", amount("50000000.00"), borrower="songzi_robots"
    )
