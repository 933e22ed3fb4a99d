"""Prices and balances, and limits that hold before anything is sent."""


import json
import time

import pytest
from program import RPCError, small, wait_for
from wavespeed import model, png

#: A model that is paid by the length of a sound: 60 s cost twelve times its base price of $0.15.
TALKER = "acme/talker"
FORMULA = '{"total_price": $max([5, $ceil(get_duration(audio))]) / 5 * base_price * (resolution = "720p" ? 2 : 1)}'


@pytest.fixture
def talker(wavespeed):
    """The service with such a model; the price endpoint takes an input without the sound as one of five seconds."""
    wavespeed.script(usd=0.15, units={"audio": 12}, catalogue=[
        model(TALKER, facts={"base_price": 0.15, "formula": FORMULA}, audio={"type": "string"}, image={"type": "string"},
              resolution={"type": "string", "default": "480p"}),
        model("acme/flat", facts={"formula": '{"total_price": base_price * 1}'}, image={"type": "string"}),
        model("acme/wordy", facts={"formula": '{"total_price": base_price * $length(prompt)}'}),
        model("acme/plain", image={"type": "string"}),
    ])
    return wavespeed


def priced(server):
    return [json.loads(request["body"])["inputs"] for request in server.log() if request["endpoint"] == "price"]


def test_quote_and_balance_of_the_service(paid, wavespeed):
    wavespeed.script(usd=0.167)
    with paid() as program:
        assert program.call("quote", input={"prompt": "a boat", "n": 2}) == {
            "amount": 0.334, "currency": "USD", "exact": False, "missing": [],
        }
        assert program.call("balance") == {"amount": 16.7, "currency": "USD"}
    assert wavespeed.posts() == []


def test_the_sandbox_is_free(spawn):
    with spawn() as program:
        assert program.call("quote", input={}) == {"amount": 0, "currency": "USD", "exact": True, "missing": []}
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


# -- quotes that are estimates ---------------------------------------------------------------------------------------


def test_a_quote_names_the_fields_that_decide_the_price_and_are_missing(paid, talker):
    sound = "https://media.example/a-minute.mp3"
    with paid("--model", TALKER) as program:
        floor = program.call("quote", input={"prompt": "a speech", "audio": ""})
        # The resolution is not missing: the service applies the default of the schema.
        assert floor == {"amount": 0.15, "currency": "USD", "exact": False, "missing": ["audio"]}
        whole = program.call("quote", input={"prompt": "a speech", "audio": sound})
        assert whole == {"amount": 1.8, "currency": "USD", "exact": True, "missing": []}
        assert program.call("quote", input={}, model="acme/flat")["exact"] is True
        assert program.call("quote", input={}, model="acme/wordy")["missing"] == ["prompt"]
        for unknown in ("acme/plain", "acme/not-listed"):
            assert program.call("quote", input={"prompt": "x"}, model=unknown)["exact"] is False
    assert talker.posts() == []


def test_no_local_path_is_sent_for_a_price(paid, talker):
    """A quote uploads nothing, so that a file is missing where it may decide the price."""
    with paid("--model", TALKER) as program:
        fields = {"prompt": "@/a prompt is a text", "audio": "@/home/ada/a.mp3", "image": "@/home/ada/i.png"}
        assert program.call("quote", input=fields) == {"amount": 0.15, "currency": "USD", "exact": False, "missing": ["audio"]}
        # Of this model it is not known what decides the price.
        nested = {"images": ["https://media.example/a.png", "@/home/ada/b.png"], "mask": {"image": "@/home/ada/m.png"}, "n": 1}
        assert program.call("quote", input=nested, model="acme/plain")["missing"] == ["images", "mask"]
    assert priced(talker) == [{"prompt": "@/a prompt is a text"}, {"n": 1}]
    assert "/home/ada" not in json.dumps(talker.log())


def test_an_estimate_satisfies_max_cost_only_if_the_caller_says_so(paid, talker):
    """$0.15 was quoted, and $1.80 charged."""
    floor = {"prompt": "a speech"}
    with paid("--model", TALKER) as program:
        failed = program.call("submit", input=floor, max_cost=1, wait_ms=20000)
        assert (failed["status"], failed["failure"]["type"], failed["billing"]) == ("failed", "budget_exceeded", "none")
        assert "$0.15 is an estimate, because audio" in failed["error"] and "max_cost_estimates" in failed["failure"]["hint"]
        # Now that the price is known, at once.
        with pytest.raises(RPCError) as error:
            program.call("submit", input=floor, max_cost=1)
        assert (error.value.code, error.value.data["type"]) == (1008, "budget_exceeded")
        assert "estimate" in error.value.message and "audio" in error.value.data["hint"]
        # With a key it is looked up first.
        keyed = program.call("submit", input=floor, max_cost=1, idempotency_key="k", wait_ms=20000)
        assert keyed["failure"]["type"] == "budget_exceeded"
        assert talker.posts() == []
        # An estimate over the limit is refused in any case.
        with pytest.raises(RPCError):
            program.call("submit", input=floor, max_cost=0.14, max_cost_estimates=True)
        done = program.call("submit", input=floor, max_cost=1, max_cost_estimates=True, wait_ms=20000)
        assert done["status"] == "completed"
        # Without max_cost nothing is compared.
        assert program.call("submit", input=floor, wait_ms=20000)["status"] == "completed"
    assert len(talker.posts()) == 2


def test_a_price_that_was_asked_for_another_limit_is_not_taken_for_certain(paid, talker):
    with paid("--model", TALKER, "--max-spend", "10") as program:
        assert program.call("submit", input={"prompt": "a speech"}, wait_ms=20000)["status"] == "completed"
        failed = program.call("submit", input={"prompt": "a speech"}, max_cost=1, wait_ms=20000)
        assert failed["failure"]["type"] == "budget_exceeded"
    assert len(talker.posts()) == 1


def test_a_file_that_is_uploaded_decides_the_price(paid, talker, home):
    sound = home / "a.png"
    sound.write_bytes(png())
    fields = {"prompt": "a speech", "audio": f"@{sound}"}
    with paid("--model", TALKER) as program:
        # The quote of the same words, without the file, is forgotten.
        assert program.call("quote", input=fields)["missing"] == ["audio"]
        dear = program.call("submit", input=fields, upload=True, max_cost=1, wait_ms=20000)
        assert dear["failure"]["type"] == "budget_exceeded" and "$1.80" in dear["error"]
        done = program.call("submit", input=fields, upload=True, max_cost=2, wait_ms=20000)
        assert done["status"] == "completed"
    assert len(talker.posts()) == 1


def test_a_price_by_the_length_of_the_prompt_is_asked_for_each_prompt(paid, talker):
    with paid("--model", "acme/wordy") as program:
        for prompt in ("a boat", "a longer boat"):
            assert program.call("submit", prompt=prompt, max_cost=1, wait_ms=20000)["status"] == "completed"
    assert [asked["prompt"] for asked in priced(talker)] == ["a boat", "a longer boat"]


def test_without_the_list_of_models_max_cost_refuses(paid, talker):
    talker.script(models=[{"do": "503", "times": "forever"}])
    with paid("--model", TALKER) as program:
        quote = program.call("quote", input={"prompt": "a speech"})
        assert (quote["exact"], quote["missing"]) == (False, [])
        failed = program.call("submit", prompt="a speech", max_cost=1, wait_ms=20000)
        assert failed["failure"]["type"] == "budget_exceeded" and failed["failure"]["retryable"] is True
        assert talker.posts() == []
        assert program.call("submit", prompt="a speech", max_cost=1, max_cost_estimates=True, wait_ms=20000)["status"] == "completed"


def test_another_process_knows_whether_an_estimate_is_enough(paid, talker):
    """The account pauses; a second process sends what the first one accepted."""
    talker.script(submit=["429"], retry_after="2")
    with paid("--model", TALKER) as first:
        first.call("submit", prompt="a pause", wait_ms=20000)
        ids = [
            first.call("submit", prompt="a speech", max_cost=1, **more)["id"]
            for more in ({}, {"max_cost_estimates": True})
        ]
        first.kill()
    with paid() as second:
        strict, lenient = (second.call("result", id=one, timeout_ms=30000) for one in ids)
    assert (strict["failure"]["type"], lenient["status"]) == ("budget_exceeded", "completed")


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


# -- the cost of a prediction ------------------------------------------------------------------------------------------


def cost(amount, source):
    return {"amount": amount, "currency": "USD", "source": source}


def test_the_bill_takes_the_place_of_the_quote_in_one_free_request(paid, wavespeed):
    wavespeed.script(usd=0.05, billed=0.04)
    with paid("--max-spend", "10") as program:
        program.call("subscribe")
        both = [program.call("submit", prompt=f"boat {number}")["id"] for number in range(2)]
        done = [program.call("result", id=id) for id in both]
        assert {one["status"] for one in done} == {"completed"}
        wait_for(lambda: all(program.call("status", id=id)["cost"] == cost(0.04, "billed") for id in both), "no bill")
        after = [program.call("status", id=id) for id in both]
        # Clients see it as a change; nothing else changed.
        for before, now in zip(done, after):
            assert now["revision"] == before["revision"] + (before["cost"] != now["cost"])
            if before["cost"] != now["cost"]:
                assert before["cost"] == cost(0.05, "quoted")
            assert {**now, "cost": 0, "revision": 0} == {**before, "cost": 0, "revision": 0}
        program.finish()
    asked = [json.loads(request["body"]) for request in wavespeed.log() if request["endpoint"] == "billings"]
    assert sorted(sum((one["prediction_uuids"] for one in asked), [])) == sorted(one["remote_id"] for one in done)
    assert len(wavespeed.posts()) == 2


@pytest.mark.parametrize("bill", ["500", "html", "drop", {"do": "reply", "json": {"code": 200, "data": {"items": [{"price": "?"}]}}}])
def test_without_a_bill_the_quote_stays_and_nothing_fails(paid, wavespeed, bill):
    wavespeed.script(usd=0.05, billings=[bill])
    with paid("--max-spend", "10") as program:
        done = program.call("submit", prompt="a boat", wait_ms=20000)
        wait_for(lambda: any(request["endpoint"] == "billings" for request in wavespeed.log()), "the bill was not asked for")
        assert program.call("status", id=done["id"]) == done
        assert done["cost"] == cost(0.05, "quoted")
        # The next request keeps no process alive.
        program.close()
        assert program.wait() == 0


def bills(wavespeed):
    return [json.loads(request["body"])["prediction_uuids"] for request in wavespeed.log() if request["endpoint"] == "billings"]


def test_the_next_process_asks_for_bills_that_no_process_asked_for(paid, wavespeed):
    wavespeed.script(usd=0.05)
    with paid("--max-spend", "10") as program:
        ids = [program.call("submit", prompt=f"boat {number}", wait_ms=20000)["id"] for number in range(2)]
        remote = [program.call("status", id=id)["remote_id"] for id in ids]
        program.call("submit", input=small("a third"), provider="sandbox", wait_ms=20000)
        assert program.finish() == 0
    assert bills(wavespeed) == []
    # A process on this machine asks two seconds after the end.
    time.sleep(2.1)
    with paid() as program:
        # The bill does not have them yet, and this process asks once.
        program.call("list")
        wait_for(lambda: bills(wavespeed), "the bill was not asked for")
        assert [sorted(asked) for asked in bills(wavespeed)] == [sorted(remote)]
        assert program.finish() == 0
    wavespeed.script(billed=0.04)
    with paid() as program:
        wait_for(lambda: all(program.call("status", id=id)["cost"] == cost(0.04, "billed") for id in ids), "no bill")
        assert program.finish() == 0
    assert len(bills(wavespeed)) == 2
    with paid() as program:
        program.call("list")
        time.sleep(1)
        assert program.finish() == 0
    assert len(bills(wavespeed)) == 2 and len(wavespeed.posts()) == 2


def test_without_a_paid_prediction_no_bill_is_asked_for(paid, wavespeed):
    with paid() as program:
        program.call("submit", input=small("a third"), provider="sandbox", wait_ms=20000)
        program.finish()
    with paid() as program:
        program.call("list")
        time.sleep(1)
        program.finish()
    assert wavespeed.log() == []


def test_what_is_not_billed_costs_nothing_and_what_is_not_known_is_null(paid, wavespeed, spawn):
    wavespeed.script(submit=["422", "hang"])
    with paid() as program:
        assert program.call("submit", prompt="a boat", wait_ms=20000)["cost"] == cost(0, "none")
        assert program.call("submit", prompt="another")["cost"] is None
        assert program.call("submit", input=small("a third"), provider="sandbox")["cost"] == cost(0, "none")
