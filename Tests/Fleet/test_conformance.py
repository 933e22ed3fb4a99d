"""The rules of every store, in Swift, against a server."""

import os
import re
import subprocess

from program import ROOT


def test_the_store_keeps_the_rules_of_every_store_and_one_writer_at_a_time(database):
    done = subprocess.run(
        ["swift", "test", "--skip-build", "--filter", "PostgreSQL"], cwd=ROOT, capture_output=True, text=True,
        timeout=400, env={**os.environ, "IMAGEWIRE_TEST_POSTGRESQL": database.create("rules")})
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    # A suite that found no server would pass, too.
    assert int(re.search(r"with (\d+) test cases passed", done.stdout + done.stderr)[1]) >= 77
    assert "Processes that write to one server at the same moment" in done.stdout + done.stderr
