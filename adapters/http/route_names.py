"""Names that stand in the paths of routes: what is listed has none, or it could not be asked for."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.replies import problem_response
from adapters.http.operations import Operation

REFUSED = "refused"
"""The name of routes that only refuse."""


def names_of(operations: Sequence[Operation]) -> frozenset[str]:
    """Return every word that stands in a path."""
    words = (word for operation in operations for word in operation.path.split("/"))
    return frozenset(word for word in words if word and not word.startswith("{"))


def refuse_name(taken: frozenset[str], field: str, name: str | None) -> None:
    """Raise :class:`Problem` for a name that stands in the path of a route."""
    if name in taken:
        raise Problem(
            Code.INVALID_FIELD,
            "the body is not acceptable",
            details=f"{field}: {name} is part of the name of a route; choose another",
        )


def other_methods(operations: Sequence[Operation]) -> Iterator[Route]:
    """Yield what refuses the methods of a path that a route with a name in it would take instead.

    They go before those routes: ``GET /portfolio/orders/batched`` is not about an order called ``batched``.
    """
    plain: dict[str, set[str]] = {}
    for each in operations:
        if "{" not in each.path:
            plain.setdefault(each.path, set()).add(each.method)
    named = [Route(each.path, _never, methods=[each.method]) for each in operations if "{" in each.path]
    for path, methods in plain.items():
        taken = methods | ({"HEAD"} if "GET" in methods else set())
        mistaken = {
            method for route in named if route.path_regex.match(path) for method in route.methods or ()
        }
        if mistaken - taken:
            yield Route(path, _refusal(sorted(taken)), methods=sorted(mistaken - taken), name=REFUSED)


def not_for(method: str, allowed: Sequence[str]) -> Problem:
    """Return what is told of a method that is not for a path."""
    return Problem(Code.METHOD_NOT_ALLOWED, f"{method} is not for this path", allowed=allowed)


def _refusal(methods: Sequence[str]) -> Callable[[Request], Awaitable[Response]]:
    async def refuse(request: Request) -> Response:
        return problem_response(not_for(request.method, methods))

    return refuse


async def _never(_request: Request) -> Response:
    raise AssertionError("only the path of this route is looked at")
