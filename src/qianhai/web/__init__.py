"""The web: the door for people's browsers and for programs.

    house = House(site, open_database(url=..., data_dir=...))
    app = create_app(house)              # a FastAPI app; serve_command(site) is `qianhai serve`

Every subject has one file in `pages/` (HTML) or `api/` (documents) and a folder in `templates/`.
Each route says in its signature who may open it. Must not decide business, and must not know the
other door.
"""

from qianhai.web.api.description import describe
from qianhai.web.app import create_app
from qianhai.web.provider import Provider
from qianhai.web.serve import serve_command
from qianhai.web.site import House, Settings, Site
from qianhai.web.traces import Tracing, traced_by, tracing_to

__all__ = [
    "House",
    "Provider",
    "Settings",
    "Site",
    "Tracing",
    "create_app",
    "describe",
    "serve_command",
    "traced_by",
    "tracing_to",
]
