"""All consumer groups of the node, and the stream in which their settings are kept."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import orjson

from adapters.eventstore_node.calls import CallRefused, Status
from adapters.eventstore_node.persistent.group import Group, Tools
from adapters.eventstore_node.persistent.settings import (
    ALL,
    FROM_END,
    GroupKey,
    GroupSettings,
    from_document,
    to_document,
)
from adapters.eventstore_node.reader import StreamNotFound, StreamRange
from adapters.eventstore_node.versioning import ANY
from application.ports.event_store import NewEvent

GROUPS_MAX = 1_000
"""How many groups there may be: the settings of all of them are kept in one event."""

CONFIG_STREAM = "$persistentSubscriptionConfig"
CONFIG_TYPE = "$PersistentConfig1"


class Groups:
    """Creates, changes, removes and finds groups. One change at a time."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._groups: dict[GroupKey, Group] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Start the groups that were there when the node stopped."""
        try:
            wanted = StreamRange(CONFIG_STREAM, -1, backwards=True, limit=1)
            async for page in self._tools.reader.read_stream(wanted):
                for document in orjson.loads(page[0].original.data)["entries"]:
                    await self._start(*from_document(document))
        except StreamNotFound:
            return

    async def close(self) -> None:
        """Stop all groups."""
        await asyncio.gather(*(group.close() for group in self._groups.values()))

    def all(self) -> list[Group]:
        """Return the groups, ordered by source and name."""
        return [self._groups[key] for key in sorted(self._groups)]

    def get(self, key: GroupKey) -> Group:
        """Return a group, or refuse."""
        group = self._groups.get(key)
        if group is None:
            message = f"Subscription group {key.name} on stream {key.source} does not exist."
            raise _refusal(Status.NOT_FOUND, "persistent-subscription-does-not-exist", message, key)
        return group

    async def create(self, key: GroupKey, settings: GroupSettings) -> None:
        """Add a group."""
        async with self._changing:
            if key in self._groups:
                message = f"Subscription group {key.name} on stream {key.source} exists."
                raise _refusal(Status.ALREADY_EXISTS, "persistent-subscription-exists", message, key)
            settings.admits()
            _check(key, settings)
            if len(self._groups) >= GROUPS_MAX:
                raise CallRefused(Status.RESOURCE_EXHAUSTED, f"there are {GROUPS_MAX} subscription groups")
            await self._start(key, await self._from_end(key, settings, None))
            await self._store()

    async def update(self, key: GroupKey, settings: GroupSettings) -> None:
        """Change a group's settings; its consumers are dropped and connect again."""
        async with self._changing:
            group = self.get(key)
            _check(key, settings)
            await group.close()
            await self._start(key, await self._from_end(key, settings, group.settings.end_was))
            await self._store()

    async def delete(self, key: GroupKey) -> None:
        """Remove a group and what it kept."""
        async with self._changing:
            group = self.get(key)
            await group.close()
            del self._groups[key]
            await self._store()
            await group.forget()

    async def restart(self) -> None:
        """Stop and start all groups."""
        async with self._changing:
            for group in self.all():
                await group.close()
                await self._start(group.key, group.settings)

    async def revive(self, group: Group) -> Group:
        """Start a group again that one of its consumers has stopped."""
        async with self._changing:
            current = self.get(group.key)
            if current.stopped.done():
                await self._start(current.key, current.settings)
        return self.get(group.key)

    async def _from_end(self, key: GroupKey, settings: GroupSettings, end_was: int | None) -> GroupSettings:
        """Note where the end is, once: it must mean the same after a restart."""
        if settings.start_from != FROM_END:
            return settings
        if end_was is None:
            tools = self._tools
            of_all = key.source == ALL
            end_was = await (tools.engine.head() if of_all else tools.follower.last_revision(key.source))
        return replace(settings, end_was=end_was)

    async def _start(self, key: GroupKey, settings: GroupSettings) -> None:
        group = Group(key, settings, self._tools)
        self._groups[key] = group
        await group.start()

    async def _store(self) -> None:
        entries = [to_document(group.key, group.settings) for group in self.all()]
        event = NewEvent(id=uuid4(), type=CONFIG_TYPE, data=orjson.dumps({"entries": entries}))
        await self._tools.appender.append(CONFIG_STREAM, [event], ANY)


def _refusal(status: Status, exception: str, message: str, key: GroupKey) -> CallRefused:
    trailers = [("exception", exception), ("stream-name", key.source), ("group-name", key.name)]
    return CallRefused(status, message, trailers)


def _check(key: GroupKey, settings: GroupSettings) -> None:
    if (fault := settings.fault) is not None:
        message = f"Subscription group {key.name} on stream {key.source} failed: '{fault}'"
        refusal = _refusal(Status.INTERNAL, "persistent-subscription-failed", message, key)
        refusal.trailers += (("reason", fault),)
        raise refusal


def too_many_consumers(key: GroupKey) -> CallRefused:
    """Return the refusal of one consumer too many."""
    message = f"Maximum subscriptions reached for subscription group '{key.name}' on '{key.source}'"
    return _refusal(Status.FAILED_PRECONDITION, "maximum-subscribers-reached", message, key)


def dropped(key: GroupKey) -> CallRefused:
    """Return what the consumers of a group hear that was changed, stopped or removed."""
    message = f"Subscription group {key.name} on stream {key.source} was dropped."
    return _refusal(Status.CANCELLED, "persistent-subscription-dropped", message, key)
