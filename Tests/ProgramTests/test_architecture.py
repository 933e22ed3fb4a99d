"""The rules of the architecture that can be checked in the source: imports, and that nothing prints."""

import re
import subprocess

import pytest
from program import ROOT

LIBC = {"Glibc", "Musl", "Darwin", "Synchronization"}
TARGETS = {
    "JSON": set(),
    "Encoding": set(),
    "Threads": {"CMalloc"} | LIBC,
    "JSONRPC": {"JSON", "Threads"} | LIBC,
    "HTTP": {"Encoding", "JSON", "Threads", "CCurl"} | LIBC,
    # Of libc only functions of numbers: see test_the_core_has_no_side_effects_of_libc.
    "Predictions": {"Encoding", "JSON", "Threads"} | LIBC,
    "Pictures": {"Predictions", "Encoding", "Threads", "CPictures"} | LIBC,
    "PostgreSQL": {"Threads", "CPostgreSQL"} | LIBC,
    "Storage": {"Predictions", "Encoding", "JSON", "Threads", "CFiles", "CSQLite", "PostgreSQL"} | LIBC,
    "Providers": {"Predictions", "HTTP", "Encoding", "JSON", "Threads"},
    "Buckets": {"Predictions", "HTTP", "Encoding", "JSON", "Threads"} | LIBC,
    "Service": {"JSONRPC", "Predictions", "Encoding", "JSON", "Threads"},
    "Commands": {"Service", "Predictions", "Encoding", "JSON", "Threads"} | LIBC,
    "imagewire": {
        "JSON", "Encoding", "Threads", "JSONRPC", "HTTP", "Predictions", "Pictures", "Storage", "Providers", "Buckets",
        "Service", "Commands", "CBuild", "CShims",
    } | LIBC,
}
IMPORT = re.compile(r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public |internal |package |private )?import (?:\w+ )?(\w+)", re.M)


def sources(target):
    files = sorted((ROOT / "Sources" / target).rglob("*.swift"))
    assert files, f"there is no target {target}"
    return files


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_imports_what_it_may(target):
    for file in sources(target):
        for module in IMPORT.findall(file.read_text()):
            assert module in TARGETS[target], f"{file.name} imports {module}, which {target} may not"


def test_the_core_has_no_side_effects_of_libc():
    for file in sources("Predictions"):
        for line in file.read_text().splitlines():
            if re.search(r"\bimport\b.*\b(Glibc|Musl|Darwin)\b", line):
                assert re.fullmatch(r"  internal import func (Glibc|Musl|Darwin)\.(exp|log)", line), f"{file.name}: {line}"


def test_every_target_is_in_the_table():
    targets = {path.name for path in (ROOT / "Sources").iterdir() if path.is_dir()}
    assert targets == set(TARGETS) | {"CBuild", "CFiles", "CMalloc", "CShims", "CPictures", "CSQLite", "CCurl", "CPostgreSQL"}


def test_the_import_check_would_notice():
    assert IMPORT.findall("internal import SQLite3\n@testable import Storage\nimport struct Foundation.URL") == [
        "SQLite3", "Storage", "Foundation",
    ]


def test_nothing_prints():
    # stdout is the wire, and `print` writes to it.
    pattern = re.compile(r"(^|[^.\w])(?<!func )(print|debugPrint|dump|puts|putchar|printf)\(")
    for target in TARGETS:
        for file in sources(target):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                code = line.split("//")[0]
                assert not pattern.search(code), f"{file.name}:{number} prints"


BARE_CLOSURE = re.compile(r"\bProtected(?:<\(*\s*(?:@\w+\s+)*\(|\(\s*\{)")


def test_no_lock_holds_a_bare_closure():
    # Each access would wrap it anew, until a call of it overflows the stack (Sources/Threads/Protected.swift).
    for target in TARGETS:
        for file in sources(target):
            for line in file.read_text().splitlines():
                found = BARE_CLOSURE.search(line)
                assert not (found and "->" in line[found.start():]), f"{file.name}: {line.strip()}"


def test_the_closure_check_would_notice():
    assert BARE_CLOSURE.search("let watcher = Protected<(@Sendable () -> Void)?>(nil)")
    assert BARE_CLOSURE.search("let watcher = Protected<() -> Void>({})")
    assert not BARE_CLOSURE.search("let box = Protected<PendingCall?>(nil)")


PROVIDERS = [path.name.lower() for path in sorted((ROOT / "Sources/Providers").iterdir()) if path.is_dir()]
NAMED = re.compile(rf"\"[^\"]*(?<![a-z])(?:{'|'.join(PROVIDERS)})(?![a-z])[^\"]*\"", re.I)
#: Literals that may name a provider outside its directory.
MAY_NAME = [
    # A row holds no other fact about its provider, and the lifecycle must know whether a prediction can cost anything.
    ("Prediction.swift", '"sandbox"'),
    # The part of a model's name before the slash, and sentences on models that OpenAI retired.
    ("CommandTable.swift", "openai/gpt-image"), ("RetiredModel.swift", "OpenAI gave"),
    # Sentences about the sandbox.
    *((file, "he sandbox ") for file in (
        "Schema+Prediction.swift", "HTTPFailure+Meaning.swift", "Diagnostics.swift", "Program.swift",
    )),
    ("ResultReport.swift", "by the sandbox."), ("MCPToolResult.swift", "Sandbox drawing"), ("Configuration.swift", "Sandbox: "),
]


def provider_literals(file):
    """The literals of a file that name a provider and must not."""
    for line in file.read_text().splitlines():
        for literal in NAMED.findall(re.sub(r"(^|\s)//.*", "", line)):
            if not any(file.name == name and text in literal for name, text in MAY_NAME):
                yield literal


def test_a_provider_is_named_in_its_directory_only():
    assert len(PROVIDERS) > 2
    for target in TARGETS:
        for file in sources(target):
            # The examples of the protocol are data: they show what a provider answered.
            if file.name != "MethodExamples.swift" and (target != "Providers" or file.parent.name == "Providers"):
                assert not list(provider_literals(file)), file


def test_the_check_of_names_would_notice(tmp_path):
    file = tmp_path / "Prediction.swift"
    file.write_text('let name = "sandbox" // "openai"\nlet key = file["wavespeed_api_key"] ?? "OPENAI_API_KEY"')
    assert list(provider_literals(file)) == ['"wavespeed_api_key"', '"OPENAI_API_KEY"']


def test_no_swift_package_is_used():
    assert "dependencies: []," in (ROOT / "Package.swift").read_text()


def test_the_top_holds_only_what_belongs_there():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    top = {path.split("/")[0] for path in tracked}
    folders = {name for name in top if (ROOT / name).is_dir()}
    assert folders <= {"Sources", "Tests", "schemas", "clients", ".ci", ".github"}


def test_the_workflow_runs_every_step():
    text = (ROOT / "Makefile").read_text()
    targets = {name for line in re.findall(r"^([a-z][a-z0-9 -]*):", text, re.M) for name in line.split()}
    lines = (ROOT / ".ci/run").read_text().splitlines()
    words = {word for line in lines if re.match(r"step |together |more=", line) for word in re.findall(r"[\w-]+", line)}
    steps = re.findall(r"^ {10}- ([\w-]+)$", (ROOT / ".github/workflows/ci.yml").read_text(), re.M)
    assert len(steps) > 10
    assert set(steps) == words & targets
