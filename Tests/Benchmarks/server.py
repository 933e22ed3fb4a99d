#!/usr/bin/env python3
"""A plain Python script in the program's place: parses a line, looks the prediction up, prints the reply."""

import json
import sys

PREDICTION = {
    "id": "0192f7c2-8a7e-7cc1-bb6a-2f4f5a1c9d11", "model": "openai/gpt-image-1-high-fidelity", "status": "completed",
    "outputs": ["https://d1q70pf5vjeyhc.cloudfront.net/predictions/0192f7c2/1.png"],
    "urls": {"get": "https://api.wavespeed.ai/api/v3/predictions/0192f7c2/result"}, "has_nsfw_contents": [False],
    "created_at": "2023-04-01T12:34:56.789Z", "error": "", "timings": {"inference": 12345},
}

for line in sys.stdin:
    request = json.loads(line)
    reply = {"jsonrpc": "2.0", "id": request["id"], "result": PREDICTION}
    sys.stdout.write(json.dumps(reply, separators=(",", ":")) + "\n")
    sys.stdout.flush()
