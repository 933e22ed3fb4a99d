"""Agents request at most 50 images and $10 a day unless they are allowed more."""

import json

import pytest
from program import wait_for

ALL = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "agent", "version": "1"}}
pytestmark = pytest.mark.usefixtures("one_day")


@pytest.fixture
def agent(paid):
    def start(*arguments, **options):
        program = paid(*arguments, **options)
        program.call("initialize", ALL)
        return program

    return start


def order(program, prompt="a boat", tool="generate_image", **arguments):
    answer = program.call("tools/call", {"name": tool, "arguments": {"prompt": prompt, **arguments}})
    return answer["isError"], "\n".join(block["text"] for block in answer["content"] if block["type"] == "text")


def test_60_submits_of_ten_images_are_five_posts(agent, wavespeed):
    wavespeed.script(polls=10**6)
    with agent() as one, agent() as two:
        refused = 0
        for number in range(60):
            is_error, text = order([one, two][number % 2], f"boat {number}", "submit_prediction", input={"n": 10})
            if is_error:
                refused += 1
                assert "It requests 10 images; agents may request 50 images a day on this account and have requested 50." in text
                assert "The count starts again at " in text and "--agent-max-images" in text
        assert refused == 55
        wavespeed.script(polls=0)
        wait_for(lambda: len(wavespeed.posts()) == 5, "five POSTs")
        assert order(one, "one more")[0]
    assert len(wavespeed.posts()) == 5


def test_what_was_deleted_still_counts_and_a_restart_changes_nothing(agent, wavespeed):
    with agent("--agent-max-images", "2") as program:
        assert order(program, input={"n": 2})[0] is False
        for prediction in program.call("list")["predictions"]:
            program.call("delete", ids=[prediction["id"]], files=True)
    with agent("--agent-max-images", "2") as program:
        is_error, text = order(program, "another boat")
        assert is_error and "agents may request 2 images a day on this account and have requested 2." in text


def test_refused_and_unsent_ones_count_nothing(agent, wavespeed):
    wavespeed.script(submit=["400", "400"])
    with agent("--agent-max-images", "1") as program:
        assert order(program, "one")[0] and order(program, "two")[0]
        assert order(program, "three")[0] is False


def test_plain_clients_and_the_sandbox_are_not_counted(agent, wavespeed):
    with agent("--agent-max-images", "1") as program:
        for number in range(2):
            assert program.call("submit", prompt=f"a boat {number}", wait_ms=20000)["status"] == "completed"
        for number in range(2):
            assert order(program, f"a drawing {number}")[0] is (number == 1)
    with agent("--agent-max-images", "1", "--provider", "sandbox") as program:
        for number in range(3):
            assert order(program, f"a drawing {number}", input={"size": "64x64"})[0] is False


def test_money_is_capped_too_and_counts_only_known_prices(agent, wavespeed):
    wavespeed.script(usd=4)
    with agent() as program:
        assert [order(program, f"boat {number}")[0] for number in range(3)] == [False, False, True]
        is_error, text = order(program, "one more")
        assert is_error and "It would cost $4.00; agents may spend $10.00 a day on this account and have requested $8.00 worth" in text
        wavespeed.script(price=[{"do": "503", "times": "forever"}])
        assert order(program, "no price", input={"seed": 1})[0] is False
    assert len(wavespeed.posts()) == 3


def test_a_cap_that_was_set_refuses_unknown_prices_strictly(agent, wavespeed):
    wavespeed.script(price=[{"do": "503", "times": "forever"}])
    with agent("--agent-max-spend", "5", "--max-spend-strict") as program:
        is_error, text = order(program)
        assert is_error and "Its price is not known" in text
    with agent("--max-spend-strict") as program:
        assert order(program)[0] is False, "the default cap is not strict"
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("how", ["flag", "variable", "config"])
def test_the_caps_are_raised_where_people_say_so(agent, wavespeed, home, how):
    if how == "config":
        (home / ".config/imagewire").mkdir(parents=True)
        (home / ".config/imagewire/config.json").write_text(json.dumps({"agent_max_images": 0, "agent_max_spend": 0}))
    arguments = ["--agent-max-images", "0", "--agent-max-spend", "0"] if how == "flag" else []
    names = ("IMAGEWIRE_AGENT_MAX_IMAGES", "IMAGEWIRE_AGENT_MAX_SPEND") if how == "variable" else ()
    with agent(*arguments, **{name: "0" for name in names}) as program:
        assert order(program, input={"n": 500})[0] is False


@pytest.mark.parametrize("limit", [
    {"IMAGEWIRE_AGENT_MAX_SPEND": "ten"}, {"IMAGEWIRE_AGENT_MAX_IMAGES": "-1"}, {"IMAGEWIRE_MAX_SPEND_STRICT": "maybe"},
    {"IMAGEWIRE_CONFIRM_ABOVE": "ten"},
], ids=lambda limit: next(iter(limit)))
def test_a_limit_that_cannot_be_read_lets_nothing_be_spent(agent, wavespeed, limit):
    with agent(**limit) as program:
        is_error, text = order(program)
        name = next(iter(limit))
        assert is_error and f"from {name} must be" in text
    assert not wavespeed.posts()


def test_the_caps_of_the_accepting_process_hold_for_any_sender(agent, paid, wavespeed):
    """Another process on the table, with other caps, may be the one that claims it."""
    wavespeed.script(polls=10**6)
    with agent("--agent-max-images", "0", "--max-concurrency", "1") as program, paid("--max-concurrency", "1") as other:
        order(program, "one", "submit_prediction", input={"n": 40})
        wavespeed.log(at_least=1)
        is_error, text = order(program, "two", "submit_prediction", input={"n": 40})
        found = json.loads(text)["id"]
        program.kill()
        wavespeed.script(polls=0)
        assert other.call("result", id=found, timeout_ms=50000)["status"] == "completed"


def test_from_80_percent_each_answer_says_how_much_is_left(agent, wavespeed):
    with agent("--agent-max-images", "5") as program:
        texts = [order(program, f"boat {number}")[1] for number in range(5)]
        assert ["Left for agents" in text for text in texts] == [False, False, False, True, True]
        assert "1 of 5 images" in texts[3] and "$9.80 of $10.00" in texts[3]
        listed = program.call("tools/call", {"name": "list_predictions", "arguments": {}})
        assert "0 of 5 images" in listed["content"][0]["text"]
