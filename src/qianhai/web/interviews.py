"""An interview that nobody has to keep: all that was said travels sealed in its address.

Only this server can read or make such an address, nobody can guess one, and the same answers give
the same address; so it can be shared and says the same tomorrow, and no word of a person stands
legible in it. Chooses no question and decides nothing.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from qianhai.identity import Vault
from qianhai.kernel import BadInput, Flaw, Place
from qianhai.policy import Compiled, Values, read_facts

_KEYS: Final = ("web: interviews, authentic", "web: interviews, secret")
#: The longest address that proxies and browsers take without cutting it.
_LENGTH_MAX: Final = 6_000
_FORM: Final = 1


@dataclass(frozen=True, slots=True)
class Interview:
    """What was said so far about one act on one day, as it was said, in the order it was asked."""

    facility: str
    action: str
    on: date
    given: Mapping[str, object] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    def values(self, compiled: Compiled) -> Values:
        """Return what was said as facts.

        Raises:
            BadInput: an answer is wrong.
        """
        values, flaws = read_facts(compiled.facts, self.given.items(), place_of)
        if flaws:
            raise BadInput([_plain(flaw, compiled) for flaw in flaws])
        return values

    def told(self, fact: str, answer: Mapping[str, object]) -> "Interview":
        """Return the interview with an answer to a fact, in place of one it had."""
        kept = {path: raw for path, raw in self.given.items() if not is_of(path, fact)}
        return replace(
            self,
            given={**kept, **answer},
            skipped=tuple(name for name in self.skipped if name != fact),
            order=self.order if fact in self.order else (*self.order, fact),
        )

    def without(self, fact: str) -> "Interview":
        """Return the interview in which nobody can tell a fact."""
        return replace(self.told(fact, {}), skipped=(*_but(self.skipped, fact), fact))

    def before(self, fact: str = "") -> "Interview | None":
        """Return the interview before a fact was answered, or before the last; None at its start.

        What was answered later is taken back too.
        """
        if not self.order or (fact and fact not in self.order):
            return None
        at = self.order.index(fact) if fact else len(self.order) - 1
        gone = self.order[at:]
        kept = {
            path: raw
            for path, raw in self.given.items()
            if not any(is_of(path, name) for name in gone)
        }
        skipped = tuple(name for name in self.skipped if name not in gone)
        return replace(self, given=kept, skipped=skipped, order=self.order[:at])


def is_of(path: str, fact: str) -> bool:
    """Tell whether a leaf is of a fact."""
    return path in {fact, f"{fact}.amount", f"{fact}.currency"}


def place_of(path: str) -> Place:
    """Return where an answer stands in its form."""
    return Place("form", column=path)


def sealed(vault: Vault, interview: Interview) -> str:
    """Return an interview as a part of an address.

    Raises:
        BadInput: there is too much of it.
    """
    document = {**asdict(interview), "on": interview.on.isoformat(), "form": _FORM}
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    secret = _cipher(vault).encrypt(zlib.compress(text.encode(), 9), None)
    found = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    if len(found) > _LENGTH_MAX:
        raise BadInput(
            [
                Flaw(
                    "W201",
                    Place("form"),
                    "",
                    "fewer rows or shorter texts",
                    "These answers are more than an address can hold; shorten the lists.",
                    "回答内容过长，无法写入网址，请缩短列表。",
                )
            ]
        )
    return found


def opened(vault: Vault, text: str) -> Interview | None:
    """Return the interview of an address; None where this server did not make it."""
    try:
        secret = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        document = json.loads(zlib.decompress(_cipher(vault).decrypt(secret, None)))
    except (ValueError, InvalidTag):
        return None
    if document.pop("form") != _FORM:
        return None
    return Interview(
        document["facility"],
        document["action"],
        date.fromisoformat(document["on"]),
        document["given"],
        tuple(document["skipped"]),
        tuple(document["order"]),
    )


def _cipher(vault: Vault) -> AESSIV:
    """Return the cipher of addresses: it needs no nonce, so the same answers look the same."""
    return AESSIV(b"".join(vault.key(purpose) for purpose in _KEYS))


def _but(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(one for one in names if one != name)


def _plain(flaw: Flaw, compiled: Compiled) -> Flaw:
    """Return a flaw that names a fact as its question does."""
    path = flaw.place.column or ""
    fact = next((one for name, one in compiled.facts.items() if is_of(path, name)), None)
    if fact is None:
        return flaw
    zh = flaw.zh.replace(f"“{path}”", f"“{fact.zh}”", 1)
    return replace(flaw, en=flaw.en.replace(f"`{path}`", fact.en), zh=zh)
