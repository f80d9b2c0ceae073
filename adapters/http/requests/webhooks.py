"""What is sent about webhooks."""

from typing import Annotated

from pydantic import Field, StringConstraints

from adapters.http.requests.fields import RequestBody, pattern_of
from domain import fields as recorded
from domain.webhooks.aggregate import UNDELIVERED_MAX


class WebhookBody(RequestBody):
    """Where an account is to be told."""

    url: Annotated[
        str,
        StringConstraints(pattern=pattern_of(recorded.WebhookUrl)),
        Field(description="An https URL, without a user, a password or a fragment."),
    ]


class RetryBody(RequestBody):
    """Which notices are to be sent again; without ids, all that did not reach the webhook."""

    notice_ids: list[Annotated[str, StringConstraints(pattern=pattern_of(recorded.NoticeId))]] = Field(
        default=[], max_length=UNDELIVERED_MAX, fail_fast=True
    )
