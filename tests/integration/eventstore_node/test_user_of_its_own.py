"""``presage eventstore-user``: what it asks of EventStoreDB, and that Presage works as that user.

The node knows users and passwords but no rights. That these are enough was measured on genuine servers; here
it is held that they are given, and no others.
"""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from adapters.event_stores.eventstoredb import EventStoreDBStore
from adapters.event_stores.eventstoredb_user import make_user
from adapters.eventstore_node.calls import Call, CallRefused, Handler, Status
from adapters.eventstore_node.messages import CreateUserReq, ResetPasswordReq
from adapters.eventstore_node.node_services import NodeServices
from adapters.eventstore_node.requests import only_message
from adapters.eventstore_node.security import Tls
from adapters.eventstore_node.server import Node, running_node
from application.ports.event_store import NO_STREAM, NewEvent, StoreMisconfigured
from tests.acceptance.presage_process import presage_here
from tests.integration.eventstore_node.cases import revisions_of
from tests.integration.eventstore_node.client_library import Client, StreamState
from tests.integration.eventstore_node.client_library import NewEvent as ClientEvent

ADMIN_PASSWORD = "so/me@where?%41"
PASSWORD = "slashes/and%at@signs"
IN_ADDRESS = "slashes%2Fand%25at%40signs"


class Users:
    """The part of a server that manages users, as far as Presage asks it."""

    def __init__(self) -> None:
        self.passwords = {"admin": ADMIN_PASSWORD}
        self.groups: dict[str, list[str]] = {}

    def routes(self) -> dict[str, Handler]:
        path = "/event_store.client.users.Users"
        return {f"{path}/Create": self.create, f"{path}/ResetPassword": self.reset}

    async def create(self, call: Call) -> None:
        options = (await only_message(call, CreateUserReq)).options
        if options.login_name in self.passwords:
            raise CallRefused(Status.ALREADY_EXISTS, "User already exists")
        self.passwords[options.login_name] = options.password
        self.groups[options.login_name] = list(options.groups)
        await call.send(b"")

    async def reset(self, call: Call) -> None:
        options = (await only_message(call, ResetPasswordReq)).options
        self.passwords[options.login_name] = options.new_password
        await call.send(b"")


@pytest.fixture
def users() -> Users:
    return Users()


@pytest.fixture
async def node(users: Users, certificate: Tls, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    usual = NodeServices.routes
    monkeypatch.setattr(NodeServices, "routes", lambda self: usual(self) | users.routes())
    async with running_node(None, tls=certificate, users=users.passwords) as node:
        yield node


def address(node: Node, user: str) -> str:
    return f"esdb://{user}@{node.host}:{node.port}"


async def last(client: Client, stream: str) -> Any:
    [event] = await client.get_stream(stream, backwards=True, limit=1)
    return event.type, json.loads(event.data)


@pytest.fixture
async def admin(node: Node, certificate: Tls) -> AsyncIterator[Client]:
    # The library takes what is in an address as it is.
    client = Client(address(node, "admin:x"), root_certificates=certificate.certificate.read_bytes())
    client._call_credentials = client.construct_call_credentials("admin", ADMIN_PASSWORD)
    await client.connect()
    yield client
    await client.close()


async def test_a_user_is_made_that_may_read_and_write_streams_and_read_all(
    node: Node, certificate: Tls, users: Users, admin: Client
) -> None:
    root = certificate.certificate.read_bytes()
    own = address(node, f"presage:{IN_ADDRESS}")
    assert await make_user(own, ADMIN_PASSWORD, root) == "presage"
    assert users.groups == {"presage": ["presage"]}
    assert users.passwords["presage"] == PASSWORD
    kind, acl = await last(admin, "$settings")
    assert kind == "update-default-acl"
    assert acl == {
        "$userStreamAcl": {
            "$r": ["$admins", "presage"],
            "$w": ["$admins", "presage"],
            **{key: ["$admins"] for key in ("$d", "$mr", "$mw")},
        },
        "$systemStreamAcl": {key: ["$admins"] for key in ("$r", "$w", "$d", "$mr", "$mw")},
    }
    assert await last(admin, "$$$all") == ("$metadata", {"$acl": {"$r": ["$admins", "presage"]}})
    store = await EventStoreDBStore.connect(own, root_certificates=root)
    await store.append("a", [NewEvent(id=uuid4(), type="Noted", data=b"{}")], expected=NO_STREAM)
    assert len([event async for page in store.read_all() for event in page.events]) == 1
    await store.close()


async def test_it_may_be_repeated_with_another_password_and_leaves_the_rights_of_others(
    node: Node, certificate: Tls, users: Users, admin: Client
) -> None:
    root = certificate.certificate.read_bytes()
    others: dict[str, Any] = {
        "$userStreamAcl": {"$r": "readers", "$w": ["writers"]},
        "$systemStreamAcl": {"$r": "$ops"},
    }
    for stream, kind, data in (
        ("$settings", "update-default-acl", others),
        ("$$$all", "$metadata", {"$acl": {"$r": ["readers"], "$mr": "$ops"}, "colour": "red"}),
    ):
        event = ClientEvent(type=kind, data=json.dumps(data).encode())
        await admin.append_to_stream(stream, current_version=StreamState.ANY, events=[event])
    await make_user(address(node, "presage:first"), ADMIN_PASSWORD, root)
    await make_user(address(node, f"presage:{IN_ADDRESS}"), ADMIN_PASSWORD, root)
    assert users.passwords["presage"] == PASSWORD
    _, acl = await last(admin, "$settings")
    assert acl == {
        "$userStreamAcl": {"$r": ["readers", "presage"], "$w": ["writers", "presage"]},
        "$systemStreamAcl": {"$r": "$ops"},
    }
    _, metadata = await last(admin, "$$$all")
    assert metadata == {"$acl": {"$r": ["readers", "presage"], "$mr": "$ops"}, "colour": "red"}
    assert await revisions_of(admin, "$settings") == [0, 1], "what is there already is not written again"


@pytest.mark.parametrize(
    ("user", "said"), [("admin:x", "a user of Presage's own"), ("presage", "names no user and password")]
)
async def test_an_address_that_names_no_user_of_its_own_is_refused(user: str, said: str) -> None:
    with pytest.raises(StoreMisconfigured, match=said):
        await make_user(f"esdb://{user}@node:2113", ADMIN_PASSWORD)


async def test_a_wrong_password_of_the_admin_is_told(node: Node, certificate: Tls) -> None:
    with pytest.raises(StoreMisconfigured, match="does not know this user name with this password"):
        await make_user(address(node, "presage:x"), "wrong", certificate.certificate.read_bytes())


def test_a_log_of_another_kind_has_no_users() -> None:
    ended = presage_here("eventstore-user", "--json")
    assert (ended.status, ended.json["error"]["code"]) == (1, "invalid_setting")
    assert "only EventStoreDB has users" in ended.json["error"]["message"]
