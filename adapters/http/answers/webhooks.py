"""Webhooks as they are told."""

from typing_extensions import TypedDict

from adapters.http.answers.display import timestamp
from domain.webhooks.aggregate import NoticeUndelivered
from domain.webhooks.aggregate import Webhook as Known


class Webhook(TypedDict):
    """Where an account is told of its orders. A suspended one is sent nothing new until it is set again."""

    name: str
    url: str
    since: str
    suspended: bool
    undelivered: int


class WebhooksAnswer(TypedDict):
    """An account's webhooks, and the key that notices are checked with."""

    webhooks: list[Webhook]
    public_key: str


class Undelivered(TypedDict):
    """A notice that did not reach a webhook."""

    notice_id: str
    webhook: str
    ticker: str
    tries: int
    reason: str


class UndeliveredAnswer(TypedDict):
    """What did not reach the account's webhooks."""

    notices: list[Undelivered]


class PublicKeyAnswer(TypedDict):
    """The key that notices are checked with: Ed25519, as Standard Webhooks writes it."""

    public_key: str


def webhook_answer(name: str, webhook: Known) -> Webhook:
    """Return a webhook as it is told."""
    return Webhook(
        name=name,
        url=webhook.url,
        since=timestamp(webhook.since_us),
        suspended=webhook.suspended,
        undelivered=len(webhook.undelivered),
    )


def undelivered_answer(notice: NoticeUndelivered) -> Undelivered:
    """Return a notice that did not reach its webhook as it is told."""
    return Undelivered(
        notice_id=notice.notice_id,
        webhook=notice.name,
        ticker=notice.ticker,
        tries=notice.tries,
        reason=notice.reason,
    )
