"""The picture and the tables of the code are those of the code as it is."""

import pytest

from adapters import map_of_the_code as code


def test_the_picture_of_the_readme_is_current() -> None:
    page = code.README.read_text()
    assert code.drawn(page, code.picture()) == page, "run `make map`"


def test_the_map_is_current() -> None:
    page = code.MAP.read_text()
    assert code.drawn(page, code.tables()) == page, "run `make map`"


@pytest.mark.parametrize("package", code.PACKAGES)
def test_every_room_says_what_is_in_it(package: str) -> None:
    assert all(code.rooms(package).values()), code.rooms(package)


def test_the_arrows_are_what_the_import_contracts_allow() -> None:
    assert code.arrows() == [
        ("benchmarks", "adapters"),
        ("adapters", "presage"),
        ("adapters", "projections"),
        ("projections", "application"),
        ("application", "domain"),
    ]
