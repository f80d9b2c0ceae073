"""What an API has had done that is to count at once is known to it before it is told: keys above all."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.bootstrap import open_presage
from adapters.engine_lines.messages import Answered
from adapters.http.forwarding import forwarding_app
from adapters.settings import Settings
from presage.signing import Signer

BODY = b'{"told": true}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"14"), (b"x-presage-position", b"1")]


class Line:
    """Engines that answer everything well."""

    by_account = open = ready = True

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.opened.set()

    async def ask_for(self, *_: Any) -> Answered:
        return Answered(status=201, headers=HEADERS, body=BODY)

    def report(self) -> None:
        pass


@pytest.mark.parametrize(
    ("path", "times"),
    [("/trade-api/v2/api_keys/generate", 1), ("/admin/v1/markets", 1), ("/trade-api/v2/portfolio/orders", 0)],
)
async def test_keys_are_looked_at_again_after_what_may_have_changed_them(
    tmp_path: Path, path: str, times: int
) -> None:
    settled: list[str] = []
    async with open_presage(Settings(data=tmp_path, event_store="memory")) as presage:
        await presage.start()
        operator = presage.folder.operator()
        assert operator is not None
        app = forwarding_app(presage.port, Line(), feed=presage.feed, settled=lambda: settled.append(path))
        signer = Signer(operator.key_id, operator.read())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            answer = await client.post(path, json={}, headers=signer.headers("POST", path))
    assert (answer.status_code, answer.content) == (201, BODY)
    assert len(settled) == times
