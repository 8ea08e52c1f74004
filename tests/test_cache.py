"""The bounded cache: never heavier than it may be, whatever is asked of it, and a flood leaves what is in use."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hedgerow.resolvers.cache import Lru


def test_it_keeps_the_youngest() -> None:
    cache: Lru[str, int] = Lru(2)
    for number, key in enumerate("abc"):
        assert cache.put(key, number) == number
    assert (cache.get("a"), cache.get("b"), cache.get("c"), len(cache)) == (None, 1, 2, 2)


def test_what_is_too_heavy_is_given_back_only() -> None:
    cache: Lru[str, int] = Lru(2)
    cache.put("a", 1)
    assert cache.put("b", 2, weight=3) == 2
    assert (cache.get("a"), cache.get("b")) == (1, None)


def test_a_flood_leaves_what_is_in_use() -> None:
    cache: Lru[int, str] = Lru(100)
    for known in range(50):
        cache.put(known, "known")
        cache.get(known)
    for number in range(1_000, 20_000):
        cache.put(number, "flood")
    assert [cache.get(known) for known in range(50)] == ["known"] * 50


def test_what_was_pushed_out_is_told() -> None:
    told: list[str] = []
    cache: Lru[str, int] = Lru(10, told.append)
    for key in "abc":
        cache.put(key, 1, weight=3)
    cache.get("a")
    cache.put("b", 2, weight=3)
    cache.reweigh("a", 5)
    assert told == ["c"], "and not b, which was only replaced"
    cache.reweigh("a", 9)
    assert told == ["c", "b"] and "a" in cache
    cache.reweigh("a", 11)
    assert told == ["c", "b", "a"] and not len(cache) and not cache._weight and not cache._kept_weight
    cache.put("d", 1)
    cache.discard(lambda key: key == "d")
    assert "d" not in cache and told == ["c", "b", "a"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["get", "put", "reweigh"]), st.integers(0, 20), st.integers(0, 12)), max_size=200
    )
)
def test_it_is_never_heavier_than_it_may_be(steps: list[tuple[str, int, int]]) -> None:
    cache: Lru[int, int] = Lru(10)
    weights: dict[int, int] = {}
    latest: dict[int, int] = {}
    for number, (step, key, weight) in enumerate(steps):
        if step == "put":
            cache.put(key, number, weight)
            weights[key], latest[key] = weight, number
        elif step == "reweigh":
            cache.reweigh(key, weight)
            if key in weights:
                weights[key] = weight
        else:
            found = cache.get(key)
            assert found is None or found == latest[key]
        held = [key for key in weights if key in cache._new or key in cache._kept]
        assert sum(weights[key] for key in held) <= 10
        assert len(cache) == len(held)
