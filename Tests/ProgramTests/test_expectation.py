"""What earlier predictions say about one that its provider works on: how long it will take, and which share is done."""

import sqlite3
import time

from program import wait_for

RUNNING = [{"do": "running", "times": "forever"}]


def stored(home):
    with sqlite3.connect(home / ".local/state/imagewire/predictions.db", timeout=30) as table:
        return table.execute("SELECT account, model, still_ms, done_ms FROM durations ORDER BY seq").fetchall()


def test_each_final_answer_leaves_how_long_it_took(paid, wavespeed, home):
    wavespeed.script(polls=3)
    with paid() as program:
        for number in range(3):
            done = program.call("submit", prompt=f"number {number}", wait_ms=30000)
            assert done["status"] == "completed" and "eta_ms" not in done and "progress" not in done
        assert "eta_ms" not in program.call("list")["predictions"][0]
    rows = stored(home)
    assert len(rows) == 3 and len({(account, model) for account, model, _, _ in rows}) == 1
    assert all(0 < still <= done < 30_000 for _, _, still, done in rows)


def test_what_is_expected_is_told_while_it_is_made_and_never_falls(paid, wavespeed):
    wavespeed.script(poll=RUNNING)
    with paid() as program:
        id = program.call("submit", prompt="a red fox", wait_ms=0)["id"]
        wait_for(lambda: "progress" in program.call("status", id=id), "nothing is expected")
        shares = []
        for _ in range(8):
            found = program.call("status", id=id)
            # Nothing is known of the model: half of all predictions take twelve seconds.
            assert 0 < found["eta_ms"] <= 15_000
            shares.append(found["progress"])
            time.sleep(0.25)
        assert shares == sorted(shares) and 0 <= shares[0] < shares[-1] < 0.99
        late = program.call("result", id=id, timeout_ms=1_500, workDoneToken="t")
        assert late["status"] == "processing" and late["progress"] >= shares[-1]
        told = [message["params"]["value"] for message in program.notifications if message["method"] == "$/progress"]
        reports = [value for value in told if value["kind"] == "report"]
        assert reports and all(value["progress"] >= shares[-1] and value["eta_ms"] > 0 for value in reports)
        over = program.call("cancel", id=id)
        assert "eta_ms" not in over and "progress" not in over
        assert "eta_ms" not in program.call("status", id=id)
