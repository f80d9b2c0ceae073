"""API keys as they are told. The scope *trade* is called *write*, as the public interface calls it."""

from typing_extensions import TypedDict

from domain.identity.aggregate import Scope
from projections.reading.views import KeyView

_WORDS = {Scope.READ: "read", Scope.TRADE: "write", Scope.ADMIN: "admin"}


class Key(TypedDict):
    """An API key."""

    api_key_id: str
    name: str
    scopes: list[str]
    strict: bool


class KeysAnswer(TypedDict):
    """An account's keys that are in force."""

    api_keys: list[Key]


class KeyCreatedAnswer(TypedDict):
    """A new key."""

    api_key_id: str


class KeyGeneratedAnswer(TypedDict):
    """A new key and its private half, which is told once and kept nowhere."""

    api_key_id: str
    private_key: str


def key_answer(view: KeyView) -> Key:
    """Return a key as it is told."""
    return Key(
        api_key_id=view.key_id,
        name=view.name,
        scopes=[_WORDS[scope] for scope in view.scopes],
        strict=view.strict,
    )
