"""Commands on a fresh database."""

from pathlib import Path

import pytest

from cli.terminal import NOWHERE, Terminal, make_site, plan_files
from qianhai.policy import Policy, open_policy
from tracing import untraced


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    return plan_files()


@pytest.fixture(scope="session")
@untraced()
def opened(files: dict[str, bytes]) -> Policy:
    return open_policy(files)


@pytest.fixture(autouse=True)
def _open_once(monkeypatch: pytest.MonkeyPatch, opened: Policy, files: dict[str, bytes]) -> None:
    """Compile the pack once for all commands of this process; another pack is compiled anew."""
    monkeypatch.setattr(
        "qianhai.cli.app.open_policy",
        lambda given, **how: opened if given == files else open_policy(given, **how),
    )


@pytest.fixture
def url() -> str:
    """No database: a command that needs none must not ask for one. Other modules give theirs."""
    return NOWHERE


@pytest.fixture
def qianhai(
    url: str,
    tmp_path: Path,
    files: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    """Run commands of `qianhai`."""
    return Terminal(make_site(url, tmp_path, files), capsys, monkeypatch)
