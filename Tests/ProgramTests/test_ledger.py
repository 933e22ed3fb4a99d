"""The ledger: which requests of which processes count under --max-spend, and which do not."""

import pytest
from openai import LoopbackOpenAI
from program import KEY, RPCError

PAINTER = "acme/painter"
pytestmark = pytest.mark.usefixtures("one_day")


def refusal(prediction):
    assert (prediction["status"], prediction["billing"]) == ("failed", "none")
    assert prediction["failure"]["type"] == "budget_exceeded"
    return prediction["failure"]["message"]


def test_what_a_process_without_the_limit_sent_counts_as_the_dearest_of_its_model(paid, wavespeed):
    with paid("--model", PAINTER) as free, paid("--max-spend", "0.16", "--model", PAINTER) as limited:
        assert limited.call("submit", prompt="priced", wait_ms=20000)["status"] == "completed"
        for number in range(2):
            assert free.call("submit", prompt=f"unpriced {number}", wait_ms=20000)["status"] == "completed"
        third = limited.call("submit", input={"prompt": "one more", "seed": 1}, wait_ms=20000)
    assert "$0.15 of the $0.16" in refusal(third)
    assert len(wavespeed.posts()) == 3


def test_an_unpriced_post_counts_though_nothing_else_has_a_price(paid, wavespeed):
    with paid() as free:
        assert free.call("submit", prompt="unpriced", wait_ms=20000)["status"] == "completed"
    with paid("--max-spend", "0.09") as limited:
        refused = limited.call("submit", prompt="a boat", wait_ms=20000)
    assert "$0.05 of the $0.09" in refusal(refused)
    assert len(wavespeed.posts()) == 1


def test_an_unpriced_post_whose_outcome_is_open_counts_too(paid, wavespeed):
    wavespeed.script(submit=["lost_reply"], history=[{"do": "503", "times": "forever"}])
    with paid() as free, paid("--max-spend", "0.09") as limited:
        lost = free.call("submit", prompt="lost")
        wavespeed.log(at_least=1)
        free.call("result", id=lost["id"], timeout_ms=100)
        assert "$0.05 of the $0.09" in refusal(limited.call("submit", prompt="a boat", wait_ms=20000))


@pytest.mark.parametrize("answer, amount", [
    ({"price": 0.167, "discounted_price": 0}, 0.167),
    ({"price": 0.167, "discounted_price": 0.1}, 0.1),
    ({"price": 0.167}, 0.167),
    ({"price": 0, "discounted_price": 0}, 0),
])
def test_a_discounted_price_of_zero_is_not_taken_for_a_price(paid, wavespeed, answer, amount):
    wavespeed.script(price=[{"do": "reply", "times": "forever", "json": {"code": 200, "data": answer}}])
    with paid("--max-spend", "0.16") as program:
        assert program.call("quote", input={"prompt": "a boat"})["amount"] == amount
        prediction = program.call("submit", input={"prompt": "a boat", "seed": 1}, wait_ms=20000)
    assert (prediction["status"] == "completed") == (amount < 0.16)


def test_a_discount_without_a_price_is_none(paid, wavespeed):
    wavespeed.script(price=[{"do": "reply", "json": {"code": 200, "data": {"discounted_price": 0}}}])
    with paid() as program:
        with pytest.raises(RPCError) as error:
            program.call("quote", input={"prompt": "a boat"})
    assert error.value.code == 1006


# -- a provider without prices --------------------------------------------------------------------------------------


@pytest.fixture
def own_server(spawn):
    with LoopbackOpenAI() as server:

        def start(*arguments, **variables):
            return spawn("--provider", "openai", *arguments, OPENAI_BASE_URL=server.url, OPENAI_API_KEY=KEY, **variables)

        yield server, start


def test_a_limit_of_the_day_lets_a_provider_without_prices_through(own_server):
    server, start = own_server
    with start("--max-spend", "0.01") as program:
        assert program.call("submit", prompt="a boat", wait_ms=20000)["status"] == "completed"
    assert len(server.posts()) == 1


@pytest.mark.parametrize("how", ["flag", "variable", "config"])
def test_strict_limits_refuse_it(own_server, home, how):
    server, start = own_server
    if how == "config":
        (home / ".config/imagewire").mkdir(parents=True)
        (home / ".config/imagewire/config.json").write_text('{"max_spend_strict": true}')
    arguments = ["--max-spend-strict"] if how == "flag" else []
    variables = {"IMAGEWIRE_MAX_SPEND_STRICT": "true"} if how == "variable" else {}
    with start("--max-spend", "1", *arguments, **variables) as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", prompt="a boat")
        assert error.value.code == 1008 and "openai" in error.value.message
        assert "--max-spend-strict" in error.value.data["hint"]
        # With a key an older prediction may be meant, so it is looked up first and fails by itself.
        assert "openai" in refusal(program.call("submit", prompt="a boat", idempotency_key="k", wait_ms=20000))
    assert server.posts() == []


def test_a_limit_of_its_own_is_refused_at_once_and_says_why(own_server):
    server, start = own_server
    with start() as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", prompt="a boat", max_cost=5)
    assert error.value.code == 1008
    assert 'the provider "openai" does not say what things cost' in error.value.message
    assert "Nothing was sent." in error.value.message
    assert error.value.data["hint"] == "Submit it without max_cost."
    assert server.posts() == []
