"""Citations in pages, comments and tests exist: files, headings, and tests by name."""

import posixpath
import re
import subprocess
from functools import cache
from pathlib import PurePosixPath

import pytest
from program import ROOT

TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
TRACKED = [name for name in TRACKED if (ROOT / name).exists()]
FOLDERS = {str(folder) for name in TRACKED for folder in PurePosixPath(name).parents} - {"."}
#: Texts and data of other projects, which cite other things.
FOREIGN = ("Tests/Fixtures/mcp/", "LICENSE")
PAGES = [name for name in TRACKED if name.endswith(".md") and not name.startswith(FOREIGN)]
#: How a comment looks in a file of each ending; of several lines it is joined.
LINES = {
    **dict.fromkeys((".swift", ".c", ".h", ".js", ".mjs", ".ts", ".modulemap"), r"(?<![:\w])//[/!]*(.*)"),
    **dict.fromkeys((".py", ".sh", ".yml", "", ".vim"), r"(?:^|\s)#[:!]*(.*)"),
    ".lua": r"(?:^|\s)--+(?:\s(.*)|$)",
    ".el": r"(?:^|\s);+(.*)",
}
BLOCKS = {".py": r'"""(.*?)"""', **dict.fromkeys((".js", ".mjs", ".ts", ".c", ".h"), r"/\*+(.*?)\*/")}
SOURCES = [
    name for name in TRACKED if not name.startswith(FOREIGN) and PurePosixPath(name).suffix in LINES
    and (PurePosixPath(name).suffix or name == "Makefile" or name.startswith(".ci/"))
]
#: How a test begins in each language; elsewhere its name is a text.
TESTS = {".py": "def {}(", ".swift": "func {}(", ".vim": "def {}(", ".el": "(ert-deftest {} "}


@cache
def read(name):
    return (ROOT / name).read_text()


def comments(name):
    """The comments of a file, each with its lines joined."""
    text, ending = read(name), PurePosixPath(name).suffix
    found = [re.sub(r"\s*\n\s*\*?\s*", " ", block) for block in re.findall(BLOCKS[ending], text, re.S)] if ending in BLOCKS else []
    joined = []
    for line in [*text.splitlines(), ""]:
        comment = re.search(LINES[ending], line)
        if comment:
            joined.append((comment[1] or "").strip())
        elif joined:
            found.append(" ".join(joined))
            joined = []
    return found


def prose(name):
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", read(name), flags=re.S | re.M)


def slug(heading):
    """The anchor of a heading, as Git forges write it."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"`|\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()).strip().replace(" ", "-")


@cache
def headings(page):
    return re.findall(r"^#+ (.+)$", prose(page), re.M)


def is_there(path):
    """Whether a path, which may have wildcards, is a file or folder of the repository."""
    path = path.rstrip("/")
    if "*" in path:
        return any(PurePosixPath(name).match(path) for name in (*TRACKED, *FOLDERS))
    return path in TRACKED or path in FOLDERS


def page_of(name, base):
    """The page that a text in the folder `base` means by a name; `None` where there is none."""
    for path in (f"{base}/{name}", name):
        path = posixpath.normpath(path)
        path = f"{path}/README.md" if path in FOLDERS else path
        if path in TRACKED:
            return path
    return None


# -- Each rule yields the faults of a text -------------------------------------------------------------------------


def broken_links(page):
    """Links of a page to files or headings that are not there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent.joinpath(path).resolve() if path else ROOT / page
        name = str(found.relative_to(ROOT)) if found.is_relative_to(ROOT) else ".."
        if not is_there(name):
            yield f"the link {target}"
        elif anchor and anchor not in map(slug, headings(page_of(name, ".") or name)):
            yield f"the heading {target}"


def missing_paths(text):
    """Paths below the repository's folders that are not there. Capitals are placeholders."""
    text = re.sub(r"github\.com/[\w./-]+, [\w./-]+", "", text)
    for path in re.findall(r"(?<![\w/.@-])((?:Sources|Tests|clients|schemas|\.ci|\.github)/[\w./+*-]*)", text):
        path = path.rstrip(".-")
        if re.search(r"\b[A-Z]{2,}\b", path.replace("README", "").replace("LICENSE", "")):
            continue
        if not is_there(path) and not is_there(f"{path}.swift"):
            yield f"the path {path}"


def missing_pages(text, base):
    """Pages that are neither beside the text nor at the top, unless their path is written."""
    for name in re.findall(r"(?<![\w/.*-])((?:[\w.-]+/)*[\w-]+\.md)\b", text):
        if page_of(name, base) is None:
            yield f"the page {name}"


def missing_headings(text, base):
    """Headings that are written behind the page or folder that has them."""
    for name, heading in re.findall(r'([\w.-]+(?:/[\w.-]+)*)`?,? "([^"]+)"', text):
        page = page_of(f"{name}.md" if name == "README" else name, base) if "/" in name or "README" in name else None
        if page and heading not in headings(page):
            yield f'the heading "{heading}" of {name}'


def missing_tests(text):
    """Tests and files of tests that are not there."""
    for name in re.findall(r"(?<![\w.:])`?(test_\w+)(?:\.py)?\b", text):
        if not any(PurePosixPath(path).stem == name or path.endswith(".py") and f"def {name}(" in read(path) for path in TRACKED):
            yield f"the test {name}"
    for name in re.findall(r"`(\w+Tests)`", text):
        if not any(name in (PurePosixPath(path).stem, *PurePosixPath(path).parts) for path in TRACKED):
            yield f"the tests {name}"
    for path, name in re.findall(r"`([\w./-]+)::([^`]+)`", text):
        begin = TESTS.get(PurePosixPath(path).suffix, "{}").format(name)
        if path not in TRACKED or begin not in read(path):
            yield f"the test {path}::{name}"


def numbers(text):
    """Lines, rows, facts, findings and sections of a page by their number: a reader cannot find them."""
    yield from re.findall(
        r"\b(?:[Ff]act|[Ff]inding)s? [A-Z]\d+\b|\brow 0\d\b|\bline \d\d+\b|\bsection \d+ of (?:the|its)\b|\([A-Z]\d+\)", text
    )


def wrong(name):
    """All that a file cites and that is not there."""
    base = str(PurePosixPath(name).parent)
    if name in PAGES:
        yield from broken_links(name)
    for text in [re.sub(r"\]\([^)]*\)", "]", prose(name))] if name in PAGES else comments(name):
        yield from missing_paths(text)
        yield from missing_pages(text, base)
        yield from missing_headings(text, base)
        yield from missing_tests(text)
        yield from numbers(text)


# -- Tests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PAGES, *SOURCES])
def test_every_citation_exists(name):
    assert list(wrong(name)) == []


def test_each_guarantee_and_each_attack_names_its_tests():
    for page, heading, count in (("Tests/README.md", "Guarantees", 20), ("Tests/Adversary/README.md", "Attacks", 50)):
        text = read(page)[read(page).index(f"# {heading}"):]
        rows = [line for line in text.splitlines() if line.startswith("| ") and not line.endswith("| tests |")]
        assert len(rows) > count
        for row in rows:
            assert re.search(r"`test_\w+`|::", row.rsplit(" | ", 1)[1]), f"no test holds: {row}"


def test_the_readme_stays_short():
    assert len(read("README.md").splitlines()) <= 150


@pytest.mark.parametrize("text, found", [
    ("see Sources/Nowhere.swift.", "the path Sources/Nowhere.swift"),
    ("as protocol.md section 4 says", "the page protocol.md"),
    ("(durability.md)", "the page durability.md"),
    ('Tests/README.md, "Promises"', 'the heading "Promises" of Tests/README.md'),
    ('`Tests/Adversary`, "Nobody"', 'the heading "Nobody" of Tests/Adversary'),
    ("`test_that_never_was` holds it", "the test test_that_never_was"),
    ("`NoSuchTests`", "the tests NoSuchTests"),
    ("`Tests/ProgramTests/test_links.py::test_gone`", "the test Tests/ProgramTests/test_links.py::test_gone"),
    ("durable as fact F2 says", "fact F2"),
    ("the table, line 39", "line 39"),
    ("row 07 of the table", "row 07"),
    ("(section 14 of its page)", "section 14 of its"),
    ("with a warning (T10)", "(T10)"),
])
def test_missing_citations_are_noticed(text, found):
    rules = missing_paths(text), missing_pages(text, "Sources"), missing_headings(text, "."), missing_tests(text), numbers(text)
    assert found in [wrong for rule in rules for wrong in rule]


@pytest.mark.parametrize("text", [
    "see Sources/README.md.", 'Tests/README.md, "Guarantees"', '`Tests/Adversary`, "Attacks"', "`Sources/JSON`", "schemas/examples/*.jsonl",
    "schemas/NAME.json", "`test_links.py`", "`FrameDecoderTests`", "RFC 9110 section 15",
])
def test_existing_citations_are_accepted(text):
    rules = missing_paths(text), missing_pages(text, "Sources"), missing_headings(text, "."), missing_tests(text), numbers(text)
    assert [wrong for rule in rules for wrong in rule] == []
