"""Cover: what a natural person's business says rests encrypted under that person's key.

A text that speaks of a person is kept as `sealed:` and base64; everyone else's stays readable.
Erasing the person's key leaves rows nobody can read and seals that still hold.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from qianhai.db import Connection
from qianhai.kernel import derived_id, derived_ids
from qianhai.registers import Keyring, SubjectKey, subject_keys

_MARK: Final = "sealed:"
_NONCE_BYTES: Final = 12


class Cover:
    """Hides and shows the texts of one institution's rows."""

    def __init__(
        self, institution_id: str, keyring: Keyring, salts: Callable[[int], bytes]
    ) -> None:
        self._institution = institution_id
        self._keyring = keyring
        self._salts = salts

    def keys(self, conn: Connection, subjects: Iterable[str]) -> dict[str, SubjectKey]:
        """Return the keys persons' texts rest under; none for anyone else, or once erased."""
        named = sorted({subject for subject in subjects if subject})
        return subject_keys(conn, self._keyring, self._institution, named) if named else {}

    def hide(self, key: SubjectKey | None, text: str, *row: str) -> str:
        """Return a text as it may rest: sealed to its row when it speaks of a person."""
        if key is None:
            return text
        row_id = derived_id("cover", self._institution, *row)
        return _sealed(key, text, row_id, self._salts(_NONCE_BYTES))

    def hide_all(
        self,
        keys: Mapping[str, SubjectKey],
        subjects: Sequence[str],
        ids: Sequence[str],
        texts: Sequence[str],
        *what: str,
    ) -> list[str]:
        """Return the texts of many rows as they may rest, each under the key of its subject.

        A row is known by its id and by what the text is to it, as for `hide`.
        """
        found = list(texts)
        at = [number for number, subject in enumerate(subjects) if subject in keys]
        rows = derived_ids(["cover", self._institution], [ids[number] for number in at], what)
        nonces = self._salts(_NONCE_BYTES * len(at))
        for place, (number, row) in enumerate(zip(at, rows, strict=True)):
            nonce = nonces[place * _NONCE_BYTES : (place + 1) * _NONCE_BYTES]
            key = keys[subjects[number]]
            found[number] = _sealed(key, texts[number], UUID(bytes=row), nonce)
        return found

    def show(self, key: SubjectKey | None, text: str, *row: str) -> str | None:
        """Return a text as it was written; None when its key was destroyed."""
        if not text.startswith(_MARK):
            return text
        if key is None:
            return None
        row_id = derived_id("cover", self._institution, *row)
        opened = key.open(b64decode(text.removeprefix(_MARK)), row_id)
        return str(json.loads(opened)["text"])


def _sealed(key: SubjectKey, text: str, row_id: UUID, nonce: bytes) -> str:
    return _MARK + b64encode(key.seal({"text": text}, row_id, nonce)).decode()
