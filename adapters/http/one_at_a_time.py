"""Questions that take a while: one at a time for each account, and few in all."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.http.answers.problems import Code, Problem
from domain.identifiers import AccountId

AT_ONCE = 2
"""How many are worked on at once: more would only take the processor's time from one another."""


class OneAtATime:
    """Who has a question under way."""

    def __init__(self) -> None:
        self._under_way: set[AccountId] = set()

    @contextmanager
    def of(self, account_id: AccountId) -> Iterator[None]:
        """Work on an account's question. Raises :class:`Problem` while it has another, or many others do."""
        if account_id in self._under_way:
            raise Problem(
                Code.WHAT_IF_UNDER_WAY, "another what-if of this account is under way; ask again after it"
            )
        if len(self._under_way) >= AT_ONCE:
            raise Problem(Code.OVERLOADED, f"{AT_ONCE} what-ifs are under way; ask again in a moment")
        self._under_way.add(account_id)
        try:
            yield
        finally:
            self._under_way.discard(account_id)
