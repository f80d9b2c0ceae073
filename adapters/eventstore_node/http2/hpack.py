"""Decoding of HTTP/2 header blocks (RFC 7541)."""

from adapters.eventstore_node.http2.errors import ProtocolError
from adapters.eventstore_node.http2.huffman import huffman_decode

Header = tuple[str, str]

DYNAMIC_TABLE_BYTES = 4096
"""What both sides assume until a settings frame says otherwise; this server never does."""

_ENTRY_OVERHEAD_BYTES = 32
_MAX_INTEGER_BYTES = 5
_STATIC_TABLE: tuple[Header, ...] = (
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
)


class HeaderDecoder:
    """Decodes the header blocks of one connection, in order."""

    def __init__(self) -> None:
        self._dynamic: list[Header] = []
        self._dynamic_bytes = 0
        self._capacity = DYNAMIC_TABLE_BYTES

    def decode(self, block: bytes) -> list[Header]:
        """Return the headers of one complete block."""
        headers: list[Header] = []
        at, end = 0, len(block)
        try:
            while at < end:
                first = block[at]
                if first & 0x80:
                    index, at = _integer(block, at, 7)
                    headers.append(self._entry(index))
                elif first & 0xE0 == 0x20:
                    capacity, at = _integer(block, at, 5)
                    self._resize(capacity)
                else:
                    header, at = self._literal(block, at, 6 if first & 0x40 else 4)
                    if first & 0x40:
                        self._remember(header)
                    headers.append(header)
        except IndexError:
            raise ProtocolError("a header block ends too early") from None
        return headers

    def _literal(self, block: bytes, at: int, prefix_bits: int) -> tuple[Header, int]:
        index, at = _integer(block, at, prefix_bits)
        if index:
            name = self._entry(index)[0]
        else:
            name, at = _string(block, at)
        value, at = _string(block, at)
        return (name, value), at

    def _entry(self, index: int) -> Header:
        if not index:
            raise ProtocolError("header index 0")
        if index <= len(_STATIC_TABLE):
            return _STATIC_TABLE[index - 1]
        return self._dynamic[index - len(_STATIC_TABLE) - 1]

    def _remember(self, header: Header) -> None:
        self._dynamic.insert(0, header)
        self._dynamic_bytes += _entry_bytes(header)
        self._evict()

    def _resize(self, capacity: int) -> None:
        if capacity > DYNAMIC_TABLE_BYTES:
            raise ProtocolError("a header table larger than was offered")
        self._capacity = capacity
        self._evict()

    def _evict(self) -> None:
        while self._dynamic_bytes > self._capacity:
            self._dynamic_bytes -= _entry_bytes(self._dynamic.pop())


def _entry_bytes(header: Header) -> int:
    return len(header[0]) + len(header[1]) + _ENTRY_OVERHEAD_BYTES


def _integer(block: bytes, at: int, prefix_bits: int) -> tuple[int, int]:
    mask = (1 << prefix_bits) - 1
    value = block[at] & mask
    at += 1
    if value < mask:
        return value, at
    for shift in range(0, 7 * _MAX_INTEGER_BYTES, 7):
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise ProtocolError("a header integer beyond any use")


def _string(block: bytes, at: int) -> tuple[str, int]:
    huffman = block[at] & 0x80
    length, at = _integer(block, at, 7)
    end = at + length
    if end > len(block):
        raise ProtocolError("a header string ends too early")
    raw = block[at:end]
    return huffman_decode(raw) if huffman else raw.decode("latin-1"), end
