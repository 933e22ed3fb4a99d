"""The screen of a terminal, from the bytes that a program writes: pyte, and what it does not know."""

import re
from dataclasses import dataclass

import pyte

#: Sequences that pyte prints, or takes for colours: private ones as `ESC [ > … m`, and strings for the terminal (DCS, OSC).
UNREAD = re.compile(rb"\x1b\[[>=<][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*m|\x1b\[[0-9;]* q|\x1b[P\]_^][^\x07\x1b]*(?:\x07|\x1b\\)")
#: The beginning of a sequence whose end has not come yet.
BEGUN = re.compile(rb"\x1b(?:\[[?>=<]?[0-9; ]*|[P\]_^][^\x07\x1b]*\x1b?)?\Z")


@dataclass(frozen=True)
class Cell:
    text: str
    foreground: str = "default"
    background: str = "default"
    is_bold: bool = False
    is_underlined: bool = False


class _Answering(pyte.Screen):
    """Answers the questions of a program about its terminal, since some wait for that."""

    def __init__(self, columns, rows, answer):
        super().__init__(columns, rows)
        self.write_process_input = answer

    # pyte's own take no `private`, which programs send.

    def report_device_attributes(self, mode=0, **_):
        super().report_device_attributes(mode)

    def set_margins(self, *margins, **_):
        super().set_margins(*margins)


class Screen:
    """`answer` gets what the terminal says to the program."""

    def __init__(self, columns, rows, answer=lambda text: None):
        self.cells = _Answering(columns, rows, answer)
        self.stream = pyte.ByteStream(self.cells)
        self.rest = b""

    def feed(self, data):
        """Bytes of the program, cut anywhere."""
        data = self.rest + data
        begun = BEGUN.search(data)
        whole, self.rest = (data[: begun.start()], data[begun.start() :]) if begun else (data, b"")
        self.stream.feed(UNREAD.sub(b"", whole))

    @property
    def text(self):
        return "\n".join(self.cells.display)

    def rows(self):
        """Each row as a tuple of cells; that of the cursor has its colours exchanged."""
        return tuple(self._row(number) for number in range(self.cells.lines))

    def _row(self, number):
        line, cursor = self.cells.buffer[number], self.cells.cursor
        cells = []
        for column in range(self.cells.columns):
            cell = line[column]
            foreground, background = cell.fg, cell.bg
            is_cursor = not cursor.hidden and (cursor.y, min(cursor.x, self.cells.columns - 1)) == (number, column)
            if cell.reverse != is_cursor:
                foreground, background = (
                    "ground" if background == "default" else background, "text" if foreground == "default" else foreground)
            cells.append(Cell(cell.data, foreground, background, cell.bold, cell.underscore))
        return tuple(cells)
