"""Sessions as they are told: never by their id."""

from typing_extensions import TypedDict

from adapters.http.answers.display import timestamp
from application.ports.sessions import Session
from application.sessions import name_of


class SessionAnswer(TypedDict):
    """A session. Its name is for ending it."""

    session: str
    account_id: str
    agent: str
    created_time: str
    last_used_time: str
    expiration_time: str


class ListedSession(SessionAnswer):
    """A session in a list; ``current`` is the one that asks."""

    current: bool


class SessionsAnswer(TypedDict):
    """An account's sessions, the oldest first."""

    sessions: list[ListedSession]


class EndedAnswer(TypedDict):
    """How many sessions were ended."""

    ended: int


def session_answer(session: Session) -> SessionAnswer:
    """Return a session as it is told."""
    return SessionAnswer(
        session=name_of(session),
        account_id=session.account_id,
        agent=session.data.get("agent", ""),
        created_time=timestamp(int(session.created_at_s * 1_000_000)),
        last_used_time=timestamp(int(session.used_at_s * 1_000_000)),
        expiration_time=timestamp(int(session.ends_at_s * 1_000_000)),
    )
