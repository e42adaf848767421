"""The pack in use: compiled once, bound to a day once, asked many times."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from qianhai.kernel import BrokenIntegrity, Flaw
from qianhai.policy.binding import Bound, bind
from qianhai.policy.compiling import Compiled, compile_action, compile_overlay, no_facility
from qianhai.policy.crossing import compiled_flaws, cross_flaws
from qianhai.policy.deciding import decide
from qianhai.policy.figures import Figure, read_figures
from qianhai.policy.framing import frame_flaws
from qianhai.policy.in_force import Authorisation
from qianhai.policy.model import Verdict
from qianhai.policy.pack import Pack, read_pack
from qianhai.policy.report_flaws import report_flaws
from qianhai.policy.segregating import crossing_flaws, movement_flaws
from qianhai.policy.standing import Standing, standing_on

_KEPT_MAX = 4096
#: Kinds of files that nothing else of the pack rests on.
_ALONE: Final = frozenset({"facility", "overlay"})


class Policy:
    """A sound pack, ready to decide."""

    def __init__(
        self,
        pack: Pack,
        actions: Mapping[tuple[str, str], Compiled],
        overlays: Mapping[str, Compiled],
        figures: Mapping[str, Figure],
    ) -> None:
        self.pack = pack
        self.figures = figures
        self._actions = actions
        self.overlays = overlays
        #: What a sender may say for the reports of a facility, by the facility.
        self.report_facts = {name: pack.report_facts(name) for name in pack.facilities}
        #: Business of no facility: it has no facts and permits nothing by itself.
        self.nothing = no_facility()
        self._standings: dict[tuple[object, ...], Standing] = {}
        #: What stands on many days alike, once, so that what is bound to it serves all of them.
        self._equal: dict[tuple[object, ...], Standing] = {}
        #: What is bound stays beside what it was bound from, so that no id is used again.
        self._bound: dict[tuple[int, ...], tuple[Compiled, Standing, Bound]] = {}

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
        found = self._standings.get(key)
        if found is None:
            if len(self._standings) >= _KEPT_MAX:
                self._standings.clear()
                self._equal.clear()
            fresh = standing_on(self.pack, day, switches=switches, authorisations=authorisations)
            found = self._standings[key] = self._shared(fresh)
        return found

    def _shared(self, fresh: Standing) -> Standing:
        """Return what stands on a day, with the very values of an earlier day that are equal."""
        parameters, switches = tuple(fresh.parameters.items()), tuple(fresh.switches.items())
        equal = self._equal.setdefault((parameters, switches, fresh.open_clauses), fresh)
        return replace(equal, on=fresh.on)

    def decide(
        self,
        compiled: Compiled,
        facts: Mapping[str, object],
        standing: Standing,
        *,
        ledger_decides: bool = False,
    ) -> Verdict:
        """Decide one action on its facts; see `deciding.decide`."""
        key = (id(compiled), *standing.ids)
        kept = self._bound.get(key)
        if kept is None:
            if len(self._bound) >= _KEPT_MAX:
                self._bound.clear()
            kept = self._bound[key] = (compiled, standing, bind(compiled, standing))
        bound = kept[2]
        return decide(
            self.pack, compiled, facts, standing, bound=bound, ledger_decides=ledger_decides
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """A pack with mistakes as far as it could be read: all of them, and what is sound beside them.

    `policy` holds the facilities and overlays whose files have no flaw, for their examples to be
    run; None where a flaw stands in what they all rest on. It is never a pack in force.
    """

    pack: Pack | None
    policy: Policy | None
    flaws: tuple[Flaw, ...]

    @property
    def is_sound(self) -> bool:
        """Tell whether the pack may be used."""
        return self.policy is not None and not self.flaws


def survey(files: Mapping[str, bytes], *, folder: str = "plan", is_brief: bool = False) -> Survey:
    """Read and compile a pack as far as its mistakes allow, every flaw sorted by place.

    `files` maps a path inside the pack, with slashes, to its bytes; `folder` is what messages put
    before it. A brief one has no examples.
    """
    pack, flaws = read_pack(files, folder=folder, is_brief=is_brief)
    if pack is None:
        return Survey(None, None, _sorted(flaws))
    actions: dict[tuple[str, str], Compiled] = {}
    overlays: dict[str, Compiled] = {}
    for facility, model in pack.facilities.items():
        for name in model.actions:
            action, found = compile_action(pack, facility, name)
            flaws += found
            if action:
                actions[facility, name] = action
    for name in pack.overlays:
        overlay, found = compile_overlay(pack, name)
        flaws += found
        if overlay:
            overlays[name] = overlay
    figures, found = read_figures(pack)
    flaws += found
    flaws += [*frame_flaws(pack), *cross_flaws(pack), *compiled_flaws(pack, actions)]
    flaws += report_flaws(pack, actions)
    flaws += [*movement_flaws(pack), *crossing_flaws(pack, actions)]
    wrong = {flaw.place.file for flaw in flaws}
    if any("/measures/" not in file for file in wrong) or not pack.partial <= _ALONE:
        return Survey(pack, None, _sorted(flaws))
    if wrong:
        pack = replace(
            pack,
            facilities={k: v for k, v in pack.facilities.items() if not _in(pack, k, wrong)},
            overlays={k: v for k, v in pack.overlays.items() if not _in(pack, k, wrong)},
        )
    return Survey(pack, Policy(pack, actions, overlays, figures), _sorted(flaws))


def _in(pack: Pack, name: str, files: Container[str]) -> bool:
    """Tell whether a facility or overlay stands in one of the files."""
    found = pack.sources.get(f"facility:{name}") or pack.sources[f"overlay:{name}"]
    return found.document.file in files


def examine(
    files: Mapping[str, bytes], *, folder: str = "plan"
) -> tuple[Policy | None, list[Flaw]]:
    """Read and compile a pack; the policy when it is sound, and every flaw sorted by place.

    `files` and `folder` are as for `survey`.
    """
    found = survey(files, folder=folder)
    return found.policy if found.is_sound else None, list(found.flaws)


def _sorted(flaws: Iterable[Flaw]) -> tuple[Flaw, ...]:
    return tuple(sorted(set(flaws), key=_by_place))


def _by_place(flaw: Flaw) -> tuple[str, int, int, str]:
    column = flaw.place.column or ""
    return (
        flaw.place.file,
        flaw.place.line or 0,
        int(column) if column.isdigit() else 0,
        flaw.code,
    )


def open_policy(
    files: Mapping[str, bytes], *, folder: str = "plan", is_brief: bool = False
) -> Policy:
    """Open a pack for use; whoever only decides wants it brief, without its examples.

    Raises:
        BrokenIntegrity: the pack has flaws; all of them are carried.
    """
    found = survey(files, folder=folder, is_brief=is_brief)
    if not found.is_sound or found.policy is None:
        raise BrokenIntegrity(list(found.flaws))
    return found.policy
