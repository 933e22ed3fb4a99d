"""Prices and balances, and limits that hold before anything is sent."""


import pytest
from program import RPCError, small


def test_quote_and_balance_of_the_service(paid, wavespeed):
    wavespeed.script(usd=0.167)
    with paid() as program:
        assert program.call("quote", input={"prompt": "a boat", "n": 2}) == {
            "amount": 0.334, "currency": "USD", "exact": False,
        }
        assert program.call("balance") == {"amount": 16.7, "currency": "USD"}
    assert wavespeed.posts() == []


def test_the_sandbox_is_free(spawn):
    with spawn() as program:
        assert program.call("quote", input={}) == {"amount": 0, "currency": "USD", "exact": True}
        assert program.call("submit", input=small("a boat"), max_cost=0, wait_ms=10000)["status"] == "completed"


@pytest.mark.parametrize("fault, retryable", [("401", False), ("503", True), ("html", True), ("drop", True)])
def test_a_question_that_is_not_answered_is_1006(paid, wavespeed, fault, retryable):
    wavespeed.script(balance=[{"do": fault, "times": "forever"}], price=[{"do": fault, "times": "forever"}])
    with paid() as program:
        for method, params in (("balance", {}), ("quote", {"input": {"prompt": "a boat"}})):
            with pytest.raises(RPCError) as error:
                program.call(method, params)
            assert error.value.code == 1006
            assert error.value.data["type"] == "provider_failed"
            if fault != "html":
                assert error.value.data["retryable"] is retryable


def test_without_a_key_there_is_no_price(spawn):
    with spawn() as program:
        with pytest.raises(RPCError) as error:
            program.call("quote", input={"prompt": "a boat"}, provider="wavespeed")
        assert error.value.code == 1005


def test_max_cost_fails_before_the_post_and_is_1008_once_the_price_is_known(paid, wavespeed):
    with paid() as program:
        failed = program.call("submit", prompt="a boat", max_cost=0.04, wait_ms=20000)
        assert (failed["status"], failed["failure"]["type"], failed["billing"]) == ("failed", "budget_exceeded", "none")
        with pytest.raises(RPCError) as error:
            program.call("submit", prompt="another boat", max_cost=0.04)
        assert error.value.code == 1008
        assert error.value.data["type"] == "budget_exceeded"
        assert "$0.05" in error.value.message
        assert wavespeed.posts() == []
        assert program.call("submit", prompt="a boat", max_cost=0.05, wait_ms=20000)["status"] == "completed"
    assert len(wavespeed.posts()) == 1


def test_no_price_no_post(paid, wavespeed):
    wavespeed.script(price=["503"])
    with paid() as program:
        failed = program.call("submit", prompt="a boat", max_cost=1, wait_ms=20000)
    assert (failed["status"], failed["failure"]["type"], failed["billing"]) == ("failed", "budget_exceeded", "none")
    assert failed["failure"]["retryable"] is True
    assert wavespeed.posts() == []


@pytest.mark.usefixtures("one_day")
def test_what_may_be_spent_in_a_day_holds_across_processes(paid, wavespeed):
    limit = ("--max-spend", "0.12")
    with paid(*limit) as one, paid(*limit) as two:
        first = one.call("submit", prompt="one", wait_ms=20000)
        second = two.call("submit", prompt="two", wait_ms=20000)
        assert [first["status"], second["status"]] == ["completed", "completed"]
        with pytest.raises(RPCError) as error:
            one.call("submit", prompt="three")
        assert error.value.code == 1008
        assert "$0.10 of the $0.12" in error.value.message
        # With a key the answer may be an older prediction, so it is looked up first and fails by itself.
        third = two.call("submit", prompt="three", idempotency_key="k", wait_ms=20000)
        assert third["failure"]["type"] == "budget_exceeded"
        assert two.call("submit", prompt="three", idempotency_key="k")["id"] == third["id"]
    assert len(wavespeed.posts()) == 2


def test_what_the_provider_refused_is_not_counted(paid, wavespeed):
    wavespeed.script(submit=["400", "400", "400"])
    with paid("--max-spend", "0.05") as program:
        for number in range(3):
            refused = program.call("submit", prompt=f"a boat {number}", wait_ms=20000)
            assert refused["failure"]["type"] == "invalid_input"
        assert program.call("submit", prompt="a boat", wait_ms=20000)["status"] == "completed"


def test_the_end_of_input_does_not_lose_one_whose_price_is_being_asked(paid, wavespeed):
    wavespeed.script(price=[{"do": "normal", "delay_ms": 500}])
    with paid() as program:
        accepted = program.call("submit", prompt="a boat", max_cost=1)
        assert program.finish() == 0
    assert len(wavespeed.posts()) == 1
    with paid() as program:
        assert program.call("result", id=accepted["id"], timeout_ms=20000)["status"] == "completed"


def test_a_cancel_from_another_process_reaches_the_one_that_polls(paid, wavespeed):
    wavespeed.script(polls=10**6)
    with paid() as owner, paid() as other:
        prediction = owner.call("submit", prompt="a boat")
        wavespeed.log(at_least=3)
        assert other.call("cancel", id=prediction["id"])["status"] == "cancelled"
        # A waiting call in the owner hears of it.
        assert owner.call("result", id=prediction["id"], timeout_ms=20000)["status"] == "cancelled"
        # ... and the slot is free again for both.
        one = owner.call("submit", prompt="one")
        two = other.call("submit", prompt="two")
        wavespeed.script(polls=0)
        for program, prediction in ((owner, two), (other, one)):
            assert program.call("result", id=prediction["id"], timeout_ms=30000)["status"] == "completed"
    assert len(wavespeed.posts()) == 3


def test_conflicts_name_what_differs(spawn):
    with spawn() as program:
        program.call("submit", input={"prompt": "a boat", "size": "64x64"}, idempotency_key="k")
        for params, difference in [
            ({"input": {"prompt": "a boat", "size": "64x65"}}, "input.size"),
            ({"input": {"prompt": "a ship", "size": "64x64"}}, "input.prompt"),
            ({"input": {"prompt": "a boat", "size": "64x64"}, "model": "other/model"}, "model"),
        ]:
            with pytest.raises(RPCError) as error:
                program.call("submit", {**params, "idempotency_key": "k"})
            assert error.value.code == 1002
            assert difference in error.value.data["hint"]
