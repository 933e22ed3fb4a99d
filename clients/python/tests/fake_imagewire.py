#!/usr/bin/env python3
"""Programs that are not the imagewire a client hopes for. The first argument says which."""

import json
import sys
import time

kind = sys.argv[1]
if kind == "quits":
    sys.exit("imagewire: error: There is no option quits.")
for line in sys.stdin:
    request = json.loads(line)
    number = request.get("id")
    if kind == "mute":
        time.sleep(600)
    if kind == "babbles":
        print("Welcome to imagewire!", flush=True)
        continue
    if kind == "silent" and request["method"] != "initialize":
        continue
    reply = {"jsonrpc": "2.0", "id": number, "result": {}}
    if request["method"] == "initialize":
        version = "0.0.9" if kind == "old" else "7.1"
        reply["result"] = {"capabilities": {}, "serverInfo": {"name": "cat" if kind == "other" else "imagewire", "version": version}}
        if kind == "ancient":
            reply = {"jsonrpc": "2.0", "id": number, "error": {"code": -32601, "message": "Method not found"}}
    elif kind == "dies":
        sys.stderr.write("imagewire: error: something broke\n")
        sys.exit(9)
    elif kind == "nonsense":
        reply = {"jsonrpc": "2.0", "id": number, "error": "no"}
    elif kind == "chatty":
        # Far more than a pipe holds, before the answer.
        for _ in range(5_000):
            sys.stderr.write("imagewire: debug: " + "x" * 100 + "\n")
        reply["result"] = {"long": "y" * 5_000_000}
    if number is not None:
        print(json.dumps(reply), flush=True)
