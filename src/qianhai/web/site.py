"""Where the web stands: its settings, and the house that is open while it serves.

Holds what main hands in and what is opened once for all requests. Must not read the environment.
"""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from qianhai.db import Database
from qianhai.identity import Gate, Terms, Vault
from qianhai.instructions import Bank, FourEyes, PastDecisions, Roads
from qianhai.policy import Facility, Overlay, Policy, bundled, open_policy, reach_of
from qianhai.registers import Keyring
from qianhai.views import (
    Document,
    coverage_document,
    example_documents,
    examples_show,
    reach_document,
)
from qianhai.web.bearers import Bearers
from qianhai.web.languages import Catalogues
from qianhai.web.metrics import Metrics
from qianhai.web.provider import Connect, Provider
from qianhai.web.rates import Rates
from qianhai.web.traces import Tracing
from qianhai.web.works import Works
from qianhai.webhooks import Reach

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """How the doors stand: what is trusted, how much is taken, how often one may knock."""

    #: The address people type, when something in front of this process answers to it.
    public_url: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    #: The largest body of a form or a JSON document, and of a file.
    form_bytes_max: int = _MIB
    file_bytes_max: int = 64 * _MIB
    #: Attempts to sign in: a burst for one address, then one each so many seconds.
    sign_in_burst: int = 20
    sign_in_seconds: float = 6.0
    #: Requests of one token or user to the API.
    api_burst: int = 200
    api_seconds: float = 0.01
    #: A bearer token that was found good is trusted so long; what ends it counts from then on.
    bearer_seconds: float = 1.0
    #: Whether webhooks may lead inside one's own network, and without https.
    is_webhook_private: bool = False
    #: How often what has to be told is looked for.
    webhook_seconds: float = 1.0
    terms: Terms = field(default_factory=Terms)
    provider: Provider | None = None
    #: What whoever watches shows to read /metrics; without it only this machine may.
    metrics_token: str | None = None
    #: Folders of the server that a change of the pack may be read from, by the name people choose.
    packs: Mapping[str, Callable[[], dict[str, bytes]]] = field(default_factory=dict)

    @property
    def is_https(self) -> bool:
        """Tell whether people come by https, so that a cookie never travels in the clear."""
        return bool(self.public_url and self.public_url.startswith("https://"))


@dataclass(frozen=True, slots=True)
class Site:
    """Where an installation's parts are; made by main, the only reader of the environment."""

    data_dir: Path
    database_url: str | None
    institution_id: str
    plan_files: Callable[[], dict[str, bytes]]
    master_key: Callable[[], bytes]
    now: Callable[[], datetime]
    salts: Callable[[int], bytes]
    #: Monotonic seconds, for rates; never compared with a time of day.
    ticks: Callable[[], float]
    sample: Path
    settings: Settings
    #: Where traces go; nowhere unless a collector is named.
    tracing: Callable[[], Tracing] = Tracing


class House:
    """An installation that is open: its database, pack, keys and texts, shared by all requests."""

    def __init__(self, site: Site, database: Database) -> None:
        self.site = site
        self.settings = site.settings
        self.database = database
        database.prepare_readers()
        master = site.master_key()
        self.keyring = Keyring(master)
        self.vault = Vault(master)
        self.gate = Gate(site.institution_id, site.salts, self.vault, site.settings.terms)
        self.catalogues = Catalogues()
        self.rates = Rates(site.ticks)
        self.connect: Connect | None = None
        if site.settings.provider:
            self.name_provider(site.settings.provider)
        self.works = Works(site.now, site.salts)
        self.metrics = Metrics(self.works, lambda: self.database.in_use, self._open_roads)
        self.tracing = site.tracing()
        #: Set when the server begins to end: whoever balances load sends nobody any more.
        self.is_ending = False
        self._is_closed = False
        self._examples: dict[str, list[Document]] = {}
        self.bearers = Bearers(site.ticks, site.settings.bearer_seconds)

    def name_provider(self, provider: Provider) -> None:
        """Let people in by a provider too; what it says of itself is asked at the first visit."""
        self.connect = Connect(provider)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The pack's files."""
        return self.site.plan_files()

    @cached_property
    def policy(self) -> Policy:
        """The pack at hand, compiled."""
        return open_policy(self.files, is_brief=True)

    def examples(self, facility: str) -> list[Document]:
        """Return a facility's examples as decided by the pack; each is decided once."""
        if facility not in self._examples:
            self._examples[facility] = example_documents(self.policy, self.files, facility)
        return self._examples[facility]

    @cached_property
    def coverage(self) -> dict[str, Any]:
        """What the examples of the pack at hand show of it; all are decided, once."""
        policy = open_policy(self.files)
        owners: list[Facility | Overlay] = [
            *policy.pack.facilities.values(),
            *policy.pack.overlays.values(),
        ]
        return coverage_document(examples_show(policy, owners)) | {
            "plan": reach_document(reach_of(policy))
        }

    @cached_property
    def roads(self) -> Roads:
        """The roads on the database, one for each pack that is active."""
        return Roads(self.bank, self.policy, bundled(self.files))

    @cached_property
    def bank(self) -> Bank:
        """What every road of the institution stands on."""
        return Bank(self.database, self.site.institution_id, self.keyring, self.site.salts)

    @cached_property
    def eyes(self) -> FourEyes:
        """The way of what people send: at once, or by a second person."""
        return FourEyes(self.bank, self.roads)

    def open(self) -> None:
        """Read the pack and the roads now, so that no visitor waits for it.

        What is read stays: the collector of garbage does not walk it again in a visit.

        Raises:
            BadInput: the pack at hand has mistakes.
        """
        _ = self.eyes, self.past
        gc.collect()
        gc.freeze()

    def _open_roads(self) -> Roads | None:
        """Return the roads if anybody has opened them: figures open nothing."""
        found: Roads | None = self.__dict__.get("roads")
        return found

    @cached_property
    def past(self) -> PastDecisions:
        """The decisions on record."""
        site = self.site
        return PastDecisions(site.institution_id, self.bank.cover, site.salts, self.policy)

    @cached_property
    def reach(self) -> Reach:
        """How far webhooks are sent."""
        return Reach(is_private_allowed=self.settings.is_webhook_private)

    def renew_roads(self) -> None:
        """Look at what is active again, for what is booked from now on."""
        self.__dict__.pop("eyes", None)
        self.__dict__.pop("roads", None)

    def close(self) -> None:
        """Let long works end, then give the database back; once is enough."""
        if self._is_closed:
            return
        self._is_closed = self.is_ending = True
        self.works.close()
        self.metrics.close()
        self.tracing.close()
        self.database.close()
