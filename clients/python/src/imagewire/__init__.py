"""Image generation through one local process.

    from imagewire import Client

    with Client() as client:
        print(client.generate("a red fox in snow").path)

`AsyncClient` is the same with `await`. Both spawn the program `imagewire` and speak JSON-RPC with it over pipes.
"""

from ._async import AsyncClient, AsyncSubscription
from ._sync import Client, Subscription
from .errors import (
    AuthenticationFailed, BinaryNotFound, BinaryTooOld, BudgetExceeded, CallError, CallOverBudget, CallTimeout,
    ConfigurationFailed, ConnectionLost, ContentRefused, DependencyFailed, DownloadFailed, IdempotencyConflict, ImagewireError,
    InsufficientCredit, InternalFailure, InvalidInput, InvalidParams, ModelUnavailable, NetworkFailed, NoThumbnail, PredictionCancelled,
    PredictionFailed, PredictionInterrupted, PredictionNotFinished, PredictionNotFound, PredictionOverBudget,
    ProcessError, ProviderFailed, ProviderNotConfigured, QueueFull, RateLimited, RemoteFailed, RemoteTimedOut,
    RequestCancelled, StartFailed, StorageFailed, SubmissionUnknown, WaitTimeout,
)
from .prediction import (
    Cost, Deletion, Failure, File, FileKind, Model, Page, PartialFile, Prediction, Preview, Price, Thumbnail, Timings, Update,
    Validation, Waited, Waiting,
)

__version__ = "0.1.0"

__all__ = [
    "AsyncClient", "AsyncSubscription", "AuthenticationFailed", "BinaryNotFound", "BinaryTooOld",
    "BudgetExceeded", "CallError", "CallOverBudget", "CallTimeout", "Client", "ConfigurationFailed",
    "ConnectionLost", "ContentRefused", "Cost", "Deletion", "DependencyFailed", "DownloadFailed", "Failure", "File", "FileKind",
    "IdempotencyConflict",
    "ImagewireError", "InsufficientCredit", "InternalFailure", "InvalidInput", "InvalidParams", "Model",
    "ModelUnavailable", "NetworkFailed", "NoThumbnail", "Page", "PartialFile", "Prediction", "PredictionCancelled", "PredictionFailed",
    "PredictionInterrupted", "PredictionNotFinished", "PredictionNotFound", "PredictionOverBudget", "Preview",
    "Price", "ProcessError", "ProviderFailed", "ProviderNotConfigured", "QueueFull", "RateLimited",
    "RemoteFailed", "RemoteTimedOut", "RequestCancelled", "StartFailed", "StorageFailed", "SubmissionUnknown",
    "Subscription", "Thumbnail", "Timings", "Update", "Validation", "WaitTimeout", "Waited", "Waiting",
]
