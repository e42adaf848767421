"""Kill -9 of the web server under load: whoever sends again with the same key gets one posting."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from qianhai.db import open_database, stop_server
from qianhai.identity import Role, accounts, tokens
from qianhai.ledger import verify
from qianhai.main import web_site
from qianhai.web import House
from qianhai.web.business import load_register
from qianhai.web.works import Work
from web.api import DAY, sample_rows, set_thresholds

KILLS = 2
SENDERS = 4


@dataclass
class Process:
    """A server of the command line on a data folder, at one port for all its lives."""

    folder: Path
    port: int
    lives: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        environ = {**os.environ, "QIANHAI_DATA_DIR": str(self.folder)}
        command = [sys.executable, "-m", "qianhai.main", "serve", "--port", str(self.port)]
        self.lives.append(
            subprocess.Popen(
                command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        for _ in range(600):
            try:
                if httpx2.get(f"http://127.0.0.1:{self.port}/readyz").status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise AssertionError("the server does not start")

    def kill(self) -> None:
        self.lives[-1].send_signal(signal.SIGKILL)
        self.lives[-1].wait()


@pytest.fixture
def served_process() -> Iterator[Process]:
    folder = Path(tempfile.mkdtemp(prefix="qianhai-", dir="/tmp"))
    folder.chmod(0o755)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    found = Process(folder, port)
    yield found
    found.lives[-1].terminate()
    found.lives[-1].wait()
    stop_server(folder)
    shutil.rmtree(folder)


def token_of(folder: Path) -> str:
    """Load the sample's register, and return a bank officer's token."""
    site = web_site({"QIANHAI_DATA_DIR": str(folder)})
    house = House(site, open_database(url=None, data_dir=folder))
    try:
        at = site.now()
        load_register(house, Work(UUID(int=1), "", "test", at), DAY / "parties.jsonl")
        set_thresholds(house, at, Decimal(10**12))
        with house.database.transaction() as conn:
            user = accounts.create(
                conn, house.gate, name="sender", title="Sender", roles=(Role.BANK_OFFICER,),
                party=None, by="test", at=at,
            )  # fmt: skip
            return tokens.issue(
                conn, house.gate, user, label="test", roles=user.roles, days=1, at=at
            )
    finally:
        house.close()


def send_until_answered(address: str, token: str, row: Mapping[str, str]) -> dict[str, object]:
    """Send an instruction with its key again and again until there is an answer."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-{row['id']}"}
    while True:
        try:
            answer = httpx2.post(
                f"{address}/api/v1/instructions", json=dict(row), headers=headers, timeout=20
            )
        except httpx2.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code in {429, 500, 503}:
            time.sleep(0.05)
            continue
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found


def is_for_one(address: str, token: str, row: Mapping[str, str]) -> bool:
    """Tell whether one person may book an instruction alone."""
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{address}/api/v1/instructions?dry_run=true"
    answer = httpx2.post(address, json=dict(row), headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return "waits" not in answer.json()


@pytest.mark.slow
def test_what_is_sent_again_after_a_kill_is_booked_once(served_process: Process) -> None:
    token = token_of(served_process.folder)
    served_process.start()
    address = f"http://127.0.0.1:{served_process.port}"
    rows = [row for row in sample_rows() if not row.get("of")]
    rows = [row for row in rows if is_for_one(address, token, row)]
    assert len(rows) > SENDERS
    answered: dict[str, list[dict[str, object]]] = {}
    is_over = threading.Event()

    def send(number: int) -> None:
        turn = 0
        while not is_over.is_set():
            row = {**rows[turn % len(rows)], "id": f"K-{number}-{turn}"}
            answered.setdefault(row["id"], []).append(send_until_answered(address, token, row))
            turn += 1

    threads = [threading.Thread(target=send, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        before = len(answered)
        while len(answered) < before + SENDERS:
            time.sleep(0.01)
        served_process.kill()
        served_process.start()
    is_over.set()
    for thread in threads:
        thread.join(timeout=60)
    for number in list(answered):
        row = {**rows[int(re.split("-", number)[2]) % len(rows)], "id": number}
        answered[number].append(send_until_answered(address, token, row))
    assert len(answered) >= KILLS * SENDERS
    for number, (first, *others) in answered.items():
        assert all(one == first for one in others), number
    with open_database(url=None, data_dir=served_process.folder) as database:
        with database.transaction() as conn:
            booked = conn.execute(
                "select instruction_id, count(*) from instructions.decisions"
                " where instruction_id like 'K-%' group by 1"
            ).fetchall()
        with database.transaction() as conn:
            assert list(verify(conn)) == []
        assert sorted(booked) == sorted((number, 1) for number in answered)
        posted = [one["ledger_seq"] for (one, *_) in answered.values() if one["ledger_seq"]]
        assert len(posted) == len(set(map(str, posted)))
