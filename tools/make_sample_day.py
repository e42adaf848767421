"""Write examples/day and examples/expected.csv: the sample day and what it must give.

Run by hand after a change of the cases; the output is committed. The same cases give the same
bytes. Must not ask the system what it answers.
"""

import sys
from pathlib import Path
from typing import Final

from qianhai.main import read_files
from qianhai.policy import open_policy
from sample_day.banks import enter_banks
from sample_day.capital import rmb_capital_direct_booking
from sample_day.day import FILES, Day
from sample_day.freight import freight_invoice_payment
from sample_day.funds import pilot_combination, qflp_resize
from sample_day.lending import leasing_group_foreign_debt, overseas_lending
from sample_day.messages import older_messages, plain_payments
from sample_day.persons import personal_rmb_on_id
from sample_day.refunds import special_refund
from sample_day.rents import fx_operating_rent
from sample_day.small_loans import overseas_rmb_loan
from sample_day.supervised import nra_placement, three_party_account_release
from sample_day.trade import trade_settlement_on_instruction
from sample_day.write import write_day, write_expected, write_register

_ROOT: Final = Path(__file__).resolve().parents[1]
_BUSINESS: Final = (
    overseas_rmb_loan,
    qflp_resize,
    pilot_combination,
    trade_settlement_on_instruction,
    special_refund,
    freight_invoice_payment,
    personal_rmb_on_id,
    nra_placement,
    rmb_capital_direct_booking,
    overseas_lending,
    three_party_account_release,
    leasing_group_foreign_debt,
    fx_operating_rent,
    plain_payments,
    older_messages,
)


def sample_day() -> Day:
    """Return the whole day: who takes part, and every case with its answer."""
    day = Day()
    enter_banks(day.cast)
    for business in _BUSINESS:
        business(day)
    return day


def main(folder: Path) -> int:
    """Write the files below a folder and say how much they hold."""
    day = sample_day()
    policy = open_policy(read_files(_ROOT / "plan"))
    (folder / "day").mkdir(parents=True, exist_ok=True)
    write_register(folder / "day" / "parties.jsonl", day.cast)
    write_day(folder / "day", day, policy)
    write_expected(folder / "expected.csv", day, FILES)
    print(f"{len(day.cases)} instructions, {len(day.cast.entries)} register entries in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else _ROOT / "examples"))
