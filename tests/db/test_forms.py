"""Lists of texts reach the database as they are, and JSON comes back as it was."""

import json
from string import printable

import psycopg
import pytest

from qianhai.db import Database

#: What an array's written form takes for itself, or for nothing.
_AWKWARD = ["", "null", 'a"b', "a\\b", '\\"', "{x}", "a,b", " x ", "\u3000", "'", "数", *printable]


@pytest.mark.parametrize("texts", [[], [""], ["one"], _AWKWARD, ["one", None], [["a"], ["b"]]])
def test_a_list_of_texts_is_what_the_database_reads(database: Database, texts: list[str]) -> None:
    with database.transaction() as conn:
        assert conn.execute("select %s::text[]", [texts]).fetchone() == (texts,)


def test_no_text_of_a_list_becomes_two(database: Database) -> None:
    with (
        pytest.raises(psycopg.DataError, match="NUL"),
        database.transaction() as conn,
    ):
        conn.execute("select %s::text[]", [["one\0two"]])


@pytest.mark.parametrize(
    "value", [None, True, 1, 1.5, "", "数\n", [], {}, {"a": ["b", {"c": None}]}]
)
def test_json_comes_back_as_it_was_written(database: Database, value: object) -> None:
    with database.transaction() as conn:
        assert conn.execute("select %s::jsonb", [json.dumps(value)]).fetchone() == (value,)
