"""Payment messages as customers send them: without a facility, or in the version before.

Holds what only messages show. Their parties are named by BIC, LEI or account number, never by our
own ids (see write.py).
"""

from sample_day.banks import QIANHAI
from sample_day.day import Day, Desk, amount


def plain_payments(day: Day) -> None:
    """Write messages that say whom to pay and not under which business: the facility is missing."""
    desk = Desk(
        day,
        "",
        "MSG",
        "day.xml",
        {"debtor": "zhongshan_lamps", "debtor_agent": QIANHAI, "creditor": "sheungwan_trading"},
    )
    desk.incomplete("a payment without a facility", amount("5000.00"))
    desk.incomplete("another, in dollars", amount("600.00", "USD"), debtor="qiantai_devices")
    desk.incomplete("and one of another day", amount("70.00"), on="2024-06-01")


def older_messages(day: Day) -> None:
    """Write what an older program sends: pain.001.001.03, facts as lines of remittance."""
    trade = Desk(
        day,
        "trade_settlement_on_instruction",
        "OLD",
        "legacy.xml",
        {
            "enterprise": "zhongshan_lamps",
            "bank": QIANHAI,
            "counterparty": "sheungwan_trading",
            "trade_kind": "goods",
            "direction": "payment",
            "has_statement": "true",
        },
    )
    trade.permitted("goods, by the older message", amount("12800.00"))
    trade.ordinary("no statement", amount("12800.00"), has_statement="false")
    trade.incomplete("kind of trade not stated", amount("12800.00"), trade_kind=None)
    freight = Desk(
        day,
        "freight_invoice_payment",
        "OLD",
        "legacy.xml",
        {
            "payer": "dachan_exports",
            "bank": QIANHAI,
            "carrier": "lianhe_barges",
            "is_domestic_freight": "true",
            "invoice_id": "YF-2025-0020",
        },
    )
    day.cast.paper(
        "freight_invoice",
        "YF-2025-0020",
        amount={"amount": "1000.00", "currency": "USD"},
        payer="dachan_exports",
        payee="lianhe_barges",
    )
    freight.permitted("freight, by the older message", amount("1000.00", "USD"))
    freight.refused("AM14", "freight, paid already", amount("0.01", "USD"))
    plain = Desk(
        day,
        "",
        "OLD",
        "legacy.xml",
        {"debtor": "zhongshan_lamps", "debtor_agent": QIANHAI, "creditor": "sheungwan_trading"},
    )
    plain.incomplete("no facility in the older message", amount("3.00"))
