"""The outbox's worker: what happened is found in the journal, and told to whoever asked to be.

A decision is told from its entry in the journal, in the order of the chain, so that none is left
out however the server ended; a work's end is told as it ends. Nothing is sent inside a transaction.
"""

import logging
from itertools import islice
from threading import Event as Signal
from threading import Thread
from typing import Final
from uuid import UUID

from qianhai import journal, webhooks
from qianhai.db import Connection
from qianhai.journal import Found
from qianhai.kernel import QianhaiError
from qianhai.views import past_line
from qianhai.web.site import House
from qianhai.web.works import Work
from qianhai.webhooks import Event, Sent

_LOG: Final = logging.getLogger("qianhai.web")
#: Decisions told in one event, and entries looked at in one transaction.
_DECISIONS_MAX: Final = 100
_ENTRIES_MAX: Final = 200


class Teller:
    """Tells what happened, in a thread of its own, until it is stopped."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._institution = house.site.institution_id
        self._stop = Signal()
        #: The head up to which all was told, so that a quiet second costs one look.
        self._told: int | None = None
        self._thread = Thread(target=self._run, name="teller", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._house.works.ended = self.work_ended
        self._thread.start()

    def stop(self) -> None:
        """End after what is being sent; the rest waits for the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def work_ended(self, work: Work) -> None:
        """Note for its owner that a work ended."""
        house = self._house
        data = {
            "work": str(work.id),
            "title": work.title,
            "state": "refused" if work.flaws else "failed" if work.fault else "ended",
            "ended_at": house.site.now().isoformat(),
        }
        with house.database.transaction() as conn:
            webhooks.publish(
                conn,
                Event.WORK_ENDED,
                str(work.id),
                data,
                institution_id=self._institution,
                at=house.site.now(),
                salts=house.site.salts,
                owner=work.owner,
            )

    def tell(self) -> int:
        """Find what happened and send what is due, once; return how much was sent."""
        while self._gather():
            pass
        return self._send()

    def _run(self) -> None:
        while not self._stop.wait(self._house.settings.webhook_seconds):
            try:
                while self.tell() and not self._stop.is_set():
                    pass
            except QianhaiError:
                _LOG.exception("webhooks wait for the database")

    def _gather(self) -> bool:
        """Make deliveries of the next entries of the journal; tell whether there are more."""
        house = self._house
        institution = self._institution
        with house.database.transaction() as conn:
            newest = journal.head(conn).seq
            if newest == self._told:
                return False
            after = webhooks.told_up_to(conn, institution, newest)
            found: list[Found] = []
            if webhooks.has_any(conn, institution):
                found = journal.entries(conn, institution, after=after, most=_ENTRIES_MAX)
            for entry in found:
                self._publish(conn, entry)
            is_all = len(found) < _ENTRIES_MAX
            told = newest if is_all else found[-1].seq
            webhooks.note_told(conn, institution, max(told, *(one.seq for one in found), after))
        self._told = newest if is_all else None
        return not is_all

    def _publish(self, conn: Connection, entry: Found) -> None:
        """Make the events of one entry: a decision's, or those of a block."""
        past, house = self._house.past, self._house
        if entry.kind == "decision":
            lines = past.made(conn, number=entry.subject)
        elif entry.kind == "decisions":
            lines = past.made(conn, block=UUID(entry.subject))
        else:
            return
        source = iter(lines)
        number = 0
        while some := list(islice(source, _DECISIONS_MAX)):
            webhooks.publish(
                conn,
                Event.DECISION_MADE,
                f"{entry.seq}.{number}",
                {"decisions": [past_line(one) for one in some]},
                institution_id=self._institution,
                at=house.site.now(),
                salts=house.site.salts,
            )
            number += 1

    def _send(self) -> int:
        """Send what is due, each outside any transaction."""
        house = self._house
        with house.database.transaction() as conn:
            taken = webhooks.due(conn, house.vault, self._institution, house.site.now())
        for delivery, secret in taken:
            if secret is None:
                sent = Sent(None, "its secret cannot be read with this master key")
            else:
                sent = webhooks.send(
                    delivery.url,
                    secret,
                    delivery.event_id,
                    delivery.body.encode(),
                    at=house.site.now(),
                    reach=house.reach,
                )
            with house.database.transaction() as conn:
                webhooks.settle(conn, delivery, sent, house.site.now())
        return len(taken)
