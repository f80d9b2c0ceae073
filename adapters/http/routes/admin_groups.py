"""Operators: listing groups of mutually exclusive markets and ending them."""

from typing import Any

from adapters.http.operations import Call, NoQuery, Reply
from adapters.http.outcomes import written
from adapters.http.requests import admin as r
from adapters.http.requests.orders import NothingBody
from adapters.http.route_names import refuse_name
from adapters.http.routes.operator_commands import operator_command
from domain.identifiers import GroupId

Determined = Call[NoQuery, r.DetermineGroupBody]
Reasoned = Call[NoQuery, r.ReasonBody]


def _group(call: Call[NoQuery, Any]) -> GroupId:
    return GroupId(call.path["group_id"])


async def create_group(call: Call[NoQuery, r.GroupBody]) -> Reply:
    """List a group."""
    refuse_name(call.port.route_names, "group_id", call.body.group_id)
    refuse_name(call.port.route_names, "series", call.body.series)
    return written(await call.port.exchange.operations.create_group(call.body.command()))


async def determine(call: Determined) -> Reply:
    """State which market is yes."""
    body = call.body
    return written(
        await call.port.exchange.operations.determine_group(_group(call), body.winner_ticker, body.evidence)
    )


async def dispute(call: Reasoned) -> Reply:
    """Contest a group's result."""
    return written(await call.port.exchange.operations.dispute_group(_group(call), call.body.reason))


async def finalize(call: Call[NoQuery, NothingBody]) -> Reply:
    """Let a group's result stand."""
    return written(await call.port.exchange.operations.finalize_group(_group(call)))


async def resolve(call: Determined) -> Reply:
    """Determine and finalize a group in one go."""
    body = call.body
    return written(
        await call.port.exchange.operations.resolve_group(_group(call), body.winner_ticker, body.evidence)
    )


async def void(call: Reasoned) -> Reply:
    """End every market of a group without a result."""
    return written(await call.port.exchange.operations.void_group(_group(call), call.body.reason))


GROUPS = "/admin/v1/groups"
GROUP = f"{GROUPS}/{{group_id}}"

ROUTES = (
    operator_command(
        GROUPS, create_group, "List a group of mutually exclusive markets", r.GroupBody, status=201
    ),
    operator_command(
        f"{GROUP}/determine",
        determine,
        "State which market of a group is yes; all its markets close",
        r.DetermineGroupBody,
    ),
    operator_command(f"{GROUP}/dispute", dispute, "Contest a group's result", r.ReasonBody),
    operator_command(
        f"{GROUP}/finalize", finalize, "Let a group's result stand in all its markets at once", NothingBody
    ),
    operator_command(
        f"{GROUP}/resolve", resolve, "Determine and finalize a group in one go", r.DetermineGroupBody
    ),
    operator_command(f"{GROUP}/void", void, "End every market of a group without a result", r.ReasonBody),
)
