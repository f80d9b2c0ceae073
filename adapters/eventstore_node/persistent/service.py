"""The calls of ``event_store.client.persistent_subscriptions.PersistentSubscriptions``."""

import asyncio
from typing import Any

from adapters.eventstore_node import messages
from adapters.eventstore_node.calls import Call, CallRefused, Handler, Status
from adapters.eventstore_node.persistent.dispatch import Consumer, Message
from adapters.eventstore_node.persistent.group import Group
from adapters.eventstore_node.persistent.groups import Groups, dropped, too_many_consumers
from adapters.eventstore_node.persistent.info import describe
from adapters.eventstore_node.persistent.settings import ALL, GroupKey, Nack, group_from
from adapters.eventstore_node.refusals import told_to_the_client
from adapters.eventstore_node.requests import event_id, id_encoder, only_message, stream_name
from adapters.eventstore_node.security import user_of
from adapters.eventstore_node.wire import IdEncoder, persistent_response

_SERVICE = "/event_store.client.persistent_subscriptions.PersistentSubscriptions"
_EMPTY = b""

SLOTS_MAX = 4_096
"""How many events a consumer has at most before it has answered, however many it would take."""


class PersistentService:
    """Serves consumer groups."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups

    def routes(self) -> dict[str, Handler]:
        """Return the handlers by path."""
        return {
            f"{_SERVICE}/Create": self.create,
            f"{_SERVICE}/Update": self.update,
            f"{_SERVICE}/Delete": self.delete,
            f"{_SERVICE}/Read": self.read,
            f"{_SERVICE}/GetInfo": self.get_info,
            f"{_SERVICE}/ReplayParked": self.replay_parked,
            f"{_SERVICE}/List": self.list_groups,
            f"{_SERVICE}/RestartSubsystem": self.restart,
        }

    async def create(self, call: Call) -> None:
        """Create a group."""
        key, settings = group_from((await only_message(call, messages.PersistentCreateReq)).options)
        with told_to_the_client():
            await self._groups.create(key, settings)
        await call.send(_EMPTY)

    async def update(self, call: Call) -> None:
        """Change a group; its filter stays."""
        key, settings = group_from((await only_message(call, messages.PersistentCreateReq)).options)
        with told_to_the_client():
            await self._groups.update(key, settings)
        await call.send(_EMPTY)

    async def delete(self, call: Call) -> None:
        """Remove a group."""
        options = (await only_message(call, messages.PersistentDeleteReq)).options
        with told_to_the_client():
            await self._groups.delete(_key(options))
        await call.send(_EMPTY)

    async def get_info(self, call: Call) -> None:
        """Describe a group."""
        options = (await only_message(call, messages.PersistentGetInfoReq)).options
        info = await describe(self._groups.get(_key(options)))
        await call.send(messages.PersistentGetInfoResp(subscription_info=info).SerializeToString())

    async def list_groups(self, call: Call) -> None:
        """Describe all groups, or those of one source."""
        options = (await only_message(call, messages.PersistentListReq)).options
        groups = self._groups.all()
        if options.WhichOneof("list_option") == "list_for_stream":
            wanted = options.list_for_stream
            of_all = wanted.WhichOneof("stream_option") == "all"
            source = ALL if of_all else stream_name(wanted.stream)
            groups = [group for group in groups if group.key.source == source]
            if not groups:
                raise CallRefused(
                    Status.NOT_FOUND,
                    f"no subscription groups on {source}",
                    [("exception", "persistent-subscription-does-not-exist"), ("stream-name", source)],
                )
        response = messages.PersistentListResp(subscriptions=[await describe(group) for group in groups])
        await call.send(response.SerializeToString())

    async def replay_parked(self, call: Call) -> None:
        """Give a group its parked events again."""
        options = (await only_message(call, messages.PersistentReplayParkedReq)).options
        limited = options.WhichOneof("stop_at_option") == "stop_at"
        with told_to_the_client():
            await self._groups.get(_key(options)).replay_parked(options.stop_at if limited else None)
        await call.send(_EMPTY)

    async def restart(self, call: Call) -> None:
        """Restart all groups."""
        with told_to_the_client():
            await self._groups.restart()
        await call.send(_EMPTY)

    async def read(self, call: Call) -> None:
        """Connect a consumer, until it or the group goes away."""
        options = (await only_message(call, messages.PersistentReadReq)).options
        group = self._groups.get(_key(options))
        if group.stopped.done():
            group = await self._groups.revive(group)
        limit = group.settings.max_subscriber_count
        if limit and len(group.dispatcher.consumers) >= limit:
            raise too_many_consumers(group.key)
        await _Session(call, group, options).run()


class _Session:
    """A consumer's connection: events out, acknowledgements in."""

    def __init__(self, call: Call, group: Group, options: Any) -> None:
        self._call = call
        self._group = group
        self._encode_id: IdEncoder = id_encoder(options)
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._consumer = Consumer(
            self._outbox.put_nowait,
            slots=min(max(options.buffer_size, 1), SLOTS_MAX),
            peer=call.peer,
            name=call.headers.get("connection-name", ""),
            user=user_of(call.headers)[0] or "anonymous",
        )

    async def run(self) -> None:
        response = messages.PersistentReadResp()
        response.subscription_confirmation.subscription_id = self._group.key.subscription_id
        await self._call.send(response.SerializeToString())
        self._group.connect(self._consumer)
        sending = asyncio.create_task(self._send())
        receiving = asyncio.create_task(self._receive())
        try:
            await asyncio.wait((sending, receiving, self._group.stopped), return_when=asyncio.FIRST_COMPLETED)
            for task in (sending, receiving):
                if task.done():
                    task.result()
        finally:
            sending.cancel()
            receiving.cancel()
            await self._group.disconnect(self._consumer)
        if self._group.stopped.done():
            raise dropped(self._group.key)

    async def _send(self) -> None:
        while True:
            waiting = [await self._outbox.get()]
            while not self._outbox.empty():
                waiting.append(self._outbox.get_nowait())
            await self._call.send(
                *[persistent_response(m.delivered, m.retries, self._encode_id) for m in waiting]
            )

    async def _receive(self) -> None:
        while (raw := await self._call.receive()) is not None:
            request = messages.PersistentReadReq.FromString(raw)
            kind = request.WhichOneof("content")
            if kind == "ack":
                self._group.acknowledge(self._consumer, [event_id(each) for each in request.ack.ids])
            elif kind == "nack":
                nack = request.nack
                ids = [event_id(each) for each in nack.ids]
                await self._group.refuse(self._consumer, ids, Nack(nack.action), nack.reason)


def _key(options: Any) -> GroupKey:
    of_all = options.WhichOneof("stream_option") == "all"
    return GroupKey(ALL if of_all else stream_name(options.stream_identifier), options.group_name)
