"""A command in its own terminal (a pty), so that a test sees the same as a person."""

import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from fcntl import ioctl

from program import BINARY, PATIENCE, environment


class Terminal:
    """One command. `stderr` (or all of it) is a terminal; stdout is a pipe unless asked otherwise, as in `$(…)`."""

    def __init__(self, home, *arguments, columns=80, stdout_too=False, program=BINARY, **variables):
        self.master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        variables = {"TERM": "xterm-256color", "LANG": "C.UTF-8", **variables}
        self.process = subprocess.Popen(
            [program, *map(str, arguments)], stdin=slave, stdout=slave if stdout_too else subprocess.PIPE, stderr=slave,
            env=environment(home, **variables), cwd=str(home), start_new_session=True,
            preexec_fn=lambda: ioctl(2, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.screen = b""

    def _more(self, patience):
        if not select.select([self.master], [], [], patience)[0]:
            return False
        try:
            chunk = os.read(self.master, 65536)
        except OSError:  # Linux reports this when the other end is closed everywhere.
            return False
        self.screen += chunk
        return bool(chunk)

    def see(self, text, patience=PATIENCE):
        """Waits until this was on the screen."""
        deadline = time.monotonic() + patience
        while text.encode() not in self.screen:
            assert self._more(deadline - time.monotonic()), f"never seen: {text!r} in {self.screen!r}"

    def type(self, keys):
        """Presses keys; \\x03 is Ctrl-C, which the terminal turns into the signal."""
        os.write(self.master, keys.encode())

    def end(self, patience=PATIENCE):
        """The exit status and what came on stdout, once it has ended; all of the screen is in `screen`."""
        out = self.process.stdout.read() if self.process.stdout else b""
        while self._more(patience):
            pass
        return self.process.wait(patience), out.decode()

    @property
    def text(self):
        """The screen as text, without the line's rewinding."""
        return self.screen.decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self.master)
