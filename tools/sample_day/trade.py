"""Trade settled on the enterprise's instruction (measure 54)."""

from random import Random

from sample_day.banks import LUOHU, QIANHAI, SHEKOU
from sample_day.cast import Cast
from sample_day.day import Day, Desk, amount

_KNOWN = ("know_client_current", "know_business_current", "due_diligence_current")
_GENUINE = {"is_genuine": "true", "is_lawful": "true"}
#: What the sender declares a settlement as: general trade, or management consulting.
_CODES = {"goods": "121010", "services": "228023"}
#: A payment comes by file or by message; a receipt is told by the bank's own file.
_WAYS = (("payment", "day.csv"), ("payment", "day.xml"), ("receipt", "day.csv"))


def trade_settlement_on_instruction(day: Day) -> None:
    """Write the settlements: a morning of plain ones, then what each list decides."""
    _traders(day.cast)
    desk = Desk(
        day,
        "trade_settlement_on_instruction",
        "M54",
        "day.csv",
        {
            "enterprise": "zhongshan_lamps",
            "bank": QIANHAI,
            "counterparty": "sheungwan_trading",
            "trade_kind": "goods",
            "direction": "payment",
            "has_statement": "true",
        },
    )
    _morning(desk)
    _returns(desk)
    _ordinary_papers(desk)
    _settlements_that_wait(desk)


def _traders(cast: Cast) -> None:
    """Enter traders on the lists for RMB and for foreign exchange, and their counterparties."""
    cast.overseas("sheungwan_trading", "上环贸易", "Sheung Wan Trading")
    cast.overseas("bedok_components", "勿洛元件", "Bedok Components", jurisdiction="SG")
    cast.overseas("rhine_optics", "莱茵光学", "Rhine Optics", jurisdiction="DE")
    cast.firm("longhua_fittings", "龙华配件", "Longhua Fittings", area="outside")
    listed = (*_KNOWN, "quality_enterprise")
    pilots = (*_KNOWN, "pilot_54")
    cast.firm(
        "zhongshan_lamps", "中山灯具", "Zhongshan Lamps", funds={"CNY": "30000000.00"}, holds=listed
    )
    cast.firm(
        "qiantai_devices",
        "前台器件",
        "Qiantai Devices",
        funds={"USD": "5000000.00", "HKD": "8000000.00", "EUR": "900000.00", "JPY": "40000000"},
        holds=pilots,
    )
    cast.firm(
        "dongjiao_ceramics",
        "东角陶瓷",
        "Dongjiao Ceramics",
        area="outside",
        funds={"CNY": "600000.00", "USD": "50000.00"},
        holds=(*listed, "pilot_54"),
    )
    cast.firm(
        "xixiang_toys",
        "西乡玩具",
        "Xixiang Toys",
        funds={"CNY": "100000.00"},
        holds=(*listed, "alarm_54"),
    )
    lapsed = "mazhou_textiles"
    cast.firm(lapsed, "麻洲纺织", "Mazhou Textiles", funds={"CNY": "100000.00"}, holds=listed[:2])
    cast.qualify(lapsed, "due_diligence_current", until="2024-12-31")
    cast.qualify(lapsed, "quality_enterprise")
    cast.firm(
        "wanfu_paper",
        "万福纸业",
        "Wanfu Paper",
        funds={"CNY": "100000.00", "USD": "9000.00"},
        holds=_KNOWN,
    )
    cast.firm(
        "qilin_motors",
        "麒麟电机",
        "Qilin Motors",
        funds={"CNY": "100000.00"},
        holds=("quality_enterprise",),
    )


def _morning(desk: Desk) -> None:
    """Settle a morning's business: amounts vary, the funds always suffice."""
    random = Random(54)  # noqa: S311 - a fixed seed makes the day the same each time
    for _ in range(14):
        fen = random.randrange(1_000_00, 900_000_00)
        direction, file = random.choice(_WAYS)
        kind = random.choice(["goods", "services"])
        desk.permitted(
            "RMB on instruction",
            amount(f"{fen // 100}.{fen % 100:02d}"),
            trade_kind=kind,
            bop_code=_CODES[kind],
            direction=direction,
            bank=random.choice([QIANHAI, SHEKOU]),
            file=file,
        )
    fx = {"enterprise": "qiantai_devices", "has_statement": None, **_GENUINE}
    for _ in range(14):
        cents = random.randrange(500_00, 60_000_00)
        direction, file = random.choice(_WAYS)
        desk.permitted(
            "foreign currency of a pilot enterprise",
            amount(f"{cents // 100}.{cents % 100:02d}", random.choice(["USD", "HKD", "EUR"])),
            fx,
            counterparty=random.choice(["bedok_components", "rhine_optics", "sheungwan_trading"]),
            direction=direction,
            file=file,
        )
    desk.permitted("yen have no decimals", amount("1250000", "JPY"), fx, trade_kind="services")


def _returns(desk: Desk) -> None:
    """Take back part of a settlement, then the rest, never more."""
    paid = desk.permitted(
        "outside the zone, 54a alone asks for it",
        amount("400000.00"),
        enterprise="dongjiao_ceramics",
    )
    back = {"action": "return", "of": paid}
    desk.permitted("a part comes back", back, returned="150000.00")
    desk.refused("RR04", "a fen more than is out", back, returned="250000.01")
    desk.permitted("the rest comes back", back, returned="250000.00")
    desk.incomplete("a return without its amount", back)
    got = desk.permitted(
        "a receipt", amount("90000.00"), direction="receipt", enterprise="dongjiao_ceramics"
    )
    desk.permitted("which is sent back", action="return", of=got, returned="90000.00")
    desk.refused(
        "AM04",
        "a fen more than the account holds",
        amount("600000.01"),
        enterprise="dongjiao_ceramics",
    )
    desk.permitted(
        "all the account holds", amount("600000.00"), enterprise="dongjiao_ceramics", bank=SHEKOU
    )


def _ordinary_papers(desk: Desk) -> None:
    """Fall back to the ordinary papers, for one reason at a time."""
    small = amount("1000.00")
    desk.ordinary("list entry under alarm", small, enterprise="xixiang_toys")
    desk.ordinary("due diligence ran out in 2024", small, enterprise="mazhou_textiles")
    desk.permitted("while it was current", small, enterprise="mazhou_textiles", on="2024-06-01")
    desk.ordinary("no quality enterprise", small, enterprise="wanfu_paper")
    desk.ordinary("client not known", small, enterprise="qilin_motors")
    desk.ordinary("no pilot enterprise", amount("10.00", "USD"), _GENUINE, enterprise="wanfu_paper")
    desk.ordinary("bank not in the pilot", small, bank=LUOHU)
    desk.ordinary("bank not yet in the pilot", small, bank=SHEKOU, on="2023-06-01")
    desk.ordinary("RMB within the mainland", small, counterparty="longhua_fittings")
    desk.ordinary("neither goods nor services", small, trade_kind="other")
    desk.ordinary("no statement of payment", small, has_statement="false")
    desk.ordinary("before the plan", small, on="2023-02-22")
    fx = {"enterprise": "qiantai_devices", **_GENUINE}
    desk.ordinary("not genuine", amount("10.00", "USD"), fx, is_genuine="false")
    desk.ordinary("not lawful", amount("10.00", "USD"), fx, is_lawful="false")


def _settlements_that_wait(desk: Desk) -> None:
    """Leave out what a shortcut needs; pay from an account three parties hold."""
    desk.incomplete("kind of trade not stated", amount("1000.00"), trade_kind=None)
    desk.incomplete("payment or receipt not stated", amount("1000.00"), direction=None)
    desk.incomplete(
        "genuine not stated", amount("10.00", "USD"), enterprise="qiantai_devices", is_lawful="true"
    )
    desk.incomplete(
        "no Swiss franc account", amount("10.00", "CHF"), _GENUINE, enterprise="qiantai_devices"
    )
    held = desk.day.cast.account("zhongshan_lamps", "CNY", "50000.00", kind="three_party")
    watched = {"enterprise.account": held}
    orders = {"bank_ordered": "true", "factor_ordered": "true", "enterprise_ordered": "true"}
    desk.permitted("from a three-party account, three orders", amount("20000.00"), watched, orders)
    desk.refused(
        "RR04", "one order is missing", amount("20.00"), watched, orders, factor_ordered="false"
    )
    desk.incomplete("an order is not stated", amount("20.00"), watched, orders, bank_ordered=None)
