"""The commands with which a terminal can do what the protocol can: models, quote, balance, validate, edit, again, open; the
names of predictions; lists of any length."""

import json
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
from openai import LoopbackOpenAI
from program import BINARY, KEY, PATIENCE, environment
from terminal import Terminal
from wavespeed import model, png

SMALL = ("-s", "size=64x64")
MAKES, EDITS = "acme/brush/text-to-image", "acme/brush/edit"
TEXTS = {"type": "array", "items": {"type": "string"}}
CATALOGUE = [
    model(MAKES, facts={"name": "Brush", "description": "Paints foxes in oil"}, size={"type": "string"}),
    model(EDITS, required=("prompt", "images"), facts={"type": "image-to-image"}, images=TEXTS),
    model("acme/film", facts={"type": "image-to-video", "base_price": 0.15, "formula": "base_price * duration / 5"},
          image={"type": "string"}, duration={"type": "integer", "minimum": 5}),
    model("acme/lonely"),
    {"model_id": "acme/mystery"},
]


@pytest.fixture
def run(home):
    """Runs a command to its end, without a terminal and without a key."""

    def start(*arguments, **variables):
        return subprocess.run(
            [BINARY, *map(str, arguments)], input="", capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home, **variables),
        )

    return start


@pytest.fixture
def real(run, wavespeed):
    """Runs a command with the service."""
    wavespeed.script(catalogue=CATALOGUE, polls=0)

    def start(*arguments, **variables):
        named = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MAKES}
        return run(*arguments, **{**named, **variables})

    return start


def drawn(run, prompt="a fox", *more):
    """The id of a drawing of the sandbox."""
    return json.loads(run("generate", prompt, *SMALL, *more, "--json").stdout)["id"]


def refused(done, *words, status=1):
    assert (done.returncode, done.stdout) == (status, ""), done
    for word in words:
        assert word in done.stderr, done.stderr
    return done.stderr


def inputs(wavespeed):
    return [json.loads(request["body"]) for request in wavespeed.posts()]


# -- the names of predictions ---------------------------------------------------------------------------------------


def test_a_command_takes_an_id_its_beginning_and_last(run):
    first, second = drawn(run, "one"), drawn(run, "two")
    for name in (second, second.upper(), second[:35], second[:24], "@last"):
        assert run("status", name, "--json").stdout == run("status", second, "--json").stdout != ""
    assert run("result", first[:24]).stdout == run("result", first).stdout
    assert "already completed" in run("cancel", "@last").stdout
    assert run("delete", "@last").returncode == 0
    assert json.loads(run("status", "@last", "--json").stdout)["id"] == first
    assert run("delete", first[:24], first).returncode == 0
    assert run("list").stdout == ""


@pytest.mark.parametrize("command", [["status"], ["result"], ["cancel"], ["delete"], ["open"], ["again"]])
def test_a_name_of_no_prediction(run, command):
    refused(run(*command, "@last"), "There is no prediction yet")
    identifier = drawn(run)
    for name in ("abcd", "fox", "01a", "@first", identifier[:-1] + "é", "019a0000-0000-7000-8000-000000000001", "../x"):
        assert name in refused(run(*command, name), "There is no prediction")
    assert "at least 4 characters" in refused(run(*command, identifier[:3]))
    assert len(run("list").stdout.splitlines()) == 1


def test_an_ambiguous_beginning_lists_what_it_may_mean(run):
    ids = [drawn(run, f"fox {number}") for number in range(12)]
    text = refused(run("status", ids[0][:4]), f"{ids[0][:4]} is the beginning of several ids, among them:")
    lines = text.splitlines()[1:]
    # The newest ten, as in a list.
    assert [line.split()[0] for line in lines] == ids[:1:-1] and lines[0].endswith("fox 11")
    refused(run("delete", ids[0][:4], "--files"), "Nothing was deleted.")
    assert len(run("list").stdout.splitlines()) == 12


# -- models, quote, balance, validate -------------------------------------------------------------------------------


def test_models_is_a_table_and_json_is_what_the_method_returns(real, paid, wavespeed):
    lines = real("models").stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(one["model_id"] for one in CATALOGUE)
    assert re.fullmatch(rf"{MAKES} +image +\$0\.05  Paints foxes in oil", lines[1])
    assert re.fullmatch(r"acme/film +video +\$0\.15\+", lines[2])
    assert [line.split()[0] for line in real("models", "FOXES", "oil").stdout.splitlines()] == [MAKES]
    assert [line.split()[0] for line in real("models", "--kind", "video").stdout.splitlines()] == ["acme/film"]
    nothing = real("models", "no", "such", "--kind=audio")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    shown = real("models", "-m", "acme/film").stdout
    assert re.search(r"(?m)^input +duration: integer, from 5$", shown) and re.search(r"(?m)^price +\$0\.15\+$", shown)
    with paid("--model", MAKES) as program:
        assert json.loads(real("models", "--json").stdout) == program.call("models")
        assert json.loads(real("models", "foxes", "--json").stdout) == program.call("models", search="foxes")
        assert json.loads(real("models", "-m", EDITS, "--json").stdout) == program.call("models", model=EDITS)
    assert wavespeed.posts() == []


def test_the_models_fit_into_the_terminal(home, real, wavespeed):
    named = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url}
    for columns, described in ((100, True), (50, False)):
        with Terminal(home, "models", columns=columns, stdout_too=True, **named) as terminal:
            assert terminal.end()[0] == 0
        lines = re.sub(r"\x1b\[\d*m", "", terminal.text).splitlines()
        assert all(len(line) < columns for line in lines[:-1])
        assert any("Paints" in line for line in lines) == described
        assert "5 models of wavespeed" in lines[-1]


@pytest.mark.parametrize("arguments, words, status", [
    (["models", "-m", "acme/nothing"], 'lists no model "acme/nothing"', 2),
    (["models", "--kind", "film"], "--kind must be image, video", 2),
    (["models", "-p", "openai"], "not configured", 2),
    (["quote", "x", "-s", "n"], "NAME=VALUE", 2),
    (["quote", "x", "--image", "nowhere.png"], "no file and no prediction", 1),
    (["quote", "a", "fox"], "Quote an argument", 2),
    (["balance", "-p", "openai"], "not configured", 2),
    (["validate", "x", "--input", "[]"], "must be a JSON object", 2),
])
def test_a_question_that_cannot_be_asked(real, arguments, words, status):
    refused(real(*arguments), words, status=status)


def test_a_service_that_does_not_answer_is_a_failure(real, wavespeed):
    wavespeed.script(**{name: [{"do": "503", "times": "forever"}] for name in ("models", "price", "balance")})
    for command in (["models"], ["quote", "x"], ["balance"], ["validate", "x", "-m", "acme/film"]):
        assert KEY not in refused(real(*command), "503")


def test_quote_says_whether_it_is_exact(real, wavespeed, home):
    wavespeed.script(usd=0.15, units={"duration": 2})
    assert real("quote", "x", "-m", "acme/film").stdout == "$0.15 or more, an estimate: duration also decides the price\n"
    assert real("quote", "x", "-m", "acme/film", "-s", "duration=10").stdout == "$0.30, exact\n"
    assert real("quote").stdout == "$0.15, an estimate\n"
    (home / "fox.png").write_bytes(png())
    shown = json.loads(real("quote", "x", "-m", "acme/film", "-i", "fox.png", "--json").stdout)
    assert shown == {"amount": 0.15, "currency": "USD", "exact": False, "missing": ["duration"]}
    assert real("balance").stdout == "$15.00\n"
    assert json.loads(real("balance", "--json").stdout) == {"amount": 15, "currency": "USD"}
    assert str(home) not in json.dumps(wavespeed.log()) and wavespeed.posts() == [] and wavespeed.puts() == []


def test_max_cost_goes_by_an_estimate_only_if_told(real, wavespeed):
    film = ("generate", "x", "-m", "acme/film", "--max-cost", "1")
    done = real(*film)
    assert done.returncode == 1 and "estimate" in done.stderr and "--max-cost-estimates" in done.stderr
    assert wavespeed.posts() == []
    assert real(*film, "--max-cost-estimates").returncode == 0
    assert len(wavespeed.posts()) == 1


def test_validate_lists_problems(real, wavespeed):
    wrong = real("validate", "x", "-m", "acme/film", "-s", "duration=1", "-s", "durations=5")
    assert wrong.returncode == 1
    assert wrong.stdout.splitlines() == [
        "problem: input.duration is 1; it must be at least 5",
        "warning: input.durations is not among the fields that acme/film lists; the provider may ignore it",
    ]
    fine = real("validate", "x", "-m", "acme/film")
    assert (fine.returncode, fine.stdout) == (0, "valid\n")
    assert "input.prompt is missing" in real("validate").stdout
    assert json.loads(real("validate", "x", "--json").stdout) == {"valid": True, "problems": []}
    assert wavespeed.posts() == []


# -- images ---------------------------------------------------------------------------------------------------------


def test_an_edit_takes_the_model_that_edits_and_its_field(real, wavespeed, home):
    made = json.loads(real("generate", "a fox", "--json").stdout)
    done = json.loads(real("edit", "@last", "make it blue", "--json").stdout)
    assert (done["model"], done["provider"], done["status"]) == (EDITS, "wavespeed", "completed")
    assert done["input"] == {"images": [f"imagewire://predictions/{made['id']}/1"], "prompt": "make it blue"}
    # The account that made it gets its own address of it.
    assert inputs(wavespeed)[1]["images"] == made["outputs"] and wavespeed.puts() == []
    # A file, with the model that edits for the default model; an edit is edited by its own model.
    (home / "01a2").write_bytes(png())
    assert json.loads(real("edit", "01a2", "x", "--json").stdout)["input"]["images"] == [f"@{home}/01a2"]
    assert json.loads(real("edit", done["id"][:24], "x", "-s", "seed=7", "--json").stdout)["model"] == EDITS
    named = json.loads(real("edit", "@last/1", "x", "-m", "acme/film", "--json").stdout)
    assert named["model"] == "acme/film" and isinstance(named["input"]["image"], str)


def test_an_edit_waits_for_an_image_that_is_not_finished(real, wavespeed):
    wavespeed.script(polls=6)
    first = real("submit", "a fox").stdout.strip()
    second = json.loads(real("submit", "snow", "-m", EDITS, "-i", first, "--json").stdout)
    assert (second["status"], second["waits_for"]) == ("created", [first])
    assert f"waits for {first}" in " ".join(real("status", second["id"]).stdout.split())
    third = json.loads(real("edit", second["id"], "at night", "--json").stdout)
    assert (third["status"], third["model"]) == ("completed", EDITS)
    assert [sent["prompt"] for sent in inputs(wavespeed)] == ["a fox", "snow", "at night"]
    assert not any("imagewire:" in request["body"] for request in wavespeed.log())
    # What waits is cancelled with what it waits for.
    wavespeed.script(poll=[{"do": "running", "times": "forever"}])
    first = real("submit", "an owl").stdout.strip()
    second = real("submit", "snow", "-m", EDITS, "-i", first).stdout.strip()
    real("cancel", first, "--chain")
    assert json.loads(real("status", second, "--json").stdout)["status"] == "cancelled"


def test_what_cannot_be_edited_costs_nothing(real, wavespeed, home):
    (home / "fox.png").write_bytes(png())
    refused(real("edit", "nowhere.png", "x"), "There is no file and no prediction nowhere.png")
    refused(real("edit", "abcd", "x"), "There is no prediction abcd")
    refused(real("edit", "@last", "x"), "There is no prediction yet")
    refused(real("edit", ".", "x"), "no file")
    refused(real("edit", "fox.png"), "PROMPT is missing", status=2)
    refused(real("edit", "fox.png", "x", IMAGEWIRE_MODEL="acme/lonely"), "acme/lonely", "--model", status=2)
    refused(real("edit", "fox.png", "x", "-m", MAKES), "takes no image", EDITS, status=2)
    (home / "note.txt").write_text("no image")
    refused(real("edit", "note.txt", "x"), "is not a PNG", status=2)
    wavespeed.script(models=["503"])
    refused(real("edit", "fox.png", "x"), "503")
    failed = json.loads(real("generate", "x", "-p", "sandbox", "-s", 'sandbox={"fail":"remote_error"}', "--json").stdout)
    refused(real("edit", failed["id"], "x"), "has no files (failed)")
    made = json.loads(real("generate", "a fox", *SMALL, "-p", "sandbox", "-s", "n=2", "--json").stdout)
    refused(real("edit", f"{made['id']}/3", "x"), "has no file 3; it may be 1 or 2")
    Path(made["files"][1]["path"]).unlink()
    refused(real("edit", f"{made['id']}/2", "x"), "moved or deleted")
    assert wavespeed.posts() == []


def test_the_sandbox_and_a_server_of_openai_edit_with_the_same_model(run, home):
    drawn(run, "a fox", "-s", "n=2")
    done = run("edit", "@last/2", "bluer", "-m", "any/model", *SMALL, "--json")
    shown = json.loads(done.stdout)
    assert shown["model"] == "any/model" and shown["input"]["image"].endswith("/2") and "ignore" not in done.stderr
    (home / "fox.png").write_bytes(png())
    with LoopbackOpenAI() as server:
        named = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY, "IMAGEWIRE_PROVIDER": "openai"}
        assert run("edit", "fox.png", "bluer", **named).returncode == 0
        (post,) = server.posts()
        assert post["path"].endswith("/images/edits")


def test_an_image_goes_into_the_field_that_the_model_has_for_it(real, wavespeed, home):
    (home / "fox.png").write_bytes(png())
    made = json.loads(real("generate", "a fox", "--json").stdout)
    two = json.loads(real("generate", "x", "-m", EDITS, "-i", "fox.png", "--image", made["id"], "--json").stdout)
    assert two["input"]["images"] == [f"@{home}/fox.png", f"imagewire://predictions/{made['id']}/1"]
    one = json.loads(real("generate", "x", "-m", "acme/film", "-i", "@last", "--json").stdout)
    assert one["input"]["image"] == f"imagewire://predictions/{two['id']}/1"
    refused(real("generate", "x", "-m", "acme/film", "-i", "fox.png", "-i", "fox.png"), "one image", "field image", status=2)
    refused(real("generate", "x", "-i", "fox.png"), f"{MAKES} takes no image", EDITS, status=2)
    refused(real("generate", "x", "-m", EDITS, "-i", "fox.png", "-s", "other=@/etc/hostname"), "input.other", status=2)
    # No field is guessed where money is at stake: a model without a schema, and one that is not listed.
    for unknown in ("acme/mystery", "acme/unlisted"):
        refused(real("generate", "x", "-m", unknown, "-i", "fox.png"), f"does not say in which field {unknown}", "--upload", status=2)
        refused(real("edit", "fox.png", "x", "-m", unknown), "--upload", status=2)
    assert len(wavespeed.posts()) == 3


def test_again_is_the_same_input_as_a_new_prediction(real, wavespeed, home):
    (home / "fox.png").write_bytes(png())
    first = json.loads(
        real("generate", "a fox", "-m", "acme/film", "-s", "duration=5", "-i", "fox.png", "--tag", "sea", "--json").stdout)
    again = json.loads(real("again", "@last", "--json", IMAGEWIRE_MODEL="acme/lonely").stdout)
    assert again["id"] != first["id"]
    assert (again["model"], again["input"], again["tags"]) == (first["model"], first["input"], [])
    changed = json.loads(real("again", first["id"], "-s", "duration=9", "-s", "prompt=an owl", "--tag", "x", "--json").stdout)
    assert changed["input"] == {**first["input"], "duration": 9, "prompt": "an owl"} and changed["tags"] == ["x"]
    assert [sent["image"][:8] for sent in inputs(wavespeed)] == ["https://"] * 3
    refused(real("again", first["id"], "-s", "mask=@/etc/hostname"), "input.mask", "--upload", status=2)
    (home / "fox.png").unlink()
    refused(real("again", first["id"]), "fox.png", status=2)
    assert len(wavespeed.posts()) == 3


def test_again_keeps_the_limit_of_the_price(real, wavespeed):
    wavespeed.script(usd=0.05)
    assert real("generate", "a fox", "-m", "acme/film", "-s", "duration=5", "--max-cost", "0.50").returncode == 0
    wavespeed.script(usd=0.60)
    dear = real("again", "@last")
    assert dear.returncode == 1 and "0.6" in dear.stderr and "0.5" in dear.stderr, dear.stderr
    assert len(wavespeed.posts()) == 1
    # The refused one is the newest now, and has the limit too.
    assert real("again", "@last", "--max-cost", "0.70").returncode == 0
    assert len(wavespeed.posts()) == 2


# -- open -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def desktop(home):
    """A desktop whose opener notes what it is called with."""
    folder = home / "bin"
    folder.mkdir()
    opener = folder / "xdg-open"
    opener.write_text('#!/bin/sh\nprintf "%s\\n" "$#" "$@" >>"$HOME/opened"\nexit ${OPENER_STATUS:-0}\n')
    opener.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "DISPLAY": ":9"}


def test_open_runs_the_opener_of_the_desktop_with_the_file(run, desktop, home):
    made = json.loads(run("generate", "a fox", *SMALL, "-s", "n=2", "--json").stdout)
    first, second = (file["path"] for file in made["files"])
    done = run("open", "@last", **desktop)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert run("open", f"{made['id']}/2", **desktop).returncode == 0
    assert (home / "opened").read_text().splitlines() == ["1", first, "1", second]
    assert run("open", "@last/2", "--print", **desktop).stdout == f"{second}\n"
    failed = run("open", "@last", **desktop, OPENER_STATUS="3")
    assert (failed.returncode, failed.stdout) == (1, f"{first}\n") and "status 3" in failed.stderr
    assert (home / "opened").read_text().count("1\n") == 3


def test_open_without_a_desktop_prints_the_path(run, desktop):
    path = run("generate", "a fox", *SMALL).stdout
    for variables, words in (({"DISPLAY": None}, "no display"), ({"PATH": "/nowhere"}, "xdg-open is missing")):
        done = run("open", "@last", **{**desktop, **variables})
        assert (done.returncode, done.stdout) == (1, path) and words in done.stderr


@pytest.mark.parametrize("content, kind", [
    ("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "image/svg+xml"),
    ("<!doctype html><script>1</script>", "text/html"),
])
def test_open_leaves_active_content_to_you(real, wavespeed, desktop, home, content, kind):
    wavespeed.script(
        outputs=["{output}/output/{id}.html" if "html" in kind else "{output}/output/{id}"], download=[{"do": "reply", "body": content, "headers": {"Content-Type": kind}}])
    path = real("generate", "x").stdout
    assert json.loads(real("status", "@last", "--json").stdout)["files"][0]["media_type"] == kind
    done = real("open", "@last", **desktop)
    assert (done.returncode, done.stdout) == (0, path) and kind in done.stderr and "not opened" in done.stderr
    assert not (home / "opened").exists()


def test_open_where_there_is_no_file(run, desktop, home):
    run("generate", "x", "-s", 'sandbox={"fail":"remote_error"}')
    refused(run("open", "@last", **desktop), "has no files (failed)")
    path = run("generate", "a fox", *SMALL).stdout.strip()
    refused(run("open", "@last/2", **desktop), "has no file 2; it may be 1")
    Path(path).unlink()
    refused(run("open", "@last", **desktop), "moved or deleted")
    refused(run("open", "@last", "--print"), "moved or deleted")
    assert not (home / "opened").exists()


# -- lists ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(home, run):
    """1,203 predictions; their ids, newest first."""
    drawn(run)
    with sqlite3.connect(home / ".local/state/imagewire/predictions.db", timeout=30) as table:
        table.row_factory = sqlite3.Row
        row = dict(table.execute("SELECT * FROM predictions").fetchone())
        columns = ", ".join(row)
        for number in range(1, 1203):
            copy = {**row, "seq": row["seq"] - (number << 12)}
            table.execute(f"INSERT INTO predictions({columns}) VALUES ({', '.join('?' * len(copy))})", list(copy.values()))
            table.execute("INSERT INTO inputs(seq, input) VALUES (?, ?)", (copy["seq"], b'{"prompt":"a fox"}'))
    return [line.split()[0] for line in run("list", "--all").stdout.splitlines()]


def test_a_list_has_no_end_but_the_one_that_was_asked_for(run, many, spawn):
    assert len(many) == 1203 == len(set(many)) and many == sorted(many, reverse=True)

    def listed(*options):
        return [line.split()[0] for line in run("list", *options).stdout.splitlines()]

    assert listed() == many[:20]
    assert listed("-n", "700") == many[:700]
    assert listed("--before", many[19]) == many[20:40]
    assert listed("--before", many[-1]) == []
    assert listed("--before", "@last", "--all") == many[1:]
    page = json.loads(run("list", "--json", "-n", "600").stdout)
    assert [one["id"] for one in page["predictions"]] == many[:600]
    rest = json.loads(run("list", "--json", "--all", "--cursor", page["next_cursor"]).stdout)
    assert [one["id"] for one in rest["predictions"]] == many[600:] and rest["next_cursor"] is None
    with spawn() as program:
        same = program.call("list", limit=5)
    assert json.loads(run("list", "--json", "-n", "5").stdout) == same
    assert json.loads(run("list", "--json", "--status", "failed").stdout) == {"predictions": [], "next_cursor": None}
    refused(run("list", "--cursor", "nonsense"), "--cursor", status=2)
    refused(run("list", "--cursor", page["next_cursor"], "--tag", "x"), "same filters", status=2)
    refused(run("list", "--before", "abcd"), "There is no prediction abcd")
    refused(run("list", "-n", "0"), "--limit must be", status=2)


@pytest.mark.parametrize("options", ["--all", "--all --json"])
def test_a_reader_that_has_enough_ends_the_list(home, many, options):
    done = subprocess.run(
        f"'{BINARY}' list {options} | head -c 100; echo; echo ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash",
        capture_output=True, text=True, env=environment(home), timeout=PATIENCE)
    assert done.stdout.endswith("\n0\n") and done.stderr == ""


@pytest.mark.parametrize("columns, headings", [
    (60, ["ID", "STATUS", "AGE", "PROMPT"]), (80, ["ID", "STATUS", "AGE", "PROMPT"]),
    (100, ["ID", "STATUS", "AGE", "COST", "PROMPT"]),
    (170, ["ID", "STATUS", "AGE", "KIND", "COST", "PROVIDER", "MODEL", "FILE", "PROMPT"]),
])
def test_a_wide_terminal_shows_more(home, run, columns, headings):
    first, second = drawn(run, "a fox " * 60, "-s", "n=2", "-m", "acme/brush"), drawn(run, "an owl", "-o", home / "owl.png")
    with Terminal(home, "list", "-n", "1", columns=columns, stdout_too=True) as terminal:
        assert terminal.end()[0] == 0
    lines = re.sub(r"\x1b\[\d*m", "", terminal.text).splitlines()
    assert lines[0].split() == headings
    assert f"--before {second[:18]}" in lines[-1]
    with Terminal(home, "list", columns=columns, stdout_too=True) as terminal:
        assert terminal.end()[0] == 0
    _, owl, fox = re.sub(r"\x1b\[\d*m", "", terminal.text).splitlines()
    assert len(fox) < columns and first.startswith(fox.split()[0])
    if "FILE" in headings:
        assert "2×image" in fox and "acme/brush" in fox and "free" in owl and "owl.png" in owl


@pytest.mark.parametrize("arguments", [["models"], ["quote"], ["balance"], ["validate", "x"], ["open", "@last", "--print"], ["list", "--all", "--json"]])
def test_an_answer_that_cannot_be_written_is_a_failure(home, run, arguments):
    drawn(run)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [BINARY, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, cwd=home, env=environment(home))
    assert done.returncode == 1 and "Standard output could not be written" in done.stderr


def test_again_uploads_nothing_that_was_not_uploaded_before(real, wavespeed, home):
    """Not even beside the output of another prediction: a file was named without `upload`, and went out as words."""
    private = home / "id.png"
    private.write_bytes(b"\x89PNG\r\n\x1a\n")
    first = json.loads(real("generate", "a fox", "--json").stdout)["id"]
    words = json.dumps({"image": f"imagewire://predictions/{first}/1", "mask": f"@{private}"})
    real("generate", "snow", "--input", words)
    assert real("again", "@last").returncode == 0
    assert wavespeed.puts() == [] and json.loads(wavespeed.posts()[2]["body"])["mask"] == f"@{private}"
