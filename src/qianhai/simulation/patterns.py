"""Patterns planted among ordinary business, for those who look for them; each line is labelled.

split       one amount in many just-smaller parts within days
dormant     a client silent for most of the year, then busy for some days
mule        many pay one who soon pays on
circle      money goes round three and comes back
mismatch    two statements that ought to agree do not
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Protocol

from qianhai.simulation.casting import Part, cast_of
from qianhai.simulation.clients import Client, Line, Register, chance
from qianhai.simulation.repertoire import Play, Repertoire

_PARTS: Final = 12
_SENDERS: Final = 15
_NEAR: Final = (0.90, 0.99)
#: What a statement that ought to agree is multiplied by.
_OFF: Final = Decimal("1.07")


class Clients(Protocol):
    """Makes a client of a facility, of a play and of parties that are there already."""

    def __call__(
        self,
        repertoire: Repertoire,
        register: Register,
        rng: random.Random,
        name: str,
        *,
        play: Play | None = None,
        parts: dict[str, Part] | None = None,
    ) -> Client:
        """Return a client, entered on the register."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A facility with the play a pattern is made of, and the roles that pay and are paid."""

    repertoire: Repertoire
    play: Play
    payer: str = ""
    payee: str = ""


@dataclass(slots=True)
class Plot:
    """Plants the patterns of a year."""

    year: int
    seed: int
    clients: Clients
    register: Register

    def lines(self, repertoires: Sequence[Repertoire], count: int) -> Iterator[Line]:
        """Yield so many patterns of each kind, as far as the pack has business for them."""
        limited = _scenes(repertoires, _limited)
        paying = _scenes(repertoires, _paying)
        agreeing = _scenes(repertoires, _agreeing)
        plots = (
            (limited, self._split),
            (limited, self._dormant),
            (paying, self._mule),
            (paying, self._circle),
            (agreeing, self._mismatch),
        )
        for number in range(1, count + 1):
            rng = chance(self.seed, "patterns", number)
            for scenes, plot in plots:
                if scenes:
                    yield from plot(rng.choice(scenes), rng, number)

    def _client(
        self, scene: Scene, rng: random.Random, name: str, parts: dict[str, Part] | None = None
    ) -> Client:
        return self.clients(
            scene.repertoire, self.register, rng, name, play=scene.play, parts=parts
        )

    def _day(self, rng: random.Random, first: int = 1, last: int = 11) -> date:
        return date(self.year, rng.randint(first, last), rng.randint(1, 20))

    def _split(self, scene: Scene, rng: random.Random, number: int) -> Iterator[Line]:
        client = self._client(scene, rng, f"split.{number}")
        first = self._day(rng)
        for at in range(_PARTS):
            day = first + timedelta(days=at % 3)
            yield from client.business(day, share=rng.uniform(*_NEAR), label=f"split.{number}")

    def _dormant(self, scene: Scene, rng: random.Random, number: int) -> Iterator[Line]:
        client = self._client(scene, rng, f"dormant.{number}")
        yield from client.business(date(self.year, 1, 8), share=0.05)
        first = self._day(rng, 11, 11)
        for at in range(_PARTS):
            day = first + timedelta(days=at // 3)
            yield from client.business(day, share=1.0, label=f"dormant.{number}")

    def _mule(self, scene: Scene, rng: random.Random, number: int) -> Iterator[Line]:
        label, first = f"mule.{number}", self._day(rng)
        last = self._client(scene, rng, f"{label}.out")
        mule = last.cast.parts[scene.payer]
        for at in range(_SENDERS):
            sender = self._client(scene, rng, f"{label}.{at}", {scene.payee: mule})
            day = first + timedelta(days=rng.randint(0, 3))
            yield from sender.business(day, share=rng.uniform(0.1, 0.3), label=label)
        for at in range(3):
            yield from last.business(first + timedelta(days=4 + at), share=0.9, label=label)

    def _circle(self, scene: Scene, rng: random.Random, number: int) -> Iterator[Line]:
        label, first = f"circle.{number}", self._day(rng)
        clients = [self._client(scene, rng, f"{label}.{at}") for at in range(3)]
        members = [client.cast.parts[scene.payer] for client in clients]
        for at, payer in enumerate(members):
            parts = {scene.payer: payer, scene.payee: members[(at + 1) % 3]}
            client = self._client(scene, rng, f"{label}.{at}.round", parts)
            day = first + timedelta(days=2 * at)
            yield from client.business(day, share=0.5 - at / 100, label=label)

    def _mismatch(self, scene: Scene, rng: random.Random, number: int) -> Iterator[Line]:
        label = f"mismatch.{number}"
        client = self._client(scene, rng, label)
        for at in range(4):
            day = self._day(rng) + timedelta(days=at)
            for line in client.business(day, share=rng.uniform(0.3, 0.9), label=label):
                amount = line.cells.get(scene.payee)
                if amount is not None and "of" not in line.cells:
                    off = (Decimal(amount) * _OFF).quantize(Decimal("0.01"))
                    line.cells[scene.payee] = format(off, "f")
                yield line


def _scenes(
    repertoires: Sequence[Repertoire], find: Callable[[Repertoire, Play], Scene | None]
) -> list[Scene]:
    """Return the first scene of each facility that has one among its sound plays."""
    found = []
    for one in repertoires:
        scenes = (find(one, play) for play in one.firsts if play.is_sound)
        scene = next((scene for scene in scenes if scene), None)
        if scene:
            found.append(scene)
    return found


def _limited(repertoire: Repertoire, play: Play) -> Scene | None:
    return Scene(repertoire, play) if play.compiled.action.limits else None


def _paying(repertoire: Repertoire, play: Play) -> Scene | None:
    """Return a scene in which one party pays another that could as well pay: they look alike."""
    facility = play.facility
    for leg in play.compiled.action.legs:
        payer, payee = leg.debit.partition(".")[0], leg.credit.partition(".")[0]
        kinds = [set(facility.parties[role].kinds) for role in (payer, payee)]
        if payer == payee or not (kinds[0] & kinds[1] - {"bank"}):
            continue
        parts = cast_of(facility, play.facts, lambda role, _: role).parts
        one, other = parts[payer], parts[payee]
        alike = (one.type, bool(one.is_overseas)) == (other.type, bool(other.is_overseas))
        if one is not other and alike:
            return Scene(repertoire, play, payer, payee)
    return None


def _agreeing(repertoire: Repertoire, play: Play) -> Scene | None:
    """Return a scene whose sender states one amount twice."""
    said = play.said
    amounts = [
        path
        for path, value in said.items()
        if play.leaves[path].type == "money" and isinstance(value, Decimal) and value
    ]
    for at, first in enumerate(amounts):
        for second in amounts[at + 1 :]:
            if said[first] == said[second]:
                return Scene(repertoire, play, first, second)
    return None
