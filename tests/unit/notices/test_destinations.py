"""Where notices may go."""

import pytest

from adapters.notices.destinations import Destinations, NotAllowed

PUBLIC = Destinations(own_machine=False)
OWN = Destinations(own_machine=True)
ANY = Destinations(own_machine=False, private=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.7/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://user:secret@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https:///nowhere",
        "ftp://example.com/",
    ],
)
def test_what_only_the_exchange_can_reach_is_refused(url: str) -> None:
    assert PUBLIC.fault_in(url) is not None


@pytest.mark.parametrize(
    "url", ["https://example.com/x?y=z", "https://example.com:8443/", "https://8.8.8.8/"]
)
def test_public_addresses_by_https_are_taken(url: str) -> None:
    assert PUBLIC.fault_in(url) is None


def test_this_machine_is_taken_while_only_it_reaches_the_exchange() -> None:
    assert OWN.fault_in("http://127.0.0.1:9000/") is None
    assert OWN.fault_in("http://localhost:9000/") is None
    assert OWN.fault_in("http://10.0.0.7/") is not None
    assert OWN.fault_in("http://example.com/") is not None


def test_an_operator_may_allow_private_addresses() -> None:
    assert ANY.fault_in("http://10.0.0.7:9000/") is None
    assert ANY.fault_in("http://hooks.internal/") is None


async def test_a_name_that_leads_to_this_machine_is_found_out_when_it_is_looked_up() -> None:
    with pytest.raises(NotAllowed, match="localhost is not a public address"):
        await PUBLIC.find("https://localhost:8443/x")


async def test_the_address_that_was_checked_is_the_one_that_is_called() -> None:
    place = await OWN.find("http://127.0.0.1:9000/x?y=z")
    assert (place.url, place.host_header) == ("http://127.0.0.1:9000/x?y=z", "127.0.0.1:9000")
    place = await OWN.find("https://[::1]/")
    assert (place.url, place.host_header) == ("https://[::1]:443/", "[::1]")
