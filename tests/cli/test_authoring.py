"""What an author works with: coverage, schemas, the watch and the language server."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from cli.terminal import HARBOUR, Json, Terminal, on_harbour
from cli.test_plan_check import FACILITY, MISSPELLED

COMMAND = [sys.executable, "-m", "qianhai.main", "plan"]


@pytest.mark.untraced
def test_the_pack_shows_every_side_of_every_condition(qianhai: Terminal) -> None:
    done = qianhai("plan", "coverage", "--json")
    assert done.code == 0, done.out[-2000:]
    assert done.document["lacking"] == 0
    plan = done.document.part("plan")
    assert plan["measures"] == {"covered": 69, "of": 69}
    assert plan["proposed"] == {"covered": 28, "of": 28}
    assert plan["uncovered"] == []
    rows = done.document.rows("shown")
    assert {"passed", "failed", "missing", "edge", "beyond"} <= rows[0].keys()
    assert all(row["passed"] for row in rows)
    facts = {str(one["facility"]): one for one in done.document.rows("facts")}
    assert facts["overseas_lending"]["sender"]
    assert facts["overseas_lending"]["register"]


def test_what_no_example_shows_is_named_and_proposed(qianhai: Terminal) -> None:
    lacking = on_harbour(qianhai, pier_loan=('facts: {is_sound: "false"}', "facts: {}"))
    done = lacking("plan", "coverage", "pier_loan")
    assert done.code == 3
    assert "`sound` of pier_loan has no example that it fails." in done.out
    assert (
        '{id: sound_fails, on: 2030-06-30, given: [sound], facts: {is_sound: "false"},' in done.out
    )
    document = lacking("plan", "coverage", "2", "--json", language="zh")
    assert (document.code, document.document["lacking"]) == (3, 1)
    (row,) = (row for row in document.document.rows("shown") if row["lacking"])
    assert row.rows("proposed")[0]["side"] == "failed"
    assert "缺少示例：不成立" in lacking("plan", "coverage", "2", language="zh").out


def test_a_clause_no_example_reaches_is_named_with_what_the_plan_decides(
    qianhai: Terminal,
) -> None:
    harbour = on_harbour(qianhai)
    done = harbour("plan", "coverage")
    assert done.code == 3
    assert "5 conditions and limits, 0 sides not shown.\n1 of 2 facility measures;" in done.out
    assert done.out.endswith("2 uncovered.\n  1, 1b\n")
    assert harbour("plan", "coverage", "--json").document.part("plan")["uncovered"] == ["1", "1b"]


def test_coverage_of_what_is_not_there_names_what_is(qianhai: Terminal) -> None:
    done = qianhai("plan", "coverage", "overseas_lendin", "--json")
    assert done.code == 2
    assert "`overseas_lending`" in str(done.document.part("error").rows("flaws")[0]["en"])


def test_a_schema_is_printed_or_written(qianhai: Terminal, tmp_path: Path) -> None:
    one = qianhai("plan", "schema", "facility")
    assert one.document["additionalProperties"] is False
    assert qianhai("plan", "schema", "--out", str(tmp_path / "s")).code == 0
    written = json.loads((tmp_path / "s" / "facility.schema.json").read_text())
    assert written == one.document
    assert set(qianhai("plan", "schema").document) == {
        path.name.partition(".")[0] for path in (tmp_path / "s").iterdir()
    }
    for argv in (
        ["facilities"],
        ["facility", "--out", str(tmp_path / "s" / "facility.schema.json")],
    ):
        assert qianhai("plan", "schema", *argv, "--json").code == 2


def test_a_flaw_as_json_says_which_columns_of_which_line(qianhai: Terminal) -> None:
    broken = on_harbour(qianhai, pier_loan=MISSPELLED)
    (flaw,) = broken("plan", "check", "--json").document.rows("found")
    source, column = str(flaw["source"]), int(str(flaw["column"]))
    assert "is_soun," in source
    assert flaw["end_column"] == column + len("is_soun")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A pack of one's own."""
    return Path(shutil.copytree(HARBOUR, tmp_path / "plan"))


def _environment(copy: Path) -> dict[str, str]:
    return {
        **os.environ,
        "QIANHAI_PLAN_DIR": str(copy),
        "QIANHAI_LANG": "en",
        "PYTHONUNBUFFERED": "1",
    }


class Lines:
    """The lines a process prints, read as they come."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout
        self._found: Queue[str] = Queue()
        self._thread = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._thread.start()

    def _read(self, stream: Iterator[bytes]) -> None:
        for line in stream:
            self._found.put(line.decode())

    def until(self, word: str) -> list[str]:
        """Return the lines up to one that holds a word; it must come within two minutes."""
        seen: list[str] = []
        end = time.monotonic() + 120
        while not (seen and word in seen[-1]):
            seen.append(self._found.get(timeout=end - time.monotonic()))
        return seen


def test_a_watched_pack_is_checked_again_at_every_save_and_ends_on_interrupt(copy: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "check", "--watch"], stdout=subprocess.PIPE, env=_environment(copy)
    ) as process:
        try:
            lines = Lines(process)
            assert ", 0 differences · " in lines.until("differences")[-1]
            path = copy / FACILITY
            sound = path.read_text()
            path.write_text(sound.replace("when: is_sound,", "when: is_soun,"))
            told = lines.until("1 difference")
            assert any("P204" in line for line in told)
            assert any("^^^^^^^" in line for line in told)
            path.write_text(sound)
            lines.until("0 differences")
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=300) == 0
        finally:
            process.kill()


class Editor:
    """Drives the language server through its pipes, as an editor does."""

    def __init__(self, process: "subprocess.Popen[bytes]", uri: str) -> None:
        self._process = process
        self._uri = uri
        self._last = 0

    def tell(self, method: str, **params: object) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, **params: object) -> object:
        self._last += 1
        self._write({"jsonrpc": "2.0", "id": self._last, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self._last:
                return message.get("result", message.get("error"))

    def at(self, method: str, line: int, character: int) -> object:
        place = {"line": line, "character": character}
        return self.ask(method, textDocument={"uri": self._uri}, position=place)

    def diagnostics(self) -> list[Json]:
        """Return what is told next of the file that is open."""
        while True:
            message = self.read()
            if message.get("method") == "textDocument/publishDiagnostics":
                params = message.part("params")
                if params["uri"] == self._uri:
                    return params.rows("diagnostics")

    def _write(self, message: object) -> None:
        assert self._process.stdin
        body = json.dumps(message).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def read(self) -> Json:
        assert self._process.stdout
        size = 0
        while (line := self._process.stdout.readline()).strip():
            size = int(line.split(b":")[1])
        assert size, "the server speaks"
        return Json(json.loads(self._process.stdout.read(size)))


def _labels(found: object) -> set[str]:
    assert isinstance(found, list)
    return {one["label"] for one in found}


def test_an_editor_is_told_of_mistakes_names_and_meanings(copy: Path) -> None:
    path = copy / FACILITY
    sound = path.read_text()
    wrong = sound.replace("when: is_sound,", "when: is_soun,")
    lines = wrong.splitlines()
    number = next(at for at, line in enumerate(lines) if "is_soun," in line)
    column = lines[number].index("is_soun,")
    with subprocess.Popen(
        [*COMMAND, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(copy)
    ) as process:
        try:
            editor = Editor(process, path.as_uri())
            answer = editor.ask("initialize", capabilities={})
            assert isinstance(answer, dict)
            assert answer["capabilities"]["hoverProvider"] is True
            document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": wrong}
            editor.tell("textDocument/didOpen", textDocument=document)
            (flaw,) = editor.diagnostics()
            assert (flaw["code"], "`is_sound`" in str(flaw["message"])) == ("P204", True)
            assert flaw["range"] == {
                "start": {"line": number, "character": column},
                "end": {"line": number, "character": column + len("is_soun")},
            }
            assert "is_sound" in _labels(
                editor.at("textDocument/completion", number, column + len("is_s"))
            )
            cap = next(at for at, line in enumerate(lines) if "cap: p.room" in line)
            inside = lines[cap].index("cap: p.") + len("cap: p.")
            assert "p.room" in _labels(editor.at("textDocument/completion", cap, inside))
            hover = editor.at("textDocument/hover", cap, inside)
            assert isinstance(hover, dict)
            assert "p.room" in hover["contents"]["value"]
            papers = next(at for at, line in enumerate(lines) if "documents: [con" in line)
            after = lines[papers].index("[con") + len("[con")
            assert "contract" in _labels(editor.at("textDocument/completion", papers, after))
            clause = next(at for at, line in enumerate(lines) if line.strip() == "clause: 2a")
            assert "2a" in _labels(editor.at("textDocument/completion", clause, 14))
            meant = editor.at("textDocument/hover", clause, 13)
            assert isinstance(meant, dict)
            assert meant["contents"]["value"].startswith("**2a** · clause")
            version = {"uri": path.as_uri(), "version": 2}
            editor.tell(
                "textDocument/didChange", textDocument=version, contentChanges=[{"text": sound}]
            )
            assert editor.diagnostics() == []
            failing = sound.replace(
                'facts: {used: "60.01"}, expect: {outcome: refused',
                'facts: {used: "60.01"}, expect: {outcome: permitted',
                1,
            )
            path.write_text(failing)
            editor.tell(
                "textDocument/didChange", textDocument=version, contentChanges=[{"text": failing}]
            )
            editor.tell("textDocument/didSave", textDocument=version)
            assert [one["code"] for one in editor.diagnostics()] == ["P420"]
            assert editor.ask("textDocument/rename") == {
                "code": -32601,
                "message": "textDocument/rename is not answered here",
            }
            editor.ask("shutdown")
            editor.tell("exit")
            assert process.wait(timeout=300) == 0
        finally:
            process.kill()
