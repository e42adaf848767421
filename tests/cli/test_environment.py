"""A fault of the machine is told in the terminal's language, and in both in a document."""

from dataclasses import replace
from datetime import datetime

import pytest

from cli.terminal import Terminal
from qianhai.cli import start
from qianhai.kernel import StaleState


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The database cannot be reached: "),
        ("zh", "无法连接数据库："),
    ],
)
def test_a_fault_is_told_in_the_terminals_language(
    qianhai: Terminal, language: str, said: str
) -> None:
    done = qianhai("limits", "anybody", language=language)
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith(said)
    assert "QIANHAI_DATABASE_URL" in done.err


def test_a_document_holds_a_fault_in_both_languages(qianhai: Terminal) -> None:
    done = qianhai("limits", "anybody", "--json")
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
    qianhai: Terminal, language: str, said: str
) -> None:
    def overtake() -> None:
        raise StaleState("instruction L-1 met other writers 20 times")

    code = start(replace(qianhai.site, language=language), ["plan", "list"], before=overtake)
    assert code == 4
    assert qianhai.capsys.readouterr().err.startswith(said)


def test_a_fault_of_a_file_or_connection_is_the_machines(qianhai: Terminal) -> None:
    def fail() -> datetime:
        raise OSError(28, "No space left on device")

    done = Terminal(replace(qianhai.site, now=fail), qianhai.capsys, qianhai.monkeypatch)(
        "limits", "firm", "--json"
    )
    assert done.code == 4
    error = done.document.part("error")
    assert error["kind"] == "environment"
    assert "No space left" in str(error["zh"])


@pytest.mark.parametrize(("language", "said"), [("en", "Interrupted"), ("zh", "已中断")])
def test_an_interrupted_command_says_what_stands(
    qianhai: Terminal, language: str, said: str
) -> None:
    def interrupt() -> datetime:
        raise KeyboardInterrupt

    site = replace(qianhai.site, now=interrupt)
    done = Terminal(site, qianhai.capsys, qianhai.monkeypatch)("limits", "firm", language=language)
    assert done.code == 130
    assert done.err.strip().startswith(said)
