"""Turns a template and its values into a page in the visitor's language.

Templates escape everything and know nothing by themselves: what is not handed in is a fault. Must
not read the database.
"""

import hashlib
import json
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from qianhai.kernel import Flaw
from qianhai.views import grouped
from qianhai.web.languages import LANGUAGES
from qianhai.web.navigation import Entry, shown
from qianhai.web.visitor import Visitor, cookie_name, is_secure
from qianhai.web.words import (
    CONFIDENCE,
    KNOWN_BY,
    LEDGER,
    OUTCOMES,
    PARTIES,
    ROLES,
    STANDS,
    WINDOWS,
)

FOLDER: Final = Path(__file__).parent
STATIC: Final = FOLDER / "static"
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_YEAR_SECONDS: Final = 365 * 24 * 3600
_FLASH: Final = "done"
#: The visitor a template is being filled in for; macros see it without being handed it.
_visitor: ContextVar[Visitor] = ContextVar("visitor")


def page(
    visitor: Visitor,
    template: str,
    status: HTTPStatus = HTTPStatus.OK,
    /,
    **values: Any,  # noqa: ANN401
) -> HTMLResponse:
    """Fill in a template for a visitor, and remember in the browser what the address chose."""
    response = HTMLResponse(text_of(visitor, template, **values), status)
    if visitor.is_new_browser:
        keep(response, visitor, "browser", visitor.secret)
    if "lang" in visitor.request.query_params:
        keep(response, visitor, "lang", visitor.language, lasts=True)
    if visitor.request.cookies.get(cookie_name(visitor.request, visitor.house, _FLASH)):
        forget(response, visitor, _FLASH)
    response.headers["Content-Language"] = visitor.language
    response.headers["Vary"] = "Cookie, Accept-Language"
    return response


def text_of(visitor: Visitor, template: str, /, **values: Any) -> str:  # noqa: ANN401
    """Return a template filled in: a page, or the part of one that htmx asks for."""
    token = _visitor.set(visitor)
    try:
        return _templates().get_template(template).render(visitor=visitor, **values)
    finally:
        _visitor.reset(token)


def onward(visitor: Visitor, address: str, done: str = "") -> Response:
    """Send the visitor on after a form was taken, to a page that says once what was done."""
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    if done:
        assert done.isascii(), "a message of the catalogue is written in English"
        keep(response, visitor, _FLASH, quote(done))
    return response


def keep(
    response: Response, visitor: Visitor, name: str, value: str, *, lasts: bool = False
) -> None:
    """Give the browser a cookie: for this server alone, out of reach of scripts and other sites."""
    response.set_cookie(
        cookie_name(visitor.request, visitor.house, name),
        value,
        max_age=_YEAR_SECONDS if lasts else None,
        path="/",
        secure=is_secure(visitor.request, visitor.house),
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, visitor: Visitor, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(
        cookie_name(visitor.request, visitor.house, name),
        path="/",
        secure=is_secure(visitor.request, visitor.house),
        httponly=True,
        samesite="lax",
    )


@lru_cache(maxsize=1)
def _templates() -> Templates:
    templates = Templates(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    templates.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    templates.globals.update(
        asset=asset,
        library=library,
        tell=_tell,
        say=_say,
        flash=_flash,
        form_token=lambda: _visitor.get().form_token,
        me=_visitor.get,
        navigation=_navigation,
        languages=LANGUAGES,
        role_words=ROLES,
        outcome_words=OUTCOMES,
        stand_words=STANDS,
        confidence_words=CONFIDENCE,
        known_words=KNOWN_BY,
        window_words=WINDOWS,
        party_words=PARTIES,
        ledger_words=LEDGER,
    )
    templates.filters.update(
        grouped=_grouped,
        day=_day,
        instant=_instant,
        moment=_moment,
        message=_gettext,
        flaws_of=flaws_of,
    )
    return templates


def _gettext(message: str) -> str:
    return _visitor.get().text(message)


def _ngettext(one: str, many: str, count: int) -> str:
    visitor = _visitor.get()
    return visitor.house.catalogues.plural(visitor.language, one, many, count)


def _tell(zh: str, en: str) -> str:
    return _visitor.get().tell(zh, en)


def _say(pair: Any) -> str:  # noqa: ANN401 - a document or a value with both languages
    """Return the text of whatever has `zh` and `en`, as a mapping or as a value."""
    if isinstance(pair, dict):
        return _tell(str(pair["zh"]), str(pair["en"]))
    return _tell(str(pair.zh), str(pair.en))


def _flash() -> str:
    """Return what the last form came to, when its message is one of ours."""
    visitor = _visitor.get()
    kept = visitor.request.cookies.get(cookie_name(visitor.request, visitor.house, _FLASH), "")
    message = unquote(kept)
    is_ours = visitor.house.catalogues.has("zh-Hans", message)
    return visitor.text(message) if message and is_ours else ""


def _navigation() -> list[Entry]:
    visitor = _visitor.get()
    return shown(visitor.request.app.state.places, visitor.roles)


def _grouped(number: Decimal | int | str) -> str:
    """Return a number with its thousands apart."""
    return grouped(str(number))


def _day(value: date | None) -> Markup:
    """Return a day as ISO writes it, marked as a time."""
    return Markup("") if value is None else Markup("<time>{}</time>").format(value.isoformat())


def _instant(value: datetime | None) -> Markup:
    """Return an instant as clocks in Shanghai show it, with the exact one for programs."""
    if value is None:
        return Markup("")
    local = value.astimezone(_SHANGHAI)
    return Markup('<time datetime="{}">{}</time>').format(
        value.isoformat(), local.strftime("%Y-%m-%d %H:%M:%S")
    )


def _moment(text: str) -> Markup:
    """Return an instant that a document writes, as clocks in Shanghai show it."""
    return _instant(datetime.fromisoformat(text))


def flaws_of(flaws: tuple[Flaw, ...] | list[Flaw], field: str) -> list[Flaw]:
    """Return the flaws of one field of a form."""
    return [flaw for flaw in flaws if flaw.place.column == field]


@lru_cache(maxsize=256)
def asset(name: str) -> str:
    """Return the address of a file of our own, which changes with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


@lru_cache(maxsize=1)
def _libraries() -> dict[str, dict[str, str]]:
    manifest = STATIC / "vendor" / "manifest.json"
    if not manifest.exists():
        return {}
    found: dict[str, dict[str, str]] = json.loads(manifest.read_text(encoding="utf-8"))
    return found


def library(name: str) -> Markup:
    """Return the script of a library that `make assets` brought; nothing where it did not.

    A page says the same without it: what a library adds is comfort.
    """
    found = _libraries().get(name)
    if found is None:
        return Markup("")
    return Markup('<script defer src="/static/vendor/{}" integrity="{}"></script>').format(
        found["file"], found["integrity"]
    )
