"""API keys: who may act for an account."""

from collections.abc import Sequence

from application.hosting.directory import Directory
from application.ports.clock import Ids
from application.requests import Accepted, Answer
from domain.identifiers import AccountId
from domain.identity.aggregate import CreateKey, RevokeKey, Scope


class Keys:
    """Registers and withdraws keys. Private keys are never seen here."""

    def __init__(self, directory: Directory, ids: Ids) -> None:
        self._directory = directory
        self._ids = ids

    async def create(
        self,
        account_id: AccountId,
        *,
        name: str,
        public_key_pem: str,
        scopes: Sequence[Scope],
        strict: bool = False,
    ) -> tuple[str, Answer]:
        """Register a public key (RSA, PEM) for an account and return the key's id."""
        key_id = str(self._ids.new())
        command = CreateKey(
            key_id=key_id,
            account_id=account_id,
            name=name,
            public_key_pem=public_key_pem,
            scopes=tuple(scopes),
            strict=strict,
        )
        decision = await self._directory.identity(account_id).ask(command, command_id=self._ids.new())
        return key_id, decision.rejected or Accepted(position=decision.position)

    async def revoke(self, account_id: AccountId, key_id: str) -> Answer:
        """Withdraw a key of an account."""
        decision = await self._directory.identity(account_id).ask(
            RevokeKey(key_id=key_id, account_id=account_id), command_id=self._ids.new()
        )
        return decision.rejected or Accepted(position=decision.position)
