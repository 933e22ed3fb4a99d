"""The Python client, for kit.py."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "clients/python/src"))
from imagewire import CallError, Client, PredictionFailed, ProcessError

with Client() as client:
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if "generate" in asked:
                outcome = {"path": str(client.generate(asked["generate"]).path)}
            else:
                outcome = {"result": client.call(asked["call"], asked["params"])}
        except CallError as error:
            outcome = {"error": {"code": error.code, "message": error.message, "data": error.data}}
        except PredictionFailed as error:
            # As the README of this client tells its users to report it.
            outcome = {"failed": f"{error} (billing: {error.prediction.billing})"}
        except ProcessError as error:
            outcome = {"lost": str(error)}
        print(json.dumps(outcome), flush=True)
