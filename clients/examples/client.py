#!/usr/bin/env python3
"""A whole client in fifty lines of Python, without a package: one process for all calls, of every thread, started when it is needed.

`client.py PROMPT` prints the path of an image. `client.py` reads calls from its input: Tests/Conformance/README.md.
"""
import itertools, json, os, subprocess, sys, threading
from concurrent.futures import Future

class Lost(Exception):
    """The process ended. A submit may have been accepted all the same: look with `list` before you submit again."""

class Refused(Exception):
    """The answer is an error; `error` is what the program said."""
    def __init__(self, error):
        super().__init__(f"{error['message']} {error.get('data', {}).get('hint', '')}".strip())
        self.error = error

class Client:
    def __init__(self):
        self.lock, self.ids, self.process, self.waiting = threading.Lock(), itertools.count(1), None, {}

    def call(self, method, **params):
        reply = Future()
        with self.lock:  # One line at a time.
            if self.process is None:
                # Its standard error is ours: in a pipe that nobody reads it would fill.
                self.process = subprocess.Popen([os.environ.get("IMAGEWIRE", "imagewire")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                threading.Thread(target=self.read, args=[self.process], daemon=True).start()
            number = next(self.ids)
            self.waiting[number] = reply
            try:
                self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                pass  # The reader tells all that wait.
        message = reply.result()
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def read(self, process):
        for line in process.stdout:
            message = json.loads(line)
            reply = self.waiting.pop(message.get("id"), None)  # Notifications have no id.
            if reply:
                reply.set_result(message)
        with self.lock:
            lost, self.waiting, self.process = self.waiting, {}, None
        for reply in lost.values():
            reply.set_exception(Lost(f"imagewire ended. {Lost.__doc__}"))

    def generate(self, prompt):
        prediction = self.call("submit", prompt=prompt)
        while prediction["status"] in ("created", "processing"):
            prediction = self.call("result", id=prediction["id"])  # 50 s at most, then again; never a second submit.
        if prediction["status"] != "completed" or prediction["failure"]:
            hint = (prediction["failure"] or {}).get("hint") or ""
            raise SystemExit(f"{prediction['error']} {hint} (billing: {prediction['billing']})")
        return prediction["files"][0]["path"]

    def close(self):
        if process := self.process:
            process.stdin.close()  # Never kill it: a paid request may be on its way.
            process.wait()

def serve(client):
    """One line for each call, and one for each outcome."""
    for line in sys.stdin:
        try:
            asked = json.loads(line)
            outcome = {"path": client.generate(asked["generate"])} if "generate" in asked else {"result": client.call(asked["call"], **asked["params"])}
        except Refused as error:
            outcome = {"error": error.error}
        except SystemExit as error:
            outcome = {"failed": str(error)}
        except Lost as error:
            outcome = {"lost": str(error)}
        print(json.dumps(outcome), flush=True)

if __name__ == "__main__":
    client = Client()
    try:
        print(client.generate(sys.argv[1])) if len(sys.argv) > 1 else serve(client)
    except (Refused, Lost) as error:
        sys.exit(str(error))
    finally:
        client.close()
