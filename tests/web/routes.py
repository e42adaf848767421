"""The routes of the app as tests walk them: who may open each, and an address to try it by."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import Final
from uuid import UUID

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from qianhai.identity import Role, Vault
from qianhai.web.access import Allowed
from qianhai.web.api import SUBJECTS as DOCUMENTS
from qianhai.web.interviews import Interview, sealed
from qianhai.web.pages import SUBJECTS as PAGES

_INTERVIEW: Final = Interview("overseas_lending", "lend", date(2026, 3, 2))
#: What stands in the place of a parameter; nothing is found under it, which is an answer too.
SAMPLES: Final = {
    "secret": "no-such-secret",
    "number": "67",
    "facility": "overseas_lending",
    "state": sealed(Vault(bytes(range(32))), _INTERVIEW),
    "action": "lend",
}
_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True)
class Way:
    """One method of one route, and which roles it says it is open to."""

    method: str
    path: str
    declared: tuple[Allowed, ...]

    @property
    def roles(self) -> frozenset[Role] | None:
        return self.declared[0].roles

    @property
    def address(self) -> str:
        """An address of this route; an id in it is nobody's."""
        parts = []
        for part in self.path.split("/"):
            name = part.strip("{}").partition(":")[0]
            parts.append(SAMPLES.get(name, str(_NOBODY)) if part.startswith("{") else part)
        return "/".join(parts)

    @property
    def is_page(self) -> bool:
        return self.method == "GET" and not self.path.startswith("/api/")

    def is_open_to(self, role: Role | None) -> bool:
        if self.roles is None:
            return True
        return role is not None and (not self.roles or role in self.roles)


def _declared(dependant: Dependant) -> Iterator[Allowed]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Allowed):
            yield inner.call
        yield from _declared(inner)


def _ways() -> Iterator[Way]:
    listed = [("", subject.router) for subject in PAGES]
    listed += [("/api/v1", router) for router in DOCUMENTS]
    for prefix, router in listed:
        for route in router.routes:
            assert isinstance(route, APIRoute), f"{route} is not a route of the frame"
            for method in sorted(route.methods or ()):
                yield Way(method, prefix + route.path, tuple(_declared(route.dependant)))


WAYS: Final = tuple(_ways())
#: Every route with every role, and with nobody.
MATRIX: Final = tuple(product(WAYS, (None, *Role)))


def source_folder() -> Path:
    """Where the web's own files stand."""
    return Path(__file__).parents[2] / "src" / "qianhai" / "web"
