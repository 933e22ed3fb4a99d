"""`python -m imagewire "a red fox"`: a progress line on stderr, the paths of the saved files on stdout."""

import argparse
import sys
from typing import List, Optional

from . import Client, ImagewireError, PredictionFailed, Progress, __version__

#: The same as those of `imagewire generate`.
EXIT_CODES = {"completed": 1, "failed": 1, "cancelled": 3, "unknown": 4}


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m imagewire", description="Makes an image, and prints its path.")
    parser.add_argument("prompt", help="the prompt: a description of the image")
    parser.add_argument("--model")
    parser.add_argument("--provider", help="wavespeed, openai or sandbox")
    parser.add_argument("--output-dir", help="where the file goes")
    parser.add_argument("--output-name", help="its name, without folder and extension")
    parser.add_argument("--timeout", type=float, help="seconds to wait; the prediction goes on after that")
    parser.add_argument("--binary", help="the program imagewire, where it is not on the path")
    parser.add_argument("--version", action="version", version=f"imagewire for Python {__version__}")
    options = parser.parse_args(arguments)
    line = Progress()
    try:
        with Client(options.binary, provider=options.provider) as client:
            prediction = client.generate(
                options.prompt, model=options.model, output_name=options.output_name, timeout=options.timeout,
                output_dir=options.output_dir, on_progress=line,
            )
    except PredictionFailed as error:
        line.clear()
        # One of several outputs may be missing; the others are paid for.
        for file in error.prediction.files:
            print(file.path)
        print(error, file=sys.stderr)
        return EXIT_CODES.get(error.prediction.status, 1)
    except ImagewireError as error:
        line.clear()
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        line.clear()
        print("Cancelled.", file=sys.stderr)
        return 3
    line.clear()
    for file in prediction.files:
        print(file.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
