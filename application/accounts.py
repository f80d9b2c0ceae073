"""Accounts with a password: opened, logged into, changed."""

from application.hosting.directory import Directory
from application.keys_in_force import KeysInForce
from application.ports.clock import Ids
from application.ports.passwords import PasswordHasher
from application.requests import Accepted, Answer
from domain.identifiers import AccountId
from domain.identity.aggregate import SetPassword
from domain.rejections import Reason, Rejected


class Accounts:
    """Gives accounts passwords and checks them. What is in the log holds for every process."""

    def __init__(self, directory: Directory, in_force: KeysInForce, ids: Ids, hasher: PasswordHasher) -> None:
        self._directory = directory
        self._in_force = in_force
        self._ids = ids
        self._hasher = hasher

    async def sign_up(self, account_id: AccountId, password: str) -> Answer:
        """Open an account that nobody has; one that has money is somebody's already."""
        ledger = await self._directory.ledger(account_id).state()
        if account_id in ledger.accounts:
            return Rejected(Reason.ACCOUNT_EXISTS, "the name is taken; choose another")
        return await self._set(account_id, password, replaces="", opens=True)

    async def is_password(self, account_id: AccountId, password: str) -> bool:
        """Return whether this is the account's password. Unknown accounts take as long as known ones."""
        return await self._hasher.verify(await self._in_force.password_hash(account_id), password)

    async def change_password(self, account_id: AccountId, present: str, password: str) -> Answer | None:
        """Give an account another password; ``None`` if ``present`` is not the present one.

        Where an account has none yet, ``present`` is empty.
        """
        known = await self._in_force.password_hash(account_id)
        if (known is not None or present) and not await self._hasher.verify(known, present):
            return None
        return await self._set(account_id, password, replaces=known or "")

    async def set_password(self, account_id: AccountId, password: str) -> Answer:
        """Give an account another password, as its operator."""
        known = await self._in_force.password_hash(account_id)
        return await self._set(account_id, password, replaces=known or "")

    async def close(self) -> None:
        """Stop hashing."""
        await self._hasher.close()

    async def _set(
        self, account_id: AccountId, password: str, *, replaces: str, opens: bool = False
    ) -> Answer:
        command = SetPassword(
            account_id=account_id,
            password_hash=await self._hasher.hashed(password),
            replaces=replaces,
            opens=opens,
        )
        decision = await self._directory.identity(account_id).ask(command, command_id=self._ids.new())
        if decision.rejected is not None:
            return decision.rejected
        await self._in_force.look()
        return Accepted(position=decision.position)
