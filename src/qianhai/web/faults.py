"""Why a request is not answered with what it asked: one exception, told as a page or a document.

    Turned(status, title, what to do)   not signed in, not allowed, too often, too large

Texts are messages of the catalogue. Must not know a template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from qianhai.kernel import Flaw, QianhaiError
from qianhai.web.messages import mark


@dataclass(eq=False)
class Turned(QianhaiError):
    """A request that is turned away, with what the visitor can do."""

    status: HTTPStatus
    title: str
    advice: str
    #: A stable word for programs.
    code: str
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: What is wrong with the input, where it is that.
    flaws: tuple[Flaw, ...] = ()


def not_found(flaws: Sequence[Flaw] = ()) -> Turned:
    """Return the fault of an address with nothing behind it, or nothing this visitor may see."""
    return Turned(
        HTTPStatus.NOT_FOUND,
        mark("This page is not here"),
        mark("Check the address, or go on from the start page."),
        "not_found",
        flaws=tuple(flaws),
    )


def not_allowed() -> Turned:
    """Return the fault of a page that none of the visitor's roles may open."""
    return Turned(
        HTTPStatus.FORBIDDEN,
        mark("Your roles do not open this page"),
        mark("Ask an administrator of your institution for the role it needs."),
        "not_allowed",
    )


def not_signed_in(location: str | None = None) -> Turned:
    """Return the fault of a page that wants to know who asks."""
    return Turned(
        HTTPStatus.SEE_OTHER if location else HTTPStatus.UNAUTHORIZED,
        mark("Sign in first"),
        mark("Sign in, or send a token that stands: Authorization: Bearer …"),
        "not_signed_in",
        location,
        {} if location else {"WWW-Authenticate": 'Bearer realm="qianhai"'},
    )


def not_from_here() -> Turned:
    """Return the fault of a form that this server's page did not send."""
    return Turned(
        HTTPStatus.FORBIDDEN,
        mark("This form has become old"),
        mark("Nothing was done. Open the page again and send the form from there."),
        "form_not_from_here",
    )


def too_often(seconds: float) -> Turned:
    """Return the fault of knocking too often."""
    return Turned(
        HTTPStatus.TOO_MANY_REQUESTS,
        mark("Too many requests"),
        mark("Wait a moment, then try again."),
        "too_often",
        headers={"Retry-After": str(max(1, round(seconds + 0.5)))},
    )


def too_large() -> Turned:
    """Return the fault of a body over the bounds."""
    return Turned(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        mark("What was sent is too large"),
        mark("Nothing was done. Send a smaller file, or load it with the command line."),
        "too_large",
    )


#: What is said of a status that a library gave.
OF_STATUS: Final = {
    HTTPStatus.NOT_FOUND: not_found(),
    HTTPStatus.FORBIDDEN: not_allowed(),
    HTTPStatus.UNAUTHORIZED: not_signed_in(),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: too_large(),
    HTTPStatus.METHOD_NOT_ALLOWED: Turned(
        HTTPStatus.METHOD_NOT_ALLOWED,
        mark("This address is not asked in this way"),
        mark("Open the page and use its buttons."),
        "method_not_allowed",
    ),
    HTTPStatus.BAD_REQUEST: Turned(
        HTTPStatus.BAD_REQUEST,
        mark("The request could not be read"),
        mark("Check the address and the form, then send it again."),
        "bad_request",
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: Turned(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        mark("The request could not be read"),
        mark("Check the address and the form, then send it again."),
        "bad_request",
    ),
}


def of_this_server() -> Turned:
    """Return what is said of a fault of ours."""
    return Turned(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        mark("Something went wrong on our side"),
        mark("Try again. If it stays so, tell your administrator the reference number."),
        "fault",
    )


def bad_day() -> Turned:
    """Return the fault of an address that names a day there is not."""
    return Turned(
        HTTPStatus.BAD_REQUEST,
        mark("The address names no day"),
        mark("Write the day as YYYY-MM-DD, such as on=2026-03-31."),
        "bad_day",
    )


def of_input() -> Turned:
    """Return what is said of an input that cannot be used, beside its flaws."""
    return Turned(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        mark("Something has to be corrected"),
        mark("Nothing was done. Correct what is named and send it again."),
        "bad_input",
    )


def used_before(flaws: Sequence[Flaw]) -> Turned:
    """Return the fault of a key or id that stands for other content already."""
    return Turned(
        HTTPStatus.CONFLICT,
        mark("This key was used for something else"),
        mark("Send the same content under the same key, or other content under a key of its own."),
        "used_before",
        flaws=tuple(flaws),
    )


def unavailable() -> Turned:
    """Return what is said when the machine or the database cannot go on."""
    return Turned(
        HTTPStatus.SERVICE_UNAVAILABLE,
        mark("The database does not answer"),
        mark("Nothing is half done. Try again in a moment: nothing is booked twice."),
        "unavailable",
        headers={"Retry-After": "5"},
    )
