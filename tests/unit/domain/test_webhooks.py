"""Webhooks, and the notices that did not reach them."""

from domain.identifiers import Ticker
from domain.rejections import Reason
from domain.webhooks.aggregate import (
    UNDELIVERED_KEPT,
    UNDELIVERED_MAX,
    WEBHOOKS,
    WEBHOOKS_MAX,
    GiveUpNotice,
    NoticeRetried,
    NoticeUndelivered,
    RemoveWebhook,
    RetryNotices,
    SetWebhook,
    WebhookRemoved,
    WebhookSet,
    WebhookSuspended,
)
from tests.unit.domain.specification import Given
from tests.unit.domain.trading_words import ANN, BOB


def setting(url: str = "https://a.example/", name: str = "desk", now_us: int = 7) -> SetWebhook:
    return SetWebhook(account_id=ANN, name=name, url=url, now_us=now_us)


def giving_up(notice_id: str = "n1") -> GiveUpNotice:
    return GiveUpNotice(
        account_id=ANN,
        name="desk",
        notice_id=notice_id,
        ticker=Ticker("M"),
        revision=4,
        tries=12,
        reason="the answer was 500",
    )


def test_a_webhook_is_told_from_when_it_was_set() -> None:
    Given(WEBHOOKS).when(setting()).then(
        WebhookSet(account_id=ANN, name="desk", url="https://a.example/", since_us=7)
    )


def test_setting_it_as_it_is_changes_nothing() -> None:
    Given(WEBHOOKS).and_then(setting()).when(setting(now_us=9)).then()


def test_another_address_misses_nothing_in_between() -> None:
    Given(WEBHOOKS).and_then(setting()).when(setting("https://b.example/", now_us=9)).then(
        WebhookSet(account_id=ANN, name="desk", url="https://b.example/", since_us=7)
    )


def test_an_account_has_a_few_webhooks() -> None:
    hooks = Given(WEBHOOKS).and_then(*(setting(name=f"n{number}") for number in range(WEBHOOKS_MAX)))
    hooks.when(setting(name="more")).then(Reason.TOO_MANY_WEBHOOKS)
    hooks.when(SetWebhook(account_id=BOB, name="more", url="https://a.example/", now_us=1)).then(WebhookSet)


def test_a_webhook_that_is_removed_is_gone_with_what_did_not_reach_it() -> None:
    hooks = Given(WEBHOOKS).and_then(setting(), giving_up())
    hooks.when(RemoveWebhook(account_id=ANN, name="desk")).then(WebhookRemoved(account_id=ANN, name="desk"))
    assert hooks.state.accounts == {}
    hooks.when(RemoveWebhook(account_id=ANN, name="desk")).then(Reason.WEBHOOK_NOT_FOUND)


def test_nobody_elses_webhook_is_removed_or_retried() -> None:
    hooks = Given(WEBHOOKS).and_then(setting(), giving_up())
    hooks.when(RemoveWebhook(account_id=BOB, name="desk")).then(Reason.WEBHOOK_NOT_FOUND)
    hooks.when(RetryNotices(account_id=BOB, name="desk", notice_ids=())).then(Reason.WEBHOOK_NOT_FOUND)


def test_a_notice_is_given_up_once() -> None:
    hooks = Given(WEBHOOKS).and_then(setting())
    hooks.when(giving_up()).then(
        NoticeUndelivered(
            account_id=ANN,
            name="desk",
            notice_id="n1",
            ticker=Ticker("M"),
            revision=4,
            tries=12,
            reason="the answer was 500",
        )
    )
    hooks.when(giving_up()).then()


def test_a_notice_to_a_webhook_that_is_gone_is_not_noted() -> None:
    Given(WEBHOOKS).when(giving_up()).then()


def test_what_did_not_reach_it_is_asked_for_all_or_some() -> None:
    hooks = Given(WEBHOOKS).and_then(setting(), giving_up("n1"), giving_up("n2"), giving_up("n3"))
    retried = NoticeRetried(account_id=ANN, name="desk", notice_id="n2", ticker=Ticker("M"), revision=4)
    hooks.when(RetryNotices(account_id=ANN, name="desk", notice_ids=("n2", "n2"))).then(retried)
    hooks.when(RetryNotices(account_id=ANN, name="desk", notice_ids=("n2",))).then(Reason.NOTICE_NOT_FOUND)
    hooks.when(RetryNotices(account_id=ANN, name="desk", notice_ids=())).then(NoticeRetried, NoticeRetried)
    assert hooks.state.accounts[ANN]["desk"].undelivered == {}


def test_a_webhook_that_nothing_reaches_is_left_alone_until_it_is_set_again() -> None:
    hooks = Given(WEBHOOKS).and_then(setting(), *(giving_up(f"n{n}") for n in range(UNDELIVERED_MAX - 1)))
    assert not hooks.state.accounts[ANN]["desk"].suspended
    hooks.when(giving_up("last")).then(NoticeUndelivered, WebhookSuspended(account_id=ANN, name="desk"))
    hooks.when(setting(now_us=20)).then(
        WebhookSet(account_id=ANN, name="desk", url="https://a.example/", since_us=20)
    )
    assert len(hooks.state.accounts[ANN]["desk"].undelivered) == UNDELIVERED_MAX


def test_of_what_never_reached_a_webhook_the_latest_are_remembered() -> None:
    hooks = Given(WEBHOOKS).and_then(setting(), *(giving_up(f"n{n}") for n in range(UNDELIVERED_KEPT + 2)))
    kept = hooks.state.accounts[ANN]["desk"].undelivered
    assert len(kept) == UNDELIVERED_KEPT
    assert "n1" not in kept
    assert "n2" in kept
