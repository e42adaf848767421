"""What tests of the desk bring: the sample day's register and lines of its business."""

import json
import time
from datetime import timedelta
from typing import Final

import httpx2

from qianhai.identity import User
from web.served import ROOT, Served, form_token

DAY: Final = ROOT / "examples" / "day"
LOAN: Final = "M67-001"


def english(served: Served, user: User) -> httpx2.Client:
    """Return a browser without scripts in which a user signed in, that reads English."""
    client = served.signed_in(user)
    client.headers["accept-language"] = "en"
    return client


def lines(*ids: str, suffix: str = "") -> str:
    """Return lines of the sample day as JSON lines; a suffix gives each an id of its own."""
    found = []
    for text in (DAY / "day.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        if row["id"] in ids:
            row["id"] += suffix
            found.append(json.dumps(row, ensure_ascii=False) + "\n")
    assert len(found) == len(ids), ids
    return "".join(found)


def send(
    client: httpx2.Client, text: str = "", name: str = "day.jsonl", *, parties: bool = False
) -> httpx2.Response:
    """Upload business at the desk, with the sample register before it; wait for the work's end."""
    files: list[tuple[str, tuple[str, bytes, str]]] = []
    if text:
        files.append(("files", (name, text.encode(), "application/octet-stream")))
    if parties:
        register = (DAY / "parties.jsonl").read_bytes()
        files.append(("parties", ("parties.jsonl", register, "application/octet-stream")))
    form = {"form_token": form_token(client)}
    answer = client.post("/desk/files", data=form, files=files)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    for _ in range(600):
        shown = client.get(address)
        if "every 1s" not in shown.text:
            return shown
        time.sleep(0.1)
    raise AssertionError("the work did not end")


def run_of(shown: httpx2.Response) -> str:
    """Return the address of the run that a work's page points to."""
    assert "/desk/runs/" in shown.text, shown.text
    return "/desk/runs/" + shown.text.partition('href="/desk/runs/')[2].partition('"')[0]


def later(served: Served) -> None:
    """Let a second pass, so that what comes next is later."""
    served.clock.advance(timedelta(seconds=1))
