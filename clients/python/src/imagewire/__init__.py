"""Image generation through one local process.

    import imagewire

    print(imagewire.generate("a red fox in snow", size="1024x1024").path)

`generate`, `submit` and `map` use one process for the whole program. `Client` has one of its own and all other calls;
`AsyncClient` is the same with `await`. They spawn the program `imagewire` and speak JSON-RPC with it over pipes.
"""

from typing import Any

from ._async import AsyncClient
from ._handle import AsyncHandle, Handle
from ._progress import Progress
from ._schema import Billing, CostSource, ErrorType, FailureType, FileKind, ModelKind, Status, WaitMode
from ._shared import generate as generate
from ._shared import map as map
from ._shared import submit as submit
from ._subscription import AsyncSubscription, Subscription
from ._sync import Client
from .errors import (
    AuthenticationFailed, BinaryNotFound, BinaryTooOld, BudgetExceeded, CallError, CallOverBudget, CallTimeout,
    ConfigurationFailed, ConnectionLost, ContentRefused, DependencyFailed, DownloadFailed, IdempotencyConflict, ImagewireError,
    InsufficientCredit, InternalFailure, InvalidInput, InvalidParams, MapFailed, ModelUnavailable, NetworkFailed, NoFile,
    NoThumbnail, PredictionCancelled, PredictionFailed, PredictionInterrupted, PredictionNotFinished, PredictionNotFound,
    PredictionOverBudget, ProcessError, ProviderFailed, ProviderNotConfigured, QueueFull, RateLimited, RemoteFailed,
    RemoteTimedOut, RequestCancelled, StartFailed, StorageFailed, SubmissionUnknown, WaitTimeout,
)
from .prediction import Cost, Failure, File, PartialFile, Prediction, Preview, Timings, Waiting
from .results import Deletion, Model, Page, Price, Thumbnail, Update, Validation, Waited

__version__ = "0.1.0"

# `import *` brings no function named `map`.
__all__ = [
    "AsyncClient", "AsyncHandle", "AsyncSubscription", "AuthenticationFailed", "Billing", "BinaryNotFound", "BinaryTooOld",
    "BudgetExceeded", "CallError", "CallOverBudget", "CallTimeout", "Client", "ConfigurationFailed", "ConnectionLost",
    "ContentRefused", "Cost", "CostSource", "Deletion", "DependencyFailed", "DownloadFailed", "ErrorType", "Failure",
    "FailureType", "File", "FileKind", "Handle", "IdempotencyConflict", "ImagewireError", "InsufficientCredit",
    "InternalFailure", "InvalidInput", "InvalidParams", "MapFailed", "Model", "ModelKind", "ModelUnavailable",
    "NetworkFailed", "NoFile", "NoThumbnail", "Page", "PartialFile", "Prediction", "PredictionCancelled", "PredictionFailed",
    "PredictionInterrupted", "PredictionNotFinished", "PredictionNotFound", "PredictionOverBudget", "Preview", "Price",
    "ProcessError", "Progress", "ProviderFailed", "ProviderNotConfigured", "QueueFull", "RateLimited", "RemoteFailed",
    "RemoteTimedOut", "RequestCancelled", "StartFailed", "Status", "StorageFailed", "SubmissionUnknown", "Subscription",
    "Thumbnail", "Timings", "Update", "Validation", "WaitMode", "WaitTimeout", "Waited", "Waiting",
]


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext imagewire`: the cell magic `%%imagewire`."""
    from ._magic import imagewire

    shell.register_magic_function(imagewire, "cell")
