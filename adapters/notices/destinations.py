"""Which addresses notices may be sent to: nobody may use the exchange to reach what only it can reach."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}

_LOOKING_UP = ThreadPoolExecutor(max_workers=50, thread_name_prefix="look-ups")
"""Names that nobody answers for take their own threads, and not those of the rest of the process."""

Address = IPv4Address | IPv6Address


class NotAllowed(Exception):
    """A notice may not be sent there; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a request goes: the address to connect to, and what the URL says."""

    address: Address
    host: str
    scheme: str
    port: int
    target: str

    @property
    def url(self) -> str:
        """The URL with the address that was checked in the place of the name."""
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{self.scheme}://{host}:{self.port}{self.target}"

    @property
    def host_header(self) -> str:
        """What the receiver is told that it was called."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destinations:
    """What an operator allows.

    Public addresses by https always; this machine itself while only it can reach the exchange
    (``own_machine``); any other address, and http, if ``private`` is set.
    """

    own_machine: bool
    private: bool = False

    def fault_in(self, url: str) -> str | None:
        """Return why a URL is not acceptable, as far as that can be told without looking its name up."""
        try:
            parts = _split(url)
            host = parts.hostname or ""
            if (address := _literal(host)) is not None:
                self._check(parts, address)
            elif parts.scheme != "https" and not self.private and not _is_own(host):
                return "only https is allowed"
        except NotAllowed as fault:
            return str(fault)
        return None

    async def find(self, url: str) -> Place:
        """Return where a request to a URL goes. Raises :class:`NotAllowed`, or ``OSError`` without an answer.

        A name is looked up once and the answer is what is connected to: it cannot change after the check.
        """
        parts = _split(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        addresses = await _addresses(host, port)
        for address in addresses:
            self._check(parts, address)
        return Place(
            address=addresses[0],
            host=host,
            scheme=parts.scheme,
            port=port,
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        )

    def _check(self, parts: SplitResult, address: Address) -> None:
        address = _inner(address)
        if self.private or (address.is_loopback and self.own_machine):
            return
        if not address.is_global or address.is_multicast:
            raise NotAllowed(f"{parts.hostname} is not a public address")
        if parts.scheme != "https":
            raise NotAllowed("only https is allowed")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as fault:
        raise NotAllowed(f"it is no URL: {fault}") from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise NotAllowed("it is no http or https URL with a host")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("a URL with a user or a password would be in the log for ever")
    if parts.fragment:
        raise NotAllowed("the part after # is never sent")
    return parts


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_own(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _inner(address: Address) -> Address:
    """Return the address that an IPv6 address leads to, if it is one of the kinds that hold another."""
    if isinstance(address, IPv6Address):
        teredo = address.teredo
        return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
    return address


async def _addresses(host: str, port: int) -> list[Address]:
    if (literal := _literal(host)) is not None:
        return [literal]
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_LOOKING_UP, look_up)
    return [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
