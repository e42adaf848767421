"""`qianhai plan lsp`: a language server for editors, over standard input and output.

Holds the protocol: frames, messages, the texts an editor has open. What is wrong, what may stand
somewhere and what it means is asked of the policy room. The protocol is Microsoft's Language
Server Protocol 3.17; of it only what is used here.
"""

import json
import queue
import re
import sys
import threading
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final
from urllib.parse import unquote

import click

from qianhai.cli.app import App
from qianhai.kernel import Flaw
from qianhai.policy import Pack, Words, check_pack, read_document, survey

Json = dict[str, object]
#: A file of a pack, at the end of an editor's address.
_PACK_FILE: Final = re.compile(
    r"(plan\.yaml|(?:vocabulary|parameters)/[^/]+\.yaml|measures/[^/]+/[^/]+\.yaml)$"
)
#: An editor is answered first and told what is wrong when it rests this long.
_REST_SECONDS: Final = 0.2
_HEADER_MAX: Final = 8192
_BODY_MAX: Final = 16_000_000
_NOT_FOUND: Final = -32601
_ERROR: Final = 1


def read_message(stream: BinaryIO) -> Json | None:
    """Read one message; None at the end of the stream, or where it is no message at all."""
    size = -1
    while True:
        line = stream.readline(_HEADER_MAX)
        if not line:
            return None
        if not line.strip():
            break
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            size = int(value)
    if not 0 <= size <= _BODY_MAX:
        return None
    try:
        message = json.loads(stream.read(size))
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def write_message(stream: BinaryIO, message: Mapping[str, object]) -> None:
    """Write one message with its length before it."""
    body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
    stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    stream.flush()


class Server:
    """Answers an editor: its open texts laid over the pack's files."""

    def __init__(self, app: App, send: Callable[[Mapping[str, object]], None]) -> None:
        self._app = app
        self._send = send
        self._texts: dict[str, str] = {}
        self._data: dict[str, object] = {}
        self._root = ""
        self._pack: Pack | None = None
        self._told: set[str] = set()
        #: What is still to be looked at: nothing, the files, or their examples too.
        self.is_due = self.is_whole = False
        self.is_shut = False

    def take(self, message: Json) -> None:
        """Take one message of the editor, and answer it when it asks."""
        method, asked = str(message.get("method", "")), message.get("params")
        params: Json = asked if isinstance(asked, dict) else {}
        answers: Mapping[str, Callable[[Json], object]] = {
            "initialize": self._initialize,
            "shutdown": self._shut,
            "textDocument/completion": self._complete,
            "textDocument/hover": self._hover,
        }
        if method in answers:
            self._send({"id": message.get("id"), "result": answers[method](params)})
        elif "id" in message and method:
            error = {"code": _NOT_FOUND, "message": f"{method} is not answered here"}
            self._send({"id": message["id"], "error": error})
        elif method.startswith("textDocument/did"):
            self._note(method.removeprefix("textDocument/did"), params)

    def _initialize(self, _params: Json) -> Json:
        save = {"openClose": True, "change": 1, "save": True}
        completion = {"triggerCharacters": [".", "'", " ", "["]}
        able = {
            "textDocumentSync": save,
            "completionProvider": completion,
            "hoverProvider": True,
        }
        return {"capabilities": able, "serverInfo": {"name": "qianhai"}}

    def _shut(self, _params: Json) -> None:
        self.is_shut = True

    def _note(self, act: str, params: Json) -> None:
        """Note that a text was opened, changed, saved or closed."""
        document = _part(params, "textDocument")
        uri = str(document.get("uri", ""))
        file = self._file(uri)
        if not file:
            return
        changes = params.get("contentChanges")
        if act == "Open":
            self._texts[file] = str(document.get("text", ""))
        elif act == "Change" and isinstance(changes, list) and changes:
            self._texts[file] = str(changes[-1].get("text", ""))
        elif act == "Close":
            self._texts.pop(file, None)
        self._read(file)
        self.is_due = True
        self.is_whole |= act in {"Open", "Save", "Close"}

    def _file(self, uri: str) -> str:
        """Return an address as a path inside the pack, and remember where the pack begins."""
        found = _PACK_FILE.search(unquote(uri))
        if found is None:
            return ""
        self._root = uri.rsplit("/", found.group().count("/") + 1)[0]
        return found.group()

    def _read(self, file: str) -> None:
        """Keep what a text says, and what it last said while it cannot be read."""
        document, _ = read_document(file, self._texts.get(file, "").encode())
        if document is not None:
            self._data[file] = document.data

    def look(self) -> None:
        """Tell the editor what is wrong with the pack as it stands, its open texts included."""
        files = self._app.site.plan_files()
        files |= {file: text.encode() for file, text in self._texts.items()}
        found = survey(files, folder="")
        self._pack = found.pack or self._pack
        flaws = check_pack(files, folder="").differences if self.is_whole else found.flaws
        self.is_due = self.is_whole = False
        by_file: dict[str, list[Flaw]] = {}
        for flaw in flaws:
            by_file.setdefault(flaw.place.file.lstrip("/"), []).append(flaw)
        for file in sorted({*by_file, *self._told, *self._texts}):
            lines = files.get(file, b"").decode("utf-8", "replace").splitlines()
            shown = [self._diagnostic(flaw, lines) for flaw in by_file.get(file, ())]
            params = {"uri": f"{self._root}/{file}", "diagnostics": shown}
            self._send({"method": "textDocument/publishDiagnostics", "params": params})
        self._told = set(by_file)

    def _diagnostic(self, flaw: Flaw, lines: list[str]) -> Json:
        line, column = (flaw.place.line or 1) - 1, int(flaw.place.column or 1) - 1
        text = lines[line] if line < len(lines) else ""
        ends = column + max(flaw.length, 1)
        return {
            "range": {
                "start": {"line": line, "character": _units(text, column)},
                "end": {"line": line, "character": _units(text, ends)},
            },
            "severity": _ERROR,
            "code": flaw.code,
            "source": "qianhai",
            "message": self._app.say(flaw.zh, flaw.en),
        }

    def _at(self, params: Json) -> tuple[Words, list[str], int, int] | None:
        """Return the names that count at a place, the text's lines, line and column."""
        file = self._file(str(_part(params, "textDocument").get("uri", "")))
        position = _part(params, "position")
        if self._pack is None:
            self._pack = survey(self._app.site.plan_files(), folder="").pack
        if self._pack is None or file not in self._texts:
            return None
        lines = self._texts[file].split("\n")
        line, units = (position.get(name) for name in ("line", "character"))
        if not (isinstance(line, int) and isinstance(units, int) and 0 <= line < len(lines)):
            return None
        words = Words(self._pack, self._data.get(file))
        return words, lines, line, _column(lines[line], units)

    def _complete(self, params: Json) -> list[Json]:
        at = self._at(params)
        if at is None:
            return []
        words, lines, line, column = at
        return [
            {"label": one.name, "detail": one.sort, "documentation": one.about}
            for one in words.at(lines, line, column)
        ]

    def _hover(self, params: Json) -> Json | None:
        at = self._at(params)
        if at is None:
            return None
        words, lines, line, column = at
        text = words.meaning(lines[line], column, self._app.day(None))
        return {"contents": {"kind": "markdown", "value": text}} if text else None


def _part(params: Json, name: str) -> Json:
    found = params.get(name)
    return found if isinstance(found, dict) else {}


def _units(text: str, column: int) -> int:
    """Return a column as editors count it, in units of UTF-16.

    >>> _units("放x", 1), _units("𠮷x", 1)
    (1, 2)
    """
    return len(text[:column].encode("utf-16-le")) // 2


def _column(text: str, units: int) -> int:
    """Return the column an editor means.

    >>> _column("𠮷x", 2), _column("ab", 9)
    (1, 2)
    """
    return len(text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))


@click.command("lsp")
@click.pass_obj
def serve_editor(app: App) -> int:
    """Serve an editor: mistakes as they are made, names to choose from, and what they mean.

    编辑器语言服务：即时报错、补全名称、悬停说明。
    """
    out = sys.stdout.buffer
    server = Server(app, lambda message: write_message(out, message))
    messages: queue.Queue[Json | None] = queue.Queue()

    def listen() -> None:
        message = read_message(sys.stdin.buffer)
        while message is not None and message.get("method") != "exit":
            messages.put(message)
            message = read_message(sys.stdin.buffer)
        messages.put(None)

    # It ends by itself with the editor's last word, so that nothing waits for it.
    threading.Thread(target=listen, daemon=True).start()
    while True:
        try:
            message = messages.get(timeout=_REST_SECONDS if server.is_due else None)
        except queue.Empty:
            server.look()
            continue
        if message is None:
            return 0 if server.is_shut else _ERROR
        server.take(message)
