"""The operations of the API, version 1; written by `make client`."""

from collections.abc import Mapping
from typing import Any

from qianhai_client.asking import Asking, quoted


class Operations(Asking):
    """What the server can be asked."""

    def me(self) -> Any:
        """Tell whom the token stands for."""
        return self._send("GET", "/me", is_safe=True)

    def decide(self, document: Mapping[str, Any]) -> Any:
        """Judge one business on its facts; books nothing."""
        return self._send("POST", "/decide", document=document)

    def permitted_if(self, document: Mapping[str, Any]) -> Any:
        """Tell what alone would permit a business: an amount, a day, a fact."""
        return self._send("POST", "/what-if", document=document)

    def ask(self, document: Mapping[str, Any]) -> Any:
        """Ask only what can still change the decision: facts so far in, the next question out."""
        return self._send("POST", "/ask", document=document)

    def which(self, document: Mapping[str, Any]) -> Any:
        """Find every business that facts are permitted under, and the nearest misses."""
        return self._send("POST", "/which", document=document)

    def measures(self) -> Any:
        """List the measures of the plan."""
        return self._send("GET", "/measures", is_safe=True)

    def measure(self, number: int, *, on: str | None = None) -> Any:
        """Show one measure: what it allows, to whom, up to what, on which papers, who answers."""
        return self._send("GET", f"/measures/{quoted(number)}", query={"on": on}, is_safe=True)

    def facilities(self) -> Any:
        """List the businesses that may be done, with their actions."""
        return self._send("GET", "/facilities", is_safe=True)

    def facility(self, name: str) -> Any:
        """Show a business: its facts, conditions, limits and actions."""
        return self._send("GET", f"/facilities/{quoted(name)}", is_safe=True)

    def coverage(self) -> Any:
        """Tell how much of the plan is decided."""
        return self._send("GET", "/coverage", is_safe=True)

    def plan_coverage(self) -> Any:
        """Tell what the examples show of each condition and limit, and what is decided of the plan."""
        return self._send("GET", "/plan/coverage", is_safe=True)

    def ping(self) -> Any:
        """Answer with nothing to do: what this server costs by itself."""
        return self._send("GET", "/ping", is_safe=True)

    def submit(
        self,
        document: Mapping[str, Any],
        *,
        dry_run: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Decide one instruction and, if permitted, book it: all of it or nothing."""
        return self._send(
            "POST",
            "/instructions",
            query={"dry_run": dry_run},
            headers={"idempotency-key": idempotency_key},
            document=document,
            is_safe=True,
        )

    def upload(self, content: bytes, kind: str) -> Any:
        """Take a file of business (CSV, XLSX, JSONL, pain.001) to decide and book."""
        return self._send("POST", "/batches", content=content, kind=kind)

    def register(self, content: bytes, kind: str) -> Any:
        """Take a register file: parties, accounts, qualifications and papers to put on record."""
        return self._send("POST", "/register", content=content, kind=kind)

    def works(self) -> Any:
        """List one's own works, the newest first; they are remembered for a day."""
        return self._send("GET", "/works", is_safe=True)

    def work(self, work_id: str) -> Any:
        """Tell how far a work is; while it runs, ask again after `Retry-After` seconds."""
        return self._send("GET", f"/works/{quoted(work_id)}", is_safe=True)

    def outcomes(self, work_id: str, *, format: str | None = None) -> Any:
        """Download what became of each instruction of a batch, one a line."""
        return self._send(
            "GET",
            f"/works/{quoted(work_id)}/outcomes",
            query={"format": format},
            is_safe=True,
        )

    def decisions(
        self,
        *,
        facility: str | None = None,
        outcome: str | None = None,
        clause: str | None = None,
        party: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Any:
        """List decisions on record, the newest first; a party sees its own."""
        return self._send(
            "GET",
            "/decisions",
            query={"facility": facility, "outcome": outcome, "clause": clause, "party": party, "since": since, "until": until, "limit": limit, "cursor": cursor},
            is_safe=True,
        )

    def decision(self, number: str) -> Any:
        """Show a decision whole, as it was answered. Reading a person's is recorded."""
        return self._send("GET", f"/decisions/{quoted(number)}", is_safe=True)

    def replay(self, number: str) -> Any:
        """Judge a decision again by the pack that made it, as of its day."""
        return self._send("GET", f"/decisions/{quoted(number)}/replay", is_safe=True)

    def limits(self, party: str, *, on: str | None = None) -> Any:
        """Show what a party has used and has left under each limit."""
        return self._send("GET", f"/parties/{quoted(party)}/limits", query={"on": on}, is_safe=True)

    def accounts(self, party: str) -> Any:
        """List a party's accounts with what they have, limits among them."""
        return self._send("GET", f"/parties/{quoted(party)}/accounts", is_safe=True)

    def balance(self, name: str, *, at: str | None = None, value_date: str | None = None) -> Any:
        """Show what an account has: now, as it was posted by a day, or by value date."""
        return self._send(
            "GET",
            f"/accounts/{quoted(name)}/balance",
            query={"at": at, "value_date": value_date},
            is_safe=True,
        )

    def statement(self, name: str, *, limit: int | None = None, cursor: str | None = None) -> Any:
        """List an account's transfers, the oldest first."""
        return self._send(
            "GET",
            f"/accounts/{quoted(name)}/statement",
            query={"limit": limit, "cursor": cursor},
            is_safe=True,
        )

    def reconcile(self, name: str, content: bytes, kind: str, *, days: int | None = None) -> Any:
        """Hold an account against an external statement; every line that is left is explained."""
        return self._send(
            "POST",
            f"/accounts/{quoted(name)}/reconciliation",
            query={"days": days},
            content=content,
            kind=kind,
        )

    def trial_balance(self) -> Any:
        """Add up all accounts of each asset."""
        return self._send("GET", "/trial-balance", is_safe=True)

    def books(self) -> Any:
        """Prove that each book (onshore, offshore, free trade, client money) balances alone."""
        return self._send("GET", "/books", is_safe=True)

    def forms(self) -> Any:
        """List every report of the pack: whose it is, under which rule, and its period."""
        return self._send("GET", "/reports", is_safe=True)

    def records(self, number: str) -> Any:
        """Show every record of an instruction, with all its versions."""
        return self._send("GET", f"/instructions/{quoted(number)}/reports", is_safe=True)

    def correct(self, number: str, report: str, document: Mapping[str, Any]) -> Any:
        """State fields of a record anew, as its next version; the old one stays."""
        return self._send(
            "POST",
            f"/instructions/{quoted(number)}/reports/{quoted(report)}",
            document=document,
        )

    def returns(self, *, year: int | None = None) -> Any:
        """Prove every return of a year by the ledger; those of other periods are not looked at."""
        return self._send("GET", "/returns", query={"year": year}, is_safe=True)

    def return_of(self, report: str, *, period: str | None = None) -> Any:
        """Sum the latest records of a period, and prove them by the ledger."""
        return self._send(
            "GET",
            f"/returns/{quoted(report)}",
            query={"period": period},
            is_safe=True,
        )

    def entries(
        self,
        *,
        kind: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Any:
        """List entries of the journal, the newest first."""
        return self._send(
            "GET",
            "/journal/entries",
            query={"kind": kind, "subject": subject, "actor": actor, "limit": limit, "cursor": cursor},
            is_safe=True,
        )

    def verify(self, room: str, *, head: str | None = None) -> Any:
        """Recompute every digest and the chain; with `head` prove that no history is gone."""
        return self._send("GET", f"/{quoted(room)}/verify", query={"head": head}, is_safe=True)

    def packs(self) -> Any:
        """List the packs on record, and which of them decides when; `on` asks for another day."""
        return self._send("GET", "/policy/packs", is_safe=True)

    def changes(self, *, limit: int | None = None, cursor: str | None = None) -> Any:
        """List every change of the pack, the newest first."""
        return self._send(
            "GET",
            "/policy/changes",
            query={"limit": limit, "cursor": cursor},
            is_safe=True,
        )

    def propose(
        self,
        content: bytes,
        kind: str,
        *,
        why: str | None = None,
        scope: str | None = None,
    ) -> Any:
        """Take an archive of a candidate pack (ZIP or TAR) to check, and propose it."""
        return self._send(
            "POST",
            "/policy/changes",
            query={"why": why, "scope": scope},
            content=content,
            kind=kind,
        )

    def change(self, number: int) -> Any:
        """Show a change with its steps, and what its replay found."""
        return self._send("GET", f"/policy/changes/{quoted(number)}", is_safe=True)

    def differences(self, number: int) -> Any:
        """Show what the proposed pack says otherwise: parameters, conditions, clauses."""
        return self._send("GET", f"/policy/changes/{quoted(number)}/differences", is_safe=True)

    def replay_change(self, number: int, document: Mapping[str, Any]) -> Any:
        """Judge the past again under the pack of a change, and bind what is found to the change."""
        return self._send("POST", f"/policy/changes/{quoted(number)}/replay", document=document)

    def flips(self, work_id: str, *, limit: int | None = None, cursor: str | None = None) -> Any:
        """List every decision that a replay turns, in the order they were decided."""
        return self._send(
            "GET",
            f"/policy/replays/{quoted(work_id)}/flips",
            query={"limit": limit, "cursor": cursor},
            is_safe=True,
        )

    def approve(self, number: int) -> Any:
        """Approve a change that was replayed; never who proposed it."""
        return self._send("POST", f"/policy/changes/{quoted(number)}/approve")

    def reject(self, number: int, document: Mapping[str, Any]) -> Any:
        """Turn a change down; who proposed it may do so too."""
        return self._send("POST", f"/policy/changes/{quoted(number)}/reject", document=document)

    def activate(self, number: int, document: Mapping[str, Any]) -> Any:
        """Have an approved pack decide what has its value date on a day or later."""
        return self._send("POST", f"/policy/changes/{quoted(number)}/activate", document=document)

    def revoke(self, number: int, document: Mapping[str, Any]) -> Any:
        """End an activation: what stood before it stands again."""
        return self._send("POST", f"/policy/changes/{quoted(number)}/revoke", document=document)

    def shadow(self) -> Any:
        """Show where the candidate in the shadow would have answered otherwise."""
        return self._send("GET", "/policy/shadow", is_safe=True)

    def start_shadow(self, document: Mapping[str, Any]) -> Any:
        """Have the pack of a change judged beside the live one from now on."""
        return self._send("POST", "/policy/shadow", document=document)

    def stop_shadow(self) -> Any:
        """End the turn of the candidate; what it said stays on record."""
        return self._send("DELETE", "/policy/shadow", is_safe=True)

    def subscriptions(self) -> Any:
        """List one's own subscriptions."""
        return self._send("GET", "/webhooks", is_safe=True)

    def subscribe(self, document: Mapping[str, Any]) -> Any:
        """Ask to be told. Each event is signed: see `webhook-signature` in the description."""
        return self._send("POST", "/webhooks", document=document)

    def unsubscribe(self, number: str) -> Any:
        """End a subscription; what still waits for it is not sent."""
        return self._send("DELETE", f"/webhooks/{quoted(number)}", is_safe=True)

    def deliveries(
        self,
        *,
        is_dead: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Any:
        """List what was or will be delivered, the newest first; with `is_dead` the dead letters."""
        return self._send(
            "GET",
            "/deliveries",
            query={"is_dead": is_dead, "limit": limit, "cursor": cursor},
            is_safe=True,
        )

    def again(self, number: str) -> Any:
        """Try a dead letter again."""
        return self._send("POST", f"/deliveries/{quoted(number)}/again")

    def problems(self) -> Any:
        """Tell every kind of problem by its code, and what to do."""
        return self._send("GET", "/problems", is_safe=True)

    def reasons(self) -> Any:
        """Tell every reason of a decision by its code, in both languages."""
        return self._send("GET", "/reasons", is_safe=True)

    def openapi(self) -> Any:
        """Describe this API."""
        return self._send("GET", "/openapi.json", is_safe=True)
