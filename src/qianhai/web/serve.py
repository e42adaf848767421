"""`qianhai serve`: opens the house and answers until it is told to end.

Must not read the environment, and must not be reachable from other machines without https.
"""

import asyncio
from collections.abc import Callable
from socket import socket
from types import FrameType
from typing import Final

import click
import uvicorn

from qianhai.db import open_database
from qianhai.identity import accounts
from qianhai.kernel import Environment
from qianhai.web.app import create_app
from qianhai.web.business import load_day
from qianhai.web.logs import log_here
from qianhai.web.messages import mark
from qianhai.web.site import House, Site
from qianhai.web.visitor import LOOPBACK

_PORT: Final = 8000
_ENDING_SECONDS: Final = 30
#: How long a connection has that was taken to bring its request.
_HEARING_SECONDS: Final = 0.5


def serve_command(site: Callable[[], Site]) -> click.Command:
    """Return the command that serves an installation."""

    @click.command()
    @click.option("--host", default="127.0.0.1", show_default=True, help="Address. 监听地址。")
    @click.option(
        "--port",
        default=_PORT,
        show_default=True,
        type=click.IntRange(0, 65_535),
        help="Port. 端口。",
    )
    @click.option("--sample", is_flag=True, help="Load the sample day. 载入示例业务日。")
    def serve(host: str, port: int, sample: bool) -> None:
        """Serve the console and the API until interrupted.

        启动网页控制台与接口，直至中断。
        """
        run(site(), host, port, has_sample=sample)

    return serve


def run(site: Site, host: str, port: int, *, has_sample: bool = False) -> None:
    """Open the house, tell how to get in the first time, and serve.

    Raises:
        Environment: others could reach this server without https, or the port is taken.
    """
    if host not in LOOPBACK and not site.settings.is_https:
        raise Environment(
            f"On {host} other machines reach this server, and passwords would travel in the clear.",
            "Put something that speaks https in front of it and set QIANHAI_PUBLIC_URL to its "
            "https address, or leave --host out.",
            zh=f"监听 {host} 时其他机器可以访问，密码将以明文传输。请在前面部署 https 代理，并将"
            " QIANHAI_PUBLIC_URL 设为其 https 地址；或去掉 --host。",
        )
    house = House(site, open_database(url=site.database_url, data_dir=site.data_dir))
    try:
        app = create_app(house)
        address = site.settings.public_url or f"http://{_written(host)}:{port}"
        _tell_first_way_in(house, address.rstrip("/"))
        if has_sample:
            house.works.start(mark("Sample day"), "admin", lambda work: load_day(house, work))
        log_here(site.now)
        house.open()
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            proxy_headers=site.settings.public_url is not None,
            forwarded_allow_ips="127.0.0.1",
            server_header=False,
            timeout_graceful_shutdown=_ENDING_SECONDS,
        )
        server = _Server(house, config)
        click.echo(f"{address}  (Ctrl+C ends · 按 Ctrl+C 结束)")
        server.run()
    finally:
        house.close()


class _Server(uvicorn.Server):
    """A server that says it is not ready from the moment it is told to end, and cuts nobody off."""

    def __init__(self, house: House, config: uvicorn.Config) -> None:
        super().__init__(config)
        before = self.handle_exit

        def end(sig: int, frame: FrameType | None) -> None:
            house.is_ending = True
            before(sig, frame)

        self.handle_exit = end  # type: ignore[method-assign]

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Take no new connection, hear out those that were taken, then end.

        A connection that is closed before its request is read would be reset, and whoever sent
        it would not know whether it was taken.
        """
        for server in self.servers:
            server.close()
        await asyncio.sleep(_HEARING_SECONDS)
        await super().shutdown(sockets)


def _tell_first_way_in(house: House, address: str) -> None:
    """Make the first administrator where there is nobody yet, and print their link, once."""
    with house.database.transaction() as conn:
        first = accounts.first_user(conn, house.gate, house.site.now())
    if first is None:
        return
    user, secret = first
    click.echo(f"First administrator `{user.name}`; choose a password here, once, within a day:")
    click.echo(f"首个管理员“{user.name}”，请在一日内打开以下链接设置密码（仅显示一次）：")
    click.echo(f"  {address}/invitation/{secret}")


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host
