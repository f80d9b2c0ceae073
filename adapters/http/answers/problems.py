"""What can be wrong with a request: the stable codes and the HTTP status of each, all in one table."""

from collections.abc import Sequence
from enum import Enum

from application.ports.event_store import Position
from domain.rejections import Reason, Rejected

SERVICE = "presage"


class Code(Enum):
    """A refusal by the HTTP port itself: its stable code and its status."""

    MALFORMED_BODY = ("malformed_body", 400)
    MISSING_FIELD = ("missing_field", 400)
    UNKNOWN_FIELD = ("unknown_field", 400)
    INVALID_FIELD = ("invalid_field", 400)
    MISSING_PARAMETER = ("missing_parameter", 400)
    UNKNOWN_PARAMETER = ("unknown_parameter", 400)
    INVALID_PARAMETER = ("invalid_parameter", 400)
    INVALID_HEADER = ("invalid_header", 400)
    NOT_AUTHENTICATED = ("not_authenticated", 401)
    UNKNOWN_KEY = ("unknown_key", 401)
    INVALID_SIGNATURE = ("invalid_signature", 401)
    SIGNATURE_USED = ("signature_used", 401)
    STALE_TIMESTAMP = ("stale_timestamp", 401)
    WRONG_PASSWORD = ("wrong_password", 401)
    SESSION_OVER = ("session_over", 401)
    SIGNATURE_REQUIRED = ("signature_required", 401)
    FORBIDDEN = ("forbidden", 403)
    REQUEST_BLOCKED = ("request_blocked", 403)
    FOREIGN_ORIGIN = ("foreign_origin", 403)
    SIGN_UP_CLOSED = ("sign_up_closed", 403)
    NOT_FOUND = ("not_found", 404)
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405)
    REQUEST_TIMEOUT = ("request_timeout", 408)
    ORDER_NOT_OPEN = ("order_not_open", 409)
    BODY_TOO_LARGE = ("body_too_large", 413)
    STARTING = ("starting", 425)
    WHAT_IF_TOO_LARGE = ("what_if_too_large", 422)
    TOO_MANY_LOGINS = ("too_many_logins", 429)
    RATE_LIMITED = ("rate_limited", 429)
    TOO_MANY_FEEDS = ("too_many_feeds", 429)
    WHAT_IF_UNDER_WAY = ("what_if_under_way", 429)
    INTERNAL_ERROR = ("internal_error", 500)
    ENGINE_AWAY = ("engine_away", 503)
    READ_MODEL_BEHIND = ("read_model_behind", 503)
    READ_MODEL_UNAVAILABLE = ("read_model_unavailable", 503)
    STORE_UNAVAILABLE = ("store_unavailable", 503)
    OUTCOME_UNKNOWN = ("outcome_unknown", 503)
    OVERLOADED = ("overloaded", 503)
    SESSIONS_UNAVAILABLE = ("sessions_unavailable", 503)
    STILL_UNDER_WAY = ("still_under_way", 503)

    def __init__(self, code: str, status: int) -> None:
        self.code = code
        self.status = status


UNPROCESSABLE = 422
"""A well-formed command that a rule of the exchange refuses: what every reason means unless it says more."""

_OTHER_STATUS = {
    Reason.MARKET_NOT_FOUND: 404,
    Reason.GROUP_NOT_FOUND: 404,
    Reason.ORDER_NOT_FOUND: 404,
    Reason.ORDER_GROUP_NOT_FOUND: 404,
    Reason.KEY_NOT_FOUND: 404,
    Reason.WEBHOOK_NOT_FOUND: 404,
    Reason.NOTICE_NOT_FOUND: 404,
    Reason.RFQ_NOT_FOUND: 404,
    Reason.QUOTE_NOT_FOUND: 404,
    Reason.MARKET_EXISTS: 409,
    Reason.GROUP_EXISTS: 409,
    Reason.ORDER_EXISTS: 409,
    Reason.ORDER_GROUP_EXISTS: 409,
    Reason.KEY_EXISTS: 409,
    Reason.ACCOUNT_EXISTS: 409,
    Reason.PASSWORD_CHANGED: 409,
    Reason.DUPLICATE_CLIENT_ORDER_ID: 409,
    Reason.DUPLICATE_REQUEST: 409,
    Reason.MARKET_VERSION_CHANGED: 409,
    Reason.TRANSITION_NOT_ALLOWED: 409,
    Reason.CONDITION_PENDING: 409,
    Reason.RFQ_CLOSED: 409,
    Reason.QUOTE_NOT_OPEN: 409,
    Reason.QUOTE_NOT_EXECUTED: 409,
}

_DETAILS_MAX = 300

RETRY_AFTER_S = 1
"""What a client is told to wait where waiting helps."""


def status_of(reason: Reason) -> int:
    """Return the HTTP status of a refusal."""
    return _OTHER_STATUS.get(reason, UNPROCESSABLE)


class Problem(Exception):
    """A request that gets an error for an answer.

    ``details`` says where the fault lies, by the name of the field, parameter or header. ``position`` is
    sent along where a reader asked for one that is not visible yet. ``closes`` says that the connection
    cannot be used any further, ``wait_s`` how long to wait where waiting helps, ``allowed`` which methods
    there are where another one was used.
    """

    def __init__(
        self,
        code: Code | Reason,
        message: str,
        *,
        details: str = "",
        position: Position | None = None,
        closes: bool = False,
        wait_s: int = RETRY_AFTER_S,
        allowed: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.code = code.value if isinstance(code, Reason) else code.code
        self.status = status_of(code) if isinstance(code, Reason) else code.status
        self.message = message
        self.details = details
        self.position = position
        self.closes = closes
        self.allowed = allowed
        self._wait_s = wait_s

    @classmethod
    def refused(cls, rejected: Rejected) -> "Problem":
        """Return the problem that a refusal by the exchange is."""
        return cls(rejected.reason, rejected.message)

    @property
    def retry_after_s(self) -> int | None:
        """How long to wait before trying again, ``None`` where that would not help."""
        return self._wait_s if self.status in (425, 429, 503) else None

    def body(self) -> dict[str, str]:
        """Return the error as it is told, alone or as the answer for one item of a batch."""
        return {
            "code": self.code,
            "message": self.message,
            "details": _printable(self.details),
            "service": SERVICE,
        }


def _printable(text: str) -> str:
    """Return a text that can be sent, even if it quotes broken characters of a request, and not all of it."""
    return text[:_DETAILS_MAX].encode("utf-8", "replace").decode()
