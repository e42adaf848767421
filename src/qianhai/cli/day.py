"""Prints what became of a day: by measure and outcome, sums, limits, and what waits for whom.

Tables for a terminal only; the same figures stand in `summary.json`. Must not decide or book.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import click

from qianhai.cli.app import App
from qianhai.cli.decide import outcome_word
from qianhai.instructions import Answer
from qianhai.kernel import EXACT
from qianhai.policy import LimitUse
from qianhai.views import DayTally, grouped, instructed, reason_texts, written

#: More limits than this are no table for a terminal; the summary holds them all.
_LIMITS_SHOWN_MAX = 60
_OUTCOMES = ("permitted", "ordinary", "register_first", "referred", "refused", "incomplete")


def print_day(app: App, tally: DayTally, out: str | None) -> None:
    """Print the day, and where all of it is written."""
    _print_outcomes(app, tally)
    _print_sums(app, tally)
    _print_limits(app, tally)
    _print_waiting(app, tally, out)
    click.echo(
        app.say(f"共 {tally.count} 笔。", f"{tally.count:,} instruction{'s' * (tally.count != 1)}.")
    )
    if tally.repeats:
        click.echo(
            app.say(
                f"其中 {tally.repeats} 笔此前已办理，未重复记账。",
                f"{tally.repeats} were answered before; nothing was booked again.",
            )
        )
    if out:
        click.echo(app.say(f"结果已写入 {out}。", f"The outcomes are in {out}."))


def _print_outcomes(app: App, tally: DayTally) -> None:
    by_facility: dict[tuple[int, str], dict[str, int]] = {}
    for (measure, facility, outcome), count in tally.outcomes.items():
        by_facility.setdefault((measure, facility), {})[outcome] = count
    given = [one for one in _OUTCOMES if any(key[2] == one for key in tally.outcomes)]
    rows = [
        [str(measure or "-"), _title(app, facility), *_counts(counts, given)]
        for (measure, facility), counts in sorted(by_facility.items())
    ]
    totals = Counter[str]()
    for (_, _, outcome), count in tally.outcomes.items():
        totals[outcome] += count
    if len(rows) > 1:
        rows.append(["", app.say("合计", "together"), *_counts(totals, given)])
    app.print_table(
        app.say("措施与结果", "Measures and outcomes"),
        [("#", "right"), (app.say("业务", "business"), "")]
        + [(app.say(outcome_word(app, one), one.replace("_", " ")), "right") for one in given],
        rows,
    )


def _counts(counts: Mapping[str, int], given: Sequence[str]) -> list[str]:
    return [f"{counts[one]:,}" if one in counts else "" for one in given]


def _print_sums(app: App, tally: DayTally) -> None:
    permitted = written(tally.permitted)
    app.print_table(
        app.say("各币种合计", "Totals by currency"),
        [
            (app.say("申请", "instructed"), "right"),
            (app.say("本次准予", "permitted now"), "right"),
            (app.say("币种", "currency"), ""),
        ],
        [
            [
                grouped(total),
                grouped(permitted[currency]) if currency in permitted else "",
                currency,
            ]
            for currency, total in written(tally.instructed).items()
        ],
    )


def _print_limits(app: App, tally: DayTally) -> None:
    """Print the limits that were drawn on; of many, those with the least left."""
    names = tally.pack.facilities
    drawn = sorted(tally.limits.items(), key=lambda one: _share_left(one[1]))[:_LIMITS_SHOWN_MAX]
    rows = sorted(
        ((names[facility].measure, holder, use) for (facility, holder, _), use in drawn),
        key=lambda row: (row[0], row[1], row[2].id),
    )
    app.print_table(
        app.say("已使用的额度", "Limits drawn"),
        [
            ("#", "right"),
            (app.say("持有人", "holder"), ""),
            (app.say("额度", "limit"), ""),
            (app.say("上限", "cap"), "right"),
            (app.say("已用", "used"), "right"),
            (app.say("剩余", "left"), "right"),
            (app.say("币种", "asset"), ""),
        ],
        [
            [str(measure), holder, use.id]
            + [grouped(figure) for figure in (use.cap, use.used, use.left)]
            + [use.asset or "?"]
            for measure, holder, use in rows
        ],
    )
    hidden = len(tally.limits) - len(drawn)
    if hidden:
        click.echo(
            app.say(
                f"另有 {hidden} 项额度剩余较多，见 summary.json。",
                f"{hidden} more limits have more left; see summary.json.",
            )
        )


def _share_left(use: LimitUse) -> Decimal:
    """Return how much of its ceiling a limit has left, in a hundred; a closed one has nothing."""
    cap = Decimal(use.cap or 0)
    return EXACT.multiply(Decimal(use.left or 0), 100) // cap if cap > 0 else Decimal(0)


def _print_waiting(app: App, tally: DayTally, out: str | None) -> None:
    """Print the first answers with which somebody has to do something, and where the rest is."""
    app.print_table(
        app.say("待人处理", "Waiting for somebody"),
        [
            (app.say("编号", "id"), ""),
            (app.say("金额", "amount"), "right"),
            (app.say("结果", "outcome"), ""),
            (app.say("原因", "reason"), ""),
            (app.say("位置", "place"), ""),
        ],
        [_waiting(app, answer) for answer in tally.waiting],
    )
    hidden = tally.waiting_count - len(tally.waiting)
    if hidden:
        where = f"{out}/outcomes.csv" if out else app.say("--out 目录", "the files of --out DIR")
        click.echo(
            app.say(f"另有 {hidden} 笔待处理，见 {where}。", f"{hidden} more wait; see {where}.")
        )


def _waiting(app: App, answer: Answer) -> list[str]:
    """Return one line: who is stopped, by what first, and where it was written."""
    pack, decision, place = app.policy.pack, answer.decision, answer.instruction.place
    amount, currency = instructed(pack, answer)
    first, *others = decision.reasons
    text = reason_texts(pack, first)
    more = app.say(f"（另有 {len(others)} 项）", f" (and {len(others)} more)") if others else ""
    return [
        answer.instruction.id,
        f"{grouped(amount)} {currency}" if amount else "",
        outcome_word(app, decision.outcome.value),
        app.say(text["zh"], text["en"]) + more,
        f"{place.file}:{place.line}" if place.line else place.file,
    ]


def _title(app: App, facility: str) -> str:
    model = app.policy.pack.facilities.get(facility)
    if model is None:
        return app.say("未说明业务", "no business stated")
    return app.say(model.title.zh, model.title.en)
