#!/usr/bin/env python3
"""Programs that are not the imagewire a client hopes for. The first argument says which."""

import json
import signal
import sys
import time

kind = sys.argv[1]
if kind == "quits":
    sys.exit("imagewire: error: There is no option quits.")
if kind == "slow":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
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
    elif kind == "slow":
        # Answers a submit after SIGUSR1, and writes each cancelled id to stderr.
        if request["method"] == "submit":
            signal.sigwait({signal.SIGUSR1})
            reply["result"] = {"id": "p1"}
        elif request["method"] == "cancel":
            sys.stderr.write(f"imagewire: warning: cancel {request['params']['id']}\n")
    elif kind == "unread":
        if request["method"] == "result":
            continue
        print(json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Invalid Request"}}))
    elif kind == "odd":
        for odd in ([], {}, True, float(number or 0), "1"):
            print(json.dumps({"jsonrpc": "2.0", "id": odd, "result": {"wrong": True}}))
    elif kind == "nonsense":
        reply = {"jsonrpc": "2.0", "id": number, "error": "no"}
    elif kind == "chatty":
        # Far more than a pipe holds, before the answer.
        for _ in range(5_000):
            sys.stderr.write("imagewire: debug: " + "x" * 100 + "\n")
        reply["result"] = {"long": "y" * 5_000_000}
    if number is not None:
        print(json.dumps(reply), flush=True)
