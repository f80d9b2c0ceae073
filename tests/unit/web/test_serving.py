"""The page as it is sent: compressed, kept by browsers, and able to load nothing from elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from adapters.web.serving import page_routes

SCRIPT = b"console.log('all of it')"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "main-1.js").write_bytes(SCRIPT)
    (folder / "assets" / "main-1.js.br").write_bytes(b"as brotli")
    (folder / "assets" / "main-1.js.gz").write_bytes(b"as gzip")
    (tmp_path / "secret.txt").write_text("not of the page")
    return folder


@asynccontextmanager
async def browsing(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=page_routes(built)))
    async with httpx.AsyncClient(transport=transport, base_url="http://exchange") as client:
        client.headers["accept-encoding"] = "identity"
        yield client


@pytest.fixture
async def browser(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(built) as client:
        yield client


async def test_the_page_is_asked_for_again_and_its_parts_are_kept(
    browser: httpx.AsyncClient,
) -> None:
    page, part = await browser.get("/"), await browser.get("/assets/main-1.js")
    assert (page.headers["cache-control"], page.text) == ("no-cache", "<!doctype html>")
    assert part.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert part.headers["content-type"].startswith("text/javascript")


async def test_what_a_browser_has_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    etag = (await browser.get("/")).headers["etag"]
    again = await browser.get("/", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("offered", "sent"),
    [("gzip, br;q=0.9", "br"), ("gzip", "gzip"), ("identity", None), ("", None)],
)
async def test_what_is_compressed_beforehand_is_sent_to_who_takes_it(
    browser: httpx.AsyncClient, offered: str, sent: str | None
) -> None:
    headers = {"accept-encoding": offered}
    async with browser.stream("GET", "/assets/main-1.js", headers=headers) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers.get("content-encoding") == sent
        assert answer.headers["vary"] == "accept-encoding"
    assert raw == {"br": b"as brotli", "gzip": b"as gzip", None: SCRIPT}[sent]


async def test_the_page_loads_nothing_from_elsewhere(
    browser: httpx.AsyncClient,
) -> None:
    policy = (await browser.get("/")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy


@pytest.mark.parametrize("name", ["main-2.js", "main-1.js.br", "..%2f..%2fsecret.txt", "%2e%2e/secret.txt"])
async def test_nothing_but_the_parts_of_the_page_is_sent(browser: httpx.AsyncClient, name: str) -> None:
    assert (await browser.get(f"/assets/{name}")).status_code == 404


async def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    async with browsing(tmp_path / "built") as browser:
        answer = await browser.get("/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert "make page" in answer.json()["error"]["message"]
