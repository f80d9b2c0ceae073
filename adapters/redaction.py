"""Taking secrets out of what people are shown."""

import re

_IN_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s'\"<>]*@")
_NAMED = re.compile(
    r"\b((?:ssl)?password|passwd|pwd|secret|token)(\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s&'\",;)]+)",
    re.IGNORECASE,
)


def redacted(text: str) -> str:
    """Return a text without the credentials in its addresses, and without passwords by name."""
    return _NAMED.sub(r"\1\2***", _IN_ADDRESS.sub(r"\1***@", text))
