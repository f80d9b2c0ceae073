"""Webhooks: where accounts are told, and what could not be told there."""

from collections.abc import Mapping, Sequence

from application.events import DomainEvent, Recorded
from application.hosting.directory import Directory
from application.notices.notice import Delivery
from application.ports.clock import Ids
from application.requests import Accepted, Answer
from application.streams import WEBHOOKS
from domain.identifiers import AccountId
from domain.webhooks.aggregate import (
    GiveUpNotice,
    NoticeUndelivered,
    RemoveWebhook,
    RetryNotices,
    SetWebhook,
    Webhook,
    WebhookCommand,
)

REASON_MAX = 300


class Webhooks:
    """The use cases of webhooks. Every answer is durable when it is given."""

    def __init__(self, directory: Directory, ids: Ids) -> None:
        self._directory = directory
        self._ids = ids

    def told_here(self, account_id: AccountId) -> bool:
        """Return whether an account is told of its orders by this process."""
        return self._directory.here(self._directory.webhooks[self._directory.partition_of(account_id)].stream)

    async def of(self, account_id: AccountId) -> Mapping[str, Webhook]:
        """Return the webhooks of an account, by name."""
        owner = self._directory.webhooks[self._directory.partition_of(account_id)]
        return (owner.loaded or await owner.state()).accounts.get(account_id, {})

    async def know(self, recorded: Recorded[DomainEvent]) -> None:
        """Take in an event of webhooks that is in the log, be it written here or by another process."""
        partition = int(recorded.stream.removeprefix(WEBHOOKS))
        await self._directory.webhooks[partition].state_after(recorded.revision)

    async def exist(self) -> bool:
        """Return whether anybody has a webhook."""
        return any([(await owner.state()).accounts for owner in self._directory.webhooks])

    @property
    def undelivered(self) -> int:
        """How many notices did not reach a webhook, as far as is known here."""
        return sum(
            len(webhook.undelivered)
            for owner in self._directory.webhooks
            if owner.loaded is not None
            for webhooks in owner.loaded.accounts.values()
            for webhook in webhooks.values()
        )

    async def set(self, account_id: AccountId, name: str, url: str) -> Answer:
        """Tell an account of its orders at an address."""
        owner = self._directory.webhooks[self._directory.partition_of(account_id)]

        def command(now_us: int) -> WebhookCommand:
            return SetWebhook(account_id=account_id, name=name, url=url, now_us=now_us)

        decision = await owner.ask(command, command_id=self._ids.new())
        return decision.rejected or Accepted(position=decision.position)

    async def remove(self, account_id: AccountId, name: str) -> Answer:
        """Tell an account no more at an address."""
        return await self._ask(RemoveWebhook(account_id=account_id, name=name))

    async def retry(self, account_id: AccountId, name: str, notice_ids: Sequence[str]) -> Answer:
        """Send notices again that did not reach a webhook; without ids, all of them."""
        return await self._ask(RetryNotices(account_id=account_id, name=name, notice_ids=tuple(notice_ids)))

    async def give_up(self, delivery: Delivery, reason: str) -> None:
        """Note for good that a notice did not reach its webhook."""
        await self._ask(
            GiveUpNotice(
                account_id=delivery.account_id,
                name=delivery.webhook,
                notice_id=delivery.notice_id,
                ticker=delivery.ticker,
                revision=delivery.revision,
                tries=delivery.tries,
                reason=reason[:REASON_MAX],
            )
        )

    async def dead(self, account_id: AccountId) -> Sequence[NoticeUndelivered]:
        """Return what did not reach the webhooks of an account, by webhook and the oldest first."""
        webhooks = await self.of(account_id)
        return [notice for name in sorted(webhooks) for notice in webhooks[name].undelivered.values()]

    async def _ask(self, command: WebhookCommand) -> Answer:
        owner = self._directory.webhooks[self._directory.partition_of(command.account_id)]
        decision = await owner.ask(command, command_id=self._ids.new())
        return decision.rejected or Accepted(position=decision.position)
