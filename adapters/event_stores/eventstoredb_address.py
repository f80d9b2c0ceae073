"""The address of an EventStoreDB, and what can be wrong with it."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from adapters.event_stores.eventstoredb_client import Client
from adapters.settings import without_secrets
from application.ports.event_store import StoreMisconfigured

_SCHEMES = {
    "esdb": "esdb",
    "kurrentdb": "esdb",
    "kdb": "esdb",
    "esdb+discover": "esdb+discover",
    "kurrentdb+discover": "esdb+discover",
    "kdb+discover": "esdb+discover",
}
"""Old and new names of the same protocol; clients of every age know the old ones."""


DEFAULT_PASSWORD = "changeit"  # noqa: S105 (the one that is refused)


def refuse_default_password(uri: str) -> None:
    """Raise :class:`StoreMisconfigured` for the password that every EventStoreDB begins with."""
    if urlsplit(uri).password == DEFAULT_PASSWORD:
        raise StoreMisconfigured(
            "the password is the one every EventStoreDB begins with, which everybody knows: give the user "
            "another one, best a user of Presage's own (`presage eventstore-user`)"
        )


def make_client(uri: str, root_certificates: bytes | None, *, reading: bool = False) -> Client:
    """Return a client that has contacted nobody yet.

    Only who is ``reading`` may ask another member than the leader. Raises :class:`StoreMisconfigured`.
    """
    parts = urlsplit(uri)
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None:
        raise StoreMisconfigured(
            f"an address of EventStoreDB begins with esdb:// or kurrentdb://: {without_secrets(uri)}"
        )
    options = [
        (name, value) for name, value in parse_qsl(parts.query) if reading or name.lower() != "nodepreference"
    ]
    encrypted = all(value.lower() != "false" for name, value in options if name.lower() == "tls")
    if encrypted and not (parts.username and parts.password):
        raise StoreMisconfigured(
            "the address names no user and password, which a server with TLS asks for: write "
            f"{scheme}://NAME:PASSWORD@{parts.netloc.rpartition('@')[2]}, or Tls=false where there is no TLS"
        )
    address = urlunsplit((scheme, parts.netloc, parts.path, urlencode(options), ""))
    try:
        return Client(address, root_certificates)
    except (ValueError, AssertionError) as error:
        what = str(error).replace(address, without_secrets(uri)).replace(uri, without_secrets(uri))
        raise StoreMisconfigured(
            f"the address of EventStoreDB cannot be used: {without_secrets(what)}"
        ) from None
    except OSError as error:
        raise StoreMisconfigured(
            f"the certificate {error.filename} cannot be read: {error.strerror}"
        ) from None
