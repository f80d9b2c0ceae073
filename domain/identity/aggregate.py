"""Who may act for an account: API keys and passwords, and the decider that keeps them."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never

from domain.decider import Decider
from domain.fields import KeyId, KeyName, PasswordHash, PublicKeyPem, Strict
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


class SetPassword(Message, frozen=True, kw_only=True):
    """Give an account a password instead of the one whose hash is ``replaces``, empty if it has none.

    ``opens`` says that there must be no such account yet.
    """

    account_id: AccountId
    password_hash: str
    replaces: str
    opens: bool = False


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


class CredentialSet(Message, frozen=True, kw_only=True):
    """An account has a password, or another one. The log holds only its hash."""

    account_id: AccountId
    password_hash: PasswordHash


IdentityCommand = CreateKey | RevokeKey | SetPassword
IdentityEvent = KeyCreated | KeyRevoked | CredentialSet


class IdentityState:
    """The keys in force, and the hashes of passwords."""

    def __init__(self) -> None:
        self.keys: dict[str, KeyCreated] = {}
        self.held: Counter[AccountId] = Counter()
        self.passwords: dict[AccountId, str] = {}
        self.accounts: set[AccountId] = set()
        """Every account that ever had a key or a password: nobody else may open it."""
        self.revision = -1


def decide(command: IdentityCommand, state: IdentityState) -> Sequence[IdentityEvent] | Rejected:
    """Return what a command causes, or why it is refused."""
    match command:
        case CreateKey():
            if command.key_id in state.keys:
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
            known = state.keys.get(command.key_id)
            if known is None or known.account_id != command.account_id:
                return Rejected(Reason.KEY_NOT_FOUND, "there is no such key")
            return [KeyRevoked(key_id=command.key_id, account_id=command.account_id)]
        case SetPassword():
            if command.opens and command.account_id in state.accounts:
                return Rejected(Reason.ACCOUNT_EXISTS, "the name is taken; choose another")
            if state.passwords.get(command.account_id, "") != command.replaces:
                return Rejected(Reason.PASSWORD_CHANGED, "the password was changed in between")
            return [CredentialSet(account_id=command.account_id, password_hash=command.password_hash)]
        case _:
            assert_never(command)


def evolve(state: IdentityState, event: IdentityEvent) -> None:
    """Apply one event."""
    state.revision += 1
    match event:
        case KeyCreated():
            state.keys[event.key_id] = event
            state.held[event.account_id] += 1
            state.accounts.add(event.account_id)
        case KeyRevoked():
            del state.keys[event.key_id]
            state.held[event.account_id] -= 1
            if not state.held[event.account_id]:
                del state.held[event.account_id]
        case CredentialSet():
            state.passwords[event.account_id] = event.password_hash
            state.accounts.add(event.account_id)
        case _:
            assert_never(event)


def _react(_state: IdentityState, _now_us: int) -> IdentityCommand | None:
    return None


IDENTITY: Decider[IdentityState, IdentityCommand, IdentityEvent] = Decider(
    initial=IdentityState, decide=decide, evolve=evolve, react=_react
)
