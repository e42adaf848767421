"""The banks of the sample day: who handles, who lends from Hong Kong, who is on which list."""

from typing import Final

from sample_day.cast import Cast

#: In the zone and in every pilot; the day is this bank's.
QIANHAI: Final = "qianhai_bay_bank"
#: In the zone's expanded area; joined the settlement pilot in 2024.
SHEKOU: Final = "shekou_coast_bank"
#: Of Shenzhen and outside the zone; books capital and cannot trace it.
LUOHU: Final = "luohu_citizens_bank"
#: Of Guangzhou: in the freight pilot by mistake, and no bank of Shenzhen.
PEARL: Final = "pearl_estuary_bank"
#: Of Hong Kong.
VICTORIA: Final = "victoria_harbour_bank"
TOLO: Final = "tolo_channel_bank"
#: Of Singapore.
STRAITS: Final = "straits_merchant_bank"


def enter_banks(cast: Cast) -> None:
    """Enter the banks with their lists."""
    cast.bank(
        QIANHAI,
        "前海湾银行",
        "Qianhai Bay Bank",
        "QXHBCNBS",
        area="original",
        holds=(
            "pilot_10",
            "pilot_54",
            "pilot_59",
            "pilot_64",
            "procedure_60",
            "capital_tracing",
            "shenzhen_bank",
        ),
    )
    cast.bank(
        SHEKOU,
        "蛇口海岸银行",
        "Shekou Coast Bank",
        "QXSKCNBS",
        area="expanded",
        holds=("procedure_60", "shenzhen_bank"),
    )
    cast.qualify(SHEKOU, "pilot_54", since="2024-01-01")
    cast.bank(
        LUOHU,
        "罗湖民信银行",
        "Luohu Citizens Bank",
        "QXLHCNBS",
        holds=("pilot_64", "shenzhen_bank"),
    )
    cast.bank(PEARL, "珠江口银行", "Pearl Estuary Bank", "QXPECNBG", holds=("pilot_59",))
    cast.bank(VICTORIA, "维港商业银行", "Victoria Harbour Bank", "QXVHHKHH", jurisdiction="HK")
    cast.bank(TOLO, "吐露港银行", "Tolo Channel Bank", "QXTCHKHH", jurisdiction="HK")
    cast.bank(STRAITS, "海峡商人银行", "Straits Merchant Bank", "QXSMSGSG", jurisdiction="SG")
