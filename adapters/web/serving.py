"""Serves the built page: a few files, read once, each also as it is compressed beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from mimetypes import guess_type
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.http.answers.problems import Code, Problem
from adapters.http.answers.replies import problem_response

BUILT = Path(__file__).parent / "built"

_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))  # the shortest first
_KEPT = "public, max-age=31536000, immutable"  # names are made from contents
_ASKED_AGAIN = "no-cache"
# Styles may stand in the page: the chart's mark of its makers, which must be shown, brings its own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_NOT_BUILT = "the page is not built: run `make page`; the interface itself is at /docs"


@dataclass(frozen=True, slots=True)
class _File:
    """A file in every form it can be sent. ``forms`` are by content coding, ``""`` for none."""

    media_type: str
    etag: str
    forms: dict[str, bytes]

    def answer(self, request: Request, *, cached: str) -> Response:
        headers = {
            "etag": self.etag,
            "cache-control": cached,
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
            "content-security-policy": _POLICY,
            "referrer-policy": "same-origin",
        }
        if request.headers.get("if-none-match") == self.etag:
            return Response(status_code=304, headers=headers)
        taken = {
            part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")
        }
        coding = next((name for name, _ in _ENCODINGS if name in taken and name in self.forms), "")
        if coding:
            headers["content-encoding"] = coding
        return Response(self.forms[coding], media_type=self.media_type, headers=headers)


def page_routes(folder: Path = BUILT) -> Sequence[BaseRoute]:
    """Return the routes of the page that was built into ``folder``: ``/`` and ``/assets/...``."""
    page = _read(folder / "index.html") if (folder / "index.html").exists() else None
    assets = {
        path.name: _read(path) for path in (folder / "assets").glob("*") if path.suffix not in (".br", ".gz")
    }

    async def index(request: Request) -> Response:
        if page is None:
            return problem_response(Problem(Code.NOT_FOUND, _NOT_BUILT))
        return page.answer(request, cached=_ASKED_AGAIN)

    async def asset(request: Request) -> Response:
        found = assets.get(request.path_params["name"])
        if found is None:
            return problem_response(Problem(Code.NOT_FOUND, "there is nothing at this path"))
        return found.answer(request, cached=_KEPT)

    return (Route("/", index), Route("/assets/{name}", asset))


def _read(path: Path) -> _File:
    content = path.read_bytes()
    forms = {"": content}
    for coding, ending in _ENCODINGS:
        compressed = path.with_name(path.name + ending)
        if compressed.exists():
            forms[coding] = compressed.read_bytes()
    media_type = guess_type(path.name)[0] or "application/octet-stream"
    etag = f'"{blake2b(content, digest_size=16).hexdigest()}"'
    return _File(media_type, etag, forms)
