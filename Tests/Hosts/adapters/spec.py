"""What the laboratory tells an adapter."""

import json
import os

SPEC = json.loads(os.environ["HOST_SPEC"])
HOST, MODEL, SERVER, PROMPT, FOLDER = (SPEC[name] for name in ("host", "model", "server", "prompt", "folder"))
#: Seconds after which the host is to give up a call; None: as it does by default.
PATIENCE = SPEC["patience"]
#: Whether the model is to search its tools by words, where the host can do otherwise.
RANKED = SPEC["ranked"]
