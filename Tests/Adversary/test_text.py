"""Hostile text from clients, agents and the provider: no command shows a terminal a character that it would obey.

That names are refused, and what is shown of the rows of older versions, is in ProgramTests/test_hostile_text.py.
"""

import json

import pytest
from hostile import texts, unsafe_characters
from program import KEY, RPCError

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "mallory", "version": "1"}}
#: One string that holds a sample of each kind.
ALL = "a\x1b]52;c;ZXZpbA==\x07b\x1b[2Jc\x9b31md\x85e\u202ef\u2066g\u2028h\u200ei\x7fj\x08k\rl"
#: All strings, several at a time, since an image is drawn for each prompt.
SHORT = [text for text in texts().values() if len(text) < 1000]
MIXED = [ALL, *(" ".join(SHORT[start::4]) for start in range(4))]


def shown(text):
    """A text as it is shown, without the ends of lines."""
    return unsafe_characters(text, but="\n")


def assert_commands_are_calm(run, ids, **variables):
    commands = [["list"], ["list", "a"], ["doctor", "--offline"]]
    commands += [[name, id, *more] for id in ids for name, *more in (("status",), ("result", "--timeout", "1"), ("cancel",), ("delete",))]
    for command in commands:
        _, output, remarks = run(*command, **variables)
        assert shown(output.decode() + remarks.decode()) == [], command


@pytest.mark.parametrize("who", ["client", "agent"])
def test_what_a_client_says(who, spawn, run):
    ids = []
    with spawn() as program:
        if who == "agent":
            program.call("initialize", **HELLO)
        for text in MIXED:
            if who == "client":
                members = {"input": {"prompt": text, "size": "64x64", "x": text}, "metadata": {"x": text}}
                ids.append(program.call("submit", **members)["id"])
                continue
            answer = program.call("tools/call", name="generate_image", arguments={"prompt": text, "input": {"size": "64x64", "x": text}})
            assert not answer["isError"] and shown(answer["content"][0]["text"]) == []
            ids.append(answer["structuredContent"]["id"])
    assert_commands_are_calm(run, ids)


def test_no_error_repeats_hostile_text(spawn):
    """An error quotes the refused value, and an editor shows it."""
    with spawn() as program:
        for text in (ALL, *texts(surrogates=True).values()):
            for method, params in (
                ("submit", {"prompt": "x", text: 1}), ("status", {"id": text}), ("list", {"status": text}), ("tools/call", {"name": text}),
                ("tasks/get", {"taskId": text}), ("submit", {"input": {"prompt": "x", "sandbox": {"fail": text}}}),
                ("submit", {"input": {"prompt": "x", f"x{text}": "@/nope"}, "upload": True}),
                ("submit", {"input": {"prompt": "x", "image": f"@/nope{text}"}, "upload": True}),
            ):
                with pytest.raises(RPCError) as error:
                    program.call(method, params)
                assert shown(error.value.message + str((error.value.data or {}).get("hint"))) == [], (method, params)


def test_what_a_provider_says(paid, wavespeed, run):
    ids = []
    with paid() as program:
        faults = [
            {"submit": [{"do": "reply", "status": 400, "json": {"code": 400, "message": ALL}}]},
            {"submit": [{"do": "reply", "status": 400, "body": ALL}]},
            {"poll": [{"do": "state", "status": "failed", "error": ALL, "code": 1200}]},
            {"poll": [{"do": "state", "status": ALL, "error": ALL}]},
            {"poll": [{"do": "state", "status": "completed", "outputs": [f"{wavespeed.output_url}/output/{ALL}.png"]}]},
            {"download": [{"do": "reply", "status": 403, "body": ALL}] * 9},
        ]
        for fault in faults:
            wavespeed.script(**fault)
            done = program.call("submit", prompt="an owl", wait_ms=20000)
            failure = json.dumps(done["failure"], ensure_ascii=False)
            assert shown(done["error"] + failure) == [], done
            ids.append(done["id"])
            wavespeed.clear()
        assert program.finish() == 0
        assert shown(program.log.decode()) == []
    assert_commands_are_calm(run, ids, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url)
