"""The plugins' archives, installed as their READMEs say, in the editors of this system: a command inserts a link to a new image."""

import subprocess
from pathlib import Path

import pytest
from packages import DIST, PNG, the_one

LINK = "![a red fox](images/a-red-fox.png)"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a user of the release, with a document."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/note.md").touch()
    return tmp_path


def run(home: Path, *command: "str | Path") -> str:
    """Runs an editor in the folder of the document; returns what it prints."""
    ended = subprocess.run(
        command, cwd=home / "documents", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "IMAGEWIRE": str(DIST / "imagewire-glibc")})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks an archive into a new folder."""
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)


def is_done(home: Path) -> bool:
    """Whether the document has the link and its folder the image."""
    image = home / "documents/images/a-red-fox.png"
    return LINK in (home / "documents/note.md").read_text() and image.read_bytes().startswith(PNG)


def test_neovim(home):
    unpack(the_one("imagewire-neovim-*.tar.gz"), home / ".local/share/nvim/site/pack/imagewire/start")
    run(home, "nvim", "--headless", "note.md", "-c", "helptags ALL", "-c", "lua assert(#vim.fn.getcompletion(':Imagewire', 'help') > 0)",
        "-c", "Imagewire a red fox", "-c", "lua assert(vim.wait(30000, function() return vim.fn.getline(1) ~= '' end))", "-c", "wq")
    assert is_done(home)


def test_vim(home):
    unpack(the_one("imagewire-vim-*.tar.gz"), home / ".vim/pack/imagewire/start")
    # Its callbacks run while it sleeps.
    (home / "work.vim").write_text(
        "helptags ALL\nImagewire a red fox\nfor i in range(600)\n  if getline(1) != '' | break | endif\n  sleep 50m\nendfor\n"
        "if empty(getcompletion(':Imagewire', 'help')) | cquit | endif\nwq\n")
    run(home, "vim", "-N", "-n", "--not-a-term", "-T", "xterm", "note.md", "-S", home / "work.vim")
    assert is_done(home)


def test_emacs(home):
    archive = the_one("imagewire-emacs-*.tar")
    run(home, "emacs", "--batch", "-l", "package", "--eval", f'(package-install-file "{archive}")')
    said = run(
        home, "emacs", "--batch", "-f", "package-initialize", "note.md", "--eval",
        '(progn (imagewire-generate "a red fox") (with-timeout (30) (while (= (buffer-size) 0) (accept-process-output nil 0.05)))'
        ' (save-buffer) (princ (package-desc-summary (cadr (assq (quote imagewire) package-alist)))))')
    assert is_done(home)
    assert "Images from words, as links in the text" in said
