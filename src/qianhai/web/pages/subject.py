"""A subject of the pages: its routes, and its places in the navigation."""

from dataclasses import dataclass

from fastapi import APIRouter

from qianhai.web.navigation import Entry


@dataclass(frozen=True, slots=True)
class Subject:
    """What one file of pages brings to the whole."""

    router: APIRouter
    places: tuple[Entry, ...] = ()
