"""The history of the event ``OrderCanceled``.

Version 2 knows one more reason, ``reduce_only``, and version 3 ``pairs_redeemed``; nothing else differs. The
reasons of older versions are written out here, because they must not change when the domain's do.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.fields import CONTRACTS, LARGEST

Payload = dict[str, Any]


class _Canceled(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    order_id: Annotated[str, Field(pattern=r"^[!-~]{1,128}$", description="an order")]
    account_id: Annotated[str, Field(pattern=r"^[!-~]{1,128}$", description="an account")]
    quantity: Annotated[
        int,
        Field(ge=1, le=LARGEST, description="a number of contracts", json_schema_extra={"unit": CONTRACTS}),
    ]


class OrderCanceledV1(_Canceled):
    """What was left of an order, `quantity`, was taken off."""

    reason: Annotated[
        Literal[
            "requested",
            "immediate_or_cancel",
            "fill_or_kill",
            "expired",
            "self_trade_prevention",
            "order_group_triggered",
            "market_paused",
            "market_closed",
            "market_voided",
            "condition_failed",
            "fill_limit",
        ],
        Field(description="Why what was left of an order did not trade."),
    ]


class OrderCanceledV2(_Canceled):
    """What was left of an order, `quantity`, was taken off."""

    reason: Annotated[
        Literal[
            "requested",
            "immediate_or_cancel",
            "fill_or_kill",
            "expired",
            "self_trade_prevention",
            "order_group_triggered",
            "market_paused",
            "market_closed",
            "market_voided",
            "condition_failed",
            "reduce_only",
            "fill_limit",
        ],
        Field(description="Why what was left of an order did not trade."),
    ]


def order_canceled_1_to_2(payload: Payload, _event_id: UUID) -> Payload:
    """Leave everything as it is: version 2 only allows for more."""
    return payload


def order_canceled_2_to_3(payload: Payload, _event_id: UUID) -> Payload:
    """Leave everything as it is: version 3 only allows for more."""
    return payload
