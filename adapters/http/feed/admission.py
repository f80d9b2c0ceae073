"""Who may listen: a signed request, a session, or anybody, if they do not come from a foreign page."""

from starlette.types import Scope

from adapters.http.answers.problems import Code, Problem
from adapters.http.callers.authentication import KEY_HEADER, Caller
from adapters.http.callers.sessions import session_id_in
from adapters.http.port import ReadPort
from domain.identifiers import Ticker


async def admitted(port: ReadPort, scope: Scope) -> Caller | None:
    """Return who calls, ``None`` if they do not say. Raises :class:`Problem`."""
    headers = dict(scope["headers"])
    if not port.exchange.ready:
        raise Problem(Code.STARTING, "the exchange is starting; try again in a moment")
    _check_origin(port, headers)
    if KEY_HEADER in headers:
        authenticator = port.authenticator
        claim = await authenticator.claim(headers)
        if claim.key.strict:
            return authenticator.verify_strictly(
                claim, "GET", scope["raw_path"], query=scope["query_string"], body=b""
            )
        return authenticator.verify(claim, "GET", scope["raw_path"])
    session_id = session_id_in(headers)
    return None if session_id is None else await port.visitors.caller(session_id, "GET", headers)


def _check_origin(port: ReadPort, headers: dict[bytes, bytes]) -> None:
    """Refuse pages of other origins: a browser sends cookies along wherever a page comes from."""
    origin, host = headers.get(b"origin"), headers.get(b"host")
    if origin is not None and host is not None and origin.partition(b"://")[2] == host:
        return
    port.visitors.refuse_foreign_pages(headers, browsers_only=True)


async def exists(port: ReadPort, ticker: Ticker) -> bool:
    """Return whether there is a market of a name."""
    return await port.reads.markets.market(ticker) is not None
