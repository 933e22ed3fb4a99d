"""Where the program imagewire is."""

import os
import shutil
import site
import sys
import sysconfig
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from .errors import BinaryNotFound

#: Where programs are that shells find and a desktop's applications may not.
USUAL_PLACES = ("~/.local/bin", "/usr/local/bin", "/opt/homebrew/bin")


def find_program(binary: Optional[str]) -> str:
    """The program: the argument, else the variable `IMAGEWIRE`, else that of this package, else the one on the path, else one
    at a usual place. Raises `BinaryNotFound`, which says what was tried."""
    named = os.fspath(binary) if binary else os.environ.get("IMAGEWIRE")
    if named:
        found = shutil.which(os.path.expanduser(named))
        if found is None:
            raise BinaryNotFound(
                f"The program {named} was not found. Client(binary=…) or the variable IMAGEWIRE names it.", (named,))
        return found
    tried: List[str] = []
    for place, found in _places():
        if found is not None:
            return found
        tried.append(place)
    raise BinaryNotFound(
        f"The program imagewire was not found. Tried: {', '.join(tried)}. Install it, or say where it is: Client(binary=…) or "
        "the variable IMAGEWIRE.",
        tuple(tried),
    )


def _places() -> Iterator[Tuple[str, Optional[str]]]:
    """Each place with the program there, or `None`."""
    for folder in _own_folders():
        path = os.path.join(folder, "imagewire")
        yield path, shutil.which(path)
    yield "PATH", shutil.which("imagewire")
    for folder in USUAL_PLACES:
        path = os.path.join(os.path.expanduser(folder), "imagewire")
        yield path, shutil.which(path)


def _own_folders() -> List[str]:
    """Where an installer puts the scripts of this package: the environment's, the user's, and `bin` beside the packages of
    `pip install --target`."""
    folders = [sysconfig.get_path("scripts")]
    if sys.flags.no_user_site == 0 and site.ENABLE_USER_SITE:
        folders.append(sysconfig.get_path("scripts", f"{os.name}_user"))
    folders.append(str(Path(__file__).resolve().parents[1] / "bin"))
    return list(dict.fromkeys(folders))
