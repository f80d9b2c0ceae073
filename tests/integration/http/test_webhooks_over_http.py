"""Webhooks over HTTP: set, listed, removed, and what did not reach them."""

import pytest

from application.notices.notice import Delivery
from domain.identifiers import Ticker
from tests.integration.http.world import BASE, Person, World, error

HOOKS = f"{BASE}/portfolio/webhooks"
URL = "https://example.com/presage"


async def give_up(world: World, ann: Person, notice_id: str) -> None:
    delivery = Delivery(
        account_id=ann.account_id,
        webhook="desk",
        notice_id=notice_id,
        ticker=Ticker("FED-CUT"),
        revision=2,
        body=b"{}",
        due_us=0,
        tries=12,
    )
    await world.presage.exchange.webhooks.give_up(delivery, "the answer was 500")


async def test_a_webhook_is_set_listed_and_removed(world: World, ann: Person, bob: Person) -> None:
    made = await world.send(ann, "PUT", f"{HOOKS}/desk", body={"url": URL})
    assert made.status_code == 200, made.text
    listed = (await world.send(ann, "GET", HOOKS)).json()
    [webhook] = listed["webhooks"]
    assert webhook.pop("since").endswith("Z")
    assert webhook == {"name": "desk", "url": URL, "suspended": False, "undelivered": 0}
    assert (await world.send(bob, "GET", HOOKS)).json()["webhooks"] == []
    assert error(await world.send(bob, "DELETE", f"{HOOKS}/desk")) == (404, "webhook_not_found")
    assert (await world.send(ann, "DELETE", f"{HOOKS}/desk")).status_code == 200
    assert (await world.send(ann, "GET", HOOKS)).json()["webhooks"] == []


async def test_the_key_that_notices_are_checked_with_is_for_everybody(world: World, ann: Person) -> None:
    key = (await world.send(None, "GET", f"{BASE}/webhooks/public_key")).json()["public_key"]
    assert key.startswith("whpk_")
    assert (await world.send(ann, "GET", HOOKS)).json()["public_key"] == key


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "only https is allowed"),
        ("https://10.0.0.7/", "10.0.0.7 is not a public address"),
        ("https://169.254.169.254/latest", "169.254.169.254 is not a public address"),
        ("https://user:secret@example.com/", "a URL with a user or a password would be in the log for ever"),
    ],
)
async def test_an_address_that_only_the_exchange_can_reach_is_refused(
    world: World, ann: Person, url: str, why: str
) -> None:
    answer = await world.send(ann, "PUT", f"{HOOKS}/desk", body={"url": url})
    assert error(answer) == (400, "invalid_field")
    assert answer.json()["error"]["details"] == f"url: {why}"


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://example.com/", "https://" + "x" * 1_001, "https://a b/", 7]
)
async def test_what_is_no_url_is_refused(world: World, ann: Person, url: object) -> None:
    answer = await world.send(ann, "PUT", f"{HOOKS}/desk", body={"url": url})
    assert error(answer) == (400, "invalid_field")


async def test_a_name_is_short_and_plain(world: World, ann: Person) -> None:
    for name in ("x" * 65, "-x", "a!b"):
        answer = await world.send(ann, "PUT", f"{HOOKS}/{name}", body={"url": URL})
        assert error(answer) == (400, "invalid_field"), name


async def test_an_account_has_five_webhooks(world: World, ann: Person) -> None:
    for number in range(5):
        made = await world.send(ann, "PUT", f"{HOOKS}/n{number}", body={"url": URL})
        assert made.status_code == 200
    more = await world.send(ann, "PUT", f"{HOOKS}/more", body={"url": URL})
    assert error(more) == (422, "too_many_webhooks")


async def test_what_did_not_reach_a_webhook_is_listed_and_asked_for(
    world: World, ann: Person, bob: Person
) -> None:
    await world.send(ann, "PUT", f"{HOOKS}/desk", body={"url": URL})
    for notice_id in ("n1", "n2", "n3"):
        await give_up(world, ann, notice_id)
    notices = (await world.send(ann, "GET", f"{HOOKS}/undelivered")).json()["notices"]
    assert [notice["notice_id"] for notice in notices] == ["n1", "n2", "n3"]
    assert notices[0] == {
        "notice_id": "n1",
        "webhook": "desk",
        "ticker": "FED-CUT",
        "tries": 12,
        "reason": "the answer was 500",
    }
    assert (await world.send(bob, "GET", f"{HOOKS}/undelivered")).json()["notices"] == []
    retry = f"{HOOKS}/desk/retry"
    assert error(await world.send(bob, "POST", retry, body={})) == (404, "webhook_not_found")
    missing = await world.send(ann, "POST", retry, body={"notice_ids": ["n9"]})
    assert error(missing) == (404, "notice_not_found")
    assert (await world.send(ann, "POST", retry, body={"notice_ids": ["n2"]})).status_code == 200
    left = (await world.send(ann, "GET", f"{HOOKS}/undelivered")).json()["notices"]
    assert [notice["notice_id"] for notice in left] == ["n1", "n3"]
    assert (await world.send(ann, "POST", retry, body={})).status_code == 200
    assert (await world.send(ann, "GET", f"{HOOKS}/undelivered")).json()["notices"] == []
