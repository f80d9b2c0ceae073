"""Has the firewall look at requests, and says what comes of it. A fault of its own stops nothing."""

import logging
import time
from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Scope

from adapters.http.answers.problems import Code, Problem
from adapters.http.firewall.firewall import PASSED, WAF, Verdict
from adapters.http.firewall.rules import Action
from application.health import Health, Trouble

log = logging.getLogger(__name__)

PART = "firewall"
LINES_PER_S = 10

Knows = Callable[[Scope], Awaitable[bool]]
"""Returns whether a request to read something was signed by somebody known."""

READING = ("GET", "HEAD")
_HEADS, _BODIES = "heads", "bodies"


class Screening:
    """Says what is to be refused. A fault of its own lets requests pass, and is told in readiness."""

    def __init__(self, firewall: WAF, health: Health, knows: Knows, *, acts: bool) -> None:
        self._firewall = firewall
        self._health = health
        self._knows = knows
        self._acts = acts
        self._failing: set[str] = set()
        self._second, self._lines = 0, 0

    def looking(self, scope: Scope, receive: Receive, head: Verdict) -> Receive:
        """Return what gives the application its body, once the firewall has seen all of it.

        It is not read before the application asks for it: who may not send one is refused without. What is
        too much for the application is never seen whole, here either.
        """
        chunks: list[bytes] = []

        async def receiving() -> Message:
            message = await receive()
            if message["type"] != "http.request":
                return message
            if chunk := message.get("body", b""):
                chunks.append(chunk)
            if not message.get("more_body", False) and chunks:
                verdict = await self._body(scope, b"".join(chunks), head)
                chunks.clear()
                if verdict.action and (problem := await self.problem(scope, verdict)) is not None:
                    raise problem
            return message

        return receiving

    def head(self, scope: Scope) -> Verdict:
        """Return what comes of all but the body."""
        try:
            verdict = self._firewall.head(
                scope["method"], scope["raw_path"], scope["query_string"], scope["headers"]
            )
        except Exception as fault:  # noqa: BLE001 (whatever it is, trading goes on)
            return self._fails_open(_HEADS, fault)
        if verdict.action is None:
            self._firewall.verdicts["passed"] += 1
        if self._failing:
            self._well(_HEADS)
        return verdict

    async def _body(self, scope: Scope, body: bytes, head: Verdict) -> Verdict:
        try:
            verdict = await self._firewall.body(scope["method"], scope["raw_path"], body, head)
        except Exception as fault:  # noqa: BLE001 (as above)
            return self._fails_open(_BODIES, fault)
        if self._failing:
            self._well(_BODIES)
        return verdict

    async def problem(self, scope: Scope, verdict: Verdict) -> Problem | None:
        """Return what whoever asked is told, if they are refused."""
        action = verdict.action or Action.LOG
        self._firewall.verdicts[action] += 1
        self._write(scope, verdict)
        if not self._acts or action is Action.LOG:
            return None
        if action is Action.BLOCK:
            return Problem(
                Code.REQUEST_BLOCKED, "the request looks like an attack", details=verdict.ids, closes=True
            )
        # What changes something has to be signed anyway.
        if scope["method"] not in READING or await self._knows(scope):
            return None
        return Problem(
            Code.SIGNATURE_REQUIRED,
            "programs like this one are served when they sign their requests with a key",
            details=verdict.ids,
        )

    def _write(self, scope: Scope, verdict: Verdict) -> None:
        """Write a line, but never more of them in a second than somebody could read."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines <= LINES_PER_S:
            client = scope.get("client")
            log.warning(
                "%s: %s %r from %s: %s (score %d)",
                verdict.action,
                scope["method"],
                scope["path"][:200],
                client[0] if client else "nowhere",
                verdict.ids,
                verdict.score,
            )

    def _fails_open(self, what: str, fault: Exception) -> Verdict:
        if what not in self._failing:
            log.error("a request could not be looked at", exc_info=fault)
        self._failing.add(what)
        message = f"{what} of requests are not looked at: {type(fault).__name__}: {fault}"
        self._health.report(PART, Trouble.GUARD_FAILS_OPEN, message)
        return PASSED

    def _well(self, what: str) -> None:
        """Note that heads, or bodies, are looked at again; what still fails says so with the next request."""
        self._failing.discard(what)
        if not self._failing:
            self._health.clear(PART, Trouble.GUARD_FAILS_OPEN)
