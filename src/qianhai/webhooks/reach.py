"""Where we send: https to public addresses; nothing inside, so that nobody explores by our hands.

A name is looked up once and the connection goes to the very address that was judged: what the name
says a moment later changes nothing. Must not send anything.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = frozenset({443, 8443})

#: Looks a name and port up and returns its addresses.
LookUp = Callable[[str, int], Iterable[str]]


class Unreachable(Exception):
    """An address nothing is sent to, in both languages."""

    def __init__(self, en: str, zh: str) -> None:
        self.en, self.zh = en, zh
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: to an address, under the name it was asked by."""

    url: str
    host: str
    port: int
    address: str

    @property
    def is_https(self) -> bool:
        """Tell whether it travels under TLS."""
        return self.url.startswith("https:")


def look_up(host: str, port: int) -> list[str]:
    """Return every address of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far we send; inside one's own network only where the installation says so."""

    is_private_allowed: bool = False
    look_up: LookUp = look_up

    def check(self, url: str) -> Target:
        """Return where a URL leads, or refuse it.

        Raises:
            Unreachable: not https, no plain host, another port, or an address that is not public.
        """
        host, port, scheme = self._parts(url)
        try:
            found = list(dict.fromkeys(self.look_up(host, port)))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise Unreachable(
                f"The host `{host}` has no address; check its spelling.",
                f"主机“{host}”没有地址，请检查拼写。",
            )
        inside = [one for one in found if not self.is_private_allowed and not _is_public(one)]
        if inside:
            raise Unreachable(
                f"The host `{host}` leads inside a network; give one that is public.",
                f"主机“{host}”指向内部网络，请填写公网地址。",
            )
        address = found[0]
        shown = f"[{address}]" if ":" in address else address
        rest = url.split("//", 1)[1].partition("/")[2]
        return Target(f"{scheme}://{shown}:{port}/{rest}", host, port, address)

    def _parts(self, url: str) -> tuple[str, int, str]:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        is_plain = bool(host) and not parts.username and not parts.password and not parts.fragment
        is_plain = is_plain and url.isascii() and url.isprintable() and " " not in url
        schemes = {"https", "http"} if self.is_private_allowed else {"https"}
        if not is_plain or parts.scheme not in schemes or not host or "?" in (parts.netloc or ""):
            raise Unreachable(
                "Give an https address such as https://hooks.example.com/qianhai.",
                "请填写 https 地址，例如 https://hooks.example.com/qianhai。",
            )
        port = port or (443 if parts.scheme == "https" else 80)
        if port not in _PORTS and not self.is_private_allowed:
            raise Unreachable(
                f"Port {port} is not sent to; use 443 or 8443.",
                f"不支持端口 {port}，请使用 443 或 8443。",
            )
        return host, port, parts.scheme


def _is_public(address: str) -> bool:
    """Tell whether an address is one of the open network.

    >>> _is_public("93.184.216.34"), _is_public("127.0.0.1"), _is_public("::ffff:10.0.0.1")
    (True, False, False)
    >>> _is_public("169.254.169.254"), _is_public("64:ff9b::7f00:1"), _is_public("fe80::1%eth0")
    (False, False, False)
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            found = found.ipv4_mapped
        elif found.sixtofour or found.teredo or found in _TRANSLATED:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved


_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
