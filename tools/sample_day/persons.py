"""Residents who send and receive RMB on their identity document (measure 60)."""

from random import Random

from sample_day.banks import LUOHU, QIANHAI, SHEKOU
from sample_day.cast import Cast
from sample_day.day import Day, Desk, amount

_SENDERS = ("ms_ouyang", "mr_chow", "ms_leong", "mr_tsai", "ms_mok", "mr_deng")
_WAYS = (
    ("out", "sent to Hong Kong", "day.csv"),
    ("out", "sent by message", "day.xml"),
    ("in", "received from Hong Kong", "day.csv"),
)


def personal_rmb_on_id(day: Day) -> None:
    """Write the remittances: a queue of small ones, a quota used to the cent, another year."""
    _residents(day.cast)
    desk = Desk(
        day,
        "personal_rmb_on_id",
        "M60",
        "day.csv",
        {
            "bank": QIANHAI,
            "counterparty": "ms_lau",
            "direction": "out",
            "is_own_document": "true",
            "is_valid_document": "true",
            "usd_rate": "7.10",
            "fx_used_this_year": "0.00",
        },
    )
    _queue(desk)
    _quota(desk)
    _both_ways(desk)
    _ordinary_papers(desk)
    _remittances_that_wait(desk)


def _residents(cast: Cast) -> None:
    """Enter people who live in the zone, with every kind of document, and one who moved away."""
    cast.visitor("ms_lau", "刘咏诗", "Lau Wing Sze", letter="H")
    cast.overseas("harbour_school", "海港书院", "Harbour School", type_="institution")
    people = (
        ("ms_ouyang", "欧阳静", "Ouyang Jing", "19880917", "", "original"),
        ("mr_chow", "周启邦", "Chow Kai Pong", "19750303", "81", "original"),
        ("ms_leong", "梁嘉慧", "Leong Ka Wai", "19920229", "82", "expanded"),
        ("mr_tsai", "蔡明哲", "Tsai Ming Che", "19831105", "83", "expanded"),
        ("ms_mok", "莫晓岚", "Mok Hiu Laam", "19991231", "81", "original"),
        ("mr_deng", "邓博", "Deng Bo", "19680619", "", "expanded"),
        ("mr_fang", "方砚", "Fang Yan", "19900101", "", "outside"),
        ("ms_qiu", "邱雨桐", "Qiu Yutong", "19950505", "", ""),
    )
    for person, zh, en, born_on, permit, area in people:
        cast.resident(person, zh, en, born_on, area=area, permit=permit, cny="900000.00")
    cast.party(
        "mr_fang",
        "person",
        "方砚",
        "Fang Yan",
        area="original",
        since="2026-01-01",
    )
    cast.visitor("mr_kwok", "郭天乐", "Kwok Tin Lok", area="original", letter="H")
    cast.account("mr_kwok", "CNY", "30000.00")


def _queue(desk: Desk) -> None:
    """Send and receive small sums; nobody comes near a quota."""
    random = Random(60)  # noqa: S311 - a fixed seed makes the day the same each time
    for number in range(24):
        fen = random.randrange(500_00, 9_000_00)
        direction, note, file = random.choice(_WAYS)
        desk.permitted(
            note,
            amount(f"{fen // 100}.{fen % 100:02d}"),
            person=_SENDERS[number % len(_SENDERS)],
            direction=direction,
            counterparty=random.choice(["ms_lau", "harbour_school"]),
            bank=random.choice([QIANHAI, SHEKOU]),
            fx_used_this_year=f"{random.randrange(0, 20)}000.00",
            file=file,
        )


def _quota(desk: Desk) -> None:
    """Use a year's USD 50,000 to the cent, over two banks; a return gives a part back."""
    mine = {"person": "mr_kwok", "fx_used_this_year": "45000.00"}
    first = desk.permitted("part of what is left beside exchange bought", amount("21300.00"), mine)
    desk.ordinary("a fen over the quota", amount("14200.01"), mine, reason="AM14")
    desk.refused("AM04", "within the quota, beyond the money", amount("8700.01"), mine)
    back = {"action": "return", "of": first}
    desk.permitted("a part comes back", back, returned="7100.00")
    desk.refused("RR04", "more than was sent", back, returned="14200.01")
    desk.permitted("at another bank, to the fen", amount("15800.00"), mine, bank=SHEKOU)
    desk.ordinary("more than the quota has left", amount("5499.95"), mine, reason="AM14")
    last_year = {"person": "mr_chow", "fx_used_this_year": "0.00"}
    desk.permitted("a whole year's quota", amount("355000.00"), last_year, on="2024-06-01")
    desk.ordinary("a fen more", amount("0.01"), last_year, on="2024-06-01", reason="AM14")
    desk.ordinary(
        "all bought as foreign exchange already",
        amount("0.07"),
        mine,
        fx_used_this_year="50000.00",
        reason="AM14",
    )


def _both_ways(desk: Desk) -> None:
    """Keep sending and receiving apart: each way has its own quota."""
    teacher = {"person": "mr_tsai", "direction": "in", "fx_used_this_year": "0.00"}
    got = desk.permitted("received", amount("200000.00"), teacher, counterparty="harbour_school")
    desk.permitted("which does not count as sent", amount("200000.00"), teacher, direction="out")
    desk.ordinary("received beyond the quota", amount("355000.00"), teacher, reason="AM14")
    desk.permitted("a part is sent back", action="return", of=got, returned="71000.00")
    desk.incomplete("a return without its amount", action="return", of=got)


def _ordinary_papers(desk: Desk) -> None:
    """Leave to the ordinary papers what the shortcut does not cover."""
    some = {"person": "ms_ouyang", **amount("1000.00")}
    desk.ordinary("lives outside the zone", some, person="mr_fang")
    desk.permitted("moved into it in 2026", some, person="mr_fang", on="2026-04-01")
    desk.ordinary("somebody else's document", some, is_own_document="false")
    desk.ordinary("document run out", some, is_valid_document="false")
    desk.ordinary("bank without a procedure", some, bank=LUOHU)
    desk.ordinary("Hong Kong dollars", some, amount("1000.00", "HKD"))
    desk.ordinary("before the plan", some, on="2023-02-22", reason="AG01")


def _remittances_that_wait(desk: Desk) -> None:
    """Leave out the rate, the exchange bought, the document, the way; or the home."""
    some = {"person": "ms_mok", **amount("1000.00")}
    desk.incomplete("no rate", some, usd_rate=None)
    desk.incomplete("exchange bought not reported", some, fx_used_this_year=None)
    desk.incomplete("document not looked at", some, is_valid_document=None)
    desk.incomplete("sent or received not stated", some, direction=None)
    desk.incomplete("home not on record", some, person="ms_qiu")
