"""What a new user does first: installs it, runs it, copies the lines of the README."""

import os
import pty
import re
import subprocess
import sys
import textwrap
import venv
from pathlib import Path

import pytest
from conftest import BINARY, PATIENCE, ROOT
from test_inputs import png

PACKAGE = ROOT / "clients/python"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A clean virtual environment with the package in it."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    # Not in place: a build leaves its own folders behind.
    source = tmp_path_factory.mktemp("source") / "python"
    subprocess.run(["cp", "-r", PACKAGE, source], check=True)
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", source]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return folder / "bin/python"


def run(python, *arguments, cwd=None, **more):
    environment = {**os.environ, "IMAGEWIRE": BINARY, **more}
    environment.pop("PYTHONPATH", None)
    return subprocess.run([python, *arguments], capture_output=True, text=True, timeout=PATIENCE, env=environment, cwd=cwd)


def test_it_installs_typed_and_without_dependencies(installed, options, tmp_path):
    text = "import imagewire, pathlib; print(imagewire.__file__, (pathlib.Path(imagewire.__file__).parent / 'py.typed').exists())"
    done = run(installed, "-c", text)
    assert done.stdout.split()[1] == "True" and str(PACKAGE) not in done.stdout
    done = run(installed, "-m", "pip", "show", "imagewire")
    assert "Requires: \n" in done.stdout


def test_it_finds_the_program_of_an_environment_that_is_not_activated(installed, options, tmp_path):
    """`pip install` puts it beside the interpreter, and an editor runs that interpreter without the environment's path."""
    (installed.parent / "imagewire").symlink_to(Path(BINARY).resolve())
    done = run(installed, "-c", "import imagewire; print(imagewire.Client().call('ping'))", IMAGEWIRE="", PATH="/usr/bin:/bin")
    (installed.parent / "imagewire").unlink()
    assert (done.returncode, done.stdout) == (0, "{}\n"), done.stderr


def test_the_lines_of_the_readme(installed, options, tmp_path):
    script = (PACKAGE / "README.md").read_text().split("```python\n")[1].split("```")[0]
    done = run(installed, "-c", script, PATH=f"{Path(BINARY).resolve().parent}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip().splitlines()[-1]).read_bytes().startswith(b"\x89PNG")


def test_the_other_examples_of_the_readme(installed, options, tmp_path):
    """With the sandbox. Each is a part of a program that has a client and prompts."""
    examples = re.findall(r"```py\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    parts = [textwrap.indent(example, "    ") + "    await main()\n" * ("async def main" in example) for example in examples]
    assert len(parts) == 5 and sum("await main" in part for part in parts) == 1
    (tmp_path / "fox.png").write_bytes(png())
    script = "\n".join([
        "import asyncio", "from pathlib import Path", "from imagewire import AsyncClient, Client", "", "async def example(client, prompts):",
        *parts, "asyncio.run(example(Client(), ['a fox', 'an owl']))",
    ])
    done = run(installed, "-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    paths = [line for line in done.stdout.splitlines() if line.startswith("/")]
    assert len(paths) == 8 and all(Path(path).exists() for path in paths), done.stdout


@pytest.mark.parametrize(
    "sandbox, code, said",
    [
        ({"fail": "content_refused"}, 1, "content_refused"), ({"fail": "network"}, 1, "nothing is billed"), ({"delay_ms": 400}, 0, ""),
    ],
)
def test_a_client_without_a_package_waits_until_the_end_and_prints_the_failure(options, tmp_path, sandbox, code, said):
    """The lines of clients/README.md, with faults, and with waits that run out of time."""
    script = re.findall(r"```python\n(.*?)```", (ROOT / "clients/README.md").read_text(), re.DOTALL)[0]
    faulty = script.replace('prompt="a lighthouse in a storm at night"', f'input={ {"prompt": "a fox", "sandbox": sandbox} }')
    faulty = faulty.replace('"result", ', '"result", timeout_ms=50, ')
    assert faulty.count("sandbox") == faulty.count("timeout_ms") == 1
    done = run(Path(sys.executable), "-c", faulty, PATH=f"{Path(BINARY).resolve().parent}:{os.environ['PATH']}")
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert done.stdout.startswith("/") == (code == 0)


def test_the_licence_is_in_the_package(installed):
    text = (ROOT / "LICENSE").read_text()
    assert (PACKAGE / "LICENSE").read_text() == text
    [about] = (installed.parent.parent / "lib").glob("python*/site-packages/imagewire-*.dist-info")
    assert [path.read_text() for path in about.rglob("LICENSE")] == [text]


def test_the_command_prints_the_path_and_nothing_else(installed, options, tmp_path):
    done = run(installed, "-m", "imagewire", "a red fox", "--output-dir", str(tmp_path), "--output-name", "fox")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"{tmp_path}/fox.png\n")
    done = run(installed, "-m", "imagewire", "")
    assert (done.returncode, done.stdout) == (1, "") and "prompt" in done.stderr
    done = run(installed, "-m", "imagewire", "a fox", "--binary", "/no/such")
    assert (done.returncode, done.stdout) == (1, "") and "/no/such" in done.stderr and "Traceback" not in done.stderr


def test_the_command_shows_a_progress_line_on_a_terminal(installed, options):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "IMAGEWIRE": BINARY}
    process = subprocess.Popen([installed, "-m", "imagewire", "a red fox"], stdout=subprocess.PIPE, stderr=theirs, env=environment)
    path = process.stdout.read().decode().strip()
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass  # Linux says so once the other end is closed.
    os.close(ours)
    assert process.wait(PATIENCE) == 0 and Path(path).exists()
    assert b"sandbox openai/gpt-image-1-high-fidelity: " in shown and shown.endswith(b"\r\x1b[K")


def test_the_version_is_the_program_s_own():
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True).stdout.split()[1]
    assert f'version = "{version}"' in (PACKAGE / "pyproject.toml").read_text()
    assert sys.modules["imagewire"].__version__ == version
