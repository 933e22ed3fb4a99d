"""A plot of lines on logarithmic axes, as an SVG without a library. Legible on light and on dark pages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape


@dataclass
class Line:
    """One line of the plot, and how it is drawn: `ours`, or a dashed `scan` that may grow."""

    name: str
    points: dict[int, float]
    kind: str = "ours"


LEFT, TOP, WIDTH, HEIGHT, RIGHT = 64, 44, 370, 340, 256
#: The least distance between two labels.
APART = 17


def shown(microseconds: float) -> str:
    """A time with its unit."""
    for limit, unit in ((1_000, "µs"), (1_000_000, "ms")):
        if microseconds < limit:
            value = microseconds * 1_000 / limit
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{microseconds / 1_000_000:.1f} s"


def spread(places: list[float], least: float, most: float) -> list[float]:
    """Places for labels, in ascending order: each near its own, and none on another."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + APART if moved else least))
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], moved[index + 1] - APART if index + 1 < len(moved) else most)
    return moved


def plot(title: str, lines: list[Line]) -> str:
    """Sizes across, microseconds up; each line has its name and last value at its end."""
    sizes = sorted({size for line in lines for size in line.points})
    values = [value for line in lines for value in line.points.values()]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def across(size: float) -> float:
        return LEFT + (math.log10(size) - first) / ((last - first) or 1) * WIDTH

    def up(value: float) -> float:
        return TOP + HEIGHT - (math.log10(value) - low) / (high - low) * HEIGHT

    parts = [f'<text class="title" x="10" y="22">{escape(title)}</text>']
    for power in range(low, high + 1):
        y = up(10**power)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + WIDTH}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{shown(10**power).replace(".0", "")}</text>')
    for power in range(math.ceil(first), math.floor(last) + 1):
        x = across(10**power)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{TOP + HEIGHT}"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP + HEIGHT + 20}" text-anchor="middle">{10**power:,}</text>')
    parts.append(f'<text x="{LEFT + WIDTH / 2:.1f}" y="{TOP + HEIGHT + 42}" text-anchor="middle">predictions in the database</text>')

    ordered = sorted(lines, key=lambda line: up(line.points[max(line.points)]))
    places = spread([up(line.points[max(line.points)]) for line in ordered], TOP + 4, TOP + HEIGHT - 4)
    for line, place in zip(ordered, places):
        points = [(across(size), up(value)) for size, value in sorted(line.points.items())]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="{line.kind}" points="{drawn}"/>')
        parts += [f'<circle class="{line.kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in points]
        x, y = points[-1]
        parts.append(f'<path class="lead" d="M{x + 5:.1f} {y:.1f} L{LEFT + WIDTH + 18:.1f} {place:.1f}"/>')
        value = shown(line.points[max(line.points)])
        parts.append(f'<text x="{LEFT + WIDTH + 22}" y="{place + 4:.1f}">{escape(line.name)}, {value}</text>')
    style = (
        "text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-weight:600}.grid{stroke:#9aa4ae;stroke-opacity:.35}"
        ".lead{stroke:#9aa4ae;fill:none}polyline{fill:none;stroke-width:2}polyline.ours{stroke:#2f81f7}circle.ours{fill:#2f81f7}"
        "polyline.scan{stroke:#d4771c;stroke-dasharray:5 4}circle.scan{fill:#d4771c}"
        "@media(prefers-color-scheme:dark){text{fill:#adbac7}}"
    )
    width, height = LEFT + WIDTH + RIGHT, TOP + HEIGHT + 56
    described = "; ".join(
        f"{line.name}: " + ", ".join(f"{shown(value)} at {size:,}" for size, value in sorted(line.points.items())) for line in ordered)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
    return "\n".join([head, f"<title>{escape(f'{title}. {described}')}</title>", f"<style>{style}</style>", *parts, "</svg>"]) + "\n"
