"""Whether a program that was started is an imagewire that this client can use."""

from typing import Any, Tuple

from .errors import BinaryTooOld

#: The oldest version of the program that this client works with.
MINIMUM_VERSION = (0, 1, 0)
_WANTED = f"Install imagewire {'.'.join(map(str, MINIMUM_VERSION))} or newer. Nothing was sent."


def check_server(command: str, answer: Any) -> None:
    """Reads the reply to `initialize`. Raises `BinaryTooOld`."""
    try:
        server = answer["serverInfo"]
        name, version = server["name"], str(server["version"])
    except (KeyError, TypeError) as error:
        raise unversioned(command) from error
    if name != "imagewire":
        raise BinaryTooOld(f"{command} is not imagewire but {name}. {_WANTED}")
    if version_of(version) < MINIMUM_VERSION:
        raise BinaryTooOld(f"{command} is version {version}. {_WANTED}")


def unversioned(command: str) -> BinaryTooOld:
    """The error for a program that does not know `initialize`, or answers it without a version."""
    return BinaryTooOld(f"{command} does not say its version, so it is too old or not imagewire. {_WANTED}")


def version_of(text: str) -> Tuple[int, ...]:
    """`0.1.0-beta` is `(0, 1, 0)`; a text that is not a version is older than all."""
    numbers = []
    for part in text.split("-")[0].split("+")[0].split("."):
        if not part.isdigit():
            return ()
        numbers.append(int(part))
    return tuple(numbers)
