"""Sends notices over HTTP: signed, to an address that was checked, for five seconds at most."""

import asyncio
from collections.abc import Callable, Mapping

import httpx

from adapters.notices.destinations import Destinations, NotAllowed
from adapters.notices.signing import Signer
from application.ports.clock import Clock

PATIENCE_S = 5.0
TAKEN = range(200, 300)
READ_MAX = 4_096
"""How much of an answer is read, so that the connection can be used again; what is longer is cut off."""

_US_PER_S = 1_000_000


class HttpSender:
    """Sends by HTTP, with ``more_headers``. Anything but a status from 200 to 299 counts as not taken."""

    def __init__(
        self,
        destinations: Destinations,
        signer: Signer,
        clock: Clock,
        more_headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._more_headers = more_headers
        self._destinations = destinations
        self._signer = signer
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=PATIENCE_S, follow_redirects=False, trust_env=False)

    async def send(self, url: str, notice_id: str, body: bytes) -> str | None:
        """Return ``None`` once the notice was taken, and else in a sentence why not."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                status = await self._post(url, notice_id, body)
        except TimeoutError:
            return f"no answer within {PATIENCE_S:.0f} s"
        except NotAllowed as fault:
            return str(fault)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as fault:
            return f"{type(fault).__name__}: {fault}"
        return None if status in TAKEN else f"the answer was {status}"

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def _post(self, url: str, notice_id: str, body: bytes) -> int:
        place = await self._destinations.find(url)
        at_s = self._clock.now_us() // _US_PER_S
        headers = {
            **self._more_headers(),
            **self._signer.headers(notice_id, at_s, body),
            "host": place.host_header,
            "content-type": "application/json",
            "accept-encoding": "identity",
            "user-agent": "Presage",
        }
        request = self._client.build_request(
            "POST", place.url, content=body, headers=headers, extensions={"sni_hostname": place.host}
        )
        answer = await self._client.send(request, stream=True)
        try:
            read = 0
            async for part in answer.aiter_raw():
                read += len(part)
                if read > READ_MAX:
                    break
        finally:
            await answer.aclose()
        return answer.status_code
