"""Secrets that are known, a lively exchange of which everything is logged, and not one of them in a line."""

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.cli.logs import Discreet
from adapters.data_folder import DataFolder
from tests.acceptance.presage_process import presage
from tests.integration.http.world import ADMIN, ORDERS, Person, World, a_world
from tests.unit.http.keys import signed_headers

PASSWORD, NEW_PASSWORD, WRONG = "hunter2-hunter2-hunter2", "correct-horse-battery", "wrong-horse-battery"
TOKEN = "token-of-the-monitoring-0123456789"

CALLERS = ("httpx", "httpcore")
"""Those who send the requests here, and say what they send."""


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Collect what every logger says, libraries and all, as it would be written at the lowest level."""
    written: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(CALLERS):
                written.append(self.format(record))

    collector = Collector(logging.DEBUG)
    collector.setFormatter(Discreet("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    before = root.level, {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict}
    root.addHandler(collector)
    root.setLevel(logging.DEBUG)
    for name in before[1]:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield written
    root.removeHandler(collector)
    root.setLevel(before[0])
    for name, level in before[1].items():
        logging.getLogger(name).setLevel(level)


async def lively(world: World, ann: Person, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Do what is done in an exchange, well and badly; return the secrets that were used."""
    secrets = {PASSWORD, NEW_PASSWORD, WRONG, TOKEN}
    send, base = world.send, "/trade-api/v2"
    signed = signed_headers(ann.key_id, ann.private_pem, "GET", f"{base}/portfolio/balance")
    secrets |= {value for name, value in signed.items() if "signature" in name.lower()}
    await world.client.get(f"{base}/portfolio/balance", headers=signed)
    for person in (ann, None):
        await world.place(ann)
        await send(person, "POST", ORDERS, content=b'{"password": "' + WRONG.encode() + b'"')
        await send(person, "GET", f"{base}/markets/{WRONG}?password={WRONG}")
    await send(None, "POST", f"{base}/accounts", body={"account_id": "zoe", "password": PASSWORD})
    for password in (WRONG, PASSWORD):
        answer = await send(
            None, "POST", f"{base}/login", body={"account_id": "zoe", "password": password, "x": 1}
        )
        answer = await send(None, "POST", f"{base}/login", body={"account_id": "zoe", "password": password})
        secrets |= {value for name, value in world.client.cookies.items() if "session" in name.lower()}
        secrets |= {cookie.split("=", 1)[1].split(";")[0] for cookie in answer.headers.get_list("set-cookie")}
    change = {"password": PASSWORD, "new_password": NEW_PASSWORD}
    origin = {"Origin": "http://presage", "Sec-Fetch-Site": "same-origin"}
    await send(None, "POST", f"{base}/account/password", body=change, headers=origin)
    secrets |= set(world.client.cookies.values())
    await send(None, "GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    made = await send(ann, "POST", f"{base}/api_keys/generate", body={"name": "another"})
    secrets |= {line for line in made.json().get("private_key", "").splitlines() if len(line) > 30}
    secrets |= {line for line in ann.private_pem.splitlines() if len(line) > 30 and "KEY" not in line}

    async def broken(*_: object) -> None:
        raise RuntimeError(f"postgresql://presage:{PASSWORD}@db/presage password={NEW_PASSWORD}")

    with monkeypatch.context() as patched:
        patched.setattr(world.presage.exchange.trading, "place", broken)
        assert (await world.place(ann)).status_code == 500
    return {secret for secret in secrets if len(secret) > 8}


async def test_no_secret_of_a_lively_exchange_is_in_any_line_of_any_logger(
    tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world(tmp_path, metrics_token=TOKEN, sign_up=True) as world:
        operator, ann = await world.operator(), await world.person("ann", dollars=100)
        await world.market(operator)
        secrets = await lively(world, ann, monkeypatch)
        await world.send(operator, "GET", f"{ADMIN}/alerts")
        folder: DataFolder = world.presage.folder
        webhook_key = folder.webhook_key()
    key = base64.b64encode(webhook_key.private_bytes_raw()).decode()
    secrets.add(key)
    whole = "\n".join(lines)
    assert len(lines) > 20
    assert "RuntimeError" in whole
    assert len(secrets) > 8
    assert not [secret for secret in secrets if secret in whole]


@pytest.mark.parametrize(
    "name",
    ["REDIS_URL=redis://:{secret}@127.0.0.1:1/0", "PRESAGE_EVENT_STORE=esdb://presage:{secret}@[bad:1"],
)
def test_no_address_is_told_with_its_password(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable, _, value = name.partition("=")
    monkeypatch.setenv(variable, value.format(secret="s3cret-s3cret"))
    for command in (("verify",), ("queue", "list"), ("serve", "--port", "99999")):
        done = presage(*command, "--data", tmp_path)
        assert done.status != 0, command
        assert "s3cret" not in done.stdout + done.stderr, command
