"""A measure on one page: what it allows, to whom, up to what, on which papers, and who answers."""

from collections.abc import Iterable
from datetime import date

from qianhai.policy import Compiled, Limit, Measure, Pack, Policy, Standing, done_by
from qianhai.views.flaws import Document
from qianhai.views.plan import measure_line


def measure_page(policy: Policy, measure: Measure, standing: Standing) -> Document:
    """Return a measure as it stands on a day: everything of it that a reader would ask for."""
    pack = policy.pack
    facilities = [one for one in pack.facilities.values() if one.measure == measure.id]
    compiled = [policy.compiled(one.id, name) for one in facilities for name in one.actions]
    units = {one.slug: one for one in pack.plan.units}
    actors = {one.slug: one for one in pack.plan.actors}
    return {
        **measure_line(measure),
        "on": standing.on.isoformat(),
        "summary": _named(measure.summary.zh, measure.summary.en),
        "strength": measure.strength,
        "units": [{"slug": n, **_named(units[n].zh, units[n].en)} for n in measure.units],
        "duties_divided": measure.duties_divided,
        "actors": [
            {"slug": n, **_named(actors[n].zh, actors[n].en)} for n in measure.actors if n in actors
        ],
        "conditions": [condition.model_dump() for condition in measure.conditions],
        "numbers": [number.model_dump() for number in measure.numbers],
        "related": list(measure.related),
        "systems": list(measure.systems),
        "allows": [{"kind": kind.kind, **_named(kind.zh, kind.en)} for kind in measure.kinds],
        "clauses": [
            {
                **clause.model_dump(),
                "is_open": clause.id in standing.open_clauses,
                "done_by": [".".join(one) for one in done_by(facilities, clause.id)],
            }
            for clause in measure.clauses
        ],
        "limits": [_limit(one, limit) for one in compiled for limit in one.action.limits],
        "parameters": _parameters(pack, compiled, standing),
        "documents": _words(pack, "documents", (d for c in compiled for d in c.action.documents)),
        "reports": _words(pack, "reports", (r for c in compiled for r in c.action.reports)),
        "facilities": [
            {"id": one.id, **_named(one.title.zh, one.title.en), "actions": list(one.actions)}
            for one in facilities
        ],
        "overlays": [one.id for one in pack.overlays.values() if one.measure == measure.id],
    }


def _named(zh: str, en: str) -> Document:
    return {"zh": zh, "en": en}


def _limit(compiled: Compiled, limit: Limit) -> Document:
    return {
        "facility": compiled.facility,
        "action": compiled.name,
        "id": limit.id,
        "asset": limit.asset,
        "window": limit.window,
        "caps": [pool.cap for pool in limit.parts],
        **_named(limit.zh, limit.en),
    }


def _parameters(pack: Pack, compiled: Iterable[Compiled], standing: Standing) -> list[Document]:
    """Return the dated values the actions read, as they hold on the day, each with its source."""
    trees = [
        tree
        for one in compiled
        for tree in (
            *(t for _, t in one.tests.values()),
            *one.guards.values(),
            *one.values.values(),
        )
    ]
    named = sorted({name for tree in trees for name in tree.parameters})
    return [_parameter(pack, name, standing.on) for name in named]


def _parameter(pack: Pack, name: str, day: date) -> Document:
    parameter = pack.parameters[name]
    dated = parameter.on(day)
    return {
        "id": name,
        "value": None if dated is None else dated.value,
        "since": None if dated is None else dated.first.isoformat(),
        "currency": parameter.currency,
        "unit": _named(parameter.unit.zh, parameter.unit.en),
        "confidence": parameter.confidence,
        "source": parameter.source,
        **_named(parameter.title.zh, parameter.title.en),
    }


def _words(pack: Pack, kind: str, names: Iterable[str]) -> list[Document]:
    known = pack.vocabulary[kind]
    return [{"id": name, **_named(known[name].zh, known[name].en)} for name in dict.fromkeys(names)]
