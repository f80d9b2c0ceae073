"""Answers requests as they were answered once: the n-th of a kind as the n-th was, then as the last."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.cassettes.cassette import Played, content_of, discreet, query_of
from adapters.cassettes.recorder import METHODS, body_of, problem

OWN_NAMES = "client_order_id"
"""Clients make these up anew each time: they make no difference, and answers have those that were sent."""


class Player:
    """A recorded session, and how far each kind of request has come in it.

    Two requests are the same if method, path, query and body are, but for what is ``ignored`` by name.
    """

    def __init__(self, session: Sequence[Played], ignored: Collection[str] = ()) -> None:
        self._ignored = {OWN_NAMES, *ignored}
        self._recorded: dict[str, list[Played]] = defaultdict(list)
        for played in session:
            self._recorded[self._kind(played.method, played.path, played.query, played.body)].append(played)
        self._asked: Counter[str] = Counter()

    def answer(
        self, method: str, path: str, query: list[tuple[str, str]], body: Any
    ) -> tuple[Played, Any] | None:
        """Return what was recorded for a request and the content of its answer, ``None`` if nothing was."""
        kind = self._kind(method, path, query, discreet(body))
        recorded = self._recorded.get(kind)
        if not recorded:
            return None
        played = recorded[min(self._asked[kind], len(recorded) - 1)]
        self._asked[kind] += 1
        return played, _renamed(played.answer, dict(_own_names(played.body, body)))

    def _kind(self, method: str, path: str, query: Sequence[tuple[str, str]], body: Any) -> str:
        kept = [list(pair) for pair in query if pair[0] not in self._ignored]
        return json.dumps([method, path, kept, self._without(body)], sort_keys=True)

    def _without(self, content: Any) -> Any:
        if isinstance(content, dict):
            return {name: self._without(each) for name, each in content.items() if name not in self._ignored}
        return [self._without(each) for each in content] if isinstance(content, list) else content


def _own_names(recorded: Any, sent: Any) -> Iterator[tuple[str, str]]:
    """Yield each name of the client's own that was recorded with the one that was sent in its place."""
    if isinstance(recorded, dict) and isinstance(sent, dict):
        before, now = recorded.get(OWN_NAMES), sent.get(OWN_NAMES)
        if isinstance(before, str) and isinstance(now, str) and before:
            yield before, now
        for name in recorded.keys() & sent.keys():
            yield from _own_names(recorded[name], sent[name])
    elif isinstance(recorded, list) and isinstance(sent, list):
        for mine, its in zip(recorded, sent, strict=False):
            yield from _own_names(mine, its)


def _renamed(content: Any, names: dict[str, str]) -> Any:
    if isinstance(content, dict):
        return {name: _renamed(each, names) for name, each in content.items()}
    if isinstance(content, list):
        return [_renamed(each, names) for each in content]
    return names.get(content, content) if isinstance(content, str) else content


def player(session: Player) -> Starlette:
    """Return the application that answers from a session."""

    async def played_back(request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1")
        query = query_of(request.scope["query_string"])
        body = await body_of(request)
        if body is None:
            return problem(413, "body_too_large", "the body is larger than 1 MiB")
        found = session.answer(request.method, path, query, content_of(body))
        if found is None:
            return problem(
                404, "not_recorded", "there is no such request in the session", f"{request.method} {path}"
            )
        played, content = found
        text = content if isinstance(content, str) else "" if content is None else json.dumps(content)
        return Response(text, status_code=played.status, headers=played.headers)

    return Starlette(routes=[Route("/{path:path}", played_back, methods=METHODS)])
