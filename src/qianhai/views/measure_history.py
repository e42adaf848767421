"""How a measure came to stand as it does: its clauses and its values over time, and its use.

Spans carry where they lie on a line of a thousand parts, so that a page draws without computing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from qianhai.instructions import Used
from qianhai.policy import OPEN, Authorisation, Measure, Pack, statuses_on
from qianhai.views.flaws import Document

_DAY: Final = timedelta(days=1)
_PARTS: Final = 1000
_BEFORE: Final = timedelta(days=120)
_AFTER: Final = timedelta(days=180)


def history_document(
    pack: Pack, measure: Measure, authorisations: Sequence[Authorisation], day: date
) -> Document:
    """Return each clause's spans of one status, from before the plan's day until after `day`."""
    ids = {clause.id for clause in measure.clauses}
    mine = [one for one in authorisations if one.clause in ids]
    start = min([pack.plan.effective_from, day, *(one.first for one in mine)]) - _BEFORE
    ends = [one.until for one in mine if one.until]
    end = max([day, *(one.first for one in mine), *ends]) + _AFTER
    turns = {start, pack.plan.effective_from, *(one.first for one in mine)}
    turns |= {until + _DAY for until in ends}
    days = sorted(turns)
    switches = {name: switch.default for name, switch in pack.switches.items()}
    standing = [statuses_on(pack, one, authorisations, switches) for one in days]
    clauses = []
    for clause in measure.clauses:
        spans: list[Document] = []
        for at, first in enumerate(days):
            status = standing[at].get(clause.id, "not_yet")
            if spans and spans[-1]["status"] == status:
                continue
            given = [one for one in mine if one.clause == clause.id and one.first == first]
            spans.append(
                {
                    "status": status,
                    "is_open": status in OPEN,
                    "first": None if first == start else first.isoformat(),
                    "at": _part(first, start, end),
                    "instrument": given[-1].instrument if given else "",
                }
            )
        for span, after in zip(spans, [*spans[1:], None], strict=True):
            upto = after["at"] if after else _PARTS
            assert isinstance(upto, int), "a part is counted"
            assert isinstance(span["at"], int), "a part is counted"
            span["width"] = upto - span["at"]
            next_day = after["first"] if after else None
            span["last"] = _before(next_day) if isinstance(next_day, str) else None
        clauses.append({"id": clause.id, "zh": clause.zh, "en": clause.en, "spans": spans})
    years = range(start.year + 1, end.year + 1)
    return {
        "clauses": clauses,
        "today": _part(day, start, end),
        "years": [{"year": year, "at": _part(date(year, 1, 1), start, end)} for year in years],
    }


def _before(day: str) -> str:
    return (date.fromisoformat(day) - _DAY).isoformat()


def _part(day: date, start: date, end: date) -> int:
    return _PARTS * (day - start).days // max(1, (end - start).days)


def use_document(pack: Pack, measure: Measure, used: Iterable[Used]) -> Document:
    """Return how often the measure's businesses were decided: by action and outcome, by month."""
    mine = {one.id: one for one in pack.facilities.values() if one.measure == measure.id}
    by_action: dict[tuple[str, str], Counter[str]] = {}
    by_month: dict[date, Counter[str]] = {}
    for one in used:
        if one.facility in mine:
            by_action.setdefault((one.facility, one.action), Counter())[one.outcome] += one.times
            by_month.setdefault(one.month, Counter())[one.outcome] += one.times
    return {
        "decided": sum(counter.total() for counter in by_action.values()),
        "actions": [
            {
                "facility": facility,
                "action": action,
                "zh": f"{mine[facility].title.zh} · {_action(pack, facility, action, 'zh')}",
                "en": f"{mine[facility].title.en} · {_action(pack, facility, action, 'en')}",
                "outcomes": dict(counter),
                "decided": counter.total(),
            }
            for (facility, action), counter in sorted(by_action.items())
        ],
        "months": [
            {"month": f"{month:%Y-%m}", "decided": one.total(), "permitted": one["permitted"]}
            for month, one in sorted(by_month.items())
        ],
    }


def _action(pack: Pack, facility: str, action: str, language: str) -> str:
    words = pack.facilities[facility].actions.get(action)
    return action if words is None else str(getattr(words, language))
