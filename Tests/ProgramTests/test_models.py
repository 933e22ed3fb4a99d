"""The models and the schemas of their inputs; inputs that are refused before anything is sent."""

import json

import pytest
from openai import LoopbackOpenAI
from program import KEY, RPCError
from wavespeed import model

SEED = "openai/gpt-image-1-high-fidelity"
PAINTER = "acme/painter"


def asked(wavespeed):
    return [request for request in wavespeed.log() if request["endpoint"] == "models"]


def listed(identifier, provider="wavespeed", default=False, **facts):
    """A model as `models` lists it; what is not said is not known."""
    unknown = dict.fromkeys(("name", "kind", "description", "price", "edit_model"))
    return {"id": identifier, **unknown, **facts, "provider": provider, "default": default}


def entry(identifier, **more):
    """A model as the fixture's catalogue has it."""
    return listed(identifier, **{"name": identifier, "kind": "image", "price": 0.05, **more})


def problems(answer):
    assert answer["valid"] is (answer["problems"] == [])
    return {problem["path"]: problem["message"] for problem in answer["problems"]}


def refused(program, method, **params):
    with pytest.raises(RPCError) as error:
        program.call(method, params)
    return error.value


# -- models ---------------------------------------------------------------------------------------------------------


def test_the_models_of_the_service_are_asked_for_once(paid, wavespeed):
    with paid() as program:
        for _ in range(3):
            assert program.call("models") == {
                "models": [
                    listed("acme/mystery", name="mystery"), entry(PAINTER), entry(SEED, default=True),
                ],
                "next_cursor": None,
            }
        (painter,) = program.call("models", model=PAINTER)["models"]
        assert painter["input_schema"]["properties"]["seed"] == {"type": "integer", "minimum": -1}
        (mystery,) = program.call("models", model="acme/mystery")["models"]
        assert mystery["input_schema"] is None
    (request,) = asked(wavespeed)
    assert (request["method"], request["body"]) == ("GET", "")
    assert request["headers"]["authorization"] == f"Bearer {KEY}"
    assert wavespeed.posts() == []


def test_the_default_follows_the_configuration(paid, wavespeed):
    with paid("--model", PAINTER) as program:
        models = program.call("models")["models"]
    assert [one["id"] for one in models if one["default"]] == [PAINTER]


def test_a_long_list_comes_in_pages_of_one_message(paid, wavespeed):
    names = sorted(f"acme/{'x' * 60}-{number:04}" for number in range(2000))
    wavespeed.script(catalogue=[model(name) for name in reversed(names)])
    with paid() as program:
        seen, cursor, pages = [], None, 0
        while True:
            page = program.call("models", cursor=cursor)
            assert len(json.dumps(page, separators=(",", ":"))) < 65536
            seen += [one["id"] for one in page["models"]]
            pages, cursor = pages + 1, page["next_cursor"]
            if cursor is None:
                break
    assert seen == names
    assert pages > 2
    assert len(asked(wavespeed)) == 1


def test_a_schema_too_long_for_a_message_is_left_out(paid, wavespeed):
    wavespeed.script(catalogue=[model("acme/long", style={"enum": ["x" * 100 + str(n) for n in range(1000)]})])
    with paid() as program:
        assert program.call("models", model="acme/long")["models"] == [{**entry("acme/long"), "omitted": ["input_schema"]}]


def test_a_text_too_long_for_a_message_is_left_out_and_the_rest_stays(paid, wavespeed):
    # Each control character is six bytes long in JSON.
    wavespeed.script(catalogue=[model(f"acme/{n}", facts={"description": "a" + "\x01" * 1000 + "z"}) for n in "ab"])
    with paid("--max-message-bytes", "4096") as program:
        first = program.call("models")
        assert first["models"] == [{**{k: v for k, v in entry("acme/a").items() if k != "description"}, "omitted": ["description"]}]
        second = program.call("models", cursor=first["next_cursor"])
        assert ([one["id"] for one in second["models"]], second["next_cursor"]) == (["acme/b"], None)


#: What the service lists, with its own words for what a model makes.
CATALOGUE = [
    model("acme/brush/text-to-image", facts={"name": "Brush", "description": " Paints FOXES in oil.\n", "base_price": 0.04}),
    model("acme/brush/edit", facts={"type": "image-to-image", "name": "Brush Edit", "base_price": 0}),
    model("acme/pen", facts={"description": "Draws foxes and owls."}),
    model("acme/pen/edit", facts={"type": "image-to-image"}),
    model("acme/pro/text-to-image-ultra"),
    model("acme/pro/edit-ultra", facts={"type": "image-to-image"}),
    model("acme/pro/edit", facts={"type": "image-to-image"}),
    model("acme/lonely/text-to-image"),
    model("acme/film", facts={"type": "image-to-video", "base_price": 0.15}),
    model("acme/effects", facts={"type": "video-effects"}),
    model("acme/voice", facts={"type": "text-to-speech"}),
    model("acme/clay", facts={"type": "image-to-3d"}),
    model("acme/words", facts={"type": "speech-to-text"}),
    model("acme/lora", facts={"type": "training", "base_price": "1", "name": 5, "description": ""}),
    {"model_id": "acme/mystery"},
]


def test_models_say_what_they_make_what_they_cost_and_which_one_edits(paid, wavespeed):
    wavespeed.script(catalogue=CATALOGUE)
    with paid() as program:
        found = {one["id"]: one for one in program.call("models")["models"]}
        (brush,) = program.call("models", model="acme/brush/text-to-image")["models"]
    assert found["acme/brush/text-to-image"] == listed(
        "acme/brush/text-to-image", name="Brush", kind="image", description="Paints FOXES in oil.", price=0.04,
        edit_model="acme/brush/edit",
    )
    assert {**found["acme/brush/text-to-image"], "input_schema": brush["input_schema"]} == brush
    assert found["acme/mystery"] == listed("acme/mystery")
    assert {name: one["kind"] for name, one in found.items() if one["kind"] != "image"} == {
        "acme/film": "video", "acme/effects": "video", "acme/voice": "audio", "acme/clay": "model", "acme/words": "text",
        "acme/lora": "other", "acme/mystery": None,
    }
    assert {name: one["edit_model"] for name, one in found.items() if one["edit_model"]} == {
        "acme/brush/text-to-image": "acme/brush/edit", "acme/brush/edit": "acme/brush/edit", "acme/pen": "acme/pen/edit",
        "acme/pen/edit": "acme/pen/edit", "acme/pro/text-to-image-ultra": "acme/pro/edit-ultra",
        "acme/pro/edit-ultra": "acme/pro/edit-ultra", "acme/pro/edit": "acme/pro/edit",
    }
    assert found["acme/brush/edit"]["price"] == 0
    assert (found["acme/lora"]["price"], found["acme/lora"]["name"], found["acme/lora"]["description"]) == (None, None, None)


@pytest.mark.parametrize("filter, names", [
    ({"search": "FOXES"}, ["acme/brush/text-to-image", "acme/pen"]),
    ({"search": "owls  foxes"}, ["acme/pen"]),
    ({"search": "brush edit"}, ["acme/brush/edit"]),
    ({"search": "foxes", "kind": "video"}, []),
    ({"kind": "video"}, ["acme/effects", "acme/film"]),
    ({"search": " "}, sorted(one["model_id"] for one in CATALOGUE)),
])
def test_a_search_finds_all_words_in_id_name_or_description(paid, wavespeed, filter, names):
    wavespeed.script(catalogue=CATALOGUE)
    with paid() as program:
        page = program.call("models", filter)
        assert ([one["id"] for one in page["models"]], page["next_cursor"]) == (names, None)
    assert len(asked(wavespeed)) == 1


def test_a_search_goes_through_pages_and_one_model_is_not_filtered(paid, wavespeed):
    wavespeed.script(catalogue=[model(f"acme/{'odd' if n % 2 else 'even'}-{'x' * 60}-{n:04}") for n in range(2000)])
    with paid() as program:
        seen, cursor = [], None
        while cursor or not seen:
            page = program.call("models", search="ODD acme", kind="image", cursor=cursor)
            seen += [one["id"] for one in page["models"]]
            cursor = page["next_cursor"]
        assert len(seen) == 1000 and seen == sorted(seen) and all("/odd-" in name for name in seen)
        assert len(program.call("models", model=seen[0], search="no such words", kind="video")["models"]) == 1
        for params, path in [({"kind": "film"}, "kind"), ({"search": ""}, "search"), ({"search": 5}, "search")]:
            error = refused(program, "models", **params)
            assert (error.code, error.data["path"]) == (-32602, path)


def test_the_seeds_model_needs_no_network(paid, wavespeed):
    wavespeed.script(models=[{"do": "drop", "times": "forever"}])
    with paid() as program:
        (seed,) = program.call("models", model=SEED)["models"]
        assert seed["input_schema"]["properties"]["prompt"]["maxLength"] == 32000
        assert asked(wavespeed) == []
        # validate asks for a newer schema than the built-in one, and works without.
        assert problems(program.call("validate", input={"prompt": "a" * 32001})).keys() == {"input.prompt"}
        assert refused(program, "models").code == 1006


@pytest.mark.parametrize("fault, retryable", [("401", False), ("503", True), ("drop", True), ("html", False), ("empty", False)])
def test_a_list_that_does_not_come_is_1006_and_is_asked_for_again(paid, wavespeed, fault, retryable):
    wavespeed.script(models=[{"do": fault, "times": 2 if fault != "drop" else "forever"}])
    with paid() as program:
        for error in (
            refused(program, "models"), refused(program, "validate", input={"prompt": "a boat"}, model=PAINTER),
        ):
            assert (error.code, error.data["type"], error.data["retryable"]) == (1006, "provider_failed", retryable)
            assert KEY not in json.dumps([error.message, error.data])
        wavespeed.clear()
        assert len(program.call("models")["models"]) == 3


def test_a_model_that_is_not_there(paid, wavespeed):
    with paid() as program:
        error = refused(program, "models", model="acme/nothing")
        assert (error.code, error.data["path"]) == (-32602, "model")
        assert problems(program.call("validate", input={"prompt": "a boat"}, model="acme/nothing")).keys() == {"model"}


def test_a_usual_model_that_the_service_dropped_is_told(paid, wavespeed):
    wavespeed.script(catalogue=[model(PAINTER)])
    with paid() as program:
        program.call("models")
        answer = program.call("validate", input={"prompt": "a boat"})
        assert problems(answer).keys() == {"model"} and "retired" in answer["hint"]
        assert refused(program, "models", model=SEED).data["path"] == "model"


def test_without_a_key_it_is_1005(spawn):
    with spawn() as program:
        assert refused(program, "models", provider="wavespeed").code == 1005
        assert refused(program, "validate", input={"prompt": "a"}, provider="wavespeed").code == 1005
        assert refused(program, "models", provider="nobody").data["path"] == "provider"


def test_the_models_of_an_openai_server(spawn):
    with LoopbackOpenAI() as server:
        with spawn("--provider", "openai", OPENAI_BASE_URL=server.url, OPENAI_API_KEY=KEY) as program:
            assert program.call("models") == {
                "models": [
                    listed("a/b", "openai", edit_model="a/b"),
                    listed("gpt-image-2", "openai", default=True, edit_model="gpt-image-2"),
                ],
                "next_cursor": None,
            }
            assert program.call("models", model="a/b")["models"][0]["input_schema"] is None
            answer = program.call("validate", input={"prompt": "a boat", "anything": [1]})
            assert answer["valid"] and "does not say" in answer["hint"]
        assert server.posts() == []


def test_agents_are_offered_the_models_in_memory_without_a_request(paid, wavespeed):
    asks = {"ref": {"type": "ref/prompt", "name": "new_image"}, "argument": {"name": "model", "value": "paint"}}
    with paid() as program:
        program.call(
            "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "test", "version": "1"}
        )
        assert program.call("completion/complete", asks)["completion"]["values"] == []
        assert asked(wavespeed) == []
        program.call("models")
        assert program.call("completion/complete", asks)["completion"]["values"] == [PAINTER]


# -- validate -------------------------------------------------------------------------------------------------------


def test_each_problem_is_named_by_its_path(paid, wavespeed):
    with paid() as program:
        answer = program.call(
            "validate", model=PAINTER, input={"prompt": " ", "size": "1024x1024", "seed": -2, "other": {}, "sandbox": {}}
        )
        found = problems(answer)
        assert found.keys() == {"input.prompt", "input.size", "input.seed", "input.sandbox"}
        assert '"1024*1024" or "1024*1536"' in found["input.size"]
        assert program.call("validate", model=PAINTER, input={"prompt": "a boat", "seed": -1}) == {
            "valid": True, "problems": [],
        }
    assert wavespeed.posts() == []


def test_a_retired_model_is_a_hint_and_no_problem(paid, wavespeed):
    wavespeed.script(submit=["404"])
    with paid() as program:
        answer = program.call("validate", input={"prompt": "a boat"})
        assert answer["valid"] and "2026-10-23" in answer["hint"]
        failed = program.call("submit", prompt="a boat", wait_ms=20000)
    assert failed["failure"]["type"] == "model_unavailable"
    assert "2026-10-23" in failed["failure"]["hint"]
    assert len(wavespeed.posts()) == 1


def test_the_sandbox_says_what_it_takes(spawn):
    with spawn() as program:
        (any_model,) = program.call("models", model="whatever/it/is")["models"]
        assert {"prompt", "size", "n", "sandbox"} == set(any_model["input_schema"]["properties"])
        found = problems(program.call("validate", input={"n": 11, "size": 5, "sandbox": {"fail": "often", "never": 1}}))
        assert found.keys() == {"input.prompt", "input.n", "input.size", "input.sandbox.fail", "input.sandbox.never"}
        assert program.call("validate", input={"prompt": "a boat", "size": None, "n": 2}) == {"valid": True, "problems": []}


# -- submit ---------------------------------------------------------------------------------------------------------


def test_submit_refuses_only_certain_violations_known_at_once(paid, wavespeed, home):
    wrong = {"prompt": "a boat", "size": "huge"}
    with paid() as program:
        # Nothing is known of it yet, and no request asks: the provider decides.
        first = program.call("submit", input=wrong, model=PAINTER, idempotency_key="k", wait_ms=20000)
        assert first["status"] == "completed"
        assert asked(wavespeed) == []
        program.call("models")
        error = refused(program, "submit", input=wrong, model=PAINTER)
        assert (error.code, error.data["path"]) == (-32602, "input.size")
        assert "Nothing was sent" in error.message
        # The key names one that was accepted before that was known.
        assert program.call("submit", input=wrong, model=PAINTER, idempotency_key="k")["id"] == first["id"]
        fine = {"prompt": "a boat", "size": None, "unheard": {"of": [1]}}
        assert program.call("submit", input=fine, model=PAINTER, wait_ms=20000)["status"] == "completed"
        assert program.call("submit", input=wrong, model="acme/mystery", wait_ms=20000)["status"] == "completed"
        assert len(program.call("list")["predictions"]) == 3
    assert len(wavespeed.posts()) == 3


def test_a_prompt_too_long_for_the_seeds_model_is_never_sent(paid, wavespeed):
    with paid() as program:
        assert refused(program, "submit", prompt="a" * 32001).data["path"] == "input.prompt"
        assert program.call("list")["predictions"] == []
        assert program.call("submit", prompt="狐" * 32000, wait_ms=20000)["status"] == "completed"
    assert len(wavespeed.posts()) == 1


@pytest.mark.parametrize("input, path", [({"size": 5}, "input.size"), ({"n": 0}, "input.n"), ({"n": 1.5}, "input.n")])
def test_the_sandbox_refuses_as_a_real_provider_is_refused_for(spawn, input, path):
    with spawn() as program:
        assert refused(program, "submit", input={"prompt": "a boat", **input}).data["path"] == path
