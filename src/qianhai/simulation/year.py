"""A year of business over every facility of the pack: reproducible from a seed.

    year = Year(policy, 2025, instructions=1_000_000, seed=7)
    for line in year.lines(register_row): ...

Holds how much of what is done when. Small payments are many and loans are few, months end busily
and feasts are quiet. Must not know a file.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Final

from qianhai.policy import Policy
from qianhai.simulation.casting import HOLDER, SINCE, Cast, Entry, Part, cast_of
from qianhai.simulation.clients import Client, Line, Register, chance
from qianhai.simulation.patterns import Plot
from qianhai.simulation.repertoire import Play, Repertoire, repertoires, scaled

#: So many instructions a client sends in a year, about.
_OF_CLIENT: Final = 40
#: The share of clients whose world is that of a sound example.
_SOUND: Final = 0.85
#: How busy a month is: the feast of spring is quiet, quarters and the year end busily.
_MONTHS: Final = (0.9, 0.6, 1.15, 0.95, 0.95, 1.15, 0.95, 0.95, 1.15, 0.8, 1.05, 1.4)
_WEEKEND: Final = 0.12
_FRIDAY: Final = 4
_MONTH_END: Final = 1.8
#: One planted pattern of each kind for so many instructions.
_PATTERN_EVERY: Final = 20_000
#: How much more there is of what persons do, and of what leaves nothing open.
_RETAIL, _PLAIN = 6.0, 3.0
_SURNAMES: Final = (
    "陈 Chan",
    "林 Lam",
    "黄 Wong",
    "郭 Kwok",
    "何 Ho",
    "梁 Leung",
    "吴 Ng",
    "谢 Tse",
)
_WORDS: Final = (
    "湾畔 Bayside", "港深 Gangshen", "桂湾 Guiwan", "妈湾 Mawan", "云岭 Yunling", "海澜 Hailan",
    "启明 Qiming", "远帆 Yuanfan", "恒川 Hengchuan", "嘉禾 Jiahe", "星桥 Xingqiao", "南屏 Nanping",
)  # fmt: skip
_TRADES: Final = {
    "enterprise": "科技 Technology", "bank": "银行 Bank", "fund": "基金 Fund",
    "institution": "机构 Institution", "person": " ",
}  # fmt: skip


def client_id(seed: int, name: str) -> str:
    """Return an id that tells nothing of what a client does.

    >>> client_id(7, "circle.1")
    'C898474468596'
    """
    digest = sha256(f"{seed}.{name}".encode()).digest()
    return f"C{int.from_bytes(digest[:8]) % 10**12:012d}"


@dataclass(slots=True)
class Year:
    """A simulated year of a number of instructions; the same seed gives the same year."""

    policy: Policy
    year: int
    instructions: int
    seed: int

    def lines(self, enter: Callable[[Entry], None]) -> Iterator[Line]:
        """Yield the year's lines, facility by facility; register entries go to `enter`."""
        plays = repertoires(self.policy, date(self.year, 6, 16))
        days = self._days()
        register = Register(enter)
        enter({
            "kind": "party", "id": HOLDER, "type": "institution", "jurisdiction": "CN",
            "area": "outside", "name": "公共持有人", "name_en": "Public Holder", "since": SINCE,
        })  # fmt: skip
        patterns = max(1, self.instructions // _PATTERN_EVERY)
        left = self.instructions
        plot = Plot(self.year, self.seed, self.client, register)
        for line in plot.lines(plays, patterns):
            if left:
                left -= 1
                yield line
        weights = [self._weight(one) for one in plays]
        for at, one in enumerate(plays):
            share = round(left * weights[at] / sum(weights[at:])) if weights[at] else 0
            left -= share
            yield from self._facility(one, days, register, share)

    def _weight(self, repertoire: Repertoire) -> float:
        rng = chance(self.seed, "weight", repertoire.facility.id)
        weight = rng.lognormvariate(0.0, 0.6) * (_RETAIL if repertoire.is_retail else 1.0)
        return weight * (1.0 if repertoire.facility.positions else _PLAIN)

    def _days(self) -> tuple[list[date], list[float]]:
        first = date(self.year, 1, 1)
        days = [first + timedelta(days=at) for at in range(365)]
        busy = [
            _MONTHS[day.month - 1]
            * (_WEEKEND if day.weekday() > _FRIDAY else 1.0)
            * (_MONTH_END if (day + timedelta(days=3)).month != day.month else 1.0)
            for day in days
        ]
        return days, busy

    def _facility(
        self,
        repertoire: Repertoire,
        days: tuple[list[date], list[float]],
        register: Register,
        wanted: int,
    ) -> Iterator[Line]:
        rng = chance(self.seed, repertoire.facility.id)
        number = 0
        while wanted > 0:
            number += 1
            client = self.client(repertoire, register, rng, f"{repertoire.facility.id}.{number}")
            size = max(1, min(round(rng.lognormvariate(3.2, 0.9)), 4 * _OF_CLIENT))
            client.busy = size
            for day in sorted(rng.choices(*days, k=size)):
                for line in client.business(day):
                    if wanted > 0:
                        wanted -= 1
                        yield line
                if wanted <= 0:
                    break

    def client(
        self,
        repertoire: Repertoire,
        register: Register,
        rng: random.Random,
        name: str,
        *,
        play: Play | None = None,
        parts: dict[str, Part] | None = None,
    ) -> Client:
        """Return a new client, entered on the register with its accounts.

        `name` is of its own and shown nowhere. `play` is what it does, else one is drawn; `parts`
        are parties that are there already.
        """
        prefix = client_id(self.seed, name)
        if play is None:
            sound = [one for one in repertoire.firsts if one.is_sound]
            plays = sound if sound and rng.random() < _SOUND else repertoire.firsts
            play = rng.choice(plays)
        size = Decimal(f"{rng.lognormvariate(0.0, 0.7):.3f}").scaleb(play.magnitude)
        later = repertoire.later.get(play.compiled.name, ())
        known: dict[str, object] = {}
        for one in (*later, play):
            known |= {
                path: value
                for path, value in one.facts.items()
                if one.leaves[path].fact.provider != "sender"
            }
        facts = scaled(play.leaves, known | play.facts, size)
        cast = self._cast(repertoire, register, facts, prefix, parts or {})
        register.enter(cast, lambda part: self._name(part, rng))
        client = Client(self.policy, repertoire, play, cast, size, register, rng, f"{prefix}.")
        client.open_accounts(self.policy.pack.vocabulary["accounts"])
        return client

    def _cast(
        self,
        repertoire: Repertoire,
        register: Register,
        facts: dict[str, object],
        prefix: str,
        parts: dict[str, Part],
    ) -> Cast:
        drawn = cast_of(repertoire.facility, facts, lambda role, _: f"{prefix}.{role}")
        ids = {
            role: register.bank(part.looks) if part.type == "bank" else part.id
            for role, part in drawn.parts.items()
        }
        ids |= {role: part.id for role, part in parts.items()}
        return cast_of(repertoire.facility, facts, lambda role, _: ids[role])

    def _name(self, part: Part, rng: random.Random) -> tuple[str, str]:
        if part.type == "person":
            zh, en = rng.choice(_SURNAMES).split(" ")
            return (
                f"{zh}{rng.choice('文慧志嘉思明')}{rng.choice('仪强敏杰雯华')}",
                f"{en} {part.id}",
            )
        one, trade = rng.choice(_WORDS).split(" "), _TRADES[part.type].split(" ")
        return f"{one[0]}{trade[0]}", f"{one[1]} {trade[1]}"
