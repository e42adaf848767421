"""A fault of the machine is told in the terminal's language, and in both in a document."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli.terminal import Terminal, make_site
from qianhai.cli import start
from qianhai.kernel import StaleState

#: Nothing listens there.
NOWHERE = "postgresql://127.0.0.1:1/none"


@pytest.fixture
def cut_off(
    tmp_path: Path,
    files: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    """A terminal whose database cannot be reached."""
    return Terminal(make_site(NOWHERE, tmp_path, files), capsys, monkeypatch)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The database cannot be reached: "),
        ("zh", "无法连接数据库："),
    ],
)
def test_a_fault_is_told_in_the_terminals_language(
    cut_off: Terminal, language: str, said: str
) -> None:
    done = cut_off("limits", "anybody", language=language)
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith(said)
    assert "QIANHAI_DATABASE_URL" in done.err


def test_a_document_holds_a_fault_in_both_languages(cut_off: Terminal) -> None:
    done = cut_off("limits", "anybody", "--json")
    error = done.document.part("error")
    assert (done.code, error["exit_code"], error["kind"]) == (4, 4, "environment")
    assert str(error["en"]).startswith("The database cannot be reached: ")
    assert str(error["en"]).endswith(str(error["what_to_do"]))
    assert str(error["zh"]).startswith("无法连接数据库：")
    assert error["is_retry_safe"] is True


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Other writers were first"), ("zh", "其他写入者多次抢先")]
)
def test_a_road_that_others_overtook_too_often_says_to_come_again(
    cut_off: Terminal, language: str, said: str
) -> None:
    def overtake() -> None:
        raise StaleState("instruction L-1 met other writers 20 times")

    code = start(replace(cut_off.site, language=language), ["plan", "list"], before=overtake)
    assert code == 4
    assert cut_off.capsys.readouterr().err.startswith(said)
