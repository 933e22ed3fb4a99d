"""Subscriptions: their cursor, and how they end."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PATIENCE, pid_of, small

import imagewire


@pytest.mark.behaviour("subscribe")
def test_a_subscription_tells_of_changes_and_goes_on_from_its_cursor(client):
    with client.subscribe(tag="boats") as updates:
        made = client.submit(input=small("boat"), tags=["boats"])
        for update in updates:
            assert update.prediction.id == made.id and update.prediction.input is None
            if update.prediction.done:
                break
        cursor = updates.cursor
    # Closing ended it in the program too.
    with pytest.raises(imagewire.InvalidParams, match="no subscription"):
        client.call("unsubscribe", {"subscription": updates._name})
    client.delete([made.id])
    with client.subscribe(since=cursor) as updates:
        assert next(updates).deleted == made.id
        assert updates.reset is False


def test_a_subscription_ends_with_close_and_with_the_process(client):
    updates = client.subscribe()
    with ThreadPoolExecutor() as pool:
        heard = pool.submit(list, updates)
        updates.close()
        assert heard.result(PATIENCE) == []
    updates = client.subscribe()
    os.kill(pid_of(client), signal.SIGKILL)
    with pytest.raises(imagewire.ConnectionLost):
        next(updates)
    assert list(updates) == []
