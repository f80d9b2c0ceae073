"""What the node says about itself: gossip and the calls it supports."""

import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

from adapters.eventstore_node import messages
from adapters.eventstore_node.http2.call import Call

SERVER_VERSION = "24.10.5"
"""The version of EventStoreDB whose behaviour the node follows."""

FEATURES: Mapping[str, Sequence[str]] = {
    "/event_store.client.persistent_subscriptions.persistentsubscriptions/create": ("stream", "all"),
    "/event_store.client.persistent_subscriptions.persistentsubscriptions/update": ("stream", "all"),
    "/event_store.client.persistent_subscriptions.persistentsubscriptions/delete": ("stream", "all"),
    "/event_store.client.persistent_subscriptions.persistentsubscriptions/read": ("stream", "all"),
    "/event_store.client.persistent_subscriptions.persistentsubscriptions/getinfo": ("stream", "all"),
    "/event_store.client.persistent_subscriptions.persistentsubscriptions/replayparked": ("stream", "all"),
    "/event_store.client.persistent_subscriptions.persistentsubscriptions/list": ("stream", "all"),
}
"""What some calls can do beyond their first version."""


class NodeServices:
    """A cluster of one, and a list of what it can do."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._instance = str(uuid4())

    async def gossip(self, call: Call) -> None:
        """Name the only member, which leads, at the address by which this client has reached it."""
        host, _, port = call.headers.get(":authority", "").rpartition(":")
        info = messages.ClusterInfo()
        member = info.members.add()
        member.instance_id.string = self._instance
        member.time_stamp = time.time_ns() // 100
        member.state = messages.MemberInfo.VNodeState.Value("Leader")
        member.is_alive = True
        member.http_end_point.address = host
        member.http_end_point.port = int(port) if port.isdigit() else 0
        await call.send(info.SerializeToString())

    async def supported_methods(self, call: Call) -> None:
        """List the calls, in lower case as EventStoreDB does."""
        supported = messages.SupportedMethods(event_store_server_version=SERVER_VERSION)
        for path in sorted({path.lower() for path in self._paths}):
            service, method = path.removeprefix("/").split("/")
            supported.methods.add(service_name=service, method_name=method, features=FEATURES.get(path, ()))
        await call.send(supported.SerializeToString())
