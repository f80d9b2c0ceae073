"""The web application firewall (exercise 28): what rules find in a request, and what comes of it."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from html import unescape
from math import inf
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import unquote, unquote_to_bytes

import orjson

from adapters.http.firewall.rules import Action, Measured, Rule, Rules, Where, pattern_set
from adapters.http.json_size import has_too_many_values
from application.ports.measures import Measure, counter

RawHeaders = Iterable[tuple[bytes, bytes]]

NOT_READ = frozenset(
    {
        b"kalshi-access-key",
        b"kalshi-access-signature",
        b"kalshi-access-timestamp",
        b"authorization",
        b"cookie",
        b"user-agent",
        b"content-length",
        b"content-type",
        b"host",
        b"connection",
        b"accept-encoding",
        b"accept",
    }
)
"""Headers that hold secrets, signatures and what only this server reads."""

_LIGATURES = {0xFDFA: " ", 0xFDFB: " "}
"""Whole phrases in one character: none is in an attack, and each would become up to eighteen."""

_NUMBERED = re.compile(r"&#0*(\d+)")
_SPACES = re.compile(r"[^\S\r]+")
_JSON_BEGINS = (b"{", b"[", b'"')


TOGETHER = 4
"""How many patterns are looked for at once: more are fewer steps, but many more states for hostile text."""

_ORDINARY = re.compile(r"[a-z0-9 _.,:-]*")
"""Letters, digits and what names, numbers and times are written with.

Few states come of that, whatever it says, so all patterns are looked for at once: in a fifth of the time.
"""

PIECE, OVERLAP = 8_192, 512
"""How much of a body is looked at in one go."""

STRETCH = 256
"""How much is normalized in one go: sorting the marks upon a letter takes the square of their number."""


SHORT, REMEMBERED = 512, 4_096
"""Up to how many bytes heads are remembered, and how many: most requests ask what was asked just before."""

_HEADERS, _HEADER_BYTES = (list(Measured).index(each) for each in (Measured.HEADERS, Measured.HEADER_BYTES))

DECODED_MOST = 4
"""How often something may be encoded and still be seen."""


class Finding(NamedTuple):
    """A rule that found something, and in which part; what was measured is in none."""

    rule: Rule
    where: Where | None


_Group = tuple[Callable[[str], list[int] | None], Sequence[Rule]]
"""Some rules, and what says which of them find something in a text."""


class Verdict(NamedTuple):
    """What comes of a request: what was found, and the score of all of it."""

    action: Action | None
    score: int
    findings: Sequence[Finding]

    @property
    def ids(self) -> str:
        """Return the ids of the rules, each once."""
        return ", ".join(dict.fromkeys(found.rule.id for found in self.findings))


PASSED = Verdict(None, 0, ())


class WAF:
    """Looks at the head of a request, and then at its body if it has one."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._patterns: dict[Where, list[_Group]] = {}
        self._at_once: dict[Where, list[_Group]] = {}
        self._bounds = [_bound(rule) for rule in rules.in_force if rule.measure is not None]
        self._read_short = lru_cache(REMEMBERED)(_read)
        self._in_short = lru_cache(REMEMBERED)(self._in_head)
        self._odd_short = lru_cache(REMEMBERED)(self._odd)
        self._of_headers = [each for each in self._bounds if each[0] in (_HEADERS, _HEADER_BYTES)]
        for where in Where:
            here = [rule for rule in rules.in_force if rule.pattern is not None and where in rule.where]
            self._patterns[where] = [_group(here[at : at + TOGETHER]) for at in range(0, len(here), TOGETHER)]
            self._at_once[where] = [_group(here)] if here else []
        self.hits: Counter[str] = Counter({rule.id: 0 for rule in rules.in_force})
        self.verdicts: Counter[str] = Counter(dict.fromkeys(("passed", *map(str, Action)), 0))

    def head(self, method: str, raw_path: bytes, query: bytes, headers: RawHeaders) -> Verdict:
        """Return what comes of all but the body."""
        agent, others, count, size = b"", [], 0, 0
        for name, value in headers:
            count += 1
            size += len(name) + len(value)
            if name == b"user-agent":
                agent = value
            elif name not in NOT_READ:
                others.append(value)
        rest = b"\n".join(others)
        short = len(raw_path) + len(query) + len(agent) + len(rest) <= SHORT
        if short and not self._odd_short(raw_path, query, agent, rest):
            for at, least, most, _ in self._of_headers:
                if not least <= (count if at == _HEADERS else size) <= most:
                    break
            else:
                return PASSED
        text = (self._read_short if short else _read)(raw_path, query)
        counted = (len(raw_path), len(query), count, size, len(agent), text.malformed, text.encodings)
        found = [
            Finding(rule, None) for at, least, most, rule in self._bounds if not least <= counted[at] <= most
        ]
        if found:
            verdict = self._judge(method, raw_path, found, 0)
            if verdict.action is Action.BLOCK:  # what is too long to be looked at is not
                return verdict
        found += (self._in_short if short else self._in_head)(text, raw_path, query, agent, rest)
        return self._judge(method, raw_path, found, 0) if found else PASSED

    def _odd(self, raw_path: bytes, query: bytes, agent: bytes, rest: bytes) -> bool:
        """Return whether a head has to be looked at closely, whatever number and size its headers have."""
        text = _read(raw_path, query)
        counted = (len(raw_path), len(query), 0, 0, len(agent), text.malformed, text.encodings)
        return any(
            not least <= counted[at] <= most
            for at, least, most, _ in self._bounds
            if at not in (_HEADERS, _HEADER_BYTES)
        ) or bool(self._in_head(text, raw_path, query, agent, rest))

    def _in_head(
        self, text: "_Read", raw_path: bytes, query: bytes, agent: bytes, rest: bytes
    ) -> Sequence[Finding]:
        """Return what patterns find; it depends on nothing but what is given."""
        found: list[Finding] = []
        self._look(Where.PATH, text.path, found)
        if query:
            self._look(Where.QUERY, text.query, found)
        if b"%" in raw_path or b"%" in query:
            self._look(Where.RAW, f"{raw_path.decode('latin-1')}?{query.decode('latin-1')}".lower(), found)
        self._look(Where.AGENT, agent.decode("latin-1").lower(), found)
        if rest:
            self._look(Where.HEADERS, _plain(rest.decode("latin-1")), found)
        return found

    async def body(self, method: str, raw_path: bytes, body: bytes, before: Verdict = PASSED) -> Verdict:
        """Return what comes of the body, on top of what the head had. Others have their turn in between."""
        found: list[Finding] = []
        text = " ".join(_texts(body))
        if len(text) <= PIECE:
            self._look(Where.BODY, _plain(_unquoted(text)), found)
        else:
            for piece in _pieces(text):
                self._look(Where.BODY, _plain(_unquoted(piece)), found)
                await asyncio.sleep(0)
        return self._judge(method, raw_path, found, before.score) if found else PASSED

    def _look(self, where: Where, text: str, found: list[Finding]) -> None:
        patterns = self._at_once if _ORDINARY.fullmatch(text) else self._patterns
        for matching, rules in patterns[where]:
            for number in matching(text) or ():
                found.append(Finding(rules[number], where))  # noqa: PERF401 (hardly ever)

    def _judge(self, method: str, raw_path: bytes, found: Sequence[Finding], score: int) -> Verdict:
        route = f"{method} {unquote_to_bytes(raw_path).decode('utf-8', 'replace')}"
        counts = [
            finding
            for finding in found
            if not any(each.spares(route, finding.rule, finding.where) for each in self._rules.exceptions)
        ]
        if not counts:
            return PASSED
        self.hits.update({finding.rule.id for finding in counts})
        # A rule that finds something in several parts is no surer for it.
        score += sum({finding.rule.id: finding.rule.score for finding in counts}.values())
        if score >= self._rules.threshold:
            return Verdict(Action.BLOCK, score, counts)
        challenged = any(finding.rule.action is Action.CHALLENGE for finding in counts)
        return Verdict(Action.CHALLENGE if challenged else Action.LOG, score, counts)

    def measures(self) -> Iterator[Measure]:
        """Yield what the rules found, and what came of requests."""
        hits: Mapping[tuple[str, ...], float] = {(rule,): n for rule, n in self.hits.items()}
        yield counter("presage_firewall_hits", "Requests in which a rule found something.", hits, "rule")
        ends: Mapping[tuple[str, ...], float] = {(end,): n for end, n in self.verdicts.items()}
        yield counter(
            "presage_firewall_verdicts", "What came of requests that were looked at.", ends, "verdict"
        )


class _Read(NamedTuple):
    """A path and its query, decoded; how often they were encoded at most, and whether one is not UTF-8."""

    path: str
    query: str
    encodings: int
    malformed: bool


def _read(raw_path: bytes, query: bytes) -> _Read:
    path, path_encodings, path_malformed = _decoded(raw_path)
    asked, query_encodings, query_malformed = _decoded(query.replace(b"+", b" ")) if query else ("", 0, False)
    return _Read(path, asked, max(path_encodings, query_encodings), path_malformed or query_malformed)


def _group(rules: Sequence[Rule]) -> _Group:
    return pattern_set([rule.pattern for rule in rules if rule.pattern is not None]).Match, rules


def _bound(rule: Rule) -> tuple[int, float, float, Rule]:
    assert rule.measure is not None
    least = -inf if rule.below is None else rule.below
    most = inf if rule.above is None else rule.above
    return list(Measured).index(rule.measure), least, most, rule


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that overlap, so that what a rule looks for is whole in one of them."""
    for start in range(0, max(1, len(text) - OVERLAP), PIECE - OVERLAP):
        yield text[start : start + PIECE]


def _decoded(sent: bytes) -> tuple[str, int, bool]:
    """Return what was sent, decoded, how often that changed it, and whether it is not UTF-8."""
    times = 0
    while times < DECODED_MOST and b"%" in sent and (once := unquote_to_bytes(sent)) != sent:
        sent, times = once, times + 1
    try:
        return _plain(sent.decode("utf-8")), times, False
    except UnicodeDecodeError:
        return _plain(sent.decode("latin-1")), times, True


def _unquoted(text: str) -> str:
    for _ in range(DECODED_MOST):
        if "%" not in text:
            break
        text = unquote(text)
    return text


def _plain(text: str) -> str:
    """Return a text without what hides in it: case, look-alikes, entities, comments, odd spaces."""
    if not text.isascii():
        text = text.translate(_LIGATURES)
        text = "".join(normalize("NFKC", text[at : at + STRETCH]) for at in range(0, len(text), STRETCH))
    if "&" in text:
        text = unescape(_NUMBERED.sub(_short, text) if "&#" in text else text)
    if "/*" in text:
        text = _without_comments(text)
    text = text.lower()
    return _SPACES.sub(" ", text) if "\t" in text or "  " in text or "\n" in text else text


def _short(numbered: re.Match[str]) -> str:
    """Return a reference to a character by its number, which may be written with any number of digits."""
    return f"&#{numbered[1][:8]}"  # there are no characters whose numbers have eight


def _without_comments(text: str) -> str:
    parts, at = [], 0
    while (start := text.find("/*", at)) >= 0 and (end := text.find("*/", start + 2)) >= 0:
        parts.append(text[at:start])
        at = end + 2
    return " ".join((*parts, text[at:]))


def _texts(body: bytes) -> Sequence[str]:
    """Return every text in a JSON document, names included; the body as it is where none is read."""
    try:
        document = None if has_too_many_values(body) else orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if document is None:
        return [body.decode("utf-8", "replace")]
    texts: list[str] = []
    left = [document]
    while left:
        each = left.pop()
        if type(each) is str:
            texts.append(each)
        elif type(each) is dict:
            texts += each
            left += each.values()
        elif type(each) is list:
            left += each
    return texts
