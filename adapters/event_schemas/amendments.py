"""The history of the events of an amendment, which had no id of its own in their first version.

Amendments of one order could not be told apart then, and count together: their id is that of the order.

The words of the old version are written out here, because they must not change when the domain's do.
"""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from adapters.event_schemas.order_placed import Payload

_MOST_TICKS = 9_999
_LARGEST = 2**63 - 1

_TICKS = "ticks of $0.0001"
_HUNDREDTHS = "hundredths of a contract"
_MICROS = "millionths of a dollar"

_PRINTABLE = r"^[!-~]{1,128}$"
_TICKER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
_CLIENT_ORDER_ID = r"^[A-Za-z0-9_:+=/-]{0,64}$"

_Order = Annotated[str, Field(pattern=_PRINTABLE, description="an order")]
_Account = Annotated[str, Field(pattern=_PRINTABLE, description="an account")]
_Market = Annotated[str, Field(pattern=_TICKER, description="a market")]
_ClientId = Annotated[
    str, Field(pattern=_CLIENT_ORDER_ID, description="the client's own name for the order; may be empty")
]


def _whole(meaning: str, unit: str, low: int, high: int) -> tuple[object, ...]:
    rule = {"type": "integer", "minimum": low, "maximum": high, "description": meaning, "unit": unit}
    return Field(ge=low, le=high, decimal_places=0), WithJsonSchema(rule)


_Price = Annotated[Decimal, *_whole("a price", _TICKS, 1, _MOST_TICKS)]
_Contracts = Annotated[Decimal, *_whole("a number of contracts", _HUNDREDTHS, 0, _LARGEST)]
_Money = Annotated[Decimal, *_whole("an amount of money", _MICROS, 0, _LARGEST)]
_Revision = Annotated[
    Decimal, *_whole("the market's event that is booked", "revision of the market's stream", 0, _LARGEST)
]


class _Old(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class OrderAmendedV1(_Old):
    """An order got a new price or quantity."""

    model_config = ConfigDict(
        json_schema_extra={
            "description": "An order got a new price or quantity and went to the back of the queue at its "
            "price. `extra` is the money that was set aside for the amendment on top of what the order held."
        }
    )

    order_id: _Order
    account_id: _Account
    client_order_id: _ClientId
    price_ticks: _Price
    remaining: _Contracts
    rests: _Contracts
    reserved: _Money
    extra: _Money


class ReservationIncreasedV1(_Old):
    """More money was set aside for an open order that is about to be amended."""

    order_id: _Order
    account_id: _Account
    ticker: _Market
    amount: _Money


class IncreaseReleasedV1(_Old):
    """Money set aside for an amendment became cash again: the market did not take the amendment."""

    order_id: _Order
    account_id: _Account
    ticker: _Market
    amount: _Money


class ReservationAmendedV1(_Old):
    """An order was amended: `reserved` stays set aside, of which `extra` had been added for it."""

    order_id: _Order
    account_id: _Account
    ticker: _Market
    reserved: _Money
    extra: _Money
    released: _Money
    market_revision: _Revision


def amendment_1_to_2(payload: Payload, _event_id: UUID) -> Payload:
    """Name the amendment that an event is of."""
    whole = {name: int(value) if isinstance(value, Decimal) else value for name, value in payload.items()}
    return {**whole, "amendment_id": payload.get("amendment_id", payload["order_id"])}
