"""A consumer group that fails drops its consumers, who hear of it, and is there again for the next one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.eventstore_node.persistent.group import Group
from adapters.eventstore_node.server import running_node
from tests.integration.eventstore_node.cases import noted, revisions, take
from tests.integration.eventstore_node.client_library import Client, ClientError, StreamState

GROUP = "group"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with running_node(tmp_path / "node") as node:
        client = Client(node.uri)
        await client.connect()
        yield client
        await client.close()


@pytest.mark.parametrize("part", ["_follow_stream", "_checkpoint_due"])
async def test_consumers_of_a_group_that_fails_hear_of_it_and_the_next_one_is_served(
    client: Client, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.append_to_stream("s", current_version=StreamState.ANY, events=noted(2))

    def failing(*_: object) -> bool:
        raise RuntimeError("planted")

    with monkeypatch.context() as planted:
        planted.setattr(Group, part, failing)
        await client.create_subscription_to_stream(GROUP, "s")
        consumer = await client.read_subscription_to_stream(GROUP, "s")
        with pytest.raises(ClientError):
            await take(consumer, 3)
        await consumer.stop()
    consumer = await client.read_subscription_to_stream(GROUP, "s")
    assert revisions(await take(consumer, 2)) == [0, 1]
    await consumer.stop()
