"""What every request comes through before its route, in one step: plain ASGI.

It is counted and timed; its address may have sent too much; the firewall may refuse it; no route may take it;
and what nobody expected is answered as an error like any other. All of these look at the same head and at the
same answer, so they share one coroutine and one look at what is sent: a layer for each took twice as long.
"""

from collections.abc import Awaitable, Callable
from time import perf_counter

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.answers.problems import Problem
from adapters.http.answers.replies import problem_of, send_problem
from adapters.http.callers.limited import RULING, headers_of, too_many
from adapters.http.firewall.screened import READING, Screening
from adapters.http.route_classes import RouteClass
from application.limiting.limits import Limits
from application.watching.traffic import Traffic

PROBLEM = "presage.problem"
"""Where it stands in the scope of a request why it is refused here."""


async def refuse(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer a request with what is wrong with it."""
    await send_problem(send, scope[PROBLEM])


class Gate:
    """Notes every request in ``traffic``, and refuses those that are too many or look like attacks.

    The answers at the paths of ``endless`` have no end: they are not timed. ``unrouted`` says what is told of
    what no route takes, ``refusing`` answers what is refused. What is left is told in every answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        traffic: Traffic,
        limits: Limits | None,
        screening: Screening | None,
        unrouted: Callable[[Scope, HTTPException], Problem],
        endless: frozenset[str] = frozenset(),
        refusing: ASGIApp = refuse,
    ) -> None:
        self._app = app
        self._traffic = traffic
        self._limits = limits
        self._screening = screening
        self._unrouted = unrouted
        self._endless = endless
        self._refusing = refusing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered, if nothing speaks against it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began, traffic = 0, perf_counter(), self._traffic
        timed = scope["path"] not in self._endless

        def telling(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if (ruling := scope.get(RULING)) is not None:
                    message["headers"] = [*message["headers"], *headers_of(ruling)]
            return send(message)

        traffic.in_flight += timed
        try:
            problem, screening = self._too_many(scope), self._screening
            if problem is None and screening is not None:
                verdict = screening.head(scope)
                if verdict.action is not None:
                    problem = await screening.problem(scope, verdict)
                if scope["method"] not in READING:
                    receive = screening.looking(scope, receive, verdict)
            if problem is None:
                await self._app(scope, receive, telling)
            else:
                await self._refuse(problem, scope, receive, telling)
        except HTTPException as fault:
            await self._refuse(self._unrouted(scope, fault), scope, receive, telling)
        except Exception as fault:
            if status:  # part of an answer is on its way: all that can be done is to cut it off
                raise
            await self._refuse(problem_of(fault), scope, receive, telling)
        finally:
            if timed:
                traffic.in_flight -= 1
                # Not isinstance: of an abstract class that alone takes as long as all of this.
                name = getattr(scope.get("endpoint"), "route_class", RouteClass.UNROUTED)
                traffic.note(name, status, perf_counter() - began)

    def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        scope[PROBLEM] = problem
        return self._refusing(scope, receive, send)

    def _too_many(self, scope: Scope) -> Problem | None:
        """Return what the sender is told if too much came from there before; what is left is noted."""
        if self._limits is None:
            return None
        client = scope.get("client")
        ruling = self._limits.of_address(client[0] if client else "", cancels=scope["method"] == "DELETE")
        if ruling is None:
            return None
        scope[RULING] = ruling
        return None if ruling.allowed else too_many(ruling)
