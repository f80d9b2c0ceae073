"""Who may call the node, and over what."""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc  # type: ignore[import-untyped]

from adapters.eventstore_node.calls import CallRefused, Status


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate and key that the node shows, in PEM files."""

    certificate: Path
    key: Path

    def credentials(self) -> grpc.ServerCredentials:
        """Return what the listening socket shows."""
        return grpc.ssl_server_credentials([(self.key.read_bytes(), self.certificate.read_bytes())])


def check_credentials(users: Mapping[str, str], headers: Mapping[str, str]) -> None:
    """Refuse a call that does not carry the name and password of a user."""
    name, password = user_of(headers)
    # Compared for an unknown name too, so that the time tells nothing.
    known = users.get(name, "")
    same = hmac.compare_digest(known.encode(), password.encode())
    if not known or not same:
        raise CallRefused(Status.UNAUTHENTICATED, "Access Denied", [("exception", "access-denied")])


def user_of(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the name and password that a call carries, empty when it carries none."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password
