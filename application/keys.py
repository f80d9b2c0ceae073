"""API keys: who may act for an account."""

from collections.abc import Sequence

from application.hosting.directory import Directory
from application.keys_in_force import KeysInForce
from application.ports.clock import Ids
from application.requests import Accepted, Answer
from domain.identifiers import AccountId
from domain.identity.aggregate import CreateKey, RevokeKey, Scope


class Keys:
    """Registers and withdraws keys. Private keys are never seen here."""

    def __init__(self, directory: Directory, in_force: KeysInForce, ids: Ids) -> None:
        self._directory = directory
        self.in_force = in_force
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
            limits=self._directory.limits,
        )
        return key_id, await self._ask(account_id, command)

    async def revoke(self, account_id: AccountId, key_id: str) -> Answer:
        """Withdraw a key of an account."""
        return await self._ask(account_id, RevokeKey(key_id=key_id, account_id=account_id))

    async def _ask(self, account_id: AccountId, command: CreateKey | RevokeKey) -> Answer:
        decision = await self._directory.identity(account_id).ask(command, command_id=self._ids.new())
        if decision.rejected is not None:
            return decision.rejected
        await self.in_force.look()
        return Accepted(position=decision.position)
