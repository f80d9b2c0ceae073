"""Events with everything in them replaced that tells whose they are, and every time moved by as much.

Every text in an event is either everybody's - what is traded, and how - or is replaced. A field that is not
known to be one or the other is a fault: a new one cannot slip through.
"""

from enum import Enum
from hashlib import blake2b
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from application.events import Cause
from application.streams import CLUSTER, IDENTITY, WEBHOOKS, partition_of
from domain.identifiers import AccountId
from domain.messages import Message

M = TypeVar("M", bound=Message)

LEFT_OUT = (IDENTITY, WEBHOOKS, CLUSTER)
"""Streams of which nothing is taken over: keys, passwords, addresses, and who shared the work.

Nothing else depends on them; a sandbox is one process.
"""

EVERYBODYS = frozenset(
    {
        "ticker",
        "title",
        "rules",
        "category",
        "group_id",
        "series",
        "parent",
        "child",
        "trade_id",
        "winner",
        "members",
    }
)
"""Texts that say what is traded: they stay. So do the words of the trade, which are no texts."""

WORDLESS = frozenset({"reason", "evidence", "explanation"})
"""Texts that people wrote about what happened: they may name anybody, and nothing follows from them."""

NAMED = frozenset(
    {
        "account_id",
        "order_id",
        "key",
        "client_order_id",
        "order_group_id",
        "amendment_id",
        "request_digest",
        "reference",
        "creator_id",
        "communications_id",
    }
)
"""Texts that name somebody, or something of somebody's: the same one always gets the same other one."""


OF_A_PARTITION = frozenset({"rfq_id", "quote_id"})
"""Names that end with the partition that decides on what they name: there they are found."""

_PARTITION = len("-00")


class NotDisguised(Exception):
    """There is a text in an event of which it is not known whose it is."""


class Disguise:
    """Replaces names. Without ``secret``, which is thrown away, no guess at a name can be checked.

    An account keeps its ledger, which is found by its name among so many ``partitions``.
    """

    def __init__(self, *, secret: bytes, partitions: int, shift_us: int) -> None:
        self._secret = secret
        self._partitions = partitions
        self._shift_us = shift_us
        self._accounts: dict[AccountId, AccountId] = {}
        self._numbers = 0

    @property
    def accounts(self) -> int:
        """How many accounts there were so far."""
        return len(self._accounts)

    def account(self, account_id: AccountId) -> AccountId:
        """Return an account's other name."""
        known = self._accounts.get(account_id)
        if known is None:
            known = self._accounts[account_id] = self._fresh(partition_of(account_id, self._partitions))
        return known

    def _fresh(self, partition: int) -> AccountId:
        while True:
            self._numbers += 1
            name = AccountId(f"trader-{self._numbers}")
            if partition_of(name, self._partitions) == partition:
                return name

    def name(self, kind: str, name: str) -> str:
        """Return another name for something; what has none keeps none."""
        return str(self._hidden(f"{kind} {name}".encode())) if name else name

    def id(self, value: UUID) -> UUID:
        """Return another id: ids are made of names."""
        return self._hidden(value.bytes)

    def _hidden(self, what: bytes) -> UUID:
        return UUID(bytes=blake2b(what, key=self._secret, digest_size=16).digest())

    def cause(self, cause: Cause) -> Cause:
        """Return why something happened, under other ids and at another time."""
        return Cause(
            command_id=self.id(cause.command_id),
            correlation_id=self.id(cause.correlation_id),
            at_us=cause.at_us + self._shift_us,
        )

    def message(self, message: M) -> M:
        """Return an event, or a part of one, with nothing left in it that tells whose it is."""
        changed: dict[str, Any] = {}
        for name in message.__struct_fields__:
            value = getattr(message, name)
            other = self._value(message, name, value)
            if other is not value:
                changed[name] = other
        return msgspec.structs.replace(message, **changed) if changed else message

    def _value(self, message: Message, name: str, value: Any) -> Any:
        match value:
            case Message():
                return self.message(value)
            case tuple():
                return tuple(self._value(message, name, each) for each in value)
            case bool() | Enum() | None:
                return value
            case int():
                return value + self._shift_us if name.endswith("_us") else value
            case str():
                return self._text(message, name, value)
        raise NotDisguised(f"{type(message).__name__}.{name}: {type(value).__name__} is not known here")

    def _text(self, message: Message, name: str, value: str) -> str:
        if name in EVERYBODYS:
            return value
        if name == "account_id":
            return self.account(AccountId(value))
        if name in WORDLESS:
            return ""
        if name in OF_A_PARTITION:
            return self.name(name, value) + value[-_PARTITION:]
        if name in NAMED:
            return self.name(_KINDS.get(name, name), value)
        raise NotDisguised(f"{type(message).__name__}.{name}: it is not known whose text this is")


_KINDS = {"key": "order_id", "communications_id": "creator_id"}
"""What is called otherwise somewhere: a client id is kept as the id of the order it would make."""
