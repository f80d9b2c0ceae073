"""What routes are for, in few enough classes to watch each one."""

from enum import StrEnum

from adapters.http.operations import Access, Operation

_SESSION_PATHS = ("/login", "/logout", "/sessions", "/sessions/{session}", "/accounts", "/account/password")
_ORDER_PATHS = ("/portfolio/orders", "/portfolio/events/orders")


class RouteClass(StrEnum):
    """What a route is for."""

    ORDER = "order"
    """Placing, amending or decreasing one order."""
    BATCH = "batch"
    """Placing several orders at once."""
    CANCEL = "cancel"
    """Taking orders off, one or many; taking back requests and quotes."""
    ACCOUNT = "account"
    """What an account sees of itself, and what it sets, asks for and agrees on beside its orders."""
    MARKET = "market"
    """What everybody sees."""
    SESSION = "session"
    """Logging in and out."""
    OPERATOR = "operator"
    """What operators do and see."""
    SERVICE = "service"
    """The process itself: its health and its reference."""
    UNROUTED = "unrouted"
    """What no route took: unknown paths, and what was refused before."""


def class_of(operation: Operation) -> RouteClass:
    """Return what a route is for."""
    path = operation.path.removeprefix("/trade-api/v2")
    if operation.access is Access.ADMIN:
        return RouteClass.OPERATOR
    if path == operation.path:
        return RouteClass.SERVICE
    if path in _SESSION_PATHS:
        return RouteClass.SESSION
    if operation.access is Access.TRADE and path.startswith(_ORDER_PATHS):
        if operation.method == "DELETE":
            return RouteClass.CANCEL
        return RouteClass.BATCH if path.endswith("/batched") else RouteClass.ORDER
    if operation.method == "DELETE" and path.startswith("/communications"):
        return RouteClass.CANCEL
    return RouteClass.MARKET if operation.access is Access.PUBLIC else RouteClass.ACCOUNT
