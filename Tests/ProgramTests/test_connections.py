"""A connection is opened once: what follows the POST uses it, and so does the next POST soon after."""


def test_polls_and_the_next_post_use_the_connection_of_the_post(paid, wavespeed):
    wavespeed.script(polls=2)
    with paid() as program:
        for number in range(2):
            assert program.call("submit", prompt=f"number {number}", wait_ms=30_000)["status"] == "completed"
    used = [(found["endpoint"], found["connection"]) for found in wavespeed.log()
            if found["endpoint"] in ("submit", "poll")]
    assert [endpoint for endpoint, _ in used] == ["submit", "poll", "poll", "poll"] * 2
    assert len({connection for _, connection in used}) == 1
