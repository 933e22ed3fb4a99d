"""An animated SVG of the pictures of a screen: no script, only CSS. Each content of a row is one group, which is visible while it holds.

Where nothing moves (a reader who wants less motion, a renderer without CSS animations), it shows the last picture.
"""

import html
import re
from itertools import groupby

WIDTH, HEIGHT, MARGIN = 8.4, 18, 12
#: Light and dark: the ground, the text, the caption, then the colours of terminals. The names are pyte's.
COLOURS = {
    "ground": ("#ffffff", "#0d1117"), "default": ("#1f2328", "#e6edf3"), "caption": ("#59636e", "#9198a1"),
    "black": ("#1f2328", "#484f58"), "red": ("#cf222e", "#ff7b72"), "green": ("#116329", "#3fb950"), "brown": ("#7d4e00", "#d29922"),
    "blue": ("#0969da", "#58a6ff"), "magenta": ("#8250df", "#bc8cff"), "cyan": ("#1b7c83", "#39c5cf"), "white": ("#d1d9e0", "#656c76"),
}
#: XML cannot hold these, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(frames, title, after=3.0):
    """The text of the SVG. The last frame stays `after` seconds, then all begins anew."""
    columns, rows = len(frames[0].rows[0]), len(frames[0].rows)
    end = frames[-1].time + after
    classes, groups = {}, []
    for number in range(rows + 1):
        for content, spans in _contents(frames, number, end).items():
            drawn = _caption(content, rows) if number == rows else _row(content, number)
            if not drawn:
                continue
            if spans == ((0, end),):
                groups.append(drawn)
                continue
            name = classes.setdefault(spans, f"s{len(classes)}")
            groups.append(f'<g class="{name}">{drawn}</g>')
    width, height = round(columns * WIDTH + 2 * MARGIN), (rows + 2) * HEIGHT + 2 * MARGIN
    style = _style(end) + "".join(_rule(name, spans, end) for spans, name in classes.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
        f"<title>{_escape(title)}</title>\n<style>\n{style}</style>\n"
        f'<rect class="frame" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>\n' + "\n".join(groups) + "\n</svg>\n"
    )


def _contents(frames, number, end):
    """What a row shows, each with the times from which and to which it does. The row after the last is the caption."""
    spans = {}
    times = [frame.time for frame in frames[1:]] + [end]
    shown = [(frame.rows[number] if number < len(frame.rows) else frame.caption) for frame in frames]
    for content, group in groupby(zip(shown, frames, times), key=lambda one: one[0]):
        group = list(group)
        spans.setdefault(content, []).append((group[0][1].time, group[-1][2]))
    return {content: tuple(times) for content, times in spans.items()}


def _rule(name, spans, end):
    steps = {0: "hidden"}
    for start, stop in spans:
        steps[_share(start, end)] = "visible"
        if stop < end:
            steps[_share(stop, end)] = "hidden"
    frames = "".join(f"{share}%{{visibility:{value}}}" for share, value in steps.items())
    still = "visibility:visible;" if spans[-1][1] == end else ""
    return f".{name}{{{still}animation-name:{name}}}@keyframes {name}{{{frames}}}\n"


def _share(time, end):
    return float(f"{100 * time / end:.2f}")


def _style(end):
    def palette(index):
        return "".join(f"--{name}:{pair[index]};" for name, pair in COLOURS.items())

    fills = "".join(f".{name[:3]}{{fill:var(--{name})}}" for name in COLOURS)
    return (
        f"svg{{{palette(0)}font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}}\n"
        f"@media(prefers-color-scheme:dark){{svg{{{palette(1)}}}}}\n"
        f"text{{white-space:pre;fill:var(--default)}}.frame{{fill:var(--ground);stroke:var(--white)}}.b{{font-weight:700}}"
        f".u{{text-decoration:underline}}.note{{font:italic 14px system-ui,sans-serif}}{fills}\n"
        f"g{{visibility:hidden;animation:{round(end, 2):g}s step-end infinite}}\n"
        "@media(prefers-reduced-motion:reduce){g{animation:none!important}}\n"
    )


def _row(cells, number):
    """A row without the blanks at its end."""
    top = MARGIN + number * HEIGHT
    rectangles, texts = [], []
    column = 0
    for (foreground, background, bold, underlined), run in groupby(
        cells, key=lambda cell: (cell.foreground, cell.background, cell.is_bold, cell.is_underlined)
    ):
        run = list(run)
        left, length = MARGIN + column * WIDTH, len(run)
        column += length
        if background != "default":
            colour = _name(background)[:3]
            rectangles.append(f'<rect class="{colour}" x="{left:g}" y="{top}" width="{round(length * WIDTH, 1):g}" height="{HEIGHT}"/>')
        words = "".join(cell.text for cell in run)
        blanks = len(words) - len(words.lstrip(" "))
        if underlined:
            blanks = 0
        elif not words.strip():
            continue
        else:
            words = words.strip(" ")
        foreground = _legible(_name(foreground), _name(background))
        names = [foreground[:3]] if foreground != "default" else []
        names += ["b"] * bold + ["u"] * underlined
        style = f' class="{" ".join(names)}"' if names else ""
        width = f' textLength="{round(_cells(run, words) * WIDTH, 1):g}"' if len(words) > 1 else ""
        texts.append(f'<text{style} x="{round(left + blanks * WIDTH, 1):g}" y="{top + 14}"{width}>{_escape(words)}</text>')
    return "".join(rectangles + texts)


def _cells(run, words):
    """How many cells these words take. One of two cells is followed by an empty one."""
    wide = sum(1 for cell in run if cell.text == "")
    return len(words) + wide


def _caption(caption, rows):
    if not caption:
        return ""
    return f'<text class="cap note" x="{MARGIN}" y="{MARGIN + (rows + 1) * HEIGHT + 10}">{_escape(caption)}</text>'


def _name(colour):
    """Our name of a colour; one that a terminal of eight colours does not have is the text's."""
    name = "default" if colour == "text" else colour.removeprefix("bright")
    return name if name in COLOURS else "default"


def _legible(foreground, background):
    """The text's colour on a coloured ground: there black and the usual one may be as dark, or as light, as the ground."""
    if background in ("default", "ground") or foreground not in ("default", "black"):
        return foreground
    return "default" if background == "white" else "ground"


def _escape(text):
    return html.escape(FORBIDDEN.sub("\ufffd", text), quote=False)
