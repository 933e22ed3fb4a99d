"""Image files of this machine that an agent names: only from directories that the user allowed, and only the bytes that were
named."""

import base64
import hashlib
import json
import os
import subprocess
import time

import pytest
from pictures import size as size_of
from program import BINARY, KEY, RPCError, environment, wait_for
from test_boundary import Agent
from wavespeed import model, png

MODEL = "acme/painter/edit"
IMAGES = {"type": "array", "items": {"type": "string"}}
CATALOGUE = [
    model("acme/painter"),
    model(MODEL, ("prompt", "images"), {"type": "image-to-image"}, images=IMAGES, mask_image={"type": "string"}),
]
EDIT = {"prompt": "make it blue"}


@pytest.fixture
def allowed(home):
    folder = home / "pictures"
    folder.mkdir()
    return folder


@pytest.fixture
def picture(allowed):
    path = allowed / "fox.png"
    path.write_bytes(png(colour=(7, 1, 2)))
    return path


@pytest.fixture
def agent(paid, wavespeed, allowed):
    """Starts a process of an agent that may read `allowed`, with a paid provider."""
    wavespeed.script(catalogue=CATALOGUE, polls=0)

    def start(*arguments, name="fox", **options):
        arguments = arguments or ("mcp", "--allow-input", allowed)
        return Agent(paid(*arguments, IMAGEWIRE_MODEL=MODEL, **options), name)

    return start


def begin(agent, **arguments):
    return agent.program.start("tools/call", name="edit_image", arguments={**EDIT, **arguments})


def text(agent, number):
    return agent.program.reply(number)["content"][0]["text"]


def kinds(server):
    return [request["endpoint"] for request in server.log()]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_the_provider_gets_exactly_the_bytes_once(agent, wavespeed, picture, allowed):
    mask = allowed / "mask.png"
    mask.write_bytes(png(colour=(0, 0, 0)))
    fox = agent()
    made = fox.call("edit_image", **EDIT, images=[str(picture)], mask=f"file://{mask}")
    assert made["status"] == "completed"
    assert {put["sha256"] for put in wavespeed.puts()} == {sha256(picture), sha256(mask)} and len(wavespeed.puts()) == 2
    (post,) = wavespeed.posts()
    sent = json.loads(post["body"])
    assert sent["images"] == ["https://media.example/1-fox.png"] and sent["mask_image"] == "https://media.example/2-mask.png"
    # Neither the directory nor what is recorded of the file leaves.
    for request in wavespeed.log():
        assert str(allowed) not in json.dumps(request) and "sha256=" not in json.dumps(request["body"])


def test_a_server_with_the_images_api_gets_the_bytes_in_its_form(spawn, openai, picture, allowed):
    program = spawn(
        "mcp", "--allow-input", allowed, OPENAI_BASE_URL=openai.url, OPENAI_API_KEY=KEY, IMAGEWIRE_PROVIDER="openai")
    assert Agent(program).call("edit_image", **EDIT, images=[str(picture)])["status"] == "completed"
    (post,) = openai.posts()
    (part,) = post["fields"]["image[]"] if "image[]" in post["fields"] else [post["fields"]["image"]]
    assert part["content"] == picture.read_bytes() and part["type"] == "image/png" and "pictures" not in part["name"]


def test_the_sandbox_takes_a_file_and_sends_it_nowhere(spawn, picture, allowed):
    fox = Agent(spawn("mcp", "--allow-input", allowed))
    for tool, member in (("edit_image", "images"), ("generate_image", "reference_images")):
        result = fox.result(tool, prompt="a fox", size="64x64", **{member: [str(picture)]})
        assert result["structuredContent"]["status"] == "completed", result
        assert result["content"][0]["text"].startswith("Sandbox drawing")


def test_a_picture_is_sent_under_every_spelling_of_its_path(agent, wavespeed, picture, allowed):
    spaced = allowed / "a%41.png"
    spaced.write_bytes(png(colour=(1, 1, 2)))
    fox = agent()
    for number, name in enumerate((
        f"{allowed}//./fox.png", f"file://{picture}", f"file://localhost{picture}", f"file:{picture}",
        f"file://{allowed}/a%2541.png", str(spaced),
    )):
        assert fox.call("edit_image", prompt=f"number {number}", images=[name])["status"] == "completed", name
    # The same bytes are uploaded once a day.
    assert len(wavespeed.posts()) == 6 and len(wavespeed.puts()) == 2


def test_a_directory_that_the_user_named_by_a_link_is_allowed(agent, wavespeed, picture, allowed, home):
    (home / "link").symlink_to(allowed)
    fox = agent("mcp", "--allow-input", home / "link")
    for number, name in enumerate((home / "link/fox.png", picture)):
        fox.call("edit_image", prompt=f"number {number}", images=[str(name)])
    assert len(wavespeed.posts()) == 2


def test_the_price_of_an_edit_is_asked_without_the_file(agent, wavespeed, picture):
    answer = agent().call("estimate_cost", **EDIT, images=[str(picture)])
    assert answer["cost"] and "upload" not in kinds(wavespeed) and "ticket" not in kinds(wavespeed)
    assert str(picture) not in json.dumps([request["body"] for request in wavespeed.log()])


# -- what is refused ---------------------------------------------------------------------------------------------------


def outside(home, allowed):
    (home / "private.png").write_bytes(png())
    return home / "private.png", "is no image that these tools made, and not inside"


def dots(home, allowed):
    (home / "private.png").write_bytes(png())
    return f"{allowed}/../private.png", "and not inside"


def encoded_dots(home, allowed):
    (home / "private.png").write_bytes(png())
    return f"file://{allowed}/%2e%2e/private.png", "and not inside"


def sibling(home, allowed):
    (home / "pictures2").mkdir()
    (home / "pictures2/fox.png").write_bytes(png())
    return home / "pictures2/fox.png", "and not inside"


def link(home, allowed):
    (home / "private.png").write_bytes(png())
    (allowed / "it.png").symlink_to("../private.png")
    return allowed / "it.png", "symbolic link"


def link_inside(home, allowed):
    (allowed / "real.png").write_bytes(png())
    (allowed / "it.png").symlink_to("real.png")
    return allowed / "it.png", "symbolic link"


def link_in_the_path(home, allowed):
    (home / "private").mkdir()
    (home / "private/it.png").write_bytes(png())
    (allowed / "in").symlink_to("../private")
    return allowed / "in/it.png", "symbolic link"


def pipe(home, allowed):
    os.mkfifo(allowed / "it.png")
    return allowed / "it.png", "is not a regular file"


def folder(home, allowed):
    (allowed / "it.png").mkdir()
    return allowed / "it.png", "is not a regular file"


def secret(home, allowed):
    (allowed / "it.png").write_text("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI\n")
    return allowed / "it.png", "is not a PNG, JPEG"


def empty(home, allowed):
    (allowed / "it.png").touch()
    return allowed / "it.png", "is empty"


def large(home, allowed):
    (allowed / "it.png").write_bytes(png())
    os.truncate(allowed / "it.png", 200_000_001)
    return allowed / "it.png", "is larger than the 200 MB"


def missing(home, allowed):
    return allowed / "it.png", "no such file"


def unreadable(home, allowed):
    (allowed / "it.png/in").mkdir(parents=True)
    return allowed / "it.png/in/../../../x", "and not inside"


def relative(home, allowed):
    (home / "fox.png").write_bytes(png())
    return "fox.png", "is no image that these tools made"


def another_host(home, allowed):
    return f"file://elsewhere{allowed}/fox.png", "and not inside"


def marked(home, allowed):
    return f"@{allowed}/fox.png", "and not inside"


HARD = [
    outside, dots, encoded_dots, sibling, link, link_inside, link_in_the_path, pipe, folder, secret, empty, large, missing, unreadable,
    relative, another_host, marked,
]


@pytest.mark.parametrize("case", HARD, ids=lambda case: case.__name__)
def test_a_file_that_may_not_go_is_refused_and_nothing_is_sent(agent, wavespeed, home, allowed, picture, case):
    name, words = case(home, allowed)
    fox = agent()
    for tool, arguments in (
        ("edit_image", {"images": [str(picture), str(name)]}), ("edit_image", {"images": [str(picture)], "mask": str(name)}),
        ("generate_image", {"reference_images": [str(name)]}),
    ):
        said = fox.refusal(tool, **EDIT, **arguments)
        assert words in said, said
        if words != "is no image that these tools made":
            assert "Nothing was sent" in said
    assert "private" not in fox.refusal("view_image", id=str(name)).replace(str(name), "").replace("private.png", "")
    assert fox.call("list_images")["images"] == []
    assert not {"ticket", "put", "submit"} & {*kinds(wavespeed)}


def test_the_refusal_names_what_is_allowed_and_how_the_user_allows_more(agent, home, allowed):
    name, _ = outside(home, allowed)
    said = agent().refusal("edit_image", **EDIT, images=[str(name)])
    assert str(allowed) in said and "--allow-input DIR" in said and "allow_input" in said and "Only the user" in said
    # Without an allowed directory too.
    said = agent("mcp").refusal("edit_image", **EDIT, images=[str(name)])
    assert "is no image that these tools made." in said and "--allow-input DIR" in said


def test_descriptors_of_the_process_are_no_way_around(spawn, home):
    fox = Agent(spawn("mcp", "--allow-input", "/proc", "--allow-input", "/dev"))
    for name in ("/proc/self/fd/0", "/proc/self/environ", "/proc/self/cwd/fox.png", "/dev/zero", "/dev/stdin", "/dev/fd/0"):
        (home / "fox.png").write_bytes(png())
        said = fox.refusal("edit_image", **EDIT, images=[name])
        assert any(words in said for words in ("symbolic link", "not a regular file", "is empty")), (name, said)


def test_the_state_directory_is_not_read_through_one_that_holds_it(agent, wavespeed, home):
    plain = agent("mcp", "--allow-input", home)
    theirs = plain.program.call("submit", prompt="theirs", provider="sandbox", wait_ms=60000)["files"][0]["path"]
    assert theirs.startswith(f"{home}/.local/state/imagewire/")
    said = plain.refusal("edit_image", **EDIT, images=[theirs])
    assert "is in no directory that agents may read" in said
    plain.refusal("view_image", id=theirs)
    assert "put" not in kinds(wavespeed)


def test_what_others_made_cannot_be_named_by_id(agent, wavespeed, picture):
    fox, owl = agent(), agent(name="owl")
    made = fox.call("edit_image", **EDIT, images=[str(picture)])
    posts = len(wavespeed.posts())
    for name in (made["id"], f"{made['id']}/1", f"imagewire://predictions/{made['id']}/1", made["files"][0]["path"]):
        owl.refusal("edit_image", **EDIT, images=[name])
    assert len(wavespeed.posts()) == posts


@pytest.mark.parametrize("value", ["@{private}", "@{allowed}/fox.png", "@{private}#sha256={hash}&bytes={bytes}"])
def test_a_file_among_other_fields_is_no_image(agent, wavespeed, home, allowed, picture, value):
    private, _ = outside(home, allowed)
    value = value.format(private=private, allowed=allowed, hash=sha256(private), bytes=private.stat().st_size)
    fox = agent()
    said = fox.refusal("edit_image", **EDIT, images=[str(picture)], parameters=json.dumps({"mask_image": value}))
    assert "Nothing was sent" in said
    assert not {"ticket", "put", "submit"} & {*kinds(wavespeed)}


@pytest.mark.parametrize("tool", ["generate_image", "submit_prediction"])
def test_the_name_of_a_pinned_file_is_no_text_to_send(agent, wavespeed, picture, tool):
    named = {"images": [f"@{picture}#sha256={sha256(picture)}&bytes={picture.stat().st_size}"]}
    more = {"input": named} if tool == "submit_prediction" else {"parameters": json.dumps(named)}
    said = agent().refusal(tool, **EDIT, **more)
    assert "names a file of this machine" in said and "Nothing was sent" in said
    assert not {"ticket", "put", "submit"} & {*kinds(wavespeed)}


def test_the_page_of_an_edit_of_a_file_offers_no_variation(paid, wavespeed, picture, allowed):
    wavespeed.script(catalogue=CATALOGUE, polls=0)
    program = paid("mcp", "--allow-input", allowed, IMAGEWIRE_MODEL=MODEL)
    pages = {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html;profile=mcp-app"]}}}
    program.call("initialize", protocolVersion="2025-11-25", capabilities=pages, clientInfo={"name": "fox", "version": "1"})

    def page(name, **arguments):
        made = program.call("tools/call", name=name, arguments={**EDIT, **arguments})["structuredContent"]
        return json.loads(program.call("tools/call", name="app_image", arguments={"id": made["id"]})["content"][0]["text"])

    assert "vary" not in page("edit_image", images=[str(picture)])
    assert "vary" in page("generate_image", model="acme/painter")


# -- between the call and the request ----------------------------------------------------------------------------------


def other_bytes(path):
    path.write_bytes(png(colour=(99, 1, 2)))


def same_length(path):
    # Its length and its time stay.
    status, forged = path.stat(), bytearray(path.read_bytes())
    forged[-20] ^= 1
    path.write_bytes(forged)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def a_link(path):
    (path.parent.parent / "private.png").write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to("../private.png")


def gone(path):
    path.unlink()


@pytest.mark.parametrize("change", [other_bytes, same_length, a_link, gone], ids=lambda change: change.__name__)
def test_a_file_that_changes_before_it_is_sent_is_not_sent(agent, wavespeed, picture, allowed, change):
    second = allowed / "second.png"
    second.write_bytes(png(colour=(3, 1, 2)))
    wavespeed.script(put=[{"do": "normal", "hold": True}])
    fox = agent()
    made = begin(fox, images=[str(picture), str(second)])
    wait_for(wavespeed.puts, "the first is not uploaded")
    change(second)
    wavespeed.release()
    said = text(fox, made)
    assert "Nothing was sent and nothing is billed" in said and str(second) in said and "billing none" in said
    if change in (other_bytes, same_length):
        assert "was changed since it was named" in said and "Make the call again" in said
    assert wavespeed.posts() == [] and len(wavespeed.puts()) == 1


def test_killed_between_the_upload_and_the_request_it_is_sent_once(agent, wavespeed, picture):
    wavespeed.script(put=[{"do": "normal", "hold": True}])
    fox = agent()
    begin(fox, images=[str(picture)])
    wait_for(wavespeed.puts, "it is not uploaded")
    fox.program.kill()
    wavespeed.release()
    # The next process need not be allowed the directory: the call was accepted, and the bytes are the same.
    again = agent("mcp")
    (image,) = again.call("list_images")["images"]
    done = again.call("get_image", id=image["id"], wait_seconds=30)
    assert done["status"] == "completed" and len(wavespeed.posts()) == 1
    assert {put["sha256"] for put in wavespeed.puts()} == {sha256(picture)}


def test_killed_and_then_changed_it_is_not_sent(agent, wavespeed, picture):
    wavespeed.script(put=[{"do": "normal", "hold": True}])
    fox = agent()
    begin(fox, images=[str(picture)])
    wait_for(wavespeed.puts, "it is not uploaded")
    fox.program.kill()
    wavespeed.release()
    same_length(picture)
    again = agent("mcp")
    (image,) = again.call("list_images")["images"]
    assert "was changed since it was named" in again.refusal("get_image", id=image["id"], wait_seconds=30)
    assert wavespeed.posts() == []


# -- repeated calls ----------------------------------------------------------------------------------------------------


def test_the_same_file_under_two_names_is_one_request(agent, wavespeed, picture, allowed):
    copy = allowed / "copy.png"
    copy.write_bytes(picture.read_bytes())
    fox = agent()
    fox.call("edit_image", **EDIT, images=[str(picture)])
    said = fox.result("edit_image", **EDIT, images=[str(copy)])["content"][0]["text"]
    assert said.startswith("Not a new image") and len(wavespeed.posts()) == 1
    # Also after a restart.
    assert agent().result("edit_image", **EDIT, images=[f"file://{copy}"])["content"][0]["text"].startswith("Not a new image")
    assert len(wavespeed.posts()) == 1


def test_other_bytes_under_one_name_are_another_request(agent, wavespeed, picture):
    fox = agent()
    first = fox.call("edit_image", **EDIT, images=[str(picture)])
    same_length(picture)
    second = fox.call("edit_image", **EDIT, images=[str(picture)])
    assert first["id"] != second["id"] and len(wavespeed.posts()) == 2 and len(wavespeed.puts()) == 2


def test_a_call_does_not_wait_for_files_of_another_to_be_read(agent, allowed):
    large = allowed / "large.png"
    large.write_bytes(png())
    os.truncate(large, 60_000_000)
    fox = agent()
    made = begin(fox, images=[str(large)], wait_seconds=0)
    began = time.monotonic()
    fox.program.call("ping")
    waited = time.monotonic() - began
    assert waited < 1, f"{waited:.1f} s"
    fox.program.reply(made)


@pytest.fixture
def slow(allowed):
    """As many files as a call may name, which take a minute to read."""
    files = [allowed / f"{number}.png" for number in range(16)]
    for number, file in enumerate(files):
        file.write_bytes(png(colour=(number, 0, 0)))
        os.truncate(file, 200_000_000)
    return list(map(str, files))


def test_files_of_cancelled_calls_are_not_read(agent, picture, slow):
    fox = agent()
    for number in [begin(fox, images=slow, prompt=f"number {number}") for number in range(20)]:
        fox.program.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})
    assert fox.call("edit_image", **EDIT, images=[str(picture)])["status"] == "completed"


def test_the_end_of_input_does_not_wait_for_files_to_be_read(agent, wavespeed, slow):
    fox = agent()
    made = begin(fox, images=slow)
    fox.program.close()
    # Reading them would take a minute.
    assert "Nothing was sent" in str(fox.program.reply(made, 10))
    assert fox.program.wait() == 0 and not {"ticket", "put", "submit"} & {*kinds(wavespeed)}


def test_a_file_that_cannot_be_sent_is_refused_before_others_are_read(agent, slow):
    os.truncate(slow[-1], 200_000_001)
    assert "is larger than the 200 MB" in agent().refusal("edit_image", **EDIT, images=slow)


# -- who sees it -------------------------------------------------------------------------------------------------------


def test_an_allowed_image_is_shown_as_a_small_copy(spawn, allowed):
    large = allowed / "large.png"
    large.write_bytes(png(900, 600))
    fox = Agent(spawn("mcp", "--allow-input", allowed))
    told, shown = fox.result("view_image", id=str(large), size=300)["content"]
    assert json.loads(told["text"])["path"] == str(large)
    assert shown["mimeType"] == "image/jpeg" and size_of(base64.b64decode(shown["data"])) == (300, 200)


def test_the_user_can_repeat_what_an_agent_made_of_a_file(agent, wavespeed, picture, home):
    fox = agent()
    made = fox.call("edit_image", **EDIT, images=[str(picture)])
    (shown,) = [one for one in fox.program.call("list")["predictions"] if one["id"] == made["id"]]
    whole = fox.program.call("status", id=shown["id"])
    assert whole["input"]["images"] == [f"@{picture}#sha256={sha256(picture)}&bytes={picture.stat().st_size}"]
    fox.program.finish()
    variables = environment(home, WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url, IMAGEWIRE_MODEL=MODEL)
    again = subprocess.run([BINARY, "again", made["id"]], env=variables, cwd=home, capture_output=True, text=True, timeout=60)
    assert again.returncode == 0, again.stderr
    assert len(wavespeed.posts()) == 2
    same_length(picture)
    again = subprocess.run([BINARY, "again", made["id"]], env=variables, cwd=home, capture_output=True, text=True, timeout=60)
    assert again.returncode != 0 and "was changed since it was named" in again.stderr and len(wavespeed.posts()) == 2


# -- settings ----------------------------------------------------------------------------------------------------------


def test_the_environment_and_the_config_file_allow_directories_too(spawn, home, allowed, picture):
    other = home / "other"
    other.mkdir()
    (other / "owl.png").write_bytes(png())
    config = home / ".config/imagewire/config.json"
    config.parent.mkdir(parents=True)

    def reaches(*arguments, **variables):
        fox = Agent(spawn("mcp", *arguments, **variables))
        found = []
        for path in (picture, other / "owl.png"):
            result = fox.result("edit_image", prompt="a fox", size="64x64", images=[str(path)], again=True)
            found.append(not result["isError"])
        return found

    assert reaches(IMAGEWIRE_ALLOW_INPUT=f"{allowed}:{other}") == [True, True]
    assert reaches(IMAGEWIRE_ALLOW_INPUT="~/other") == [False, True]
    config.write_text(json.dumps({"allow_input": "pictures"}))
    assert reaches() == [True, False]
    config.write_text(json.dumps({"allow_input": [str(allowed), "~/other"]}))
    assert reaches() == [True, True]
    # A flag wins over the environment, and that over the file.
    assert reaches(IMAGEWIRE_ALLOW_INPUT=other) == [False, True]
    assert reaches("--allow-input", allowed, IMAGEWIRE_ALLOW_INPUT=other) == [True, False]
    config.write_text(json.dumps({"allow_input": [1]}))
    with spawn("mcp") as program:
        with pytest.raises(RPCError) as error:
            program.call("submit", prompt="a fox")
        assert "allow_input must be a string or a list of strings" in error.value.message


def test_doctor_names_the_directories(home, allowed):
    variables = environment(home, IMAGEWIRE_ALLOW_INPUT=f"{allowed}:{home}/nowhere")
    done = subprocess.run([BINARY, "doctor", "--offline", "--json"], env=variables, cwd=home, capture_output=True, text=True)
    found = [one for one in json.loads(done.stdout)["findings"] if one["subject"] == "input folder"]
    assert [one["level"] for one in found] == ["ok", "warning"] and "nowhere" in found[1]["message"]


def test_hosts_see_a_difference_only_where_a_directory_is_allowed(spawn, allowed):
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "fox", "version": "1"}}
    with spawn("mcp") as plain, spawn("mcp", "--allow-input", allowed) as program:
        assert str(allowed) not in plain.call("initialize", **hello)["instructions"]
        assert str(allowed) in program.call("initialize", **hello)["instructions"]
        before, after = (p.call("tools/list")["tools"] for p in (plain, program))
        changed = []
        for one, other in zip(before, after, strict=True):
            assert one["description"] == other["description"] and len(other["description"]) <= 350
            for name, schema in one["inputSchema"]["properties"].items():
                if schema != other["inputSchema"]["properties"][name]:
                    changed.append((one["name"], name))
        assert changed == [
            ("generate_image", "reference_images"), ("edit_image", "images"), ("edit_image", "mask"), ("view_image", "id"),
            ("estimate_cost", "images"), ("estimate_cost", "mask"),
        ]
        shown = [{key: one[key] for key in ("name", "description", "inputSchema")} for one in after]
        assert len(json.dumps(shown, separators=(",", ":"))) <= 10_000
