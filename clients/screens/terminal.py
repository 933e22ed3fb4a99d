"""A program in a terminal of its own, and the pictures of its screen.

The time of the pictures is not that of the clock: a key takes as long as its script says, so that a slow machine records the same.
Only what passes while a text is waited for has its real length, in tenths of a second.
"""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from dataclasses import dataclass
from fcntl import ioctl

from screen import Screen

#: No text is waited for longer, in seconds.
PATIENCE = 30
#: A screen on which nothing has changed for so long is drawn, in seconds.
QUIET = 0.06


@dataclass(frozen=True)
class Frame:
    """A picture of the screen: `rows` of cells, from `time` on, in seconds; `caption` says what is done."""

    time: float
    caption: str
    rows: tuple


class Terminal:
    def __init__(self, command, environment, directory, columns=80, rows=24):
        self.frames = []
        self.now = 0.0
        self.caption = ""
        self.screen = Screen(columns, rows, self._write)
        self.has_ended = False
        self.master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=directory, start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    # -- for scripts -------------------------------------------------------------------------------------------------

    def say(self, caption):
        """The line below the screen, from now on."""
        self.caption = caption
        self._draw()

    def type(self, keys, pace=0.06):
        """Presses keys one by one, each of which takes `pace` seconds of the picture's time."""
        for key in re.findall(r"\x1b.|.", keys, re.DOTALL):
            self._write(key)
            self._settle()
            self.now += pace

    def see(self, text, patience=PATIENCE):
        """Waits until a text is on the screen, and draws what passes meanwhile."""
        self._wait(lambda: text in self.text, f"never seen: {text!r}", patience)

    def miss(self, text, patience=PATIENCE):
        """Waits until a text is on the screen no more."""
        self._wait(lambda: text not in self.text, f"still seen: {text!r}", patience)

    def hold(self, seconds):
        """Leaves the picture as it is, so that it can be read."""
        self._draw()
        self.now += seconds

    @property
    def text(self):
        return self.screen.text

    # -- for the recorder --------------------------------------------------------------------------------------------

    def begin(self):
        """The picture begins with the screen as it is now, not with the start of the program."""
        self.now = 0.0
        self.frames.clear()
        self._draw()

    def close(self):
        """Ends the program as closing the window does, and waits for its end."""
        try:
            os.killpg(self.process.pid, signal.SIGHUP)
        except ProcessLookupError:
            pass
        deadline = time.monotonic() + 10
        while not self.has_ended and time.monotonic() < deadline:
            self._read(0.1)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    def _write(self, text):
        try:
            os.write(self.master, text.encode())
        except OSError:
            self.has_ended = True

    def _read(self, patience):
        """Whether something came within so many seconds."""
        if self.has_ended or not select.select([self.master], [], [], max(0, patience))[0]:
            return False
        try:
            chunk = os.read(self.master, 65536)
        except OSError:  # Linux reports this when nothing has the other end open any more.
            chunk = b""
        self.has_ended = not chunk
        self.screen.feed(chunk)
        return bool(chunk)

    def _settle(self):
        while self._read(QUIET):
            pass
        self._draw()

    def _wait(self, is_there, complaint, patience):
        began, start = self.now, time.monotonic()
        while not is_there():
            assert time.monotonic() - start < patience and not self.has_ended, f"{complaint} in\n{self.text}"
            if self._read(QUIET):
                while self._read(0.01):
                    pass
                self.now = max(self.now, round(began + time.monotonic() - start, 1))
                self._draw()
        self._settle()

    def _draw(self):
        rows = self.screen.rows()
        last = self.frames[-1] if self.frames else None
        if last and (last.rows, last.caption) == (rows, self.caption):
            return
        frame = Frame(self.now, self.caption, rows)
        if last and last.time == self.now:
            self.frames[-1] = frame
        else:
            self.frames.append(frame)
