"""The pack in use: compiled once, bound to a day once, asked many times."""

from collections.abc import Mapping, Sequence
from datetime import date

from qianhai.kernel import BrokenIntegrity, Flaw
from qianhai.policy.compiling import Compiled, compile_action, compile_overlay, no_facility
from qianhai.policy.crossing import cross_flaws
from qianhai.policy.deciding import bind, decide
from qianhai.policy.in_force import Authorisation
from qianhai.policy.model import Verdict
from qianhai.policy.pack import Pack, read_pack
from qianhai.policy.standing import Standing, standing_on
from qianhai.rules import BoundProgram

_BOUND_MAX = 4096


class Policy:
    """A sound pack, ready to decide."""

    def __init__(
        self,
        pack: Pack,
        actions: Mapping[tuple[str, str], Compiled],
        overlays: Mapping[str, Compiled],
    ) -> None:
        self.pack = pack
        self._actions = actions
        self.overlays = overlays
        #: Business of no facility: it has no facts and permits nothing by itself.
        self.nothing = no_facility()
        self._standings: dict[tuple[object, ...], Standing] = {}
        self._bound: dict[tuple[int, int], tuple[Standing, BoundProgram]] = {}

    def compiled(self, facility: str, action: str = "") -> Compiled:
        """Return an action ready to be decided; without a name, the facility's first.

        Raises:
            KeyError: no such facility, or no such action of it.
        """
        name = action or next(iter(self.pack.facilities[facility].actions))
        return self._actions[facility, name]

    def standing(
        self,
        day: date,
        *,
        switches: Mapping[str, str] | None = None,
        authorisations: Sequence[Authorisation] = (),
    ) -> Standing:
        """Return what stands on a day, the same object for the same question.

        Raises:
            KeyError: a switch is not in the pack, or not at that value.
        """
        key = (day, tuple(sorted((switches or {}).items())), tuple(authorisations))
        if key not in self._standings:
            if len(self._standings) >= _BOUND_MAX:
                self._standings.clear()
                self._bound.clear()
            self._standings[key] = standing_on(
                self.pack, day, switches=switches, authorisations=authorisations
            )
        return self._standings[key]

    def decide(
        self,
        compiled: Compiled,
        facts: Mapping[str, object],
        standing: Standing,
        *,
        ledger_decides: bool = False,
    ) -> Verdict:
        """Decide one action on its facts; see `deciding.decide`."""
        key = (id(compiled), id(standing))
        if key not in self._bound:
            self._bound[key] = (standing, bind(compiled, standing))
        bound = self._bound[key][1]
        return decide(
            self.pack, compiled, facts, standing, bound=bound, ledger_decides=ledger_decides
        )


def examine(files: Mapping[str, bytes]) -> tuple[Policy | None, list[Flaw]]:
    """Read and compile a pack; the policy when it is sound, and every flaw sorted by place."""
    pack, flaws = read_pack(files)
    if pack is None or flaws:
        return None, sorted(flaws, key=lambda flaw: flaw.place)
    actions: dict[tuple[str, str], Compiled] = {}
    overlays: dict[str, Compiled] = {}
    for facility, model in pack.facilities.items():
        for name in model.actions:
            action, found = compile_action(
                pack, pack.sources[f"facility:{facility}"], facility, name
            )
            flaws += found
            if action:
                actions[facility, name] = action
    for name in pack.overlays:
        overlay, found = compile_overlay(pack, pack.sources[f"overlay:{name}"], name)
        flaws += found
        if overlay:
            overlays[name] = overlay
    flaws += cross_flaws(pack)
    if flaws:
        return None, sorted(set(flaws), key=lambda flaw: flaw.place)
    return Policy(pack, actions, overlays), []


def open_policy(files: Mapping[str, bytes]) -> Policy:
    """Open a pack for use.

    Raises:
        BrokenIntegrity: the pack has flaws; all of them are carried.
    """
    policy, flaws = examine(files)
    if policy is None:
        raise BrokenIntegrity(flaws)
    return policy
