"""The markets that are told by name: a bounded number of them, those that have most to do of late."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.watching.work import Work

PLACES = 20
"""How many markets have a name in the metrics: an election night has about fifteen hot ones."""

OTHER = "other"
"""What all the rest is told as. No ticker is called so: they are in capitals."""

_FADES = 0.9
_CLEARLY = 2.0
"""How much busier a market has to be to take another one's place: names should not come and go."""

_FORGOTTEN = 0.01


@dataclass(slots=True)
class _Seen:
    """A market's work, the same as it stood when it was last looked at, and how busy it was of late."""

    work: Work
    then: Work
    score: float = 0.0


class Busiest:
    """Divides what all markets did between those that have a name and the rest, so that no figure ever falls.

    What a market did before it had a name stays with the rest.
    """

    def __init__(self, places: int = PLACES) -> None:
        self._places = places
        self._seen: dict[str, _Seen] = {}
        self._named: dict[str, Work] = {}
        self._other = Work()

    def look(self, markets: Mapping[str, Work]) -> Mapping[str, Work]:
        """Take in how far the markets are; return what each name, and the rest, did since the beginning."""
        for name in [name for name in self._seen if name not in markets]:
            self._fade(name)
        for name, work in markets.items():
            self._rate(name, work)
        had_one = frozenset(self._named)
        self._give_places()
        for name in markets:
            # A new name begins at nothing, and one that goes takes nothing with it.
            self._take(name, self._named.get(name, self._other) if name in had_one else self._other)
        return {**self._named, OTHER: self._other}

    def _rate(self, name: str, work: Work) -> None:
        seen = self._seen.get(name)
        if seen is None or seen.work is not work:  # a market that left memory begins at nothing again
            seen = self._seen[name] = _Seen(work, Work(), seen.score if seen else 0.0)
        seen.score = _FADES * seen.score + work.commands.total - seen.then.commands.total

    def _take(self, name: str, into: Work) -> None:
        seen = self._seen[name]
        if seen.work.commands.total != seen.then.commands.total:
            into.add(seen.work, since=seen.then)
            seen.then = seen.work.copy()

    def _fade(self, name: str) -> None:
        seen = self._seen[name]
        seen.score *= _FADES
        if name not in self._named or seen.score < _FORGOTTEN:
            del self._seen[name]
            self._named.pop(name, None)

    def _give_places(self) -> None:
        waiting = sorted(
            (name for name, seen in self._seen.items() if name not in self._named and seen.score > 0),
            key=lambda name: -self._seen[name].score,
        )
        for name in waiting:
            if len(self._named) >= self._places:
                least = min(self._named, key=lambda each: self._seen[each].score)
                if self._seen[name].score <= _CLEARLY * self._seen[least].score:
                    return
                del self._named[least]
            self._named[name] = Work()
