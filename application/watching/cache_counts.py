"""How often a cache had what was asked for."""

from collections.abc import Iterator, Mapping

from application.ports.measures import Measure, counter


class CacheCounts:
    """Counts lookups. ``shared`` are those that waited for what another one computed: stampedes stopped."""

    __slots__ = ("hits", "misses", "shared")

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self.shared = 0


class Caches:
    """Measures the caches of this process, each by its name."""

    def __init__(self, caches: Mapping[str, CacheCounts]) -> None:
        self._caches = caches

    def measures(self) -> Iterator[Measure]:
        """Yield lookups by how they ended."""
        yield counter(
            "presage_cache_lookups",
            "Lookups: answered from the cache, computed, or shared with another one who was computing it.",
            {
                (name, result): number
                for name, counts in self._caches.items()
                for result, number in (
                    ("hit", counts.hits),
                    ("miss", counts.misses),
                    ("stampede_stopped", counts.shared),
                )
            },
            "cache",
            "result",
        )
