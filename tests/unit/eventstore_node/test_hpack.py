"""Header decoding, by the examples of RFC 7541 (appendix C) and by what no client should send."""

import pytest

from adapters.eventstore_node.http2.errors import ProtocolError
from adapters.eventstore_node.http2.frames import header_block
from adapters.eventstore_node.http2.hpack import HeaderDecoder
from adapters.eventstore_node.http2.huffman import huffman_decode

FIRST = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")]
SECOND = [*FIRST, ("cache-control", "no-cache")]
THIRD = [
    (":method", "GET"),
    (":scheme", "https"),
    (":path", "/index.html"),
    (":authority", "www.example.com"),
    ("custom-key", "custom-value"),
]


@pytest.mark.parametrize(
    "blocks",
    [
        (
            "828684410f7777772e6578616d706c652e636f6d",
            "828684be58086e6f2d6361636865",
            "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        ),
        (
            "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            "828684be5886a8eb10649cbf",
            "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        ),
    ],
    ids=["plain", "huffman"],
)
def test_three_requests_on_one_connection(blocks: tuple[str, str, str]) -> None:
    decoder = HeaderDecoder()
    assert [decoder.decode(bytes.fromhex(block)) for block in blocks] == [FIRST, SECOND, THIRD]


def test_a_literal_without_indexing_leaves_the_table_alone() -> None:
    decoder = HeaderDecoder()
    block = bytes.fromhex("040c2f73616d706c652f70617468")
    assert decoder.decode(block) == [(":path", "/sample/path")]
    with pytest.raises(ProtocolError):
        decoder.decode(b"\xbe")


def test_a_never_indexed_literal_is_read() -> None:
    block = bytes.fromhex("100870617373776f726406736563726574")
    assert HeaderDecoder().decode(block) == [("password", "secret")]


def test_old_entries_leave_a_full_table() -> None:
    decoder = HeaderDecoder()
    for n in range(200):
        decoder.decode(b"\x40\x04k%03d\x10" % n + b"v" * 16)
    assert decoder.decode(b"\xbe") == [("k199", "v" * 16)]
    with pytest.raises(ProtocolError):
        decoder.decode(b"\xff\x49")


def test_a_client_may_shrink_the_table_but_not_grow_it() -> None:
    decoder = HeaderDecoder()
    decoder.decode(b"\x40\x01a\x01b")
    assert decoder.decode(b"\x20") == []
    with pytest.raises(ProtocolError):
        decoder.decode(b"\xbe")
    with pytest.raises(ProtocolError):
        decoder.decode(b"\x3f\xe2\x1f")


@pytest.mark.parametrize("block", ["80", "ff", "ffffffffffffff0f", "00", "0005", "000561", "4085ffffffff"])
def test_a_block_that_makes_no_sense_is_refused(block: str) -> None:
    with pytest.raises(ProtocolError):
        HeaderDecoder().decode(bytes.fromhex(block))


@pytest.mark.parametrize("encoded", ["ff", "ffffffff", "f1e3c2e5f23a6ba0ab90f4"])
def test_bad_padding_in_a_huffman_string_is_refused(encoded: str) -> None:
    with pytest.raises(ProtocolError):
        huffman_decode(bytes.fromhex(encoded))


def test_what_is_encoded_is_decoded_again() -> None:
    headers = [("grpc-status", "9"), ("stream-name", "é 100%"), ("long", "x" * 300), ("empty", "")]
    decoded = HeaderDecoder().decode(header_block(headers))
    assert decoded == [
        ("grpc-status", "9"),
        ("stream-name", "%C3%A9 100%25"),
        ("long", "x" * 300),
        ("empty", ""),
    ]
