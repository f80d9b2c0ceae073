"""Speaking to an exchange through its own interface: the server's if one runs, else one opened here."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

from adapters.cli.failures import Failure
from adapters.cli.transport import Answer, InProcessTransport, ServerTransport, Transport, Unreachable
from adapters.data_folder import DataFolder, HeldKey, RunningServer
from adapters.settings import ProjectorPlace, Settings
from presage.signing import Signer

TRADE_API = "/trade-api/v2"
ADMIN_API = "/admin/v1"
PAGE = 1_000

REFUSED = 300
"""The first status that is no answer to what was asked."""

_CONNECT_S = 2.0
_ANSWER_S = 30.0


class ExchangeClient:
    """Sends requests, signed with a key of the data folder where one is given."""

    def __init__(self, transport: Transport, folder: DataFolder) -> None:
        self._transport = transport
        self._folder = folder
        self._signers: dict[str, Signer] = {}

    async def get(
        self, path: str, query: Mapping[str, Any] | None = None, *, key: HeldKey | None = None
    ) -> dict[str, Any]:
        """Read something."""
        return await self._send("GET", path, query=query, key=key)

    async def post(self, path: str, body: Mapping[str, Any], *, key: HeldKey) -> dict[str, Any]:
        """Do something."""
        return await self._send("POST", path, body=body, key=key)

    async def put(self, path: str, body: Mapping[str, Any], *, key: HeldKey) -> dict[str, Any]:
        """Set something."""
        return await self._send("PUT", path, body=body, key=key)

    async def delete(
        self, path: str, query: Mapping[str, Any] | None = None, *, key: HeldKey
    ) -> dict[str, Any]:
        """Take something away."""
        return await self._send("DELETE", path, query=query, key=key)

    async def operate(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do something as the operator."""
        return await self.post(f"{ADMIN_API}{path}", body, key=self.operator_key())

    def operator_key(self) -> HeldKey:
        """Return the operator's key."""
        key = self._folder.operator()
        if key is None:
            raise Failure("no_operator_key", f"there is no operator key in {self._folder.path}")
        return key

    async def list_all(
        self,
        path: str,
        name: str,
        query: Mapping[str, Any],
        *,
        key: HeldKey | None = None,
        cursor: str = "",
    ) -> Sequence[dict[str, Any]]:
        """Return the items of all pages of a list, from a cursor on."""
        items: list[dict[str, Any]] = []
        while True:
            page = await self.get(path, {**query, "limit": PAGE, "cursor": cursor}, key=key)
            items.extend(page[name])
            cursor = page["cursor"]
            if not cursor:
                return items

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: HeldKey | None,
    ) -> dict[str, Any]:
        said = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        asked = urlencode(said)
        content = b"" if body is None else json.dumps(body).encode()
        headers = {} if key is None else self._signer(key).headers(method, path, asked, content)
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = await self._transport.send(method, path, asked, headers, content)
        except Unreachable as error:
            raise Failure(
                "server_unreachable",
                f"the server does not answer ({error})",
                details="what was asked may or may not have been done",
            ) from error
        return _document(answer)

    def _signer(self, key: HeldKey) -> Signer:
        signer = self._signers.get(key.key_id)
        if signer is None:
            try:
                signer = self._signers[key.key_id] = Signer(key.key_id, key.read(), strict=key.strict)
            except ValueError as error:
                raise Failure("unusable_data", f"{key.private_key_path}: {error}") from error
        return signer


def named(name: str) -> str:
    """Return a name as one segment of a path, whatever is in it."""
    return quote(name, safe="")


def _document(answer: Answer) -> dict[str, Any]:
    """Return what was answered. Raises :class:`Failure` with the exchange's own code for a refusal."""
    try:
        document = json.loads(answer.content) if answer.content else {}
    except ValueError:
        document = None
    if answer.status < REFUSED and isinstance(document, dict):
        position = answer.headers.get("x-presage-position")
        return document if position is None else {**document, "position": int(position)}
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        raise Failure("unexpected_answer", f"the server answered {answer.status}, and not as Presage does")
    raise Failure(str(error.get("code")), str(error.get("message")), details=str(error.get("details") or ""))


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[ExchangeClient]:
    """Open a way to the exchange on a data folder, founding one if the folder is new."""
    folder = DataFolder(settings.data)
    server = folder.server()
    if server is not None and await _proves_itself(server):
        transport = ServerTransport(server.url, _ANSWER_S)
        try:
            yield ExchangeClient(transport, folder)
        finally:
            transport.close()
        return
    from adapters.bootstrap import open_presage  # noqa: PLC0415 (half a second, and only where nobody serves)

    # So short a life is not worth another process.
    settings = settings.model_copy(update={"projector": ProjectorPlace.INSIDE})
    async with open_presage(settings) as presage:
        await presage.start()
        await presage.shown()
        yield ExchangeClient(InProcessTransport(presage.app), folder)
        await presage.exchange.settled()


async def _proves_itself(server: RunningServer) -> bool:
    """Return whether what answers there is the exchange on this folder, and not whatever came after it."""
    transport = ServerTransport(server.url, _CONNECT_S)
    try:
        answer = await transport.send("GET", "/healthz", "", {}, b"")
        said = json.loads(answer.content)
        return bool(
            answer.status < REFUSED
            and (said["exchange"], said["folder"]) == (server.identity.exchange, server.identity.folder)
        )
    except (Unreachable, ValueError, KeyError, TypeError):
        return False
    finally:
        transport.close()
