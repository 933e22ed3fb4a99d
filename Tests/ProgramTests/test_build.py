"""`imagewire build`: the images that documents describe, each made and paid for once."""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from program import BINARY, KEY, MODEL, PATIENCE, ROOT, environment, wait_for
from terminal import Terminal
from wavespeed import png

PROMPTS = ("a red fox in snow", "eine Eule, „groß“ & <still>", "a/b \"c\"\\d\n\ttwo lines", "🦊", "\u202eright to left", "a lighthouse")


@pytest.fixture
def folder(home):
    made = home / "work"
    made.mkdir()
    return made


@pytest.fixture
def run(home, folder):
    """Runs a build to its end, with the sandbox."""

    def start(*arguments, input="", cwd=folder, **variables):
        return subprocess.run(
            [BINARY, "build", *map(str, arguments)], input=input, capture_output=True, text=True, timeout=PATIENCE, cwd=cwd,
            env=environment(home, **variables))

    return start


@pytest.fixture
def paid(run, wavespeed):
    """The same with the service."""
    wavespeed.script(polls=0)

    def start(*arguments, **options):
        named = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
        return run(*arguments, **{**named, **options})

    return start


def block(file, prompt, **attributes):
    pairs = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'```{{.imagewire file="{file}"{pairs}}}\n{prompt}\n```\n\n'


def write(path, *blocks):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# A page\n\n" + "".join(blocks), encoding="utf-8")
    return path


def locked(folder):
    return json.loads((folder / "imagewire.lock.json").read_text(encoding="utf-8"))["images"]


def key(prompt, model="", **fields):
    """The contract that other clients share, written down a second time."""
    text = json.dumps([prompt, model, fields], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return "build-" + hashlib.sha256(text.encode()).hexdigest()[:32]


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def lines(done, status=0):
    assert done.returncode == status, done
    return done.stdout.splitlines()


def refused(done, *words, status=1):
    assert (done.returncode, done.stdout) == (status, ""), done
    for word in words:
        assert word in done.stderr, done.stderr


# -- made once -------------------------------------------------------------------------------------------------------


def test_six_images_are_six_requests_and_then_none(paid, wavespeed, folder, home):
    names = [f"images/{number} Bild ü.png" for number in range(6)]
    page = write(folder / "page.md", *(block(name, prompt, size="64x64") for name, prompt in zip(names, PROMPTS)))
    assert sorted(lines(paid(page))) == [f"made       {folder}/{name}" for name in names]
    assert len(wavespeed.posts()) == 6
    assert sorted(json.loads(post["body"])["prompt"] for post in wavespeed.posts()) == sorted(PROMPTS)
    # The lock file: what each image is of, in a form that is the same for the same images.
    text = (folder / "images/imagewire.lock.json").read_text(encoding="utf-8")
    images = {
        Path(name).name: {"key": key(prompt, size="64x64"), "sha256": sha256(folder / name)} for name, prompt in zip(names, PROMPTS)}
    assert text == json.dumps({"images": images, "version": 1}, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    # Again: nothing is contacted at all.
    requests = len(wavespeed.log())
    assert lines(paid("page.md")) == [f"unchanged  {name}" for name in names]
    # A second checkout, on a machine that has no database of predictions.
    other = home / "other machine"
    shutil.copytree(folder, other / "work")
    assert lines(paid("page.md", cwd=other / "work", XDG_STATE_HOME=str(other / "state"))) == [f"unchanged  {name}" for name in names]
    assert lines(paid("--dry-run", "page.md")) == [f"unchanged  {name}" for name in names]
    assert len(wavespeed.log()) == requests
    # A file that is missing is there again, and not paid for again.
    (folder / names[2]).unlink()
    assert lines(paid("page.md"))[-1] == f"reused     {names[2]}"
    assert sha256(folder / names[2]) == images[Path(names[2]).name]["sha256"] and len(wavespeed.posts()) == 6


def test_markdown_quarto_and_org_have_the_same_key(paid, wavespeed, folder):
    write(folder / "a.md", block("a.png", "  a fox\r", size="64x64", seed=7, **{"fig-alt": "A fox", "width": "50%", "caption": "c"}))
    (folder / "b.qmd").write_text("~~~ {#fig-fox .imagewire .x file=b.png size=64x64 seed=7}\na fox\n~~~\n")
    (folder / "c.md").write_text("\ufeff``` {.imagewire file='c.png' input='{\"size\":\"64x64\"}' seed=7}\r\na fox\r\n```\r\n")
    (folder / "d.org").write_text(
        "* A heading\n  #+BEGIN_SRC imagewire :results file :file d.png :size \"64x64\" :seed 7 :exports results\n    a fox\n  #+END_SRC\n")
    assert lines(paid("a.md"))[0].startswith("made ")
    assert lines(paid("b.qmd", "c.md", "d.org")) == ["reused     b.png", "reused     c.png", "reused     d.png"]
    assert {entry["key"] for entry in locked(folder).values()} == {key("a fox", seed=7, size="64x64")}
    assert [json.loads(post["body"]) for post in wavespeed.posts()] == [{"prompt": "a fox", "seed": 7, "size": "64x64"}]
    assert lines(paid("a.md", "b.qmd", "c.md", "d.org"))[3] == "unchanged  d.png"


@pytest.mark.parametrize("one", json.loads((ROOT / "Tests/Fixtures/build-keys.json").read_text(encoding="utf-8"))["keys"])
def test_the_key_is_the_same_in_every_client(run, folder, one):
    attributes = {"model": one["model"] or "", "input": json.dumps(one["input"]).replace("\\", "\\\\").replace('"', '\\"')}
    write(folder / "page.md", block("fox.png", one["prompt"], **attributes))
    run("page.md", "--provider", "sandbox")
    assert locked(folder)["fox.png"]["key"] == one["key"]


@pytest.mark.parametrize("changed", [
    block("fox.png", "a blue fox", size="64x64"), block("fox.png", "a red fox", size="128x64"),
    block("fox.png", "a red fox", size="64x64", model="acme/brush"),
])
def test_a_changed_block_is_made_anew_under_the_same_name(paid, wavespeed, folder, changed):
    page = write(folder / "page.md", block("fox.png", "a red fox", size="64x64"))
    lines(paid("page.md"))
    before = (folder / "fox.png").read_bytes()
    write(page, changed)
    assert lines(paid("--dry-run", "page.md"))[0].startswith("replace    fox.png")
    assert (folder / "fox.png").read_bytes() == before and len(wavespeed.posts()) == 1
    # The old image stays until the new one is complete.
    wavespeed.script(download=[{"do": "404", "times": "forever"}])
    failed = paid("page.md")
    assert failed.returncode == 1 and failed.stdout == "" and (folder / "fox.png").read_bytes() == before
    calm(wavespeed)
    wavespeed.script(download=[{"do": "file", "base64": base64.b64encode(png(8, 8)).decode()}])
    assert lines(paid("page.md")) == ["reused     fox.png"]
    assert (folder / "fox.png").read_bytes() != before and locked(folder)["fox.png"]["sha256"] == sha256(folder / "fox.png")
    assert len(wavespeed.posts()) == 2
    # Back to the first: it is not paid for again.
    write(page, block("fox.png", "a red fox", size="64x64"))
    assert lines(paid("page.md")) == ["reused     fox.png"]
    assert (folder / "fox.png").read_bytes() == before and len(wavespeed.posts()) == 2


def calm(wavespeed):
    """Ends the scripted behaviours."""
    with wavespeed.changed:
        for queue in wavespeed.queues.values():
            queue.clear()


# -- files that are not imagewire's ------------------------------------------------------------------------------------


def test_a_file_that_imagewire_did_not_make_stays(paid, wavespeed, folder):
    (folder / "fox.png").write_text("mine")
    write(folder / "page.md", block("owl.png", "an owl"), block("fox.png", "a fox"))
    refused(paid("page.md"), "fox.png was not made by imagewire", "Nothing was sent")
    assert (folder / "fox.png").read_text() == "mine" and wavespeed.log() == []
    (folder / "fox.png").unlink()
    (folder / "fox.png").symlink_to("/no/such/file")
    refused(paid("page.md"), "fox.png", "no such file")
    assert (folder / "fox.png").is_symlink() and wavespeed.log() == []


def test_an_image_that_was_changed_by_hand_stays(paid, wavespeed, folder):
    page = write(folder / "page.md", block("fox.png", "a fox"))
    lines(paid("page.md"))
    (folder / "fox.png").write_bytes((folder / "fox.png").read_bytes() + b"retouched")
    for text in ("a fox", "another fox"):
        write(page, block("fox.png", text))
        refused(paid("page.md"), "fox.png was changed since imagewire made it")
    assert (folder / "fox.png").read_bytes().endswith(b"retouched") and len(wavespeed.posts()) == 1


def test_a_file_that_appears_meanwhile_stays(paid, wavespeed, folder, home):
    wavespeed.script(download=[{"do": "normal", "hold": True}])
    write(folder / "page.md", block("fox.png", "a fox"))
    named = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
    process = subprocess.Popen(
        [BINARY, "build", "page.md"], cwd=folder, env=environment(home, **named), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any(one["endpoint"] == "download" for one in wavespeed.log()), "no download")
    (folder / "fox.png").write_text("mine")
    wavespeed.release()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and "changed meanwhile" in err and out == "", (out, err)
    assert (folder / "fox.png").read_text() == "mine" and sorted(os.listdir(folder)) == ["fox.png", "page.md"]


# -- documents that cannot be built --------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [
    "../fox.png", "a/../../fox.png", "/tmp/fox.png", "~/fox.png", "images//fox.png", ".git/fox.png", "images/.fox.png", "fox",
    "fox.sh", "imagewire.lock.json", "a\\\\b.png", "fox\x1b[31m.png", "fox\u202e.png", "https://x/fox.png", "x" * 201 + ".png", "..", ".",
    "images/",
])
def test_a_document_reaches_no_file_but_images_below_its_folder(run, folder, home, file):
    before = sorted(home.rglob("*"))
    write(folder / "page.md", block("fine.png", "fine"), block(file, "a fox"))
    refused(run("page.md"), "page.md:7: The file", "Nothing was sent")
    assert "\x1b" not in run("page.md").stderr and "\u202e" not in run("page.md").stderr
    assert not (folder / "fine.png").exists()
    assert {path for path in set(home.rglob("*")) - set(before) if path.suffix == ".png" or path.name == "imagewire.lock.json"} == set()


@pytest.mark.parametrize("text, words", [
    ("```imagewire\na fox\n```", ["page.md:1:", "names no file"]),
    ("```{.imagewire}\na fox\n```", ["page.md:1:", "names no file"]),
    ('\n```{.imagewire file="fox.png}\na fox\n```', ["page.md:2:", "attributes cannot be read"]),
    ('```{.imagewire file="fox.png" size}\na fox\n```', ["page.md:1:", "attributes cannot be read"]),
    ('```{.imagewire file="fox.png"}\n\n  \n```', ["page.md:1:", "is empty"]),
    ('```{.imagewire file="fox.png"}\na fox\n', ["page.md:1:", "does not end"]),
    ('```{.imagewire file="fox.png" prompt="x"}\na fox\n```', ["not an attribute"]),
    ('```{.imagewire file="fox.png" provider="x"}\na fox\n```', ["--provider"]),
    ('```{.imagewire file="fox.png" input="x"}\na fox\n```', ["JSON object"]),
    ('```{.imagewire file="fox.png" image="@/etc/passwd"}\na fox\n```', ["local file"]),
    ('```{.imagewire file="fox.png"}\na\n```\n```{.imagewire file="./fox.png"}\nb\n```', ["page.md:4: fox.png is also made at page.md:1", "a file of its own"]),
])
def test_what_is_wrong_with_a_document_is_said_before_anything_is_sent(run, folder, text, words):
    (folder / "page.md").write_text(text)
    refused(run("page.md"), *words, "Nothing was sent")
    assert sorted(os.listdir(folder)) == ["page.md"]


def test_two_equal_blocks_are_one_image(paid, wavespeed, folder):
    write(folder / "page.md", block("fox.png", "a fox"), block("./fox.png", "a fox"))
    write(folder / "other.md", block("fox.png", "a fox"))
    assert len(lines(paid("page.md", "other.md", "./page.md"))) == 1 and len(wavespeed.posts()) == 1


def test_unreadable_documents(run, folder):
    (folder / "bytes.md").write_bytes(b"\xff\xfe```")
    write(folder / "fine.md", block("fox.png", "a fox"))
    for name, word in {"missing.md": "No such file", ".": "directory", "bytes.md": "UTF-8"}.items():
        refused(run("fine.md", name), word, "Nothing was sent")
    assert lines(run("/dev/null")) == [] and "usage" not in run("/dev/null").stderr
    refused(run(), "FILE is missing", status=2)


@pytest.mark.parametrize("text, word", [
    ("", "is not a JSON object"), ("{", "is not a JSON object"), ("<<<<<<< HEAD\n{}", "merge"), ("[]", "is not a JSON object"),
    ('{"images":{}}', "no version"), ('{"version":2,"images":{}}', "newer"), ('{"version":1}', "no images"),
    ('{"version":1,"images":{"fox.png":{"key":"x"}}}', "no key and sha256 for fox.png"),
])
def test_a_broken_lock_file_stops_the_build(paid, wavespeed, folder, text, word):
    (folder / "imagewire.lock.json").write_text(text)
    write(folder / "page.md", block("fox.png", "a fox"))
    refused(paid("page.md"), "imagewire.lock.json", word, "Nothing was sent")
    assert wavespeed.log() == [] and (folder / "imagewire.lock.json").read_text() == text


def test_a_pipe_in_place_of_a_file_is_not_waited_for(run, folder):
    write(folder / "page.md", block("fox.png", "a fox", size="64x64"))
    for name in ("imagewire.lock.json", "fox.png"):
        os.mkfifo(folder / name)
        refused(run("page.md"), name, "not a regular file")
        (folder / name).unlink()
    (folder / "imagewire.lock.json").write_text('{"version":1,"images":{"fox.png":{"key":"k","sha256":"s"}}}')
    os.mkfifo(folder / ".fox.png.part")
    assert lines(run("page.md")) == ["made       fox.png  free"]


def test_what_others_wrote_into_the_lock_file_stays(run, folder):
    (folder / "imagewire.lock.json").write_text(
        '{"version":1,"images":{"other.png":{"key":"build-x","sha256":"y","by":"me"}},"note":"ours"}')
    write(folder / "page.md", block("fox.png", "a fox", size="64x64"))
    lines(run("page.md"))
    lock = json.loads((folder / "imagewire.lock.json").read_text())
    assert lock["note"] == "ours" and lock["images"]["other.png"]["by"] == "me" and list(lock["images"]) == ["fox.png", "other.png"]


@pytest.mark.parametrize("make", ["file", "proc"])
def test_a_folder_that_cannot_be_written(paid, wavespeed, folder, make):
    if make == "file":
        (folder / "images").write_text("a file")
    else:
        (folder / "images").symlink_to("/proc/self")
    write(folder / "page.md", block("images/deep/fox.png", "a fox"))
    refused(paid("page.md"), "folder", "images/deep", "Nothing was sent")
    assert wavespeed.log() == []


def test_a_file_of_another_format_is_named_and_not_paid_for_again(paid, wavespeed, folder):
    page = write(folder / "page.md", block("fox.jpg", "a fox"))
    done = paid("page.md")
    refused(done, "format png", "without paying again")
    write(page, block("fox.png", "a fox"))
    assert lines(paid("page.md")) == ["reused     fox.png"] and len(wavespeed.posts()) == 1


# -- what it costs --------------------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_it_would_cost_and_sends_nothing(paid, wavespeed, folder):
    write(folder / "page.md", block("fox.png", "a fox"), block("images/owl.png", "an owl"))
    done = paid("-n", "page.md")
    assert [line.split(",")[0] for line in lines(done)] == ["make       fox.png  $0.05", "make       images/owl.png  $0.05"]
    assert "2 images to make: $0.10" in done.stderr and "Nothing was sent" in done.stderr
    assert wavespeed.posts() == [] and sorted(os.listdir(folder)) == ["page.md"]


def test_max_cost_holds_for_each_image(paid, wavespeed, folder):
    write(folder / "page.md", block("fox.png", "a fox"))
    refused(paid("page.md", "--max-cost", "0.01"), "fox.png:", "Nothing was sent")
    assert wavespeed.posts() == []


def test_what_failed_without_cost_is_tried_again(paid, wavespeed, folder):
    write(folder / "page.md", block("fox.png", "a fox"), block("owl.png", "an owl"))
    wavespeed.script(submit=["400", "400"])
    failed = paid("page.md")
    assert failed.returncode == 1 and failed.stdout == "" and "fox.png: failed" in failed.stderr
    assert len(wavespeed.posts()) == 2
    # They were refused without cost: they are tried again.
    wavespeed.script(poll=[{"do": "state", "status": "failed", "error": "no such animal", "times": "forever"}])
    failed = paid("page.md")
    assert failed.returncode == 1 and "no such animal" in failed.stderr and len(wavespeed.posts()) == 4
    # They were refunded.
    calm(wavespeed)
    assert sorted(lines(paid("page.md"))) == ["made       fox.png", "made       owl.png"] and len(wavespeed.posts()) == 6
    assert len(lines(paid("page.md"))) == 2 and len(wavespeed.posts()) == 6


def test_what_may_have_cost_something_is_not_tried_again(paid, wavespeed, folder):
    write(folder / "page.md", block("fox.png", "a fox"))
    wavespeed.script(submit=["drop"])
    first = paid("page.md")
    assert (first.returncode, first.stdout) == (4, "") and "fox.png: unknown" in first.stderr, first
    again = paid("page.md")
    assert (again.returncode, again.stdout) == (4, "") and "not tried again" in again.stderr, again
    assert len(wavespeed.posts()) == 1


def test_a_lost_reply_is_found_and_not_paid_for_again(paid, wavespeed, folder):
    write(folder / "page.md", block("fox.png", "a fox"))
    wavespeed.script(submit=["lost_reply"])
    assert lines(paid("page.md")) == ["made       fox.png"] and len(wavespeed.posts()) == 1


def test_a_deleted_prediction_is_made_anew(paid, run, wavespeed, folder, home):
    write(folder / "page.md", block("fox.png", "a fox"))
    lines(paid("page.md"))
    subprocess.run([BINARY, "delete", "@last", "--files"], env=environment(home), check=True, capture_output=True)
    assert lines(paid("page.md")) == ["unchanged  fox.png"]
    (folder / "fox.png").unlink()
    assert lines(paid("page.md")) == ["made       fox.png"] and len(wavespeed.posts()) == 2


def test_a_saved_file_that_is_gone_is_named(paid, wavespeed, folder, home):
    write(folder / "page.md", block("fox.png", "a fox"))
    lines(paid("page.md"))
    (folder / "fox.png").unlink()
    for path in (home / ".local/state/imagewire/outputs").glob("*"):
        path.unlink()
    refused(paid("page.md"), "fox.png:", "imagewire delete")
    assert len(wavespeed.posts()) == 1 and sorted(os.listdir(folder)) == ["imagewire.lock.json", "page.md"]


def test_an_image_of_the_sandbox_is_made_anew_by_a_provider(run, paid, wavespeed, folder):
    write(folder / "page.md", block("fox.png", "a fox", size="64x64"))
    assert lines(run("page.md")) == ["made       fox.png  free"]
    (folder / "fox.png").unlink()
    assert lines(paid("page.md")) == ["made       fox.png"] and len(wavespeed.posts()) == 1


def test_without_a_key_nothing_is_needed_for_what_is_there(run, paid, wavespeed, folder):
    write(folder / "page.md", block("fox.png", "a fox"))
    lines(paid("page.md"))
    assert lines(run("page.md", "--provider", "wavespeed")) == ["unchanged  fox.png"]
    (folder / "fox.png").unlink()
    refused(run("page.md", "--provider", "wavespeed", XDG_STATE_HOME=str(folder / "state")), "not configured", "Nothing was sent")


# -- interrupted ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 4), (signal.SIGKILL, -9)])
def test_an_interrupted_build_goes_on_and_pays_nothing_twice(paid, wavespeed, folder, home, number, status):
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    names = [f"{index}.png" for index in range(6)]
    write(folder / "page.md", *(block(name, f"fox {name}") for name in names))
    named = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
    process = subprocess.Popen(
        [BINARY, "build", "page.md"], cwd=folder, env=environment(home, **named), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: sum(one["endpoint"] == "poll" for one in wavespeed.log()) >= 2, "nothing was sent")
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (status, ""), err
    if number != signal.SIGKILL:
        assert "2 images are being made: the next build takes them" in err
        # Two at once is the limit: the others were not sent, and are not sent later by themselves.
        assert len(wavespeed.posts()) == 2
        listed = subprocess.run([BINARY, "list", "--json"], env=environment(home), capture_output=True, text=True, check=True).stdout
        states = [(one["status"], one["billing"]) for one in json.loads(listed)["predictions"]]
        assert states.count(("cancelled", "none")) == 4 and states.count(("processing", "unknown")) == 2, states
    calm(wavespeed)
    done = lines(paid("page.md"))
    assert sorted(line.split()[1] for line in done) == names
    prompts = [json.loads(post["body"])["prompt"] for post in wavespeed.posts()]
    assert sorted(prompts) == [f"fox {name}" for name in names]
    assert lines(paid("page.md")) == [f"unchanged  {name}" for name in names] and len(wavespeed.posts()) == 6


def test_a_build_with_a_time_limit_leaves_the_rest_to_the_next(paid, wavespeed, folder):
    write(folder / "page.md", block("fox.png", "a fox"), block("owl.png", "an owl"))
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    done = paid("page.md", "--timeout", "1")
    assert (done.returncode, done.stdout) == (4, "") and "The time is up; 2 images go on." in done.stderr, done
    calm(wavespeed)
    assert len(lines(paid("page.md", "--timeout", "60"))) == 2 and len(wavespeed.posts()) == 2


def test_a_new_image_that_lacks_only_its_name_gets_it(run, folder):
    """As after a power loss between the lock file and the image."""
    page = write(folder / "page.md", block("fox.png", "a fox", size="64x64"))
    lines(run("page.md"))
    old, lock = (folder / "fox.png").read_bytes(), (folder / "imagewire.lock.json").read_text()
    write(page, block("fox.png", "another fox", size="64x64"))
    lines(run("page.md"))
    new = (folder / "fox.png").read_bytes()
    (folder / ".fox.png.part").write_bytes(new)
    (folder / "fox.png").write_bytes(old)
    assert lines(run("--dry-run", "page.md")) == ["unchanged  fox.png"] and (folder / "fox.png").read_bytes() == old
    assert lines(run("page.md")) == ["unchanged  fox.png"]
    assert (folder / "fox.png").read_bytes() == new and not (folder / ".fox.png.part").exists()
    # Before the lock file was written: the old image is the one that counts.
    (folder / "imagewire.lock.json").write_text(lock)
    (folder / ".fox.png.part").write_bytes(new)
    (folder / "fox.png").write_bytes(old)
    assert lines(run("page.md")) == ["reused     fox.png"]
    assert (folder / "fox.png").read_bytes() == new


def test_builds_at_the_same_time_lose_no_entry_and_pay_once(paid, wavespeed, folder, home):
    named = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
    for index in range(4):
        write(folder / f"{index}.md", block(f"{index}.png", f"fox {index}"), block("all.png", "all foxes"))
    processes = [
        subprocess.Popen([BINARY, "build", f"{index}.md"], cwd=folder, env=environment(home, **named), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
        for index in range(4)]
    for process in processes:
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
    assert sorted(locked(folder)) == ["0.png", "1.png", "2.png", "3.png", "all.png"] and len(wavespeed.posts()) == 5


# -- where it is used --------------------------------------------------------------------------------------------------------


def test_a_document_on_standard_input(run, folder):
    text = block("fox.png", "a fox", size="64x64")
    assert lines(run("-", "--folder", "docs/a b", input=text)) == ["made       docs/a b/fox.png  free"]
    assert (folder / "docs/a b/fox.png").exists()
    assert lines(run("-", "--folder", folder / "docs/a b", input=text)) == [f"unchanged  {folder}/docs/a b/fox.png"]
    refused(run("-", input="```{.imagewire}\nx\n```"), "standard input:1:")


def test_only_blocks_of_images_are_read(run, folder):
    (folder / "page.md").write_text(
        "````markdown\n```{.imagewire file=a.png}\nno\n```\n````\n\n"
        "    ```{.imagewire file=b.png}\n    no\n    ```\n\n"
        "<!-- a comment\n```{.imagewire file=c.png}\nno\n```\n-->\n\n"
        "```python\n# {.imagewire file=d.png}\n```\n\n"
        "```{r imagewire}\nno\n```\n\n``` {.imagewire-example file=e.png}\nno\n```\n")
    (folder / "page.org").write_text(
        "#+begin_example\n#+begin_src imagewire :file f.png\nno\n#+end_src\n#+end_example\n"
        "#+begin_src imagewire :file g.png :eval no\nno\n#+end_src\n#+begin_src python\nno\n#+end_src\n")
    assert lines(run("page.md", "page.org")) == [] and sorted(os.listdir(folder)) == ["page.md", "page.org"]


def test_a_build_on_a_terminal(home, folder):
    write(folder / "page.md", block("a.png", "a fox", size="64x64", sandbox="{\\\"delay_ms\\\":300}"))
    with Terminal(home, "build", folder / "page.md", columns=60) as terminal:
        terminal.see("0 of 1 image")
        status, out = terminal.end()
    assert status == 0 and out.startswith("made ") and "Drawn offline by the sandbox" in terminal.text
