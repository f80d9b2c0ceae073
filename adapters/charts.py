"""Charts as SVG, small enough to stand in a document and with nothing to load."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#db2777", "#65a30d", "#475569")
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 8, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A named line through points: where, and how much. ``None`` interrupts it."""

    name: str
    points: Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar with its name below; it is marked where something is wrong with it."""

    name: str
    value: float
    wrong: bool = False


def line_chart(lines: Sequence[Line], *, width: int, height: int, ends: tuple[str, str] = ("", "")) -> str:
    """Return lines over one scale that begins at zero; ``ends`` is written below the first and last point."""
    points = [point for line in lines for point in line.points if point[1] is not None]
    first = min((at for at, _ in points), default=0.0)
    last = max((at for at, _ in points), default=1.0)
    top = _round_up(max((value for _, value in points if value is not None), default=1.0))
    across, up = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def x(at: float) -> float:
        return _LEFT + across * (at - first) / ((last - first) or 1.0)

    def y(value: float) -> float:
        return _TOP + up * (1 - value / top)

    drawn = [_grid(top, width, height)]
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        for part in _parts(line.points):
            path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in part)
            drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    drawn.append(_text(_LEFT, height - 6, ends[0]))
    drawn.append(_text(width - _RIGHT, height - 6, ends[1], anchor="end"))
    return "".join(drawn)


def bar_chart(bars: Sequence[Bar], *, width: int, height: int) -> str:
    """Return bars side by side, the wrong ones in red."""
    top = _round_up(max((bar.value for bar in bars), default=1.0))
    across, up = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM
    drawn = [_grid(top, width, height)]
    room = across / max(1, len(bars))
    for number, bar in enumerate(bars):
        tall = up * bar.value / top
        left = _LEFT + room * number
        colour = COLOURS[1] if bar.wrong else COLOURS[0]
        drawn.append(
            f'<rect x="{left + room * 0.15:.1f}" y="{_TOP + up - tall:.1f}" width="{room * 0.7:.1f}" '
            f'height="{tall:.1f}" fill="{colour}"/>'
        )
        drawn.append(_text(left + room / 2, height - 6, bar.name, anchor="middle"))
    return "".join(drawn)


def document(content: str, *, width: int, height: int) -> str:
    """Return what was drawn as a picture of its own."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="10">{content}</svg>'
    )


def short(value: float) -> str:
    """Return a number in few characters."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _grid(top: float, width: int, height: int) -> str:
    lines = []
    for share in (0.0, 0.5, 1.0):
        at = _TOP + (height - _TOP - _BOTTOM) * (1 - share)
        lines.append(
            f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{width - _RIGHT}" y2="{at:.1f}" stroke="#8884" '
            f'stroke-width="1"/>{_text(_LEFT - 4, at + 3, short(top * share), anchor="end")}'
        )
    return "".join(lines)


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#888">{escape(text)}</text>'


def _parts(points: Iterable[tuple[float, float | None]]) -> Iterable[list[tuple[float, float]]]:
    part: list[tuple[float, float]] = []
    for at, value in points:
        if value is None:
            if part:
                yield part
            part = []
        else:
            part.append((at, value))
    if part:
        yield part


def _round_up(value: float) -> float:
    """Return the next number of one digit, or one and a half: a scale that people can read."""
    if value <= 0:
        return 1.0
    size = 1.0
    while size > value:
        size /= 10
    while size * 10 <= value:
        size *= 10
    return next(size * step for step in (1, 1.5, 2, 3, 5, 8, 10) if size * step >= value * 0.999_999)
