"""Passes all bytes between a client and the program on unchanged, and records the messages.

    recorder.py FILE PROGRAM [ARGUMENT…]

Each line of FILE is `{"from": "client" | "server", "text": …}`: one line of the conversation.
"""

import json
import subprocess
import sys
import threading


def main():
    path, *command = sys.argv[1:]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    lock = threading.Lock()
    with open(path, "a", encoding="utf-8") as record:

        def note(side, line):
            with lock:
                record.write(json.dumps({"from": side, "text": line.decode().rstrip("\n")}) + "\n")
                record.flush()

        def ask():
            while line := sys.stdin.buffer.readline():
                note("client", line)
                try:
                    process.stdin.write(line)
                    process.stdin.flush()
                except BrokenPipeError:
                    return
            process.stdin.close()

        threading.Thread(target=ask, daemon=True).start()
        while line := process.stdout.readline():
            note("server", line)
            try:
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                break
        code = process.wait()
        note("server", b"")
    return code


if __name__ == "__main__":
    sys.exit(main())
