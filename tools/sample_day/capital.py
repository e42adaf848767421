"""RMB capital from overseas: booked without a dedicated account, tagged, spent (measure 64)."""

from sample_day.banks import LUOHU, QIANHAI, SHEKOU
from sample_day.cast import Cast, worth
from sample_day.day import Day, Desk, Fields, amount


def rmb_capital_direct_booking(day: Day) -> None:
    """Write bookings up to the subscribed capital, and the ways tagged money may go."""
    accounts = _investments(day.cast)
    desk = Desk(
        day,
        "rmb_capital_direct_booking",
        "M64",
        "day.jsonl",
        {
            "investor": "kowloon_horizon",
            "enterprise": "qingwan_biotech",
            "bank": QIANHAI,
            "registration_id": "FDI-2024-0031",
        },
    )
    booked = _bookings(desk)
    _spending(desk)
    _moving(desk, accounts)
    _going_back(desk, booked)
    _ordinary_papers(desk)


def _investments(cast: Cast) -> tuple[str, str]:
    """Enter invested enterprises with their registrations; return one's two capital accounts."""
    cast.overseas("marina_growth", "滨海成长", "Marina Growth", jurisdiction="SG")
    firms = (
        (
            "qingwan_biotech",
            "青湾生物",
            "Qingwan Biotech",
            "original",
            ("capital_eligible", "pilot_64"),
        ),
        (
            "liuxian_software",
            "留仙软件",
            "Liuxian Software",
            "expanded",
            ("capital_eligible", "pilot_64"),
        ),
        (
            "xili_batteries",
            "西丽电池",
            "Xili Batteries",
            "outside",
            ("capital_eligible", "pilot_64"),
        ),
        ("houhai_robotaxi", "后海出行", "Houhai Robotaxi", "original", ("pilot_64",)),
        ("dengliang_media", "登良传媒", "Dengliang Media", "original", ("capital_eligible",)),
    )
    for firm, zh, en, area, holds in firms:
        cast.firm(firm, zh, en, area=area, funds={"CNY": "0.00"}, holds=holds)
    cast.firm("tangtou_tools", "塘头工具", "Tangtou Tools", area="outside", funds={"CNY": "0.00"})
    for paper, investor, firm, subscribed, currency in (
        ("FDI-2024-0031", "kowloon_horizon", "qingwan_biotech", "10000000.00", "CNY"),
        ("FDI-2024-0032", "marina_growth", "liuxian_software", "1000000.00", "USD"),
        ("FDI-2024-0033", "marina_growth", "xili_batteries", "5000000.00", "CNY"),
        ("FDI-2024-0034", "kowloon_horizon", "houhai_robotaxi", "5000000.00", "CNY"),
        ("FDI-2024-0035", "kowloon_horizon", "dengliang_media", "5000000.00", "CNY"),
    ):
        cast.paper(
            "fdi_registration",
            paper,
            since="2022-05-01",
            investor=investor,
            enterprise=firm,
            subscribed=worth(subscribed, currency),
        )
    first = cast.account("liuxian_software", "CNY", "0.00", kind="capital")
    second = cast.account("liuxian_software", "CNY", "0.00", kind="capital", bank=SHEKOU)
    return first, second


def _bookings(desk: Desk) -> str:
    """Book what was subscribed; what is returned may be booked again, to the fen."""
    first = desk.permitted("first booking", amount("6000000.00"))
    desk.refused("AM14", "a fen over the subscribed capital", amount("4000000.01"))
    desk.permitted("a part of the rest", amount("3000000.00"))
    return first


def _spending(desk: Desk) -> None:
    """Spend tagged money: on what is allowed, with evidence, and while there is some."""
    usual = {"action": "spend", "investor": None, "registration_id": None, "payee": "tangtou_tools"}
    shown = {"use_is_evidenced": "true"}
    for use, sum_ in (("equipment", "1200000.00"), ("wages", "350000.00"), ("taxes", "86000.50")):
        desk.permitted(f"spent on {use}", amount(sum_), usual, shown, use=use)
    for use in ("securities", "real_estate", "loan_to_unrelated", "outside_scope"):
        desk.refused("RR04", f"a barred use: {use}", amount("100000.00"), usual, shown, use=use)
    desk.incomplete(
        "a use without evidence",
        amount("100000.00"),
        usual,
        use="operations",
        use_is_evidenced="false",
        reason="QH02",
    )
    desk.incomplete("no use stated", amount("100000.00"), usual, shown)
    desk.refused(
        "AM04", "more than was booked so far", amount("9000000.00"), usual, shown, use="equipment"
    )


def _moving(desk: Desk, accounts: tuple[str, str]) -> None:
    """Book for an enterprise with two tagged accounts, and move the tag between them."""
    first, second = accounts
    software = {
        "investor": "marina_growth",
        "enterprise": "liuxian_software",
        "registration_id": "FDI-2024-0032",
        "enterprise.account": first,
    }
    desk.permitted(
        "dollars subscribed, RMB paid in", amount("3575000.00"), software, capital_rate="0.1398"
    )
    desk.incomplete("no rate to the subscription", amount("1000.00"), software)
    desk.incomplete(
        "two tagged accounts and neither named",
        amount("1000.00"),
        software,
        {"enterprise.account": None},
        capital_rate="0.1398",
    )
    move: Fields = {
        "action": "transfer",
        "investor": None,
        "registration_id": None,
        "enterprise": "liuxian_software",
        "enterprise.account": first,
        "receiver": "liuxian_software",
        "receiver.account": second,
    }
    desk.permitted("to its other tagged account", amount("1500000.00"), move)
    desk.refused("AM04", "more than the account holds", amount("2075000.01"), move)
    desk.refused(
        "RR04",
        "another enterprise's account",
        amount("100.00"),
        move,
        {"receiver": "qingwan_biotech", "receiver.account": None},
    )


def _going_back(desk: Desk, booked: str) -> None:
    """Return capital to the investor: its room comes back with it."""
    back = {"action": "return", "of": booked}
    desk.refused("RR04", "more than was booked", back, returned="6000000.01")
    desk.permitted("a part returned", back, returned="1000000.00")
    desk.incomplete("no amount returned", back)
    desk.permitted("by message, exactly the rest", amount("2000000.00"), file="day.xml")
    desk.refused("AM14", "by message, a fen more", amount("0.01"), file="day.xml")


def _ordinary_papers(desk: Desk) -> None:
    """Fall back to the dedicated account, for one reason at a time."""
    others = (
        ("outside the zone", "xili_batteries", "marina_growth", "FDI-2024-0033"),
        ("not an eligible enterprise", "houhai_robotaxi", "kowloon_horizon", "FDI-2024-0034"),
        ("enterprise not in the pilot", "dengliang_media", "kowloon_horizon", "FDI-2024-0035"),
        ("paid in by another", "qingwan_biotech", "marina_growth", "FDI-2024-0031"),
    )
    for note, firm, investor, paper in others:
        desk.ordinary(
            note, amount("100000.00"), enterprise=firm, investor=investor, registration_id=paper
        )
    desk.ordinary("bank that cannot trace", amount("1000.00"), bank=LUOHU)
    desk.ordinary("bank not in the pilot", amount("1000.00"), bank=SHEKOU)
    desk.ordinary("capital in dollars", amount("1000.00", "USD"), capital_rate="7.15")
    desk.ordinary("before the plan", amount("1000.00"), on="2023-02-22", reason="AG01")
    desk.incomplete("no registration named", amount("1000.00"), registration_id=None)
