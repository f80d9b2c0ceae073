"""The history of the event ``OrderPlaced``.

Version 1 is flat and knows limit orders only; version 2 has an order type and nested terms. Both count in
dollars and contracts and trade yes shares. Version 3 is :class:`domain.market.events.OrderPlaced`.

The words of the old versions are written out here, because they must not change when the domain's do.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Payload = dict[str, Any]

_TICKS_PER_DOLLAR = 10_000
_PER_CONTRACT = 100
_MOST_CONTRACTS = 10**9

_Trader = Annotated[str, Field(pattern=r"^[!-~]{1,128}$", description="whose order it is")]
_Price = Annotated[
    Decimal,
    Field(gt=0, lt=1, decimal_places=4),
    WithJsonSchema(
        {
            "type": "number",
            "exclusiveMinimum": 0,
            "exclusiveMaximum": 1,
            "description": "the limit, with at most four decimal places",
            "unit": "dollars",
        }
    ),
]
_Contracts = Annotated[
    Decimal,
    Field(gt=0, le=_MOST_CONTRACTS, decimal_places=2),
    WithJsonSchema(
        {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": _MOST_CONTRACTS,
            "description": "how many, with at most two decimal places",
            "unit": "contracts",
        }
    ),
]


class _Old(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class OrderPlacedV1(_Old):
    """A limit order was accepted."""

    trader_id: _Trader
    price: _Price
    quantity: _Contracts
    side: Literal["buy", "sell"]


class TermsV2(_Old):
    """What was traded at which limit."""

    price: _Price
    quantity: _Contracts


class OrderPlacedV2(_Old):
    """An order was accepted."""

    trader_id: _Trader
    order_type: Literal["limit", "market", "stop"] = "limit"
    terms: TermsV2
    side: Literal["buy", "sell"]


def order_placed_1_to_2(payload: Payload, _event_id: UUID) -> Payload:
    """Add the order type and nest price and quantity. A payload that has terms already stays as it is."""
    if "terms" in payload:
        return payload
    return {
        "trader_id": payload["trader_id"],
        "order_type": "limit",
        "terms": {"price": payload["price"], "quantity": payload["quantity"]},
        "side": payload["side"],
    }


def order_placed_2_to_3(payload: Payload, event_id: UUID) -> Payload:
    """Count in ticks and hundredths, and fill in what orders were before they could be otherwise.

    The order is named after the event that placed it. A payload in version 3 stays as it is.
    """
    if "account_id" in payload:
        return payload
    price = _whole(payload["terms"]["price"], _TICKS_PER_DOLLAR, "price")
    quantity = _whole(payload["terms"]["quantity"], _PER_CONTRACT, "quantity")
    order_type = payload.get("order_type", "limit")
    return {
        "order_id": str(event_id),
        "account_id": payload["trader_id"],
        "client_order_id": "",
        "side": "yes",
        "action": payload["side"],
        "order_type": order_type,
        "terms": {"price_ticks": price, "quantity": quantity},
        "time_in_force": "immediate_or_cancel" if order_type == "market" else "good_till_canceled",
        "expires_at_us": None,
        # One price was all a stop order had: it woke there and traded no worse.
        "stop_price_ticks": price if order_type == "stop" else None,
        "post_only": False,
        "reduce_only": False,
        "self_trade_prevention": "taker_at_cross",
        "order_group_id": None,
        "cancel_on_pause": False,
        "rests": quantity if order_type == "limit" else 0,
        "reserved": price * quantity if payload["side"] == "buy" else 0,
    }


def _whole(value: Decimal | float | str, units: int, name: str) -> int:
    """Return a decimal number in whole units, exactly: by its digits, never by a binary fraction."""
    counted = Fraction(str(value)) * units
    if counted.denominator != 1:
        raise ValueError(f"{name} {value} has too many decimal places")
    return counted.numerator
