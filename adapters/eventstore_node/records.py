"""What readers are given: an event, the link that led to it, or both."""

from dataclasses import dataclass

from application.ports.event_store import RecordedEvent

LINK_TYPE = "$>"


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event as it is sent. With a resolved link, ``event`` is the target, or nothing when it is gone."""

    event: RecordedEvent | None
    link: RecordedEvent | None = None

    @property
    def original(self) -> RecordedEvent:
        """The record that stands in the stream that is read."""
        original = self.link or self.event
        assert original is not None
        return original


def link_target(link: RecordedEvent) -> tuple[str, int] | None:
    """Return the stream and revision that a link event names, if it names any."""
    revision, at, stream = link.data.decode("utf-8", "replace").partition("@")
    return (stream, int(revision)) if at and revision.isdigit() else None
