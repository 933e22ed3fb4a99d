"""The command line, as people and scripts use it: stdout, stderr and the exit status."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from program import BINARY, KEY, MODEL, PATIENCE, environment, small, wait_for
from terminal import Terminal
from wavespeed import png

PNG = b"\x89PNG\r\n\x1a\n"
#: For tests in which the image does not matter: the default of 1024 x 1024 takes a second in a debug build.
SMALL = ("-s", "size=64x64")


@pytest.fixture
def run(home):
    """Runs a command to its end, without a terminal."""

    def start(*arguments, input="", **variables):
        return subprocess.run(
            [BINARY, *map(str, arguments)], input=input, capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home, **variables),
        )

    return start


def identifiers(listing):
    return [line.split()[0] for line in listing.splitlines()]


# -- generate ---------------------------------------------------------------------------------------------------------


def test_the_path_alone_is_on_stdout(run):
    done = run("generate", "a red fox in snow")
    assert (done.returncode, done.stderr) == (0, "Drawn offline by the sandbox. For real images: imagewire setup\n")
    assert Path(done.stdout.removesuffix("\n")).read_bytes().startswith(PNG)


def test_a_file_is_named_and_never_replaced(run, home):
    assert run("generate", "a boat", *SMALL, "-o", "boat.png").stdout == f"{home}/boat.png\n"
    assert run("generate", "a boat", *SMALL, "--output=album/boat.png").stdout == f"{home}/album/boat.png\n"
    assert run("generate", "another boat", *SMALL, "-o", "boat.png").stdout == f"{home}/boat_2.png\n"
    assert Path(run("generate", "a boat", *SMALL, "-o", ".").stdout.strip()).parent == home


def test_json_is_the_prediction_of_the_methods(run, spawn):
    prediction = json.loads(run("generate", "a boat", *SMALL, "--tag", "sea", "--key", "k", "--json").stdout)
    with spawn() as program:
        assert program.call("status", id=prediction["id"]) == prediction
        assert program.call("submit", input=small("a boat"), idempotency_key="k")["id"] == prediction["id"]
    assert prediction["tags"] == ["sea"]


def test_members_of_the_input(run):
    prediction = json.loads(
        run("generate", "a boat", "--input", '{"size":"64x64","x":1.0}', "-s", "size=128x64", "-s", "n=2", "--json").stdout
    )
    assert prediction["input"] == {"size": "128x64", "x": 1.0, "n": 2, "prompt": "a boat"}
    assert [(file["width"], file["height"]) for file in prediction["files"]] == [(128, 64)] * 2


def test_images_from_this_machine(run, home):
    for name in ("fox.png", "owl.png"):
        (home / name).write_bytes(png())
    done = json.loads(
        run("generate", "make it snow", "-u", "image=fox.png", "-u", "images[]=fox.png", "--upload", "images[]=owl.png",
            "--json").stdout
    )
    assert done["status"] == "completed"
    assert done["input"] == {
        "image": f"@{home}/fox.png", "images": [f"@{home}/fox.png", f"@{home}/owl.png"], "prompt": "make it snow",
    }
    # Without it a string is a string, and beside it nothing else may be taken for a file.
    assert run("generate", "a boat", *SMALL, "-s", "image=@/no/such/file.png").returncode == 0
    for wrong in (["image"], ["=x"], ["image=nowhere.png"], ["image=fox.png", "-s", "other=@/etc/hostname"]):
        refused = run("generate", "a boat", "--upload", *wrong)
        assert (refused.returncode, refused.stdout) == (2, "") and refused.stderr


def test_a_prompt_from_standard_input(run):
    done = run("generate", "-", *SMALL, "--json", input="a boat\nat sea\n")
    assert json.loads(done.stdout)["input"]["prompt"] == "a boat\nat sea"


@pytest.mark.parametrize("script, status, word", [
    ({"fail": "content_refused"}, 1, "failed"),
    ({"fail": "remote_error"}, 1, "failed"),
    ({"fail": "submission_unknown"}, 4, "unknown"),
    ({"fail": "download_failed"}, 1, "completed"),
])
def test_the_kind_of_failure_is_the_exit_status(run, script, status, word):
    done = run("generate", "a boat", *SMALL, "--set", f"sandbox={json.dumps(script)}")
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"imagewire: {word}: ")
    assert "billing: " in done.stderr


@pytest.mark.parametrize("arguments, words", [
    (["generate"], "PROMPT is missing"),
    (["generate", ""], "prompt is empty"),
    (["generate", "a", "fox"], "Quote an argument"),
    (["generate", "x", "--modle", "y"], "Did you mean --model?"),
    (["generate", "x", "--set", "size"], "NAME=VALUE"),
    (["generate", "x", "--input", "[1]"], "must be a JSON object"),
    (["generate", "x", "--tag", "y" * 200], "128"),
    (["generate", "x", "-p", "sandbox", "-s", "n=11"], "imagewire: input.n is 11"),
    (["lst"], 'Did you mean "list"?'),
    (["--frobnicate"], "--frobnicate"),
])
def test_a_wrong_command_line_is_2_and_makes_nothing(run, arguments, words):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert run("list").stdout == ""


def test_a_missing_key_says_what_to_set(run):
    done = run("generate", "x", "-p", "wavespeed")
    assert done.returncode == 2
    assert "WAVESPEED_API_KEY" in done.stderr and "imagewire setup" in done.stderr


def test_the_time_is_up_but_the_prediction_goes_on(run):
    done = run("generate", "x", "--set", 'sandbox={"delay_ms":3000}', "--timeout", "0")
    assert done.returncode == 4
    found = re.search(r"imagewire result (\S+) waits", done.stderr).group(1)
    assert Path(run("result", found).stdout.strip()).read_bytes().startswith(PNG)


def test_a_paid_prediction_is_posted_once(run, wavespeed):
    done = run("generate", "a boat", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).stat().st_size > 0
    assert len(wavespeed.posts()) == 1
    assert KEY not in done.stdout + done.stderr


# -- a terminal -------------------------------------------------------------------------------------------------------


def test_the_progress_bar_is_erased_at_the_end(home):
    script = 'sandbox={"delay_ms":1500}'
    with Terminal(home, "generate", "a boat", *SMALL, "--set", script) as first:
        first.see("processing")
        status, out = first.end()
        assert status == 0 and out.startswith(str(home)) and "\x1b" not in out
        assert "█" not in first.text and "usually" not in first.text
    with Terminal(home, "generate", "a boat", *SMALL, "--set", script, columns=100) as second:
        second.see("usually")
        second.see("█")
        assert second.end()[0] == 0
        # The line is erased before the summary takes its place.
        assert re.search(r"\r\x1b\[K[^\r]*64×64", second.text)
        for line in second.text.split("\r"):
            assert len(re.sub(r"\x1b\[[0-9;]*[mK]", "", line)) < 100


@pytest.mark.parametrize("variables, coloured", [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colours_only_where_they_are_wanted(home, variables, coloured):
    with Terminal(home, "generate", "x", "--set", 'sandbox={"fail":"remote_error"}', **variables) as terminal:
        assert terminal.end()[0] == 1
        assert ("\x1b[31m" in terminal.text) == coloured
        assert re.search(r"\x1b\[\d+m", terminal.text) is not None or not coloured


def test_ctrl_c_on_a_sandbox_drawing_says_that_nothing_was_spent(home, run):
    with Terminal(home, "generate", "x", "--set", 'sandbox={"never":true}') as terminal:
        terminal.see("processing")
        terminal.type("\x03")
        assert terminal.end() == (3, "")
        assert "Nothing was spent" in terminal.text and "bill it" not in terminal.text
    assert run("list", "--status", "cancelled").stdout.count("\n") == 1


def test_ctrl_c_while_the_post_is_out(home, run, wavespeed):
    wavespeed.script(submit=[{"do": "normal", "hold": True}])
    named = {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": wavespeed.url, "IMAGEWIRE_MODEL": MODEL}
    with Terminal(home, "generate", "x", **named) as terminal:
        wavespeed.log(at_least=1)
        terminal.type("\x03")
        terminal.see("may finish and bill it")
        wavespeed.release()
        assert terminal.end()[0] == 3
    assert len(wavespeed.posts()) == 1


def test_ctrl_c_on_result_leaves_the_prediction(home, run, spawn):
    with spawn() as program:
        slow = program.call("submit", input={"prompt": "x", "sandbox": {"never": True}})["id"]
        with Terminal(home, "result", slow) as terminal:
            terminal.see("processing")
            terminal.type("\x03")
            assert terminal.end()[0] == 130
            assert "the prediction goes on" in terminal.text
        assert program.call("status", id=slow)["status"] == "processing"


def test_a_closed_terminal_loses_nothing(home, run):
    with Terminal(home, "generate", "x", *SMALL, "--set", 'sandbox={"delay_ms":5000}') as terminal:
        terminal.see("processing")
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.end()[0] == 4
    found = identifiers(run("list").stdout)[0]
    assert run("result", found).returncode == 0


@pytest.mark.parametrize("variables, begin", [
    ({"TERM": "xterm-kitty"}, b"\x1b_Ga=T,f=100,"),
    ({"TERM_PROGRAM": "iTerm.app"}, b"\x1b]1337;File=inline=1;"),
])
def test_show_sends_the_picture_to_the_terminal_and_the_path_to_stdout(home, variables, begin):
    with Terminal(home, "generate", "a boat", "-s", "size=64x64", "--show", **variables) as terminal:
        status, out = terminal.end()
    assert status == 0
    picture = Path(out.strip()).read_bytes()
    assert begin in terminal.screen
    shown = b"".join(re.findall(rb"\x1b_G[^;]*;([^\x1b]*)\x1b\\", terminal.screen) or re.findall(rb":([A-Za-z0-9+/=]+)\x07", terminal.screen))
    assert base64.b64decode(shown) == picture


def test_show_sends_a_large_picture_as_a_small_one_where_the_terminal_takes_it(home):
    with Terminal(home, "generate", "a boat", "-s", "size=1536x1024", "--show", TERM_PROGRAM="iTerm.app") as terminal:
        # Read while it is written: it is longer than a terminal holds.
        terminal.see("\x07")
        status, out = terminal.end()
    assert status == 0 and Path(out.strip()).stat().st_size > 200_000
    [shown] = re.findall(rb":([A-Za-z0-9+/=]+)\x07", terminal.screen)
    shown = base64.b64decode(shown)
    assert shown.startswith(b"\xff\xd8") and len(shown) < 200_000


def test_show_where_nothing_can_be_shown_says_so(home):
    with Terminal(home, "generate", "a boat", "-s", "size=64x64", "--show") as terminal:
        assert terminal.end()[0] == 0
    assert "is not known to show images" in terminal.text


# -- the other commands ----------------------------------------------------------------------------------------------


def test_list_status_cancel_delete(run, home):
    picture = Path(run("generate", "a boat", *SMALL, "-m", "a/b", "--tag", "sea").stdout.strip())
    run("generate", "a car", *SMALL)
    lines = run("list").stdout.splitlines()
    assert [line.split("  ")[-1] for line in lines] == ["a car", "a boat"]
    assert identifiers(run("list", "-m", "a/b").stdout) == identifiers(run("list", "--tag", "sea").stdout)
    found = identifiers(run("list", "--text", "boat").stdout)[0]
    shown = run("status", found).stdout
    assert "status    completed" in shown and "prompt    a boat" in shown and str(picture) in shown
    assert run("result", found).stdout == f"{picture}\n"
    assert "already" in run("cancel", found).stdout
    assert run("delete", found, "--files").returncode == 0
    assert not picture.exists()
    gone = run("status", found)
    assert (gone.returncode, gone.stdout) == (1, "") and found in gone.stderr
    assert run("delete", found).returncode == 1
    listed = json.loads(run("list", "--json").stdout)["predictions"]
    # As in the method `list`: omitted fields are absent, not empty.
    assert len(listed) == 1 and not {"input", "metadata"} & listed[0].keys()


def test_cancel_says_what_it_costs(run, paid, wavespeed):
    wavespeed.script(polls=10_000)
    with paid() as program:
        slow = program.call("submit", prompt="x")["id"]
        wait_for(lambda: program.call("status", id=slow).get("remote_id"), "it is not sent")
        assert "may still finish and bill it" in run("cancel", slow).stdout
        assert "cancelled" in run("status", slow).stdout


def test_a_prompt_in_a_list_cannot_drive_the_terminal(run):
    run("generate", "a\x1b[31mb\nc", *SMALL)
    assert run("list").stdout.endswith("a\ufffd[31mb c\n")


def test_a_reader_that_closes_the_pipe_is_not_an_error(home):
    done = subprocess.run(
        f"'{BINARY}' help generate | head -n 1", shell=True, capture_output=True, text=True, env=environment(home)
    )
    assert done.stdout.startswith("imagewire generate:")


@pytest.mark.parametrize("arguments", [
    ["generate", "a boat", *SMALL], ["generate", "a boat", *SMALL, "--json"], ["list"], ["doctor"], ["gallery"], ["--help"], ["schema"],
    ["completions", "bash"],
])
def test_an_answer_that_cannot_be_written_is_a_failure(home, run, arguments):
    if arguments == ["list"]:
        run("generate", "a boat", *SMALL)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [BINARY, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home))
    assert done.returncode == 1
    assert "Standard output could not be written: No space left on device." in done.stderr


def test_a_refused_key_with_a_limit_is_about_the_key(run, wavespeed):
    wavespeed.script(expect_key="another")
    done = run("generate", "a boat", "--max-cost", "1", WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=wavespeed.url)
    assert done.returncode == 1 and "401" in done.stderr
    assert "Check WAVESPEED_API_KEY" in done.stderr and "max_cost" not in done.stderr
    assert json.loads(run("list", "--json").stdout)["predictions"][0]["failure"]["type"] == "authentication"
    assert wavespeed.posts() == []


# -- rendered from the table -----------------------------------------------------------------------------------------


def commands(run):
    listed = run("--help").stdout.split("Commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]


def test_every_command_has_help(run):
    names = commands(run)
    assert {"generate", "list", "status", "result", "cancel", "delete", "serve"} <= set(names)
    for name in names:
        done = run(name, "--help")
        assert done.returncode == 0 and f"Usage: imagewire {name}" in done.stdout and done.stderr == ""
        assert run("help", name).stdout == done.stdout


def test_the_man_page_reads_without_a_warning(run, home):
    page = home / "imagewire.1"
    page.write_text(run("manual").stdout)
    done = subprocess.run(
        [tool("groff"), "-man", "-Tutf8", "-ww", "-rLL=100n", "-P-cbuo", page], capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (0, "")
    text = done.stdout
    for name in commands(run):
        assert f"imagewire {name}" in text
    assert "--output FILE" in text and "OPENAI_BASE_URL" in text


def tool(name):
    """A tool that `.ci/shells` installs."""
    found = shutil.which(name)
    assert found, f"{name} is missing; make test installs it"
    return found


COMPLETE_BASH = """
source <("$IMAGEWIRE" completions bash)
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _imagewire; echo "${COMPREPLY[*]}"; }
ask imagewire gen
ask imagewire generate --mod
ask imagewire list --status co
ask imagewire completions f
ask imagewire build pag
ask imagewire status pag
"""


def test_bash_completes(home):
    (home / "page.md").touch()
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE_BASH], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
        env=environment(home, IMAGEWIRE=BINARY),
    )
    assert done.stdout.splitlines() == ["generate", "--model", "completed", "fish", "page.md", ""], done.stderr


def test_fish_completes(home):
    (home / "page.md").touch()
    script = '"$IMAGEWIRE" completions fish | source; for line in "gen" "generate --mod" "list --status comp" "completions f" "build pag" "status pag"; complete -C "imagewire $line" | string split -f1 \\t | string join " "; end'
    done = subprocess.run(
        [tool("fish"), "--no-config", "-c", script], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
        env=environment(home, IMAGEWIRE=BINARY),
    )
    assert done.stdout.splitlines() == ["generate", "--model", "completed", "fish", "page.md"], done.stderr


@pytest.mark.parametrize("line, completed", [
    ("gen", "generate"), ("generate --mod", "generate --model"), ("list --status comp", "list --status completed"),
    ("completions f", "completions fish"), ("build pag", "build page.md"),
])
def test_zsh_completes(home, line, completed):
    (home / "page.md").touch()
    with Zsh(home) as zsh:
        assert zsh.complete(f"imagewire {line}") == f"imagewire {completed} "


class Zsh:
    """An interactive zsh in a terminal: its completions work nowhere else."""

    def __init__(self, home):
        (home / ".zshrc").write_text(
            'PS1="> "; autoload -U compinit; compinit -u -D; source <("$IMAGEWIRE" completions zsh)\n'
            # Completes, then tells: keys that come together would be taken for pasted text, where a tab is a tab.
            "report() { zle complete-word; print -r -- \"<$BUFFER>\" >$HOME/line; BUFFER='' }\n"
            "zle -N report; bindkey '^X^R' report\n"
        )
        self.line = home / "line"
        os.mkfifo(self.line)
        self.terminal = Terminal(home, program=tool("zsh"), stdout_too=True, IMAGEWIRE=BINARY)
        self.terminal.see("> ")

    def complete(self, text):
        self.terminal.type(f"{text}\x18\x12")
        return self.line.read_text().strip()[1:-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.__exit__()

