"""Checks what the frame says against what the pack holds: measures, parameters, readings, reasons.

Every measure in its section, every dated value readable and in order, every default among its
values. What facilities say is checked in crossing.py.
"""

from collections.abc import Iterator
from itertools import pairwise
from string import Formatter
from typing import get_args

from qianhai.kernel import CURRENCIES, Flaw
from qianhai.policy.model import ClauseStatus, DatedValue, Measure, Parameter
from qianhai.policy.pack import Pack, Source
from qianhai.policy.standing import parameter_value


def frame_flaws(pack: Pack) -> Iterator[Flaw]:
    """Yield every point on which the frame, the measures and the values do not fit together."""
    yield from _counts(pack)
    clauses: set[str] = set()
    for measure in pack.measures.values():
        yield from _measure(pack, measure, clauses)
        yield from _measure_names(pack, measure)
    for parameter in pack.parameters.values():
        yield from _parameter(pack, parameter)
    yield from _switches(pack)
    yield from _reasons(pack)


def _counts(pack: Pack) -> Iterator[Flaw]:
    """Yield a flaw for each part of the plan of which the files hold more or fewer."""
    source, stated = pack.sources["plan"], pack.plan.counts
    for name, zh, count, held in (
        ("chapters", "章", stated.chapters, len(pack.plan.chapters)),
        ("sections", "节", stated.sections, len(pack.plan.sections)),
        ("measures", "条", stated.measures, len(pack.measures)),
        ("clauses", "款", stated.clauses, len(pack.clauses)),
    ):
        if count != held and "measure" not in pack.partial:
            en = f"the plan has {count} {name} and the files hold {held}."
            told = f"方案应有{zh} {count}，文件中为 {held}。"
            yield source.document.flaw("P410", ("counts", name), str(held), str(count), en, told)


def _measure(pack: Pack, measure: Measure, clauses: set[str]) -> Iterator[Flaw]:
    document = pack.sources[f"measure:{measure.id}"].document
    plan = pack.plan
    section = next((one for one in plan.sections if one.id == measure.section), None)
    if section is None:
        known = [str(one.id) for one in plan.sections]
        yield document.unknown(("section",), "section", "节", str(measure.section), known)
    elif not (section.chapter == measure.chapter and section.first <= measure.id <= section.last):
        en = f"measure {measure.id} is not in section {section.id} of chapter {measure.chapter}."
        zh = f"第{measure.id}条不在第{measure.chapter}章第{section.id}节内。"
        expected = f"chapter {section.chapter}, measures {section.first} to {section.last}"
        yield document.flaw("P411", ("section",), str(measure.section), expected, en, zh)
    for number, clause in enumerate(measure.clauses):
        if clause.id in clauses or clause.id[:-1] != str(measure.id):
            en = f"clause `{clause.id}` is not a clause of measure {measure.id} alone."
            zh = f"“{clause.id}”不是第{measure.id}条独有的款。"
            at = ("clauses", number, "id")
            yield document.flaw("P411", at, clause.id, f"{measure.id}a, {measure.id}b ...", en, zh)
        clauses.add(clause.id)


def _measure_names(pack: Pack, measure: Measure) -> Iterator[Flaw]:
    """Yield a flaw for each unit, system, measure or module that is not there."""
    document = pack.sources[f"measure:{measure.id}"].document
    plan, partial = pack.plan, "measure" in pack.partial
    actors = [one.slug for one in plan.actors] or list(measure.actors)
    for field, en, zh, known, used in (
        ("units", "unit", "责任单位", [one.slug for one in plan.units], measure.units),
        ("systems", "system", "系统", [one.slug for one in plan.systems], measure.systems),
        ("related", "measure", "条", [str(one) for one in pack.measures], measure.related),
        ("module", "module", "模块", [one.slug for one in plan.modules], (measure.module,)),
        ("actors", "actor", "参与者", actors, measure.actors),
    ):
        for number, name in enumerate(map(str, used)):
            if name not in known and not (partial and field == "related"):
                yield document.unknown((field, number), en, zh, name, known)


def _parameter(pack: Pack, parameter: Parameter) -> Iterator[Flaw]:
    source = pack.sources[f"parameter:{parameter.id}"]
    if parameter.type == "money" and parameter.currency not in CURRENCIES:
        at = source.at("currency")
        yield source.document.unknown(at, "currency", "币种", parameter.currency, CURRENCIES)
    for number, related in enumerate(parameter.measures):
        if related not in pack.measures and "measure" not in pack.partial:
            known, at = [str(one) for one in pack.measures], source.at("measures", number)
            yield source.document.unknown(at, "measure", "条", str(related), known)
    for number, dated in enumerate(parameter.values):
        yield from _dated(source, parameter, number, dated)
    for number, (before, after) in enumerate(pairwise(parameter.values)):
        if after.first <= (before.until or before.first):
            en = f"the value from {after.first} begins before the one before it has ended."
            zh = f"{after.first} 起的值早于上一值的终止日。"
            at, expected = source.at("values", number + 1, "from"), "values in order of their days"
            yield source.document.flaw("P407", at, str(after.first), expected, en, zh)


def _dated(source: Source, parameter: Parameter, number: int, dated: DatedValue) -> Iterator[Flaw]:
    if dated.until is not None and dated.until < dated.first:
        en = f"the value ends on {dated.until}, before it begins on {dated.first}."
        zh = f"该值终止于 {dated.until}，早于起始日 {dated.first}。"
        at = source.at("values", number, "to")
        yield source.document.flaw("P407", at, str(dated.until), "a later day", en, zh)
    if dated.value == "null":
        return
    try:
        parameter_value(parameter, dated.value)
    except ValueError:
        en = f"`{dated.value}` is no {parameter.type}; write null where it is not known."
        zh = f"“{dated.value}”不是 {parameter.type} 类型；尚不知道的值请写 null。"
        at = source.at("values", number, "value")
        yield source.document.flaw("P408", at, dated.value, parameter.type, en, zh)


def _switches(pack: Pack) -> Iterator[Flaw]:
    for name, switch in pack.switches.items():
        source = pack.sources[f"switch:{name}"]
        if switch.default not in switch.values:
            at = source.at("default")
            yield source.document.unknown(at, "value", "取值", switch.default, switch.values)
        clause, _, what = name.rpartition(".")
        if what != "status":
            continue
        if clause not in pack.clauses and "measure" not in pack.partial:
            yield source.document.unknown(source.path, "clause", "款", clause, pack.clauses)
        for number, value in enumerate(switch.values):
            if value not in get_args(ClauseStatus):
                at, known = source.at("values", number), get_args(ClauseStatus)
                yield source.document.unknown(at, "clause status", "条款状态", value, known)


def _reasons(pack: Pack) -> Iterator[Flaw]:
    """Yield a flaw for each named field of a reason's format that nobody fills."""
    for code, term in pack.vocabulary["reasons"].items():
        source = pack.sources[f"reasons:{code}"]
        for language, text in (("zh", term.zh), ("en", term.en)):
            for _, field, _, _ in Formatter().parse(text):
                if field is not None and field not in term.args:
                    at = source.at(language)
                    yield source.document.unknown(at, "field", "字段", field, term.args)
