"""An action bound to a day: its program, and every part of its decision that hangs on no fact.

Made once for the action and the day and asked for every decision. Must not decide: it only lays
ready what `deciding` would otherwise make again each time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qianhai.kernel import Reason
from qianhai.policy.compiling import Compiled
from qianhai.policy.model import ConditionResult
from qianhai.policy.standing import Standing
from qianhai.rules import Value

Results = tuple[dict[str, bool | None], dict[str, Value]]


@dataclass(frozen=True, slots=True)
class Bound:
    """An action on one day.

    `run` is its program. `asked` are the keys of its conditions, `results` how each is told, by
    its answer, and `held` how all are told when all hold. `grounds` are what a permission may
    rest on, by key, and `ground` what it rests on when none of them applies.
    """

    run: Callable[[Mapping[str, object]], Results]
    is_closed: bool
    clause: ConditionResult
    asked: tuple[str, ...]
    results: tuple[Mapping[bool | None, ConditionResult], ...]
    held: tuple[ConditionResult, ...]
    grounds: tuple[tuple[str, Reason], ...]
    ground: Reason


def bind(compiled: Compiled, standing: Standing) -> Bound:
    """Fix what is constant by date in an action; callers keep it for the day."""
    action = compiled.action
    program = compiled.program.bind(standing.parameters, standing.switches, standing.open_clauses)
    is_open = action.clause in standing.open_clauses
    stated = [(c.id, c.clause or action.clause, c.basis) for c, _ in compiled.tests.values()]
    clause = ConditionResult("clause_open", is_open, action.clause, "stated")
    results = tuple(
        {answer: ConditionResult(name, answer, where, basis) for answer in (True, False, None)}
        for name, where, basis in stated
    )
    return Bound(
        run=program.run,
        is_closed=action.closed != "baseline" and not is_open,
        clause=clause,
        asked=tuple(f"test.{name}" for name in compiled.tests),
        results=results,
        held=(clause, *(told[True] for told in results)),
        grounds=tuple(
            (
                f"ground.{one.id}",
                Reason("QH00", one.clause, {"ground": one.id, "zh": one.zh, "en": one.en}),
            )
            for one in action.grounds
        ),
        ground=Reason("QH00", action.clause if is_open else "", {"zh": action.zh, "en": action.en}),
    )
