"""RMB loans of small Hong Kong-funded enterprises from overseas banks (measure 10)."""

from sample_day.banks import QIANHAI, SHEKOU, TOLO, VICTORIA
from sample_day.cast import Cast
from sample_day.day import Day, Desk, amount

_PILOT = ("pilot_10",)
_NONE = {"CNY": "0.00"}


def overseas_rmb_loan(day: Day) -> None:
    """Write the loans: one firm draws its ceiling to the cent, the others show who may not."""
    _borrowers(day.cast)
    _strangers(day.cast)
    desk = Desk(
        day,
        "overseas_rmb_loan",
        "M10",
        "day.xlsx",
        {"lender": VICTORIA, "borrower": "lingding_robotics", "bank": QIANHAI},
    )
    _ceiling(desk)
    _who_may_borrow(desk)
    _on_other_days(desk)
    _by_message(desk)


def _borrowers(cast: Cast) -> None:
    """Enter firms owned from Hong Kong: through a chain, through a loop, in part."""
    cast.overseas("kowloon_horizon", "九龙视野控股", "Kowloon Horizon Holdings")
    cast.visitor("ms_au_yeung", "欧阳慧敏", "Au-Yeung Wai Man", letter="H")
    cast.firm("lingding_robotics", "伶仃机器人", "Lingding Robotics", funds=_NONE, holds=_PILOT)
    cast.firm("qianwan_ventures", "前湾创业投资", "Qianwan Ventures")
    cast.owns("kowloon_horizon", "qianwan_ventures", "1")
    cast.owns("qianwan_ventures", "lingding_robotics", "0.7")
    cast.owns("ms_au_yeung", "lingding_robotics", "0.3")
    cast.firm(
        "dachan_chips", "大铲芯片", "Dachan Chips", area="expanded", funds=_NONE, holds=_PILOT
    )
    cast.firm("dachan_design", "大铲设计", "Dachan Design", area="expanded")
    cast.owns("ms_au_yeung", "dachan_chips", "0.75")
    cast.owns("dachan_design", "dachan_chips", "0.25")
    cast.owns("dachan_chips", "dachan_design", "0.4")
    cast.owns("kowloon_horizon", "dachan_design", "0.6")
    cast.firm("mawan_tea", "妈湾茶业", "Mawan Tea", funds={"CNY": "8000.00"}, holds=_PILOT)
    cast.owns("kowloon_horizon", "mawan_tea", "0.6")
    cast.qualify("mawan_tea", "hk_funded", since="2024-06-01")
    for firm, size in (("lingding_robotics", "small"), ("dachan_chips", "micro")):
        cast.attribute(firm, "size", size)
    cast.attribute("mawan_tea", "size", "small")
    cast.attribute("mawan_tea", "size", "medium", since="2026-01-01")


def _strangers(cast: Cast) -> None:
    """Enter firms that fail one condition each."""
    cast.resident("mr_liang", "梁志远", "Liang Zhiyuan", "19790412")
    firms = (
        ("nanshan_bakery", "南山面包", "Nanshan Bakery", "original", "mr_liang", "small"),
        ("guiwan_prints", "桂湾印务", "Guiwan Prints", "original", "kowloon_horizon", "large"),
        ("futian_lenses", "福田镜片", "Futian Lenses", "outside", "kowloon_horizon", "small"),
        ("tinghai_kites", "听海风筝", "Tinghai Kites", "original", "kowloon_horizon", ""),
        ("baguang_pearls", "坝光珍珠", "Baguang Pearls", "original", "", "micro"),
    )
    for firm, zh, en, area, owner, size in firms:
        cast.firm(firm, zh, en, area=area, funds=_NONE, holds=_PILOT)
        if owner:
            cast.owns(owner, firm, "1")
        if size:
            cast.attribute(firm, "size", size)
    for firm, zh, en, holds in (
        ("linhai_drones", "临海无人机", "Linhai Drones", ()),
        ("chiwan_sensors", "赤湾传感", "Chiwan Sensors", _PILOT),
    ):
        cast.firm(firm, zh, en, holds=holds)
        cast.owns("kowloon_horizon", firm, "1")
        cast.attribute(firm, "size", "small")
    cast.account("linhai_drones", "CNY", "0.00")


def _ceiling(desk: Desk) -> None:
    """Draw one firm's ceiling to the cent, free a part of it, and draw that again."""
    first = desk.permitted("first drawing", amount("2000000.00"))
    desk.permitted("second drawing, another lender", amount("2500000.00"), lender=TOLO)
    desk.refused("AM14", "a cent over what is left", amount("500000.01"))
    last = desk.permitted("exactly what is left of the ceiling", amount("500000.00"))
    desk.refused("AM14", "one cent, nothing is left", amount("0.01"))
    repay = {"action": "repay", "of": first}
    desk.permitted("half repaid with interest", repay, repaid="1000000.00", interest="23250.00")
    desk.permitted("what was repaid can be drawn again", amount("1000000.00"))
    desk.refused("AM14", "and not a cent more", amount("0.01"), lender=TOLO)
    desk.refused("RR04", "more than is outstanding", repay, repaid="1000000.01", interest="0.00")
    desk.permitted("the rest repaid", repay, repaid="1000000.00", interest="11200.50")
    desk.refused("RR04", "nothing is outstanding", repay, repaid="0.01", interest="0.00")
    desk.incomplete("repayment without its amount", action="repay", of=last, interest="0.00")
    refused = desk.refused("RR04", "a dollar loan is none of this", amount("100000.00", "USD"))
    desk.refused(
        "QH06", "what was refused has no repayment", action="repay", of=refused, repaid="1.00"
    )


def _who_may_borrow(desk: Desk) -> None:
    """Let each condition decide once."""
    usual = amount("800000.00")
    loan = desk.permitted(
        "micro firm of the expanded area, owned in a loop", usual, borrower="dachan_chips"
    )
    desk.refused(
        "AM04",
        "interest the firm does not have",
        action="repay",
        of=loan,
        repaid="800000.00",
        interest="9000.00",
    )
    desk.refused(
        "QH06",
        "somebody else cannot repay it",
        action="repay",
        of=loan,
        borrower="mawan_tea",
        repaid="1.00",
        interest="0.00",
    )
    desk.permitted("part Hong Kong-owned, determined so", usual, borrower="mawan_tea")
    desk.incomplete("owners not on record", usual, borrower="baguang_pearls")
    desk.incomplete("size not on record", usual, borrower="tinghai_kites")
    desk.incomplete("no RMB account on record", usual, borrower="chiwan_sensors")
    desk.refused("RR04", "owned by a mainland resident", usual, borrower="nanshan_bakery")
    desk.refused("RR04", "large firm", usual, borrower="guiwan_prints")
    desk.refused("RR04", "outside the zone", usual, borrower="futian_lenses")
    desk.refused("RR04", "not on the pilot register", usual, borrower="linhai_drones")
    desk.refused("RR04", "handling bank not in the pilot", usual, bank=SHEKOU)
    desk.refused("RR04", "mainland lender", usual, lender=SHEKOU)


def _on_other_days(desk: Desk) -> None:
    """Let dated values decide: the plan's first day, a determination, a firm that grew."""
    tea = {"borrower": "mawan_tea"}
    desk.incomplete("before the determination", amount("300000.00"), tea, on="2023-06-01")
    desk.permitted("on the day of the determination", amount("300000.00"), tea, on="2024-06-01")
    desk.refused("RR04", "the firm has grown", amount("300000.00"), tea, on="2026-04-01")
    desk.refused(
        "AG01", "before the plan", amount("1000.00"), on="2023-02-22", borrower="dachan_chips"
    )
    desk.permitted(
        "the plan's first day", amount("1000.00"), on="2023-02-23", borrower="dachan_chips"
    )


def _by_message(desk: Desk) -> None:
    """Ask by payment message: the lender pays in, the borrower is found by its account."""
    desk.permitted(
        "by message, rest of a ceiling",
        amount("4199000.00"),
        borrower="dachan_chips",
        file="day.xml",
    )
    desk.refused(
        "AM14", "by message, a cent", amount("0.01"), borrower="dachan_chips", file="day.xml"
    )
