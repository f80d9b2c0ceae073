"""Asking how a market might end."""

from adapters.http.requests.admin import FinalPrice
from adapters.http.requests.fields import Cursor, Limit, RequestQuery
from adapters.http.requests.past import Moment
from application.operations import HALF_A_DOLLAR
from projections.reading.queries import DEFAULT_LIMIT


class PreviewQuery(RequestQuery):
    """What a yes share would pay in a void, and since when trades would be taken back; all without that."""

    void_price_dollars: FinalPrice = HALF_A_DOLLAR
    unwind_after_ts: Moment | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""
