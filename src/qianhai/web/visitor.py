"""Who asks, in which language, as of which day: what every page and document is made for.

Holds values of one request. Must not decide who may see what; that is access.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from qianhai.db import Sight
from qianhai.identity import Role, User
from qianhai.kernel import business_date, parse_date
from qianhai.web import faults
from qianhai.web.languages import chosen, pair_text
from qianhai.web.site import House

_FORMS: Final = "web: forms"
_SECRET_BYTES: Final = 32
_REFERENCE_BYTES: Final = 5
THEMES: Final = ("light", "dark")
#: Hosts a browser reaches without a network; only there may a cookie travel without https.
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request's visitor: a user with roles, or nobody known."""

    house: House
    request: Request
    at: datetime
    #: The secret that ties forms to this browser: of the session, or of a browser nobody signed in.
    secret: str
    is_new_browser: bool
    reference: str
    language: str
    theme: str | None
    on: date
    user: User | None = None
    way: str = ""
    form: FormData | None = None

    @property
    def roles(self) -> frozenset[Role]:
        """What this visitor may be."""
        return self.user.roles if self.user else frozenset()

    @property
    def known(self) -> User:
        """The user; of a page that only signed-in people open."""
        assert self.user is not None, "access has asked who it is"
        return self.user

    @property
    def sight(self) -> Sight:
        """Whose eyes the database reads with for this visitor."""
        user = self.known
        roles = frozenset(role.value for role in user.roles)
        return Sight(user.institution_id, user.name, roles, user.party)

    @property
    def peer(self) -> str:
        """The address the request came from."""
        return self.request.client.host if self.request.client else "local"

    @property
    def form_token(self) -> str:
        """What a form of this visitor's pages carries back."""
        return form_token(self.house, self.secret)

    @property
    def today(self) -> date:
        """The day it is in Shanghai."""
        return business_date(self.at)

    def text(self, message: str) -> str:
        """Return a message of the catalogue in the visitor's language."""
        return self.house.catalogues.text(self.language, message)

    def tell(self, zh: str, en: str) -> str:
        """Return a text that comes in both languages in the visitor's."""
        return pair_text(self.language, zh, en)

    def field(self, name: str) -> str:
        """Return what was typed into a field of the form, without the space around it."""
        value = self.form.get(name) if self.form else None
        return value.strip() if isinstance(value, str) else ""

    def secret_field(self, name: str) -> str:
        """Return what was typed into a field, as it is: a space may belong to a password."""
        value = self.form.get(name) if self.form else None
        return value if isinstance(value, str) else ""

    def fields(self, name: str) -> list[str]:
        """Return every value that was chosen under a name."""
        values = self.form.getlist(name) if self.form else []
        return [value for value in values if isinstance(value, str)]

    def file(self, name: str) -> UploadFile | None:
        """Return the file that was sent under a name, if one was."""
        value = self.form.get(name) if self.form else None
        return value if isinstance(value, UploadFile) and value.filename else None

    def address(self, **changes: str | None) -> str:
        """Return the address of this page with some of its questions changed; None takes one out.

        The same questions give the same address, so that it can be shared.
        """
        query = dict(self.request.query_params)
        query.update({name: value for name, value in changes.items() if value is not None})
        kept = {name: value for name, value in query.items() if changes.get(name, "") is not None}
        path = self.request.url.path
        return f"{path}?{urlencode(kept)}" if kept else path


def form_token(house: House, secret: str) -> str:
    """Return the token of forms for one session: only this server can make it."""
    mac = hmac.digest(house.vault.key(_FORMS), secret.encode(), "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def is_secure(request: Request, house: House) -> bool:
    """Tell whether cookies of this request travel by https alone: always, but on this machine."""
    return house.settings.is_https or request.url.scheme == "https"


def cookie_name(request: Request, house: House, name: str) -> str:
    """Return the name of a cookie; by https one that no other host or path can set."""
    return f"__Host-{name}" if is_secure(request, house) else name


def cookie_of(request: Request, house: House, name: str) -> str | None:
    """Return the value of one of our cookies."""
    return request.cookies.get(cookie_name(request, house, name))


def language_of(request: Request, house: House) -> str:
    """Return the language a request is answered in."""
    return chosen(
        request.query_params.get("lang"),
        cookie_of(request, house, "lang"),
        request.headers.get("accept-language", ""),
    )


def day_of(request: Request, at: datetime) -> date:
    """Return the day a page speaks of: the one in its address, or today in Shanghai.

    Raises:
        Turned: the address names no day.
    """
    text = request.query_params.get("on")
    if not text:
        return business_date(at)
    try:
        return parse_date(text)
    except ValueError:
        raise faults.bad_day() from None


def new_secret(house: House) -> str:
    """Return a secret nobody guesses, for a browser nobody signed in."""
    return base64.urlsafe_b64encode(house.site.salts(_SECRET_BYTES)).rstrip(b"=").decode()


def reference_of(house: House, request: Request) -> str:
    """Return the number by which a person can name this request, easy to read aloud."""
    known: str | None = getattr(request.state, "reference", None)
    return known or new_reference(house)


def new_reference(house: House) -> str:
    """Return a number for a request, which its log lines, its trace and its answer carry."""
    return base64.b32encode(house.site.salts(_REFERENCE_BYTES)).decode()
