"""Change: a pack is proposed, replayed, approved by a second person, activated, revoked.

Every step is a row that never changes and an entry of the journal that seals it. The steps a
change may take are held by the database too. Must not decide or book anything: which pack decides
which day follows from the steps (`editions`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from qianhai import journal
from qianhai.db import Connection
from qianhai.instructions import store
from qianhai.instructions.change_flaws import refused_step
from qianhai.journal import Entry, Seal
from qianhai.kernel import BadInput, canonical_text
from qianhai.policy import Policy

StepKind = Literal["proposed", "replayed", "approved", "rejected", "activated", "revoked"]
_DECIDED: Final = frozenset({"approved", "rejected"})
_SALT_BYTES: Final = 16
_WHY_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class PackText:
    """A pack as it is kept: read, and its files bundled."""

    policy: Policy
    files: bytes

    @property
    def hash(self) -> str:
        """Return the pack's hash."""
        return self.policy.pack.hash


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the pack with every step it took; `pack_hash` would take the place of base."""

    number: int
    pack_hash: str
    base_hash: str
    steps: tuple[store.ChangeRow, ...]

    @property
    def proposal(self) -> store.ChangeRow:
        """Return the first step: who proposed it, when and why."""
        return self.steps[0]

    @property
    def state(self) -> str:
        """Return how far it came: the last step that is not a replay, or `replayed`."""
        taken = [step.kind for step in self.steps if step.kind != "replayed"]
        return "replayed" if taken == ["proposed"] and len(self.steps) > 1 else taken[-1]

    @property
    def replay(self) -> store.ChangeRow | None:
        """Return the last replay, if any."""
        return next((one for one in reversed(self.steps) if one.kind == "replayed"), None)

    @property
    def activation(self) -> store.ChangeRow | None:
        """Return the activation that holds, if any."""
        turns = [one for one in self.steps if one.kind in {"activated", "revoked"}]
        return turns[-1] if turns and turns[-1].kind == "activated" else None

    def has(self, *kinds: str) -> bool:
        """Tell whether it took a step of one of these kinds."""
        return any(step.kind in kinds for step in self.steps)


def changes_of(conn: Connection, institution_id: str) -> list[Change]:
    """Return every change of the pack, in the order they were proposed."""
    steps: dict[int, list[store.ChangeRow]] = {}
    for row in store.read_changes(conn, institution_id):
        steps.setdefault(row.change, []).append(row)
    return [
        Change(number, taken[0].pack_hash, taken[0].base_hash, tuple(taken))
        for number, taken in steps.items()
    ]


def store_pack(
    conn: Connection,
    institution_id: str,
    pack: PackText,
    at: datetime,
    salts: Callable[[int], bytes],
) -> list[Seal]:
    """Keep a pack whole where it is not kept yet; return the seal of what was written."""
    if store.has_pack(conn, institution_id, pack.hash):
        return []
    version, salt = pack.policy.pack.version, salts(_SALT_BYTES)
    return store.write_pack(conn, institution_id, pack.hash, version, pack.files, at, salt)


def proven_why(why: str) -> str:
    """Return the reason a change is proposed for.

    Raises:
        BadInput: there is none, or it cannot be read.
    """
    if not 0 < len(why.strip()) <= _WHY_MAX or not why.isprintable():
        raise BadInput([refused_step("I017", why)])
    return why.strip()


class Changes:
    """Takes the steps of changes, for one institution; `by` is who takes a step.

    Every step raises BadInput where the steps before it do not allow it, and commits with the
    caller.
    """

    def __init__(self, institution_id: str, salts: Callable[[int], bytes]) -> None:
        self._institution = institution_id
        self._salts = salts

    def get(self, conn: Connection, number: int) -> Change:
        """Return one change.

        Raises:
            BadInput: there is none of this number.
        """
        found = {change.number: change for change in changes_of(conn, self._institution)}
        if number not in found:
            raise BadInput([refused_step("I016", str(number))])
        return found[number]

    def propose(
        self, conn: Connection, pack: PackText, base: PackText, *, why: str, by: str, at: datetime
    ) -> Change:
        """Propose that a pack takes the place of another; both are kept whole."""
        why = proven_why(why)
        if pack.hash == base.hash:
            raise BadInput([refused_step("I018", pack.hash)])
        store.lock_changes(conn)
        seals = store_pack(conn, self._institution, pack, at, self._salts)
        seals += store_pack(conn, self._institution, base, at, self._salts)
        number = len(changes_of(conn, self._institution)) + 1
        change = Change(number, pack.hash, base.hash, ())
        return self._step(conn, change, "proposed", by=by, at=at, why=why, seals=seals)

    def replayed(
        self, conn: Connection, number: int, result: Mapping[str, object], *, by: str, at: datetime
    ) -> Change:
        """Bind what a replay found to a change, as long as nobody decided on it."""
        change = self._locked(conn, number)
        if change.has(*_DECIDED):
            raise BadInput([refused_step("I019", str(number))])
        return self._step(conn, change, "replayed", by=by, at=at, result=canonical_text(result))

    def approve(self, conn: Connection, number: int, *, by: str, at: datetime) -> Change:
        """Approve a change that was replayed; never who proposed it."""
        change = self._locked(conn, number)
        if change.has(*_DECIDED):
            raise BadInput([refused_step("I019", str(number))])
        if by.strip().lower() == change.proposal.actor.strip().lower():
            raise BadInput([refused_step("I020", by)])
        if not change.has("replayed"):
            raise BadInput([refused_step("I021", str(number))])
        return self._step(conn, change, "approved", by=by, at=at)

    def reject(self, conn: Connection, number: int, *, why: str, by: str, at: datetime) -> Change:
        """Turn a change down; who proposed it may do so too."""
        change = self._locked(conn, number)
        if change.has(*_DECIDED):
            raise BadInput([refused_step("I019", str(number))])
        return self._step(conn, change, "rejected", by=by, at=at, why=why)

    def activate(
        self, conn: Connection, number: int, *, first_day: date, by: str, at: datetime
    ) -> Change:
        """Have an approved pack decide what has its value date on a day or later."""
        change = self._locked(conn, number)
        if not change.has("approved"):
            raise BadInput([refused_step("I022", str(number))])
        if change.activation:
            raise BadInput([refused_step("I023", str(number))])
        return self._step(conn, change, "activated", by=by, at=at, first_day=first_day)

    def revoke(self, conn: Connection, number: int, *, why: str, by: str, at: datetime) -> Change:
        """End an activation: what stood before it stands again."""
        change = self._locked(conn, number)
        if not change.activation:
            raise BadInput([refused_step("I024", str(number))])
        return self._step(conn, change, "revoked", by=by, at=at, why=why)

    def _locked(self, conn: Connection, number: int) -> Change:
        store.lock_changes(conn)
        return self.get(conn, number)

    def _step(
        self,
        conn: Connection,
        change: Change,
        kind: StepKind,
        *,
        by: str,
        at: datetime,
        why: str = "",
        first_day: date | None = None,
        result: str | None = None,
        seals: list[Seal] | None = None,
    ) -> Change:
        """Write one step with its entry in the journal; return the change as it is then."""
        row = {
            "institution_id": self._institution,
            "change": change.number,
            "step": len(change.steps) + 1,
            "kind": kind,
            "at": at,
            "actor": by,
            "pack_hash": change.pack_hash,
            "base_hash": change.base_hash,
            "why": why,
            "first_day": first_day,
            "result": result,
            "salt": self._salts(_SALT_BYTES),
        }
        sealed = [*(seals or ()), *store.write_change(conn, row)]
        body = {
            "actor": by,
            "pack": change.pack_hash,
            "base": change.base_hash,
            "first_day": first_day,
            "why": why,
        }
        subject = f"change-{change.number}"
        entry = Entry(f"pack.{kind}", subject, body, tuple(sealed), self._institution)
        journal.append(conn, [entry], at=at, salts=lambda: self._salts(_SALT_BYTES))
        return self.get(conn, change.number)
