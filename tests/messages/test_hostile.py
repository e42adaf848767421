"""Damaged and random files give rows and flaws, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.reading import found_in
from qianhai.messages import write_csv, write_jsonl, write_xlsx

_HERE = Path(__file__).parent
_KINDS = ["csv", "jsonl", "xlsx", "xml"]


def sample(folder: Path, kind: str) -> bytes:
    """Return a small good file of a kind."""
    path = folder / f"good.{kind}"
    rows = [{"id": "1", "name": '前海 "a", b'}, {"id": "2", "name": "x"}]
    if kind == "csv":
        write_csv(path, ["id", "name"], rows)
    elif kind == "jsonl":
        write_jsonl(path, rows)
    elif kind == "xlsx":
        write_xlsx(path, ["id", "name"], rows)
    else:
        path.write_bytes((_HERE / "good/plain_09.xml").read_bytes())
    assert not found_in(path)[1]
    return path.read_bytes()


@pytest.mark.parametrize("kind", _KINDS)
def test_a_file_cut_at_any_byte_gives_flaws_or_fewer_rows(kind: str, tmp_path: Path) -> None:
    whole = sample(tmp_path, kind)
    path = tmp_path / f"cut.{kind}"
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        rows, flaws = found_in(path)
        if kind in {"xlsx", "xml"}:
            assert flaws or whole[end:].strip() == b"", f"cut at {end}"
        else:
            assert flaws or rows, f"cut at {end}"


@pytest.mark.parametrize("kind", _KINDS)
def test_a_file_with_any_one_byte_changed_is_read_to_its_end(kind: str, tmp_path: Path) -> None:
    whole = sample(tmp_path, kind)
    path = tmp_path / f"changed.{kind}"
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes((whole[at] ^ (1 << at % 8),)) + whole[at + 1 :])
        rows, flaws = found_in(path)
        assert rows or flaws, f"byte {at}"


@pytest.mark.parametrize("kind", _KINDS)
def test_random_changes_are_read_to_the_end(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(kind)
    whole = sample(folder, kind)
    path = folder / f"random.{kind}"

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.binary(max_size=4)), max_size=8))
    def damaged(changes: list[tuple[int, bytes]]) -> None:
        content = bytearray(whole)
        for at, piece in changes:
            content[at : at + len(piece) // 2] = piece
        path.write_bytes(content)
        rows, flaws = found_in(path)
        assert rows or flaws

    damaged()


@pytest.mark.parametrize("kind", [*_KINDS, "dat"])
def test_random_bytes_are_read_to_the_end(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("bytes") / f"a.{kind}"

    @settings(max_examples=100, deadline=None)
    @given(
        st.one_of(
            st.binary(max_size=200),
            st.text(max_size=100).map(lambda t: t.encode("utf-8", "replace")),
        )
    )
    def hostile(content: bytes) -> None:
        path.write_bytes(content)
        rows, flaws = found_in(path)
        assert rows or flaws

    hostile()
