"""Who is calling by a session: the cookie, where a request may come from, and logging in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import cookie_parser

from adapters.http.answers.problems import Code, Problem
from adapters.http.callers.authentication import Caller
from adapters.http.settings import HttpSettings
from application.accounts import Accounts
from application.ports.clock import Clock
from application.ports.sessions import LIFETIME_S, LoginAttempts, Session
from application.sessions import SessionManager
from domain.identifiers import AccountId
from domain.identity.aggregate import Scope

COOKIE = "__Host-presage"
LOOPBACK_COOKIE = "presage"
"""Over plain HTTP on the machine itself: browsers take ``__Host-`` only with ``Secure``, over TLS."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

WRITES_HEADER = b"x-presage-session"
"""Pages of other origins cannot set it without being asked about first (a preflight request)."""

SCOPES = frozenset({Scope.READ, Scope.TRADE})
"""What a session may do: operators keep keys."""

PER_ACCOUNT, PER_ADDRESS = 5, 50
"""How many tries to log in are free, before each waits twice as long as the one before."""

SIGN_UPS = 10
"""How many accounts may be opened from an address before that."""

AGENT_MAX = 200

_US_PER_S = 1_000_000

Headers = Mapping[bytes, bytes]


class GoingSessions(Protocol):
    """Knows which sessions go on. Raises :class:`application.ports.sessions.SessionsUnavailable`."""

    async def get_session(self, session_id: str) -> Session | None:
        """Return a session, which lasts longer by that; ``None`` if it has ended."""
        ...

    async def lasts(self, account_id: AccountId, session_id: str) -> bool:
        """Return whether an account's session goes on. To ask is no use of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Those who come with a session."""

    sessions: GoingSessions
    clock: Clock
    settings: HttpSettings

    async def caller(self, session_id: str, method: str, headers: Headers) -> Caller:
        """Return whose session it is. Raises :class:`Problem` for one that is over, or a foreign page."""
        if method != "GET":
            self.refuse_foreign_pages(headers)
            if headers.get(WRITES_HEADER) != b"1":
                raise Problem(
                    Code.FOREIGN_ORIGIN,
                    "with a session, what changes something needs the header X-Presage-Session: 1",
                    details="X-Presage-Session",
                )
        session = await self.sessions.get_session(session_id)
        if session is None:
            raise Problem(Code.SESSION_OVER, "the session has ended; log in")
        now_us = self.clock.now_us()
        return Caller(
            account_id=session.account_id,
            key_id="",
            scopes=SCOPES,
            signed_at_us=now_us,
            deadline_us=now_us + self.settings.receive_window_ms * 1_000,
            session_id=session_id,
        )

    def refuse_foreign_pages(self, headers: Headers, *, browsers_only: bool = False) -> None:
        """Raise :class:`Problem` unless a request comes from this origin or one that was allowed by name.

        With ``browsers_only``, what says nothing of where it comes from is not from a browser, and passes.
        """
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if site == b"same-origin" or (origin or b"").decode("latin-1") in self.settings.origins:
            return
        if browsers_only and origin is None and site is None:
            return
        raise Problem(
            Code.FOREIGN_ORIGIN,
            "the request does not come from a page of this exchange",
            details="Origin, Sec-Fetch-Site",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitors(Known):
    """Those who come with a session, or for one."""

    sessions: SessionManager
    accounts: Accounts
    attempts: LoginAttempts

    async def log_in(self, account_id: AccountId, password: str, address: str) -> None:
        """Raise :class:`Problem` unless this is the account's password, or if it was tried too often."""
        name = f"account:{account_id}"
        await self.count({name: PER_ACCOUNT, f"address:{address}": PER_ADDRESS})
        if not await self.accounts.is_password(account_id, password):
            raise Problem(Code.WRONG_PASSWORD, "there is no such account, or it has another password")
        await self.attempts.succeeded(name)

    async def count(self, allowances: Mapping[str, int]) -> None:
        """Count a try for each of several names. Raises :class:`Problem` if one has to wait."""
        wait_s = await self.attempts.begin(allowances)
        if wait_s > 0:
            raise Problem(Code.TOO_MANY_LOGINS, f"too many tries; wait {ceil(wait_s)} s", wait_s=ceil(wait_s))

    async def begin(self, account_id: AccountId, headers: Headers) -> tuple[Session, "SetCookie"]:
        """Begin a session under a new id; one that the request came with is over."""
        former = session_id_in(headers)
        if former is not None:
            await self.sessions.destroy_session(former)
        agent = headers.get(b"user-agent", b"").decode("latin-1")[:AGENT_MAX]
        session_id, session = await self.sessions.create_session(account_id, {"agent": agent})
        return session, set_cookie(session_id, headers)


SetCookie = Sequence[tuple[bytes, bytes]]


def session_id_in(headers: Headers) -> str | None:
    """Return the id of the session that a request comes with."""
    sent = headers.get(b"cookie")
    if sent is None:
        return None
    cookies = cookie_parser(sent.decode("latin-1"))
    if COOKIE in cookies:
        return cookies[COOKIE]
    host = urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}")
    # Anywhere else it might have been planted by whoever can change what is not encrypted.
    return cookies.get(LOOPBACK_COOKIE) if _is_loopback(host.hostname) else None


def set_cookie(session_id: str, headers: Headers, *, for_s: int = LIFETIME_S) -> SetCookie:
    """Return the headers that leave a session with a browser, and with nothing but the browser."""
    origin = urlsplit(headers.get(b"origin", b"").decode("latin-1"))
    plain = origin.scheme == "http" and _is_loopback(origin.hostname)
    name, secure = (LOOPBACK_COOKIE, "") if plain else (COOKIE, " Secure;")
    cookie = f"{name}={session_id}; Path=/;{secure} HttpOnly; SameSite=Strict; Max-Age={for_s}"
    return ((b"set-cookie", cookie.encode()),)


def no_cookie() -> SetCookie:
    """Return the headers that take a session from a browser, under either name."""
    rest = "Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
    cookies = (f"{COOKIE}=; Secure; {rest}", f"{LOOPBACK_COOKIE}=; {rest}")
    return tuple((b"set-cookie", cookie.encode()) for cookie in cookies)


def _is_loopback(host: str | None) -> bool:
    return host in LOOPBACK
