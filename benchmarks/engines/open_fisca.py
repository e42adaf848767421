"""The peer that decides columns: OpenFisca, its variables and formulas made from the same facts.

Holds the country model and the two ways it is asked: one row, and arrays. Amounts are float32, as
OpenFisca has them, and words are its enumerations. It answers yes or no; a fact that nobody stated
has the default of its variable.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any, Final

import numpy as np

FORMULAS: Final = ("rent", "place", "refund", "release")
_WHEN: Final = "eternity"
_DAY: Final = "2023-06-30"
#: A formula is given what reads a variable of every row, and the enumerations by variable.
Formula = Callable[[Callable[[str], Any], Mapping[str, Any]], Any]


def _rent(get: Callable[[str], Any], words: Mapping[str, Any]) -> Any:  # noqa: ANN401
    return (
        get("rent_enterprise_in_zone")
        * get("rent_enterprise_is_real_economy")
        * get("rent_needs_fx")
        * get("rent_permit_is_valid")
        * (get("rent_permit_holder") == get("rent_enterprise_id"))
        * (get("rent_lease_kind") == words["rent_lease_kind"].operating)
        * ~get("rent_lessor_is_overseas")
        * (get("rent_amount_currency") != words["rent_amount_currency"].CNY)
        * (get("rent_source") == words["rent_source"].own_income)
        * (get("rent_own_fx_income") >= get("rent_amount_amount"))
        * get("rent_lessor_may_receive_fx")
    )


def _place(get: Callable[[str], Any], words: Mapping[str, Any]) -> Any:  # noqa: ANN401
    amount, product = get("place_amount_amount"), words["place_product"]
    is_certificate = get("place_product") == product.large_certificate
    return (
        get("place_holder_is_overseas")
        * (get("place_holder_kind") != words["place_holder_kind"].person)
        * (get("place_account_kind") == words["place_account_kind"].nra)
        * (get("place_amount_currency") == words["place_amount_currency"].CNY)
        * (get("place_bank_kind") == words["place_bank_kind"].bank)
        * get("place_bank_in_zone")
        * ((get("place_product") == product.time_deposit) + is_certificate)
        * (amount <= get("place_available"))
        * (~is_certificate + (amount >= get("place_certificate_minimum")))
    )


def _refund(get: Callable[[str], Any], words: Mapping[str, Any]) -> Any:  # noqa: ANN401
    amount, route = get("refund_refund_amount"), get("refund_is_original_route")
    is_usd = get("refund_refund_currency") == words["refund_refund_currency"].USD
    usd = np.where(is_usd, amount, amount / get("refund_usd_rate"))
    by_plan = get("refund_enterprise_is_eligible") * get("refund_enterprise_in_zone")
    by_rule = get("refund_enterprise_class") == words["refund_enterprise_class"].A
    return (
        (get("refund_trade_kind") == words["refund_trade_kind"].goods)
        * (route + get("refund_reason_evidence"))
        * ((get("refund_refund_on") - get("refund_original_on") > 180) + ~route)  # noqa: PLR2004
        * (by_plan * (usd >= 50_000) + by_rule * (usd <= 50_000))  # noqa: PLR2004
    )


def _release(get: Callable[[str], Any], _words: Mapping[str, Any]) -> Any:  # noqa: ANN401
    goods, money = get("release_goods_amount"), get("release_money_value")
    tolerance = get("release_scheme_tolerance")
    return (
        get("release_scheme_is_on_file")
        * (get("release_scheme_bank") == get("release_bank_id"))
        * get("release_factor_in_zone")
        * get("release_factor_is_factor")
        * get("release_bank_ordered")
        * get("release_factor_ordered")
        * get("release_enterprise_ordered")
        * get("release_trade_is_genuine")
        * np.where(
            get("release_scheme_has_tolerance"),
            (goods - money <= tolerance) * (money - goods <= tolerance),
            goods == money,
        )
        * ~get("release_receivable_is_assigned_elsewhere")
    )


_MADE: Final[Mapping[str, Formula]] = dict(
    zip(FORMULAS, (_rent, _place, _refund, _release), strict=True)
)


class Country:
    """The four facilities as an OpenFisca country, its inputs made from a facility's facts.

    `kinds` says of each flat fact what it is: `bool`, `Decimal`, `date`, the words it may be, or
    `str` for a number of somebody.
    """

    def __init__(self, kinds: Mapping[str, type | Sequence[str]]) -> None:
        entities = import_module("openfisca_core.entities")
        variables = import_module("openfisca_core.variables")
        enums = import_module("openfisca_core.indexed_enums")
        systems = import_module("openfisca_core.taxbenefitsystems")
        units = import_module("openfisca_core.periods").DateUnit
        self._simulations = import_module("openfisca_core.simulations")
        case = entities.build_entity(key="case", plural="cases", label="", is_person=True)
        self.system = systems.TaxBenefitSystem([case])
        self._arrays = enums.EnumArray
        self._words = words = dict[str, Any]()
        for name, kind in kinds.items():
            made: dict[str, Any] = {"entity": case, "label": name}
            made["definition_period"] = units.ETERNITY
            if isinstance(kind, type):
                made["value_type"] = {Decimal: float, date: int}.get(kind, kind)
                made |= {"max_length": 8} if kind is str else {}
            else:
                words[name] = enums.Enum(name, {word: word for word in kind})
                first = next(iter(words[name]))
                made |= {"value_type": enums.Enum, "possible_values": words[name]}
                made["default_value"] = first
            self.system.add_variable(type(name, (variables.Variable,), made))
        for name, formula in _MADE.items():
            made = {"entity": case, "label": name, "value_type": bool}
            made |= {"definition_period": units.DAY, "formula": _as_formula(formula, words)}
            self.system.add_variable(type(name, (variables.Variable,), made))

    def words(self, name: str, indices: Any, dictionary: Sequence[str]) -> Any:  # noqa: ANN401
        """Return the array of a variable of words, from numbers into a dictionary."""
        if name not in self._words:
            return np.array(dictionary, dtype="S8")[indices]
        known = [word.name for word in self._words[name]]
        numbers = np.array([known.index(word) for word in dictionary], dtype=np.int16)
        return self._arrays(numbers[indices], self._words[name])

    def simulation(self, columns: Mapping[str, Any], count: int) -> Any:  # noqa: ANN401
        """Return a simulation that has these columns as its inputs."""
        made = self._simulations.SimulationBuilder().build_default_simulation(self.system, count)
        for name, column in columns.items():
            made.set_input(name, _WHEN, column)
        return made

    def decide(self, simulation: Any) -> list[Any]:  # noqa: ANN401
        """Compute the four answers of every row of a simulation, also when it was asked before."""
        for name in FORMULAS:
            simulation.delete_arrays(name)
        return [simulation.calculate(name, _DAY) for name in FORMULAS]

    def ask(self, facts: Mapping[str, object]) -> list[bool]:
        """Decide one row."""
        columns = {name: np.array([value]) for name, value in facts.items()}
        return [bool(answer[0]) for answer in self.decide(self.simulation(columns, 1))]


def _as_formula(formula: Formula, words: Mapping[str, Any]) -> Callable[..., Any]:
    def computed(case: Any, period: Any, _parameters: Any = None) -> Any:  # noqa: ANN401
        return formula(lambda name: case(name, period), words)

    return computed
