"""Webhooks and the notices that did not reach them: commands, events and the decider that keeps them."""

from collections.abc import Sequence
from typing import assert_never

from domain.decider import Decider
from domain.fields import Explanation, MarketRevision, NoticeId, SetTime, Tries, WebhookName, WebhookUrl
from domain.identifiers import AccountId, Ticker
from domain.messages import Message
from domain.rejections import Reason, Rejected

WEBHOOKS_MAX = 5
"""How many webhooks an account may have."""

UNDELIVERED_MAX = 1_000
"""How many notices a webhook may leave undelivered before it is sent no more."""

UNDELIVERED_KEPT = 11_000
"""How many of them are remembered, the latest: those, and what waited when it was sent no more."""


class SetWebhook(Message, frozen=True, kw_only=True):
    """Tell an account at an address, from now on; or at another one than before."""

    account_id: AccountId
    name: str
    url: str
    now_us: int


class RemoveWebhook(Message, frozen=True, kw_only=True):
    """Tell an account no more at an address, and forget what did not reach it."""

    account_id: AccountId
    name: str


class GiveUpNotice(Message, frozen=True, kw_only=True):
    """Note that a notice did not reach a webhook and is not tried again by itself."""

    account_id: AccountId
    name: str
    notice_id: str
    ticker: Ticker
    revision: int
    tries: int
    reason: str


class RetryNotices(Message, frozen=True, kw_only=True):
    """Send notices again that did not reach a webhook; without ids, all of them."""

    account_id: AccountId
    name: str
    notice_ids: tuple[str, ...]


class WebhookSet(Message, frozen=True, kw_only=True):
    """An account is told at ``url`` of its orders that are placed at ``since_us`` or later."""

    account_id: AccountId
    name: WebhookName
    url: WebhookUrl
    since_us: SetTime


class WebhookRemoved(Message, frozen=True, kw_only=True):
    """An account is told no more there; what did not reach it is forgotten."""

    account_id: AccountId
    name: WebhookName


class WebhookSuspended(Message, frozen=True, kw_only=True):
    """Too many notices did not reach a webhook: it is sent no new ones until it is set again."""

    account_id: AccountId
    name: WebhookName


class NoticeUndelivered(Message, frozen=True, kw_only=True):
    """A notice did not reach a webhook: of the order placed at ``revision`` of the market ``ticker``."""

    account_id: AccountId
    name: WebhookName
    notice_id: NoticeId
    ticker: Ticker
    revision: MarketRevision
    tries: Tries
    reason: Explanation


class NoticeRetried(Message, frozen=True, kw_only=True):
    """A notice that did not reach a webhook is to be sent again."""

    account_id: AccountId
    name: WebhookName
    notice_id: NoticeId
    ticker: Ticker
    revision: MarketRevision


WebhookCommand = SetWebhook | RemoveWebhook | GiveUpNotice | RetryNotices
WebhookEvent = WebhookSet | WebhookRemoved | WebhookSuspended | NoticeUndelivered | NoticeRetried


class Webhook:
    """An address and what did not reach it, the oldest first."""

    def __init__(self, url: str, since_us: int) -> None:
        self.url = url
        self.since_us = since_us
        self.suspended = False
        self.undelivered: dict[str, NoticeUndelivered] = {}


class WebhooksState:
    """The webhooks of the accounts of one partition, by account and name."""

    def __init__(self) -> None:
        self.accounts: dict[AccountId, dict[str, Webhook]] = {}
        self.revision = -1

    def find(self, account_id: AccountId, name: str) -> Webhook | None:
        """Return a webhook of an account, if there is one of that name."""
        return self.accounts.get(account_id, {}).get(name)


def decide(command: WebhookCommand, state: WebhooksState) -> Sequence[WebhookEvent] | Rejected:
    """Return what a command causes, or why it is refused."""
    known = state.find(command.account_id, command.name)
    match command:
        case SetWebhook():
            return _set(command, known, state)
        case RemoveWebhook():
            if known is None:
                return _NOT_FOUND
            return [WebhookRemoved(account_id=command.account_id, name=command.name)]
        case GiveUpNotice():
            return _given_up(command, known)
        case RetryNotices():
            return _NOT_FOUND if known is None else _retried(command, known)
        case _:
            assert_never(command)


_NOT_FOUND = Rejected(Reason.WEBHOOK_NOT_FOUND, "the account has no webhook of that name")


def _set(
    command: SetWebhook, known: Webhook | None, state: WebhooksState
) -> Sequence[WebhookEvent] | Rejected:
    if known is None and len(state.accounts.get(command.account_id, {})) >= WEBHOOKS_MAX:
        return Rejected(
            Reason.TOO_MANY_WEBHOOKS, f"an account has at most {WEBHOOKS_MAX} webhooks; remove one"
        )
    goes_on = known is not None and not known.suspended
    if goes_on and known is not None and known.url == command.url:
        return []
    since_us = known.since_us if known is not None and goes_on else command.now_us
    return [WebhookSet(account_id=command.account_id, name=command.name, url=command.url, since_us=since_us)]


def _given_up(command: GiveUpNotice, known: Webhook | None) -> Sequence[WebhookEvent]:
    """Note it once. A webhook that was removed meanwhile has nothing to be noted of."""
    if known is None or command.notice_id in known.undelivered:
        return []
    account_id, name = command.account_id, command.name
    undelivered = NoticeUndelivered(
        account_id=account_id,
        name=name,
        notice_id=command.notice_id,
        ticker=command.ticker,
        revision=command.revision,
        tries=command.tries,
        reason=command.reason,
    )
    if known.suspended or len(known.undelivered) + 1 < UNDELIVERED_MAX:
        return [undelivered]
    return [undelivered, WebhookSuspended(account_id=account_id, name=name)]


def _retried(command: RetryNotices, known: Webhook) -> Sequence[WebhookEvent] | Rejected:
    wanted = command.notice_ids or tuple(known.undelivered)
    missing = [notice_id for notice_id in wanted if notice_id not in known.undelivered]
    if missing:
        return Rejected(Reason.NOTICE_NOT_FOUND, f"{missing[0]} is no undelivered notice of the webhook")
    return [
        NoticeRetried(
            account_id=command.account_id,
            name=command.name,
            notice_id=notice_id,
            ticker=known.undelivered[notice_id].ticker,
            revision=known.undelivered[notice_id].revision,
        )
        for notice_id in dict.fromkeys(wanted)
    ]


def evolve(state: WebhooksState, event: WebhookEvent) -> None:
    """Apply one event."""
    state.revision += 1
    webhooks = state.accounts.setdefault(event.account_id, {})
    match event:
        case WebhookSet():
            known = webhooks.get(event.name)
            webhook = webhooks[event.name] = Webhook(event.url, event.since_us)
            if known is not None:
                webhook.undelivered = known.undelivered
        case WebhookRemoved():
            del webhooks[event.name]
            if not webhooks:
                del state.accounts[event.account_id]
        case WebhookSuspended():
            webhooks[event.name].suspended = True
        case NoticeUndelivered():
            undelivered = webhooks[event.name].undelivered
            undelivered[event.notice_id] = event
            if len(undelivered) > UNDELIVERED_KEPT:
                del undelivered[next(iter(undelivered))]
        case NoticeRetried():
            webhooks[event.name].undelivered.pop(event.notice_id, None)
        case _:
            assert_never(event)


def _react(_state: WebhooksState, _now_us: int) -> WebhookCommand | None:
    return None


WEBHOOKS: Decider[WebhooksState, WebhookCommand, WebhookEvent] = Decider(
    initial=WebhooksState, decide=decide, evolve=evolve, react=_react
)
