"""A person's texts rest under that person's key, hidden one by one or a column at once."""

import secrets
from uuid import UUID

from qianhai.instructions.cover import Cover
from qianhai.registers import Keyring, SubjectKey

KEYS = {"chan": SubjectKey(UUID(int=1), bytes(32)), "li": SubjectKey(UUID(int=2), b"l" * 32)}
SUBJECTS = ["chan", "", "li", "firm", "chan"]
IDS = [f"n{number}" for number in range(5)]
TEXTS = ['{"a":"1"}', "firm's", "前海", "plain", '"\\']


def cover() -> Cover:
    return Cover("bank", Keyring(bytes(32)), secrets.token_bytes)


def test_a_column_is_hidden_as_its_texts_are_one_by_one() -> None:
    hidden = cover().hide_all(KEYS, SUBJECTS, IDS, TEXTS, "report", "form", "1")
    assert [text.startswith("sealed:") for text in hidden] == [True, False, True, False, True]
    for subject, number, text, kept in zip(SUBJECTS, IDS, TEXTS, hidden, strict=True):
        key, row = KEYS.get(subject), (number, "report", "form", "1")
        assert cover().show(key, kept, *row) == text
        assert cover().show(key, cover().hide(key, text, *row), *row) == text


def test_no_two_texts_of_a_column_share_a_nonce() -> None:
    hidden = cover().hide_all(KEYS, ["chan"] * 50, IDS * 10, ["same"] * 50, "sent")
    assert len({text[:23] for text in hidden}) == 50
    assert cover().hide_all(KEYS, [], [], [], "sent") == []
