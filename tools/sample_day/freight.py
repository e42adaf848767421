"""Freight paid in foreign currency against checked invoices (measure 59)."""

from sample_day.banks import LUOHU, PEARL, QIANHAI
from sample_day.cast import Cast, worth
from sample_day.day import Day, Desk, amount

#: A reservation's last day lies far ahead, because a hold ends by the clock and not by the day.
_FAR = {"reserve_until": "2099-12-31"}


def freight_invoice_payment(day: Day) -> None:
    """Write the payments: an invoice is used once, to the cent, whichever way it is paid."""
    _shippers(day.cast)
    desk = Desk(
        day,
        "freight_invoice_payment",
        "M59",
        "day.xlsx",
        {
            "payer": "dachan_exports",
            "bank": QIANHAI,
            "carrier": "lianhe_barges",
            "is_domestic_freight": "true",
        },
    )
    _paid_once(desk)
    _reserved(desk)
    _unfit(desk)
    _payments_that_wait(desk)
    for number in range(12, 20):
        desk.permitted(
            "an invoice in full",
            amount(f"{number}50.75", "USD"),
            invoice_id=f"YF-2025-{number:04d}",
            file="day.xml" if number % 2 else None,
        )


def _shippers(cast: Cast) -> None:
    """Enter payers, carriers and the invoices the platform has checked."""
    cast.firm(
        "dachan_exports",
        "大铲出口",
        "Dachan Exports",
        funds={"USD": "400000.00", "HKD": "50000.00", "CNY": "1000.00"},
    )
    cast.firm("tiegang_tiles", "铁岗瓷砖", "Tiegang Tiles", funds={"USD": "500.00"})
    cast.firm(
        "lianhe_barges",
        "联合驳运",
        "Lianhe Barges",
        area="outside",
        funds={"USD": "0.00", "HKD": "0.00", "CNY": "0.00"},
    )
    cast.firm("nansha_feeders", "南沙支线", "Nansha Feeders", area="outside")
    invoices: list[tuple[str, str, str, str]] = [
        ("YF-2025-0001", "10000.00", "USD", "dachan_exports"),
        ("YF-2025-0002", "20000.00", "USD", "dachan_exports"),
        ("YF-2025-0003", "5000.00", "USD", "tiegang_tiles"),
        ("YF-2025-0004", "78000.00", "HKD", "dachan_exports"),
        ("YF-2025-0005", "7000.00", "CNY", "dachan_exports"),
        *((f"YF-2025-{n:04d}", f"{n}50.75", "USD", "dachan_exports") for n in range(12, 20)),
    ]
    for paper, sum_, currency, payer in invoices:
        cast.paper(
            "freight_invoice",
            paper,
            since="2023-01-10",
            amount=worth(sum_, currency),
            payer=payer,
            payee="lianhe_barges",
        )
    cast.paper(
        "freight_invoice",
        "YF-2024-0900",
        since="2024-01-10",
        until="2024-12-31",
        amount=worth("900.00", "USD"),
        payer="dachan_exports",
        payee="lianhe_barges",
    )
    cast.paper(
        "freight_invoice",
        "YF-2025-0006",
        amount=worth("600.00", "USD"),
        payer="dachan_exports",
        payee="nansha_feeders",
    )


def _paid_once(desk: Desk) -> None:
    """Pay one invoice in parts to the cent; what comes back can be paid again."""
    one = {"invoice_id": "YF-2025-0001"}
    first = desk.permitted("a part", amount("4000.00", "USD"), one)
    desk.refused("AM14", "a cent more than the invoice has left", amount("6000.01", "USD"), one)
    desk.permitted("the rest to the cent", amount("6000.00", "USD"), one)
    desk.refused("AM14", "paid once", amount("0.01", "USD"), one)
    back = {"action": "return", "of": first}
    desk.permitted("the carrier sends back a part", back, returned="1500.00")
    desk.refused("RR04", "and no more than it got", back, returned="2500.01")
    desk.permitted("which the invoice can take again", amount("1500.00", "USD"), one)
    rate = {"invoice_id": "YF-2025-0004", "invoice_rate": "7.80"}
    desk.permitted("dollars for an invoice in Hong Kong dollars", amount("9000.00", "USD"), rate)
    desk.refused("AM14", "a US cent over it", amount("1000.01", "USD"), rate)
    desk.permitted(
        "Hong Kong dollars for the rest", amount("7800.00", "HKD"), invoice_id="YF-2025-0004"
    )


def _reserved(desk: Desk) -> None:
    """Reserve invoice and money together; commit, release, and nothing twice."""
    two = {"action": "reserve", "invoice_id": "YF-2025-0002", **_FAR}
    first = desk.permitted("a reservation", amount("12000.00", "USD"), two)
    desk.refused(
        "AM14", "what is reserved cannot be paid", amount("8000.01", "USD"), two, action="pay"
    )
    second = desk.permitted("the rest reserved", amount("8000.00", "USD"), two)
    desk.permitted("the first is paid", action="commit", of=first)
    desk.refused("QH06", "and cannot be paid again", action="commit", of=first)
    desk.refused("QH06", "nor released", action="release", of=first)
    desk.permitted("the second is released", action="release", of=second)
    desk.refused("QH06", "and cannot be paid any more", action="commit", of=second)
    desk.permitted("its room is free again", amount("8000.00", "USD"), two, action="pay")
    desk.permitted(
        "freight of a paid reservation returns", action="return", of=first, returned="12000.00"
    )
    desk.permitted("and is reserved over the end of the day", amount("12000.00", "USD"), two)
    desk.refused("AM14", "so that nobody else can use it", amount("0.01", "USD"), two, action="pay")
    desk.refused(
        "AM04",
        "more than is in the account",
        amount("500.01", "USD"),
        payer="tiegang_tiles",
        invoice_id="YF-2025-0003",
    )


def _unfit(desk: Desk) -> None:
    """Let each check decide once."""
    some = amount("100.00", "USD")
    fresh = {"invoice_id": "YF-2025-0012"}
    desk.refused("RR04", "bank not in the pilot", some, fresh, bank=LUOHU)
    desk.refused("RR04", "bank not of Shenzhen", some, fresh, bank=PEARL)
    desk.refused("RR04", "freight to abroad", some, fresh, is_domestic_freight="false")
    desk.refused("RR04", "RMB", amount("100.00"), invoice_id="YF-2025-0005")
    desk.refused("RR04", "invoice unknown to the platform", some, invoice_id="YF-2025-0404")
    desk.refused("RR04", "invoice of last year", some, invoice_id="YF-2024-0900")
    desk.permitted("in its year", some, invoice_id="YF-2024-0900", on="2024-06-01")
    desk.refused("RR04", "somebody else's invoice", some, invoice_id="YF-2025-0003")
    desk.refused("RR04", "another payee", some, invoice_id="YF-2025-0006")
    desk.refused("AG01", "before the plan", some, fresh, on="2023-02-22")


def _payments_that_wait(desk: Desk) -> None:
    """Leave out the invoice, its rate, the kind of freight."""
    some = amount("100.00", "USD")
    desk.incomplete("no invoice named", some)
    desk.incomplete("no rate", some, invoice_id="YF-2025-0005")
    desk.incomplete(
        "kind of freight not stated", some, invoice_id="YF-2025-0012", is_domestic_freight=None
    )
