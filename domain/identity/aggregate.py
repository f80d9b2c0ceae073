"""API keys: commands, events and the decider that keeps them."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from domain.decider import Decider
from domain.fields import KeyId, KeyName, PublicKeyPem, Strict
from domain.identifiers import AccountId
from domain.limits import DEFAULT_LIMITS, AccountLimits
from domain.messages import Message
from domain.rejections import Reason, Rejected


class Scope(StrEnum):
    """What a key may do. Each includes only itself."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"


class CreateKey(Message, frozen=True, kw_only=True):
    """Register a public key for an account."""

    key_id: str
    account_id: AccountId
    name: str
    public_key_pem: str
    scopes: tuple[Scope, ...]
    strict: bool = False
    limits: AccountLimits = DEFAULT_LIMITS


class RevokeKey(Message, frozen=True, kw_only=True):
    """Withdraw a key of an account."""

    key_id: str
    account_id: AccountId


class KeyCreated(Message, frozen=True, kw_only=True):
    """A key may act for an account. ``strict`` keys must also sign the query and the body."""

    key_id: KeyId
    account_id: AccountId
    name: KeyName
    public_key_pem: PublicKeyPem
    scopes: tuple[Scope, ...]
    strict: Strict


class KeyRevoked(Message, frozen=True, kw_only=True):
    """A key may no longer act."""

    key_id: KeyId
    account_id: AccountId


IdentityCommand = CreateKey | RevokeKey
IdentityEvent = KeyCreated | KeyRevoked


class IdentityState:
    """The keys in force."""

    def __init__(self) -> None:
        self.keys: dict[str, KeyCreated] = {}
        self.held: Counter[AccountId] = Counter()
        self.revision = -1


def decide(command: IdentityCommand, state: IdentityState) -> Sequence[IdentityEvent] | Rejected:
    """Return what a command causes, or why it is refused."""
    known = state.keys.get(command.key_id)
    match command:
        case CreateKey():
            if known is not None:
                return Rejected(Reason.KEY_EXISTS, f"key {command.key_id} exists")
            most = command.limits.keys
            if state.held[command.account_id] >= most:
                return Rejected(Reason.TOO_MANY_KEYS, f"an account has at most {most} keys; revoke one")
            return [
                KeyCreated(
                    key_id=command.key_id,
                    account_id=command.account_id,
                    name=command.name,
                    public_key_pem=command.public_key_pem,
                    scopes=command.scopes,
                    strict=command.strict,
                )
            ]
        case RevokeKey():
            if known is None or known.account_id != command.account_id:
                return Rejected(Reason.KEY_NOT_FOUND, "there is no such key")
            return [KeyRevoked(key_id=command.key_id, account_id=command.account_id)]
        case _:
            assert_never(command)


def evolve(state: IdentityState, event: IdentityEvent) -> None:
    """Apply one event."""
    state.revision += 1
    match event:
        case KeyCreated():
            state.keys[event.key_id] = event
            state.held[event.account_id] += 1
        case KeyRevoked():
            del state.keys[event.key_id]
            state.held[event.account_id] -= 1
            if not state.held[event.account_id]:
                del state.held[event.account_id]
        case _:
            assert_never(event)


def _react(_state: IdentityState, _now_us: int) -> IdentityCommand | None:
    return None


IDENTITY: Decider[IdentityState, IdentityCommand, IdentityEvent] = Decider(
    initial=IdentityState, decide=decide, evolve=evolve, react=_react
)
