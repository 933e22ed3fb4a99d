"""WaveSpeed's own client as its users call it: `run`, then the output into a file that is synced. For the part `felt`.

    sdk.py FOLDER < LANES

LANES is JSON: {"url": ..., "lanes": [[[wait, model, prompt], ...], ...]}. A lane is a thread, which runs its jobs one after the
other; `wait` is what it sleeps before. Prints a line of JSON for each job: its prompt, and when it began and ended.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

import requests
import wavespeed


def main() -> None:
    folder, plan = sys.argv[1], json.loads(sys.stdin.readline())
    # It must not outlive who started it.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()
    told = os.fdopen(os.dup(1), "w")
    # The SDK prints its own troubles.
    os.dup2(2, 1)
    lock = threading.Lock()

    def lane(number: int, jobs: list) -> None:
        client = wavespeed.Client("none", base_url=plan["url"])
        for wait, model, prompt in jobs:
            time.sleep(wait)
            begun, trouble = time.monotonic(), None
            try:
                made = client.run(model, {"prompt": prompt})
                content = requests.get(made["outputs"][0], timeout=60)
                content.raise_for_status()
                with open(os.path.join(folder, f"{number}.png"), "wb") as file:
                    file.write(content.content)
                    file.flush()
                    os.fsync(file.fileno())
            except Exception as error:  # noqa: BLE001
                trouble = str(error)
            ended = time.monotonic()
            with lock:
                print(json.dumps({"prompt": prompt, "begun": begun, "ended": ended, "trouble": trouble}), file=told, flush=True)

    threads = [threading.Thread(target=lane, args=one) for one in enumerate(plan["lanes"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The watcher still reads: without this Python would wait for its lock.
    told.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
