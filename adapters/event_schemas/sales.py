"""The history of what a ledger notes of an order: at first it did not say how much of a sale is open.

Sales of old are not counted, which is what nothing for sale means: the present version reads the older one
as it is.

The words of the old versions are written out here, because they must not change when the domain's do.
"""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from adapters.event_schemas.order_placed import Payload

_LARGEST = 2**63 - 1
_PRINTABLE = r"^[!-~]{1,128}$"
_REVISION = {"unit": "revision of the market's stream"}

_Order = Annotated[str, Field(pattern=_PRINTABLE, description="an order")]
_Account = Annotated[str, Field(pattern=_PRINTABLE, description="an account")]
_Amendment = Annotated[str, Field(pattern=_PRINTABLE, description="an amendment")]
_Market = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="a market")]
_Money = Annotated[
    int,
    Field(
        ge=0,
        le=_LARGEST,
        description="an amount of money",
        json_schema_extra={"unit": "millionths of a dollar"},
    ),
]
_Revision = Annotated[
    int,
    Field(ge=0, le=_LARGEST, description="the market's event that is booked", json_schema_extra=_REVISION),
]


class _Old(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class OrderConfirmedV1(_Old):
    """The market accepted the order: its saga ended well. `released` was reserved without need."""

    order_id: _Order
    account_id: _Account
    ticker: _Market
    released: _Money
    market_revision: _Revision


class ReservationReleasedV1(_Old):
    """Money set aside for an order became cash again.

    `market_revision` is the market event behind it, or `null` if the market never took the order.
    """

    order_id: _Order
    account_id: _Account
    ticker: _Market
    amount: _Money
    market_revision: _Revision | None


class ReservationAmendedV2(_Old):
    """An order was amended: `reserved` stays set aside, of which `extra` had been added for it."""

    order_id: _Order
    account_id: _Account
    ticker: _Market
    reserved: _Money
    extra: _Money
    released: _Money
    market_revision: _Revision
    amendment_id: _Amendment


def without_sales_to_with(payload: Payload, _event_id: UUID) -> Payload:
    """Say that nothing is known to be for sale."""
    return {**payload, "for_sale": payload.get("for_sale", 0)}
