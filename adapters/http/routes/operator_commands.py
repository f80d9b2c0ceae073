"""Commands of operators: all are published alike."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from adapters.http.answers.exchange import WriteAnswer
from adapters.http.operations import Access, Call, Operation, Reply


def operator_command(
    path: str,
    handler: Callable[[Call[Any, Any]], Awaitable[Reply]],
    summary: str,
    body: type[BaseModel],
    *,
    method: str = "POST",
    status: int = 200,
) -> Operation:
    """Return the route of a command that needs an operator's key and answers with its position."""
    return Operation(
        method=method,
        path=path,
        access=Access.ADMIN,
        handler=handler,
        summary=summary,
        body=body,
        answer=WriteAnswer,
        status=status,
        settles=True,
    )
