"""Money that goes back: special refunds of goods trade (measure 55)."""

from sample_day.banks import QIANHAI, SHEKOU
from sample_day.cast import Cast, worth
from sample_day.day import Day, Desk, Fields, money

_CLASS_A = {"enterprise": "meilin_bicycles"}
_CLASS_B = {"enterprise": "buji_furniture"}


def special_refund(day: Day) -> None:
    """Write the refunds: by the plan, by the general rule, and what needs registration first."""
    _refunders(day.cast)
    desk = Desk(
        day,
        "special_refund",
        "M55",
        "day.csv",
        {
            "bank": QIANHAI,
            "counterparty": "rhine_optics",
            "trade_kind": "goods",
            "is_original_route": "true",
            "enterprise": "hongli_audio",
        },
    )
    _by_the_plan(desk)
    _by_the_general_rule(desk)
    _within_the_original(desk)
    _refunds_that_wait(desk)


def _refunders(cast: Cast) -> None:
    """Enter an eligible firm, one of class A, one that fell to class B, and their receipts."""
    funds = {"CNY": "9000000.00", "USD": "3000000.00"}
    cast.firm("hongli_audio", "弘力音响", "Hongli Audio", funds=funds, holds=("refund_eligible",))
    cast.firm("meilin_bicycles", "梅林单车", "Meilin Bicycles", area="outside", funds=funds)
    cast.firm("buji_furniture", "布吉家具", "Buji Furniture", funds=funds)
    cast.firm("shajing_oysters", "沙井蚝业", "Shajing Oysters", funds={"USD": "100.00"})
    for firm, trade_class in (
        ("hongli_audio", "B"),
        ("meilin_bicycles", "A"),
        ("shajing_oysters", "A"),
    ):
        cast.attribute(firm, "trade_class", trade_class)
    cast.attribute("buji_furniture", "trade_class", "A")
    cast.attribute("buji_furniture", "trade_class", "B", since="2025-01-01")
    for paper, received, currency, on in (
        ("R-2025-0001", "800000.00", "USD", "2025-01-01"),
        ("R-2025-0002", "800000.00", "USD", "2024-12-31"),
        ("R-2025-0003", "900000.00", "USD", "2025-06-20"),
        ("R-2025-0004", "715000.00", "CNY", "2024-12-20"),
        ("R-2025-0005", "500000.00", "USD", "2024-10-08"),
        ("R-2024-0006", "400000.00", "USD", "2023-11-14"),
        ("R-2022-0007", "400000.00", "USD", "2022-11-13"),
    ):
        cast.paper("receipt_or_payment", paper, amount=worth(received, currency), on=on)


def _refund(paper: str, number: str, currency: str = "USD", on: str = "2025-06-30") -> Fields:
    """Return the columns of a refund of a paper."""
    return {"original_id": paper, "refund.on": on, **money("refund", number, currency)}


def _by_the_plan(desk: Desk) -> None:
    """Refund at the bank what the plan lets an eligible enterprise of class B refund."""
    late = desk.permitted("181 days, exactly USD 50,000", _refund("R-2025-0002", "50000.00"))
    desk.ordinary("180 days are not more than 180", _refund("R-2025-0001", "50000.00"))
    desk.register_first("class B below USD 50,000", _refund("R-2025-0002", "49999.99"))
    other = {"is_original_route": "false", "reason_evidence": "true"}
    desk.permitted("another route, its reason shown", _refund("R-2025-0003", "60000.00"), other)
    desk.incomplete(
        "another route, its reason not shown",
        _refund("R-2025-0003", "60000.00"),
        other,
        reason_evidence="false",
        reason="QH02",
    )
    desk.incomplete(
        "another route, nothing said of its reason",
        _refund("R-2025-0003", "60000.00"),
        other,
        reason_evidence=None,
    )
    back = {"action": "return", "of": late}
    desk.refused("RR04", "more than was refunded", back, returned="50000.01")
    desk.permitted("the refund comes back", back, returned="50000.00")
    desk.permitted(
        "RMB at its rate, exactly USD 50,000",
        _refund("R-2025-0004", "357500.00", "CNY"),
        usd_rate="7.15",
    )
    desk.register_first(
        "RMB, a fen below USD 50,000", _refund("R-2025-0004", "357499.99", "CNY"), usd_rate="7.15"
    )
    desk.permitted("by message", _refund("R-2025-0002", "75000.00"), file="day.xml")


def _by_the_general_rule(desk: Desk) -> None:
    """Refund what class A may anywhere: USD 50,000 until May 2024, USD 200,000 from June."""
    june = _refund("R-2024-0006", "60000.00", on="2024-06-01")
    desk.permitted("class A, 1 June 2024", june, _CLASS_A, on="2024-06-01")
    may = _refund("R-2024-0006", "60000.00", on="2024-05-31")
    desk.register_first("class A, the day before", may, _CLASS_A, on="2024-05-31")
    early = _refund("R-2022-0007", "60000.00", on="2023-06-01")
    desk.register_first("class A, 2023", early, _CLASS_A, on="2023-06-01")
    desk.permitted(
        "class A, 2023, exactly USD 50,000",
        _refund("R-2022-0007", "50000.00", on="2023-06-01"),
        _CLASS_A,
        on="2023-06-01",
    )
    desk.permitted(
        "class A, exactly USD 200,000", _refund("R-2025-0005", "200000.00"), _CLASS_A, bank=SHEKOU
    )
    desk.register_first("class A, a cent more", _refund("R-2025-0005", "200000.01"), _CLASS_A)
    desk.register_first("class B since January", _refund("R-2025-0005", "1000.00"), _CLASS_B)
    desk.permitted(
        "class A until then",
        _refund("R-2024-0006", "1000.00", on="2024-06-01"),
        _CLASS_B,
        on="2024-06-01",
    )
    desk.ordinary(
        "ten days after, the same way back", _refund("R-2025-0003", "300000.00"), _CLASS_A
    )
    desk.ordinary("services", _refund("R-2025-0005", "1000.00"), _CLASS_A, trade_kind="services")


def _within_the_original(desk: Desk) -> None:
    """Hold all refunds of one receipt to its amount; what comes back frees it again."""
    desk.refused(
        "AM14", "a cent more than the original has left", _refund("R-2025-0005", "300000.01")
    )
    rest = desk.permitted("exactly what the original has left", _refund("R-2025-0005", "300000.00"))
    desk.refused("AM14", "nothing is left", _refund("R-2025-0005", "50000.00"))
    desk.permitted("half of it comes back", action="return", of=rest, returned="150000.00")
    desk.permitted("and is refunded once more", _refund("R-2025-0005", "150000.00"))
    desk.permitted(
        "dollars out of an RMB receipt",
        _refund("R-2025-0004", "50000.00"),
        original_rate="7.15",
    )
    desk.refused(
        "AM04",
        "an account without the money",
        _refund("R-2025-0002", "100.01"),
        enterprise="shajing_oysters",
    )


def _refunds_that_wait(desk: Desk) -> None:
    """Leave out the paper, the rate, the day."""
    desk.incomplete("the receipt is not on file", _refund("R-2025-0099", "60000.00"))
    desk.incomplete("no rate for RMB", _refund("R-2025-0004", "60000.00", "CNY"))
    desk.incomplete("no rate to the receipt's currency", _refund("R-2025-0004", "60000.00"))
    desk.incomplete("route not stated", _refund("R-2025-0002", "60000.00"), is_original_route=None)
