from adapters.caches.memory import MemoryCache


async def keep(cache: MemoryCache, key: str, ttl_s: float = 60) -> None:
    fence = await cache.claim(key, for_s=1)
    assert fence is not None
    assert await cache.put(key, b"value", fence=fence, ttl_s=ttl_s)


async def test_a_value_is_gone_at_the_very_end_of_its_time() -> None:
    now_s = 0.0
    cache = MemoryCache(now_s=lambda: now_s)
    await keep(cache, "k", ttl_s=5)
    now_s = 4.999
    assert await cache.get("k") == b"value"
    now_s = 5.0
    assert await cache.get("k") is None


async def test_what_was_not_asked_for_longest_makes_room() -> None:
    cache = MemoryCache(keys=2)
    await keep(cache, "a")
    await keep(cache, "b")
    assert await cache.get("a") == b"value"
    await keep(cache, "c")
    assert [await cache.get(key) for key in "abc"] == [b"value", None, b"value"]
