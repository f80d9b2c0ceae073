"""What the node says about itself: gossip and the calls it supports."""

import socket
import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

from adapters.eventstore_node import messages
from adapters.eventstore_node.calls import Call, Handler

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


_ALL_ADDRESSES = ("", "0.0.0.0", "::")  # noqa: S104 (they are only told apart)
_GOSSIP = "/event_store.client.gossip.Gossip/Read"
_SUPPORTED_METHODS = "/event_store.client.server_features.ServerFeatures/GetSupportedMethods"
OPEN_TO_ALL = (_GOSSIP, _SUPPORTED_METHODS)
"""What clients ask before they say who they are."""


class NodeServices:
    """A cluster of one, and a list of what it can do."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._instance = str(uuid4())
        self._address = ("", 0)

    def routes(self) -> dict[str, Handler]:
        """Return the handlers by path."""
        return {_GOSSIP: self.gossip, _SUPPORTED_METHODS: self.supported_methods}

    def listens_on(self, host: str, port: int) -> None:
        """Note where clients find the node: by the machine's name if it listens on all addresses."""
        self._address = (socket.gethostname() if host in _ALL_ADDRESSES else host, port)

    async def gossip(self, call: Call) -> None:
        """Name the only member, which leads."""
        info = messages.ClusterInfo()
        member = info.members.add()
        member.instance_id.string = self._instance
        member.time_stamp = time.time_ns() // 100
        member.state = messages.MemberInfo.VNodeState.Value("Leader")
        member.is_alive = True
        member.http_end_point.address, member.http_end_point.port = self._address
        await call.send(info.SerializeToString())

    async def supported_methods(self, call: Call) -> None:
        """List the calls, in lower case as EventStoreDB does."""
        supported = messages.SupportedMethods(event_store_server_version=SERVER_VERSION)
        for path in sorted(path.lower() for path in (*self._paths, *OPEN_TO_ALL)):
            service, method = path.removeprefix("/").split("/")
            supported.methods.add(service_name=service, method_name=method, features=FEATURES.get(path, ()))
        await call.send(supported.SerializeToString())
