"""The figures as people see them: one Markdown table, and one plot."""

from __future__ import annotations

import os
import platform
import re
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path


@dataclass
class Row:
    """One line of the table. `goal` is for the eye and no gate: machines differ."""

    what: str
    measured: str
    beside: str = ""
    goal: str = ""


@dataclass
class Bar:
    """One bar of the plot."""

    name: str
    value: float


def machine() -> str:
    """Where and when it was measured."""
    try:
        known = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        known = None
    model = known.group(1) if known else platform.processor() or "unknown processor"
    return f"{model}, {platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}, {time.strftime('%Y-%m-%d')}"


def table(rows: list[Row]) -> str:
    lines = ["| what | imagewire | beside it | goal |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.measured} | {row.beside} | {row.goal} |" for row in rows]
    return "\n".join(lines) + "\n"


def plot(groups: list[tuple[str, str, list[Bar]]]) -> str:
    """Horizontal bars, a group for each measurement, longest bar full width. Legible on light and on dark pages."""
    left, width, row, gap = 130, 420, 22, 34
    parts: list[str] = []
    y = 10
    for title, unit, bars in groups:
        parts.append(f'<text class="title" x="10" y="{y + 14}">{escape(title)}</text>')
        y += 24
        longest = max(bar.value for bar in bars)
        for index, bar in enumerate(bars):
            length = max(1.0, bar.value / longest * width)
            kind = "ours" if index == 0 else "theirs"
            shown = f"{bar.value:,.0f}" if bar.value >= 100 else f"{bar.value:.1f}"
            parts.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(bar.name)}</text>')
            parts.append(f'<rect class="{kind}" x="{left}" y="{y + 3}" width="{length:.1f}" height="{row - 7}" rx="2"/>')
            parts.append(f'<text x="{left + length + 6:.1f}" y="{y + 14}">{shown} {escape(unit)}</text>')
            y += row
        y += gap - row
    style = (
        "text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-weight:600}.ours{fill:#2f81f7}.theirs{fill:#9aa4ae}"
        "@media(prefers-color-scheme:dark){text{fill:#adbac7}}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="680" height="{y}" viewBox="0 0 680 {y}" role="img">'
    described = "; ".join(f"{title}: " + ", ".join(f"{b.name} {b.value:.1f} {unit}" for b in bars) for title, unit, bars in groups)
    return "\n".join([head, f"<title>{escape(described)}</title>", f"<style>{style}</style>", *parts, "</svg>"]) + "\n"
