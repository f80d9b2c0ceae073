"""A user of Presage's own on EventStoreDB, with the rights that it needs and no others."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import grpc  # type: ignore[import-untyped]
import orjson

from adapters.event_stores.eventstoredb_address import make_client
from adapters.event_stores.eventstoredb_client import (
    Client,
    ClientEvent,
    GrpcError,
    NotFound,
    StreamState,
    responses,
)
from adapters.event_stores.eventstoredb_errors import read_errors
from adapters.event_stores.eventstoredb_leader import Leader
from adapters.eventstore_node.messages import CreateUserReq, ResetPasswordReq
from application.ports.event_store import StoreMisconfigured

ADMIN = "admin"
GROUP = "presage"
SETTINGS, DEFAULT_ACL = "$settings", "update-default-acl"
METADATA_OF_ALL, METADATA = "$$$all", "$metadata"
_USERS = "/event_store.client.users.Users"
_TIMEOUT_S = 5.0
_ADMINS = "$admins"
_NOBODY_ELSE = {right: [_ADMINS] for right in ("$r", "$w", "$d", "$mr", "$mw")}


async def make_user(address: str, admin_password: str, root_certificates: bytes | None = None) -> str:
    """Give the user whom an address names its password, and its group its rights; return its name.

    The group may read and write the streams of users, and read ``$all``. What others may do stays, but
    streams are closed to those who were never given a right to them. May be repeated.
    """
    name, password = _user_of(address)
    client = make_client(_as_admin(address, admin_password), root_certificates)
    leader = Leader(client)
    try:
        await leader.reached()
        with read_errors("manage users, which is for $admins"):
            await _give_password(client, name, password)
            await _let_group_in(client)
    finally:
        await leader.close()
        await client.close()
    return name


def _user_of(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    if not (parts.username and parts.password):
        raise StoreMisconfigured("the address names no user and password that could be made on EventStoreDB")
    if parts.username == ADMIN:
        raise StoreMisconfigured(
            f"the address names {ADMIN}; write the name of a user of Presage's own there"
        )
    return unquote(parts.username), unquote(parts.password)


def _as_admin(address: str, password: str) -> str:
    parts = urlsplit(address)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{ADMIN}:{quote(password, safe='')}@{place}"))


async def _give_password(client: Client, name: str, password: str) -> None:
    create = CreateUserReq()
    create.options.login_name, create.options.password = name, password
    create.options.full_name = "Presage"
    create.options.groups.append(GROUP)
    try:
        await _manage(client, "Create", create)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise GrpcError(error) from error
    else:
        return
    reset = ResetPasswordReq()
    reset.options.login_name, reset.options.new_password = name, password
    try:
        await _manage(client, "ResetPassword", reset)
    except grpc.RpcError as error:
        raise GrpcError(error) from error


async def _manage(client: Client, call: str, request: Any) -> None:
    await client.ask(
        f"{_USERS}/{call}", request.SerializeToString(), through=client.connection, timeout_s=_TIMEOUT_S
    )


async def _let_group_in(client: Client) -> None:
    acl = await _last(client, SETTINGS)
    wanted = {
        **acl,
        "$userStreamAcl": _admitting(acl.get("$userStreamAcl", _NOBODY_ELSE), "$r", "$w"),
        "$systemStreamAcl": acl.get("$systemStreamAcl", _NOBODY_ELSE),
    }
    await _write(client, SETTINGS, DEFAULT_ACL, acl, wanted)
    metadata = await _last(client, METADATA_OF_ALL)
    admitted = {**metadata, "$acl": _admitting(metadata.get("$acl", {"$r": [_ADMINS]}), "$r")}
    await _write(client, METADATA_OF_ALL, METADATA, metadata, admitted)


def _admitting(acl: Mapping[str, Any], *rights: str) -> dict[str, Any]:
    return {**acl, **{right: _with_group(acl.get(right, [_ADMINS])) for right in rights}}


def _with_group(named: str | list[str]) -> list[str]:
    names = [named] if isinstance(named, str) else named
    return names if GROUP in names else [*names, GROUP]


async def _last(client: Client, stream: str) -> dict[str, Any]:
    try:
        async with responses(client.read_stream(stream, backwards=True, limit=1)) as records:
            async for record in records:
                return dict(orjson.loads(record.data))
    except NotFound:
        pass
    return {}


async def _write(client: Client, stream: str, kind: str, had: object, wanted: object) -> None:
    if wanted == had:
        return
    event = ClientEvent(type=kind, data=orjson.dumps(wanted))
    await client.append_to_stream(stream, current_version=StreamState.ANY, events=[event], timeout=_TIMEOUT_S)
