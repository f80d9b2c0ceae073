"""What browsers and caches are told of every answer."""

import re

import pytest

from adapters.http.app import OPERATIONS
from adapters.http.operations import Access
from tests.integration.http.test_who_may_do_what import path_of
from tests.integration.http.world import BASE, ORDERS, Person, World, error


async def test_no_answer_is_taken_for_something_else_and_none_of_an_account_is_kept(
    world: World, operator: Person
) -> None:
    for operation in OPERATIONS:
        answer = await world.send(operator, operation.method, path_of(operation), body={})
        assert answer.headers["x-content-type-options"] == "nosniff", operation
        if operation.access is not Access.PUBLIC or answer.status_code >= 400:
            assert answer.headers["cache-control"] == "no-store", operation


async def test_the_reference_loads_nothing_from_elsewhere(world: World) -> None:
    policy = (await world.client.get("/docs")).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


async def test_a_method_that_a_path_does_not_take_is_answered_with_those_it_does(world: World) -> None:
    answer = await world.client.put(ORDERS)
    assert error(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, POST"


def methods_of(path: str) -> list[str]:
    """Return what may be sent to a path: a name in braces may be any, a word of another route too."""
    fitting = [each for each in OPERATIONS if re.fullmatch(re.sub(r"{\w+}", "[^/]+", each.path), path)]
    return sorted({each.method for each in fitting} | {"HEAD" for each in fitting if each.method == "GET"})


async def test_every_path_tells_which_methods_it_takes(world: World) -> None:
    for path in {path_of(operation) for operation in OPERATIONS}:
        taken = methods_of(path)
        for strange in {"PATCH", "TRACE", "PUT", "OPTIONS"} - set(taken):
            answer = await world.client.request(strange, path)
            assert error(answer) == (405, "method_not_allowed"), path
            assert answer.headers["allow"] == ", ".join(taken), path


async def test_a_line_break_ends_no_path_whatever_route_it_is(world: World) -> None:
    for operation in OPERATIONS:
        answer = await world.client.request(operation.method, f"{path_of(operation)}%0a")
        assert answer.status_code in (401, 404), operation
        if answer.status_code == 401:  # a name that holds a line break may not be any
            assert "{" in operation.path.rsplit("/", 1)[1], operation


@pytest.mark.parametrize("path", ["/markets%0a", "/exchange/status%0a", "/markets/FED-CUT%0a"])
async def test_a_line_break_ends_no_path(world: World, path: str) -> None:
    assert error(await world.client.get(f"{BASE}{path}")) == (404, "not_found")
