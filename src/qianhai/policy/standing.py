"""What stands on a day: the values of the parameters, the readings chosen, the clauses open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from qianhai.kernel import parse_date, parse_decimal, to_minor
from qianhai.policy.in_force import Authorisation, open_clauses
from qianhai.policy.model import Parameter
from qianhai.policy.pack import Pack


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything a decision of one day rests on besides its facts."""

    on: date
    parameters: Mapping[str, object]
    switches: Mapping[str, str]
    open_clauses: frozenset[str]

    @property
    def ids(self) -> tuple[int, int, int]:
        """Return what its values are known by, however many days have them, while they live."""
        return id(self.parameters), id(self.switches), id(self.open_clauses)


def standing_on(
    pack: Pack,
    day: date,
    *,
    switches: Mapping[str, str] | None = None,
    authorisations: Sequence[Authorisation] = (),
) -> Standing:
    """Return what stands on a day; a parameter without a sure value that day is left out.

    Raises:
        KeyError: a switch is not in the pack, or not at that value.
    """
    chosen = {name: switch.default for name, switch in pack.switches.items()}
    for name, value in (switches or {}).items():
        if value not in pack.switches[name].values:
            raise KeyError(f"{name}={value}")
        chosen[name] = value
    values: dict[str, object] = {}
    for name, parameter in pack.parameters.items():
        dated = parameter.on(day)
        if dated is not None:
            values[name] = parameter_value(parameter, dated.value)
    return Standing(day, values, chosen, open_clauses(pack, day, authorisations, chosen))


def parameter_value(parameter: Parameter, text: str) -> Decimal | int | date | str:
    """Return a parameter's text as the value its type says.

    Raises:
        ValueError: the text has another form.
    """
    match parameter.type:
        case "number" | "money":
            return parse_decimal(text)
        case "integer":
            return to_minor(parse_decimal(text), 0)
        case "date":
            return parse_date(text)
        case _:
            return text
