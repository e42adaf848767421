"""No text of a page is without its translation, and the catalogues are what the tool writes."""

import re

import pytest

from qianhai.ledger import Result
from qianhai.web.languages import LANGUAGES, SIMPLIFIED, TRADITIONAL, Catalogues, pair_text
from qianhai.web.words import LEDGER
from web.routes import source_folder
from write_texts import converted, pack_catalog, path_of, simplified, written

#: Text between tags that no message gives: letters outside of tags, calls and comments.
_CALLS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_TAGS = re.compile(r"<[^>]*>", re.DOTALL)
_ATTRIBUTES = re.compile(r"[\w-]+=\"[^\"]*\"")
_TRANS = re.compile(r"\{% trans.*?endtrans %\}", re.DOTALL)
#: Names that are the same in every language.
_NAMES = {"XLSX", "CSV", "JSONL"}


def test_every_message_has_its_chinese() -> None:
    missing = [one.id for one in simplified() if one.id and not (one.string and one.string[0])]
    assert not missing, "run `make texts` and fill these in"


@pytest.mark.parametrize("language", [SIMPLIFIED, TRADITIONAL])
def test_the_catalogues_are_as_the_tool_writes_them(language: str) -> None:
    catalog = simplified()
    wanted = catalog if language == SIMPLIFIED else converted(catalog)
    assert path_of(language).read_bytes() == written(wanted), "run `make texts`"


def test_the_packs_texts_are_in_their_catalogue() -> None:
    assert path_of(TRADITIONAL, "pack").read_bytes() == written(pack_catalog()), "run `make texts`"
    assert pair_text(TRADITIONAL, "企业境外放款", "") == "企業境外放款"
    assert pair_text(TRADITIONAL, "尚未写入的资本", "") == "尚未寫入的資本"


def test_a_template_holds_no_text_of_its_own() -> None:
    found = []
    for path in sorted(source_folder().rglob("*.html")):
        text = _CALLS.sub("", _TRANS.sub("", path.read_text(encoding="utf-8")))
        bare = _ATTRIBUTES.sub(" ", _TAGS.sub(" ", text))
        words = set(re.findall(r"[^\W\d_]{2,}", bare)) - _NAMES
        found += [f"{path.name}: {word}" for word in sorted(words)]
    assert not found


def test_a_placeholder_is_kept_by_every_translation() -> None:
    for one in simplified():
        if one.id:
            source = one.id if isinstance(one.id, str) else one.id[0]
            said = one.string if isinstance(one.string, str) else (one.string or [""])[0]
            assert set(re.findall(r"%\(\w+\)s", source)) == set(re.findall(r"%\(\w+\)s", said))


def test_traditional_chinese_is_never_simplified() -> None:
    texts = Catalogues()
    assert texts.text(TRADITIONAL, "Account") == "賬户"
    assert set(LANGUAGES) == {SIMPLIFIED, TRADITIONAL, "en"}


def test_every_result_of_the_ledger_has_its_words() -> None:
    assert set(LEDGER) == set(Result)
