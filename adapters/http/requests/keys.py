"""What is sent about API keys."""

from typing import Annotated, Literal

from pydantic import Field

from adapters.http.answers.problems import Code, Problem
from adapters.http.callers.signing import read_public_key
from adapters.http.requests.fields import RequestBody, line, longest
from domain import fields as recorded
from domain.identity.aggregate import Scope

ScopeWord = Literal["read", "write", "trade", "admin"]

_SCOPES = {"read": Scope.READ, "write": Scope.TRADE, "trade": Scope.TRADE, "admin": Scope.ADMIN}


class GenerateKeyBody(RequestBody):
    """A key to be made, both halves. Without scopes it may read and trade."""

    name: Annotated[str, line(recorded.KeyName, shortest=1)]
    scopes: list[ScopeWord] | None = Field(default=None, min_length=1, max_length=4, fail_fast=True)
    strict: bool | None = Field(
        default=None,
        description="Signatures must cover the query and the body too. Left out: as the operator has set it.",
    )


class CreateKeyBody(GenerateKeyBody):
    """A public key to be registered."""

    public_key: str = Field(
        max_length=longest(recorded.PublicKeyPem),
        description="An RSA key of 2048 to 4096 bits, in PEM.",
    )


def scopes_of(body: GenerateKeyBody) -> tuple[Scope, ...]:
    """Return what a key is to be allowed. Raises :class:`Problem` for writing without reading."""
    if body.scopes is None:
        return (Scope.READ, Scope.TRADE)
    scopes = tuple(dict.fromkeys(_SCOPES[word] for word in body.scopes))
    if Scope.READ not in scopes:
        raise Problem(
            Code.INVALID_FIELD, "the body is not acceptable", details="scopes: read must be among them"
        )
    return scopes


def public_key_of(body: CreateKeyBody) -> str:
    """Return a public key that can verify signatures. Raises :class:`Problem` for any other."""
    try:
        read_public_key(body.public_key)
    except ValueError as fault:
        raise Problem(
            Code.INVALID_FIELD, "the body is not acceptable", details=f"public_key: {fault}"
        ) from None
    return body.public_key
