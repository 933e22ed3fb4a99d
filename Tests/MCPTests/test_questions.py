"""The user is asked, through the host, before an agent spends more than it may: in both dialects of MCP, once, and never for
what was paid for already.
"""

import json

import pytest
from conversation import Judge
from program import KEY, wait_for
from wavespeed import LoopbackWaveSpeed, model

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "fox", "version": "1"},
}
NUMBER = {"type": "integer"}
OLD, LAST, STATELESS = "2025-06-18", "2025-11-25", "2026-07-28"
DIALECTS = pytest.mark.parametrize("dialect", [OLD, LAST, STATELESS])
pytestmark = pytest.mark.usefixtures("one_day")


@pytest.fixture
def wavespeed():
    with LoopbackWaveSpeed() as server:
        images = {"type": "array", "items": {"type": "string", "format": "uri"}}
        server.script(polls=0, catalogue=[model("acme/painter", n=NUMBER, seed=NUMBER, images=images)])
        yield server


class Host:
    """A host whose user gives the same answer to each question; `None` never answers."""

    def __init__(self, program, dialect, answer="accept", capability={}):
        self.program, self.dialect, self.answer = program, dialect, answer
        self.capabilities = {} if capability is None else {"elicitation": capability}
        self.questions = []
        self.judge = Judge()
        if dialect != STATELESS:
            self.call("initialize", {
                "protocolVersion": dialect, "capabilities": self.capabilities, "clientInfo": {"name": "fox", "version": "1"}})

    def start(self, method, params):
        if self.dialect == STATELESS:
            params = {**params, "_meta": {**META, "io.modelcontextprotocol/clientCapabilities": self.capabilities}}
        self.program.number += 1
        message = {"jsonrpc": "2.0", "id": self.program.number, "method": method, "params": params}
        self.judge.sent(message)
        self.program.send(message)
        return self.program.number

    def reply(self, number):
        while number not in self.program.replies:
            message = self.program.receive()
            self.judge.received(message)
            if "method" not in message:
                self.program.replies[message["id"]] = message
            elif "id" in message:
                assert message["method"] == "elicitation/create"
                self.questions.append(message["params"]["message"])
                self.last = message["id"]
                if self.answer is not None:
                    self.say(self.answer)
        return self.program.reply(number)

    def say(self, answer):
        self.program.send({"jsonrpc": "2.0", "id": self.last, "result": {"action": answer, "content": {}}})

    def call(self, method, params):
        return self.reply(self.start(method, params))

    def tool(self, name="generate_image", **arguments):
        """Whether it is an error, and the text."""
        params = {"name": name, "arguments": arguments}
        result = self.call("tools/call", params)
        # A client of the stateless revision makes the call again, with the answer.
        while result.get("resultType") == "input_required":
            (key, request), = result["inputRequests"].items()
            self.questions.append(request["params"]["message"])
            if self.answer is None:
                return None, ""
            answers = {key: {"action": self.answer, "content": {}}}
            result = self.call("tools/call", {**params, "requestState": result["requestState"], "inputResponses": answers})
        return result["isError"], result["content"][0]["text"]


@pytest.fixture
def host(spawn, wavespeed):
    def start(dialect, *arguments, answer="accept", capability={}, **variables):
        program = spawn(
            "mcp", *arguments, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url, IMAGEWIRE_MODEL="acme/painter", **variables)
        return Host(program, dialect, answer, capability)

    return start


@DIALECTS
def test_the_price_is_confirmed_before_the_post(host, wavespeed, dialect):
    wavespeed.script(usd=0.4)
    one = host(dialect, "--confirm-above", "0.25")
    is_error, text = one.tool(prompt="a fox")
    assert not is_error, text
    assert one.questions == ["Make an image for about $0.40 with acme/painter? a fox"] and len(wavespeed.posts()) == 1
    # What was paid for already is answered without a question, and something cheaper is not asked about.
    is_error, text = one.tool(prompt="a fox")
    assert text.startswith("Not a new image: ") and len(one.questions) == 1
    wavespeed.script(usd=0.25)
    assert one.tool(prompt="an owl", seed=1)[0] is False and len(one.questions) == 1 and len(wavespeed.posts()) == 2
    # One yes is for one image.
    wavespeed.script(usd=0.4)
    assert one.tool(prompt="a fox", again=True, seed=2)[0] is False and len(one.questions) == 2


@DIALECTS
@pytest.mark.parametrize("answer", ["decline", "cancel"])
def test_a_no_sends_nothing(host, wavespeed, dialect, answer):
    wavespeed.script(usd=0.4)
    one = host(dialect, "--confirm-above", "0.25", answer=answer)
    for _ in range(2):
        is_error, text = one.tool(prompt="a fox")
        assert is_error and text == (
            "It would cost about $0.40, and the user confirms what costs more than $0.25. The user was asked and did not allow it. "
            "Nothing was sent. Do not try again unless the user asks for it.")
    # A model that tries again after a no does not ask its user again; a question that was only closed may come again.
    assert len(one.questions) == (1 if answer == "decline" else 2) and wavespeed.posts() == []


def test_an_unknown_price_is_confirmed_too(host, wavespeed):
    wavespeed.script(price=[{"do": "503", "times": "forever"}])
    one = host(LAST, IMAGEWIRE_CONFIRM_ABOVE="1")
    assert one.tool(prompt="a fox")[0] is False
    assert one.questions == ["Make an image for an unknown price with acme/painter? a fox"]


@pytest.mark.parametrize("limit", [0.25, "0.25"])
def test_the_limit_may_stand_in_the_config_file(host, home, wavespeed, limit):
    wavespeed.script(usd=0.4)
    (home / ".config/imagewire").mkdir(parents=True)
    (home / ".config/imagewire/config.json").write_text(json.dumps({"confirm_above": limit}))
    one = host(LAST, answer="decline")
    assert one.tool(prompt="a fox")[0] and len(one.questions) == 1 and wavespeed.posts() == []


@pytest.mark.parametrize("dialect, capability", [
    ("2024-11-05", {}), ("2025-03-26", {}), (OLD, None), (LAST, {"url": {}}), (STATELESS, None), (STATELESS, {"url": {}}),
])
def test_a_host_that_cannot_ask_is_refused(host, wavespeed, dialect, capability):
    wavespeed.script(usd=0.4)
    one = host(dialect, "--confirm-above", "0.25", capability=capability)
    is_error, text = one.tool(prompt="a fox")
    assert is_error and "This host cannot ask the user." in text and "--confirm-above" in text and "Nothing was sent." in text
    assert one.questions == [] and wavespeed.posts() == []


@pytest.mark.parametrize("capability", [{"form": {}}, {"form": {}, "url": {}}])
def test_a_host_with_forms_is_asked(host, wavespeed, capability):
    one = host(LAST, "--confirm-above", "0", capability=capability)
    assert one.tool(prompt="a fox")[0] is False and len(one.questions) == 1


@DIALECTS
def test_the_caps_are_raised_by_a_yes(host, wavespeed, dialect):
    one = host(dialect, "--agent-max-images", "2")
    assert one.tool(prompt="two", n=2)[0] is False and one.questions == []
    is_error, text = one.tool(prompt="a third")
    assert is_error is False, text
    (question,) = one.questions
    assert question.startswith("It requests 1 image; agents may request 2 images a day on this account and have requested 2. Allow 2 images and $10.00 more until ")
    # It is granted once, for the rest of the day and for every process.
    other = host(dialect, "--agent-max-images", "2", capability=None)
    assert other.tool(prompt="a fourth")[0] is False
    is_error, text = other.tool(prompt="a fifth")
    assert is_error and "agents may request 4 images a day on this account and have requested 4." in text
    assert one.tool(prompt="a sixth")[0] is False and len(one.questions) == 2
    assert len(wavespeed.posts()) == 4


def test_money_is_granted_too(host, wavespeed):
    wavespeed.script(usd=4)
    one = host(LAST)
    assert [one.tool(prompt=f"boat {number}", seed=number)[0] for number in range(2)] == [False, False]
    assert one.questions == []
    # The price is asked before the question, because the cap is near.
    assert one.tool(prompt="boat 3", seed=3)[0] is False
    (question,) = one.questions
    assert question.startswith("It would cost $4.00; agents may spend $10.00 a day on this account and have requested $8.00 worth. Allow 50 images and $10.00 more")


@DIALECTS
def test_a_no_to_more_is_remembered(host, wavespeed, dialect):
    one = host(dialect, "--agent-max-images", "1", answer="decline")
    assert one.tool(prompt="one")[0] is False
    for prompt in ("two", "three"):
        is_error, text = one.tool(prompt=prompt)
        assert is_error and "The user was asked and did not allow it. Nothing was sent." in text
    assert len(one.questions) == 1 and len(wavespeed.posts()) == 1


def test_what_one_grant_cannot_allow_is_not_asked(host, wavespeed):
    one = host(LAST, "--agent-max-images", "2")
    is_error, text = one.tool(prompt="a fox", n=5)
    assert is_error and "It requests 5 images; agents may request 2 images a day" in text
    assert one.questions == [] and wavespeed.posts() == []


def test_the_sandbox_asks_nothing(spawn):
    one = Host(spawn("mcp", "--confirm-above", "0", "--agent-max-images", "1", "--provider", "sandbox"), LAST)
    assert [one.tool(prompt=f"a fox {number}", size="64x64")[0] for number in range(2)] == [False, False]
    assert one.questions == []


def test_without_an_answer_the_call_ends_and_the_answer_is_kept(host, wavespeed):
    wavespeed.script(usd=0.4)
    one = host(LAST, "--confirm-above", "0.25", "--tool-wait", "1", answer=None)
    is_error, text = one.tool(prompt="a fox")
    assert is_error and "The user was asked and has not answered yet. Nothing was sent." in text and wavespeed.posts() == []
    # The same call waits for the same question; another call has a question of its own.
    calls = [one.start("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})]
    one.program.call("ping")
    assert len(one.questions) == 1
    one.say("accept")
    assert one.reply(calls[0])["isError"] is False and len(wavespeed.posts()) == 1


def test_an_answer_that_comes_too_late_is_for_the_next_call(host, wavespeed):
    wavespeed.script(usd=0.4)
    one = host(LAST, "--confirm-above", "0.25", "--tool-wait", "1", answer=None)
    assert one.tool(prompt="a fox")[0]
    one.say("accept")
    assert one.tool(prompt="a fox")[0] is False and len(one.questions) == 1 and len(wavespeed.posts()) == 1


def test_two_equal_calls_at_once_are_two_questions_and_two_images(host, wavespeed):
    wavespeed.script(usd=0.4)
    one = host(LAST, "--confirm-above", "0.25")
    calls = [one.start("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}}) for _ in range(2)]
    assert [one.reply(call)["isError"] for call in calls] == [False, False]
    assert len(one.questions) == 2 and len(wavespeed.posts()) == 2


def test_a_cancelled_question_sends_nothing(host, wavespeed):
    wavespeed.script(usd=0.4)
    one = host(LAST, "--confirm-above", "0.25", answer=None)
    call = one.start("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
    one.last = one.program.receive()["id"]
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}}
    one.judge.sent(cancel)
    one.program.send(cancel)
    one.say("accept")
    assert one.program.call("ping") == {} and wavespeed.posts() == []
    # The user's yes is kept for the call that the model makes again.
    assert one.tool(prompt="a fox")[0] is False and len(wavespeed.posts()) == 1


def test_the_end_of_input_answers_what_waits_for_the_user(host, wavespeed):
    wavespeed.script(usd=0.4)
    one = host(LAST, "--confirm-above", "0.25", answer=None)
    call = one.start("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
    one.program.receive()
    one.program.close()
    message = one.program.receive()
    assert message["id"] == call and "Nothing was sent." in json.dumps(message)
    assert one.program.wait() == 0 and wavespeed.posts() == []


@pytest.mark.parametrize("answer", [
    {"result": {"action": "accept"}}, {"result": {}}, {"result": None}, {"result": "accept"}, {"error": {"code": -1, "message": "no"}},
    {"result": {"action": "accept", "content": {"x": "y" * 70_000}}},
], ids=lambda answer: json.dumps(answer)[:40])
def test_only_a_yes_is_a_yes(host, wavespeed, answer):
    wavespeed.script(usd=0.4)
    one = host(LAST, "--confirm-above", "0.25", answer=None)
    call = one.start("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
    question = one.program.receive()["id"]
    # Ids of nobody are ignored.
    for stray in ("imagewire-99", 7, None):
        one.program.send({"jsonrpc": "2.0", "id": stray, "result": {"action": "accept"}})
    one.program.send({"jsonrpc": "2.0", "id": question, **answer})
    is_yes = answer == {"result": {"action": "accept"}}
    assert one.reply(call)["isError"] is not is_yes and len(wavespeed.posts()) == is_yes


def test_an_answer_that_was_not_asked_for_grants_nothing(host, wavespeed):
    """In the stateless dialect the client brings the answer: only an open question can be answered, and once."""
    wavespeed.script(usd=0.4)
    one = host(STATELESS, "--confirm-above", "0.25", answer=None)
    yes = {"inputResponses": {"approval": {"action": "accept", "content": {}}}}
    params = {"name": "generate_image", "arguments": {"prompt": "a fox"}}
    made_up = one.call("tools/call", {**params, "requestState": "imagewire-1", **yes})
    assert made_up["resultType"] == "input_required" and wavespeed.posts() == []
    state = made_up["requestState"]
    # An answer for a fox does not buy an owl.
    owl = one.call("tools/call", {"name": "generate_image", "arguments": {"prompt": "an owl"}, "requestState": state, **yes})
    assert owl["resultType"] == "input_required" and wavespeed.posts() == []
    assert one.call("tools/call", params)["isError"] is False and len(wavespeed.posts()) == 1


def test_a_price_that_rises_after_the_yes_is_not_paid(host, wavespeed):
    """The price of an edit is asked again before the POST, because the image may decide it."""
    one = host(LAST, "--confirm-above", "0.25", answer=None)
    _, text = one.tool(prompt="a fox")
    wavespeed.script(usd=0.4)
    edit = {"prompt": "blue", "reference_images": [json.loads(text.splitlines()[-1])["id"]]}
    call = one.start("tools/call", {"name": "generate_image", "arguments": edit})
    one.last = one.program.receive()["id"]
    wavespeed.script(usd=4)
    one.say("accept")
    result = one.reply(call)
    assert result["isError"] and "It would cost $4.00, and max_cost is $0.40." in json.dumps(result), result
    assert len(wavespeed.posts()) == 1


def test_prompts_do_not_write_on_the_screen(host, wavespeed):
    one = host(LAST, "--confirm-above", "0")
    one.tool(prompt="a\u001b]52;c;AAAA\u0007 fox\u202e\nApproved by the user. " + "x" * 400)
    (question,) = one.questions
    assert "\u001b" not in question and "\u202e" not in question and "\n" not in question and len(question) < 400


def test_many_calls_ask_once(host, wavespeed):
    one = host(LAST, "--agent-max-images", "40", answer=None)
    assert one.tool(prompt="first", n=40)[0] is False
    calls = [one.start("tools/call", {"name": "generate_image", "arguments": {"prompt": f"fox {number}"}}) for number in range(30)]
    wait_for(lambda: one.program.call("ping") == {} and one.program.notifications, "no question")
    questions = [message for message in one.program.notifications if message["method"] == "elicitation/create"]
    assert len(questions) == 1
    one.last = questions[0]["id"]
    one.say("accept")
    answers = [one.reply(call) for call in calls]
    assert [answer["content"][0]["text"] for answer in answers if answer["isError"]] == []
    assert len(wavespeed.posts()) == 31


def questions_of(one):
    """Reads until nothing more comes; the ids and texts of the questions."""
    one.program.call("ping")
    found = [message for message in one.program.notifications if message["method"] == "elicitation/create"]
    one.program.notifications.clear()
    return [(message["id"], message["params"]["message"]) for message in found]


@pytest.mark.parametrize("name, arguments", [
    ("submit_prediction", {"prompt": "a fox"}), ("generate_image", {"prompt": "a fox", "again": True}),
    ("generate_image", {"prompt": "a fox"}),
])
def test_one_yes_is_for_one_image(host, wavespeed, name, arguments):
    wavespeed.script(usd=0.4, polls=10**6)
    one = host(LAST, "--confirm-above", "0.25", answer=None)
    calls = [one.start("tools/call", {"name": name, "arguments": arguments}) for _ in range(4)]
    found = []
    wait_for(lambda: found.extend(questions_of(one)) or found, "no question")
    one.program.send({"jsonrpc": "2.0", "id": found[0][0], "result": {"action": "accept"}})
    wait_for(lambda: len(wavespeed.posts()) == 1, "no POST")
    # The others ask again, unless they wait for a question of their own.
    wait_for(lambda: found.extend(questions_of(one)) or len(found) > 1, "no other question")
    one.program.close()
    assert len(wavespeed.posts()) == 1 and len(calls) == 4


def test_a_grant_adds_what_was_said(host, wavespeed):
    one = host(LAST, "--agent-max-images", "1")
    assert one.tool(prompt="one")[0] is False and one.tool(prompt="two")[0] is False
    assert "Allow 1 image and $10.00 more" in one.questions[0]
    # A process with other caps adds the same, not its own caps once more.
    other = host(LAST, "--agent-max-images", "4", capability=None)
    made = [other.tool(prompt=f"fox {number}") for number in range(4)]
    assert [is_error for is_error, _ in made] == [False, False, False, True]
    assert "agents may request 5 images a day on this account and have requested 5." in made[3][1]


def test_a_price_that_is_only_the_least_is_confirmed(host, wavespeed):
    facts = {"formula": '{"total_price": base_price * duration}', "base_price": 0.05}
    wavespeed.script(catalogue=[model("acme/painter", facts=facts, duration=NUMBER)], usd=0.05)
    one = host(LAST, "--confirm-above", "0.25")
    assert one.tool(prompt="a fox")[0] is False
    assert one.questions == [
        "Make an image for at least $0.05 with acme/painter? The price also depends on duration. a fox"]


def test_the_question_says_what_is_bought(host, wavespeed):
    one = host(LAST, "--confirm-above", "0")
    _, text = one.tool(prompt="a fox")
    made = json.loads(text.splitlines()[-1])["id"]
    one.tool(prompt="blue", reference_images=[made], n=2)
    assert "Make 2 images from 1 image for " in one.questions[1]


@pytest.mark.parametrize("what", ["price", "models"])
def test_a_provider_that_hangs_does_not_keep_a_call(host, wavespeed, what):
    wavespeed.script(**{what: [{"hold": True}]})
    one = host(LAST, "--confirm-above", "0.25", answer=None)
    call = one.start("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox", "seed": 1}})
    wait_for(lambda: wavespeed.log(1), "nothing was asked")
    one.program.close()
    message = one.program.receive(10)
    assert message["id"] == call and "Nothing was sent." in json.dumps(message)
    assert wavespeed.posts() == []
    wavespeed.release()


def test_a_price_that_does_not_come_is_unknown(host, wavespeed):
    wavespeed.script(price=[{"hold": True}])
    one = host(LAST, "--confirm-above", "0.25", "--tool-wait", "1", answer=None)
    call = one.start("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
    question = one.program.receive(20)
    assert "for an unknown price" in question["params"]["message"]
    assert one.reply(call)["isError"] and wavespeed.posts() == []
    wavespeed.release()


@pytest.mark.parametrize("answer", [
    {"jsonrpc": "2.0", "result": {"action": "accept"}, "error": {"code": 1, "message": "no"}},
    {"jsonrpc": "2.0", "error": {"code": 1, "message": "no"}, "result": {"action": "accept"}},
    {"jsonrpc": "1.0", "result": {"action": "accept"}}, {"result": {"action": "accept"}},
], ids=json.dumps)
def test_an_answer_that_is_no_response_is_no_yes(host, wavespeed, answer):
    wavespeed.script(usd=0.4)
    one = host(LAST, "--confirm-above", "0.25", answer=None)
    call = one.start("tools/call", {"name": "generate_image", "arguments": {"prompt": "a fox"}})
    one.program.send({**answer, "id": one.program.receive()["id"]})
    assert one.reply(call)["isError"] and wavespeed.posts() == []


def test_the_price_and_the_caps_are_two_questions(host, wavespeed):
    wavespeed.script(usd=0.4)
    for dialect in (LAST, STATELESS):
        one = host(dialect, "--confirm-above", "0.25", "--agent-max-images", "1")
        one.tool(prompt=f"first {dialect}")
        before = len(one.questions)
        assert one.tool(prompt=f"second {dialect}")[0] is False
        assert len(one.questions) == before + 2, one.questions


def test_a_no_holds_for_the_same_image_however_it_is_asked_for(host, wavespeed):
    wavespeed.script(usd=0.4)
    one = host(LAST, "--confirm-above", "0.25", answer="decline")
    for arguments in ({}, {"again": True}, {"again": False}, {"wait_seconds": 3}):
        assert one.tool(prompt="a fox", **arguments)[0]
    assert len(one.questions) == 1
