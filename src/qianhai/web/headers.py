"""What every answer carries for its own safety, and the bounds of every request.

Plain ASGI, around everything: also around static files, errors and what a library answers. Must
not know who asks.
"""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qianhai.web.site import Settings

#: No script or style but our own files; nothing framed, nothing sent elsewhere.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_ALWAYS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-permitted-cross-domain-policies": "none",
}
_HTTPS_ONLY: Final = "max-age=31536000"
#: A file whose address changes with its content is kept; a page is never kept by anybody.
_KEPT: Final = "public, max-age=31536000, immutable"
_NOT_KEPT: Final = "no-store"


class Guarded:
    """Adds the headers of safety to every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._is_https = settings.is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                is_kept = scope["path"].startswith("/static/") and message["status"] < 400  # noqa: PLR2004
                headers.setdefault("cache-control", _KEPT if is_kept else _NOT_KEPT)
                if self._is_https or scope["scheme"] == "https":
                    headers.setdefault("strict-transport-security", _HTTPS_ONLY)
            await send(message)

        await self._app(scope, receive, send_guarded)


class TooLarge(Exception):
    """A body went past its bound while it was read."""


class Bounded:
    """Reads no body past its bound, whatever its header promises, and leaves no file of it open."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bound = self._bound(Headers(scope=scope))
        taken = 0

        async def receive_bounded() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > bound:
                    await self._let_finish(receive, message, taken)
                    raise TooLarge
            return message

        try:
            await self._app(scope, receive_bounded, send)
        finally:
            if (form := scope.get("state", {}).get("form")) is not None:
                await form.close()

    async def _let_finish(self, receive: Receive, message: Message, taken: int) -> None:
        """Drop what is still being sent, within reason: who is cut off never sees an answer."""
        while message.get("more_body") and taken <= 2 * self._settings.file_bytes_max:
            message = await receive()
            taken += len(message.get("body", b""))

    def _bound(self, headers: Headers) -> int:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in {"application/x-www-form-urlencoded", "application/json", ""}:
            return self._settings.form_bytes_max
        return self._settings.file_bytes_max
