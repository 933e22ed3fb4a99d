"""A record of what programs did to one directory (Tests/Fixtures/recorder.c), and the directories that a power loss at any
moment of it may have left.

`Disk` keeps, for each file and directory, what has been synced and what has not. Nothing but `fsync` of a file makes its
bytes durable, and nothing but `fsync` of a directory makes its entries durable: this is what POSIX promises, and less
than what ext4 and XFS do.
"""

import copy
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from program import ROOT

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="the recorder is loaded by LD_PRELOAD")
SECTOR = 512


def build_recorder(folder):
    """The library; fails where it cannot be built, for then nothing would be proven."""
    compiler = shutil.which("clang") or shutil.which("cc")
    assert compiler, "no C compiler: nothing can be recorded (Swift's toolchain brings clang)"
    library = Path(folder) / "recorder.so"
    command = [compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, ROOT / "Tests/Fixtures/recorder.c"]
    subprocess.run(command, check=True)
    return library


@dataclass(frozen=True)
class Entry:
    """One operation. `text` is its path, or two of them; `data` the bytes that it wrote."""

    kind: str
    inode: int
    place: int
    data: bytes

    @property
    def path(self):
        return self.data.decode()

    @property
    def paths(self):
        return self.data.decode().split("\0")


class Recorder:
    """Records programs that work below one directory."""

    def __init__(self, library, root, file):
        self.file = Path(file)
        self.variables = {"LD_PRELOAD": library, "RECORDER_ROOT": root, "RECORDER_FILE": file}

    def entries(self):
        content, place, entries = self.file.read_bytes(), 0, []
        while place < len(content):
            end = content.index(b"\n", place)
            kind, inode, offset, length = content[place:end].split()
            place = end + 1 + int(length)
            entries.append(Entry(kind.decode(), int(inode), int(offset), content[end + 1 : place]))
            assert content[place : place + 1] == b"\n", "the record is damaged"
            place += 1
        strange = [entry.data for entry in entries if entry.kind == "unknown"]
        assert not strange, f"the program does what cannot be replayed: {strange}"
        return entries


class File:
    """Bytes that are durable, and the changes since: `(place, bytes)`, or `(None, size)`."""

    def __init__(self, durable=b""):
        self.durable = bytearray(durable)
        self.pending = []

    def sync(self):
        self.durable = self.content(lambda: True)
        self.pending.clear()

    def content(self, survives):
        """The bytes with those changes that survive. A write survives by sectors."""
        content = bytearray(self.durable)
        for place, change in self.pending:
            if place is None:
                if survives():
                    del content[change:]
                    content.extend(bytes(change - len(content)))
                continue
            start = place
            while start < place + len(change):
                end = min(start - start % SECTOR + SECTOR, place + len(change))
                if survives():
                    content.extend(bytes(max(0, start - len(content))))
                    content[start:end] = change[start - place : end - place]
                start = end
        return content


class Disk:
    """A directory with everything below it, as it is after some operations of a record."""

    def __init__(self, root):
        """Takes the present state as durable."""
        self.root = str(root)
        self.files, self.durable, self.pending = {}, {self.root: None}, {}
        for path in sorted(Path(root).rglob("*")):
            if path.is_dir():
                self.durable[str(path)] = None
            elif not path.name.endswith("-shm"):
                file = self.files.get(path.stat().st_ino) or File(path.read_bytes())
                self.files[path.stat().st_ino] = self.durable[str(path)] = file
        self.names = dict(self.durable)

    def copy(self):
        """Another one like it, that changes for itself."""
        other = copy.copy(self)
        other.__dict__ = copy.deepcopy(self.__dict__)
        return other

    def apply(self, *entries):
        """Some more operations."""
        for entry in entries:
            self._apply(entry)
        return self

    def _apply(self, entry):
        match entry.kind:
            case "make":
                self.files[entry.inode] = File()
                self._change(entry.path, ("set", entry.path, self.files[entry.inode]))
            case "mkdir":
                self._change(entry.path, ("set", entry.path, None))
            case "write":
                self.files[entry.inode].pending.append((entry.place, entry.data))
            case "size":
                self.files[entry.inode].pending.append((None, entry.place))
            case "sync":
                self.files[entry.inode].sync()
            case "syncdir":
                for changes in self.pending.pop(entry.path, []):
                    self._perform(self.durable, changes)
            case "link":
                path = entry.paths[1]
                self._change(path, ("set", path, self.files[entry.inode]))
            case "rename":
                old, new = entry.paths
                node = self.names[old]
                assert node is not None, "a directory was renamed"
                if os.path.dirname(old) == os.path.dirname(new):
                    self._change(new, ("set", new, node), ("drop", old, None))
                else:
                    self._change(new, ("set", new, node))
                    self._change(old, ("drop", old, None))
            case "unlink" | "rmdir":
                self._change(entry.path, ("drop", entry.path, None))

    def _change(self, path, *changes):
        """Changes of one directory that happen together or not at all."""
        self._perform(self.names, changes)
        self.pending.setdefault(os.path.dirname(path), []).append(changes)

    @staticmethod
    def _perform(names, changes):
        for what, path, node in changes:
            if what == "set":
                names[path] = node
            else:
                names.pop(path, None)

    # -- states after a power loss: {path: bytes, or None for a directory} ----------------------------------------------

    def whole(self):
        """Everything reached the disk."""
        return self._tree(self.names, lambda file: file.content(lambda: True))

    def synced(self, chance):
        """Only synced changes reached the disk."""
        return self._tree(self.durable, lambda file: file.durable)

    def names_without_data(self, chance):
        """The names reached the disk, their bytes did not; a file may already have its length, filled with zeros."""

        def content(file):
            whole = file.content(lambda: True)
            is_long = len(whole) > len(file.durable) and chance.random() < 0.5
            return file.durable + bytes(len(whole) - len(file.durable)) if is_long else file.durable

        return self._tree(self.names, content)

    def torn(self, chance):
        """Some sectors of unsynced writes reached the disk, and the first few changes of each directory."""
        names = dict(self.durable)
        for changes in self.pending.values():
            for change in changes[: chance.randint(0, len(changes))]:
                self._perform(names, change)
        share = chance.choice([0.1, 0.5, 0.9])
        return self._tree(names, lambda file: file.content(lambda: chance.random() < share))

    def _tree(self, names, content):
        known, tree = {}, {}
        for path, node in sorted(names.items(), key=lambda item: item[0]):
            # Without its directory a file is nowhere.
            if path != self.root and os.path.dirname(path) not in tree:
                continue
            if node is not None and id(node) not in known:
                known[id(node)] = bytes(content(node))
            tree[path] = None if node is None else known[id(node)]
        return tree


def build(tree, root):
    """Makes the directory as it is in a tree."""
    for path in Path(root).iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path, content in tree.items():
        if path == str(root):
            continue
        if content is None:
            os.mkdir(path, 0o700)
        else:
            with open(path, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(content)


def found(root):
    """The tree that is there, without `-shm`."""
    tree = {str(root): None}
    for path in Path(root).rglob("*"):
        if not path.name.endswith("-shm"):
            tree[str(path)] = None if path.is_dir() else path.read_bytes()
    return tree


def digest(tree):
    """Tells two trees apart."""
    hash = hashlib.sha256()
    for path, content in sorted(tree.items()):
        hash.update(f"{path}\0{-1 if content is None else len(content)}\0".encode() + (content or b""))
    return hash.digest()
