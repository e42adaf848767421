"""A wire between a client and the database that can be cut around a COMMIT."""

import socket
import threading
from types import TracebackType
from typing import Self

from psycopg.conninfo import conninfo_to_dict


class LosingProxy:
    """Passes bytes between a TCP port and a server's socket, until it is told to cut.

    `cut` is None, "before" (the client's COMMIT never reaches the server) or "after" (the server
    commits, its answer is lost). It cuts once.
    """

    def __init__(self, conninfo: str) -> None:
        asked = conninfo_to_dict(conninfo)
        self._path = f"{asked['host']}/.s.PGSQL.{asked.get('port', 5432)}"
        self.cut: str | None = None
        self._door = socket.create_server(("127.0.0.1", 0))
        self._wires: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._serve)
        self.port: int = self._door.getsockname()[1]

    def _start(self, act: object, *wires: socket.socket) -> None:
        assert callable(act)
        thread = threading.Thread(target=act, args=wires)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._path)
            self._wires += [client, server]
            self._start(self._pass_on, client, server, server)
            self._start(self._pass_on, server, client, server)

    def _pass_on(self, source: socket.socket, target: socket.socket, server: socket.socket) -> None:
        while data := _receive(source):
            cut = self.cut if source is not server and b"COMMIT\0" in data else None
            if cut is not None:
                self.cut = None
            if cut == "before":
                break
            try:
                target.sendall(data)
            except OSError:
                break
            if cut == "after":
                break
        _hang_up(source)
        _hang_up(target)

    def __enter__(self) -> Self:
        """Return the open wire."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Hang up on everyone."""
        for wire in (self._door, *self._wires):
            _hang_up(wire)
            wire.close()
        for thread in self._threads:
            thread.join()


def _receive(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


def _hang_up(wire: socket.socket) -> None:
    try:
        wire.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
