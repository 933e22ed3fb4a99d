"""The exceptions, one class for each thing that a caller can do about it.

`ProcessError`: the program is missing, too old, or ended. `CallError`: a call was refused. `PredictionFailed`: the work
failed, and `error.prediction` says how. `WaitTimeout`: it is not finished yet, and goes on.
"""

import copy
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Type, Union

from ._schema import ErrorType
from .prediction import Prediction


class ImagewireError(Exception):
    """Base class of all exceptions of this package. Pickled and unpickled, it keeps its attributes."""

    #: The accepted prediction whose waiting broke off; it goes on, and `client.result(error.prediction_id)` waits again.
    prediction_id: Optional[str] = None

    def about(self, id: str) -> "ImagewireError":
        """A copy for the caller that waited for this prediction: an error of the process is that of all calls in flight."""
        error = copy.copy(self)
        error.args = (f"{self} This call waited for prediction {id}; result() waits for it again.",)
        error.prediction_id = id
        return error

    def __reduce__(self) -> Any:
        # Not by calling `__init__` again, as exceptions are unpickled by default: it takes other arguments than `args`.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: "Type[ImagewireError]", arguments: Tuple[Any, ...], attributes: Mapping[str, Any]) -> ImagewireError:
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(attributes)
    return error


def _sentences(text: str, hint: Optional[str]) -> str:
    return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'} {hint}" if hint else text


# -- the process ----------------------------------------------------------------------------------------------------


class ProcessError(ImagewireError):
    """The program could not be started, or ended."""


class BinaryNotFound(ProcessError):
    """The program was not found, or cannot be started."""

    def __init__(self, message: str, tried: Tuple[str, ...] = ()) -> None:
        super().__init__(message)
        #: The places at which it was looked for.
        self.tried = tried


class BinaryTooOld(ProcessError):
    """The program is older than this client, or is another one."""


class StartFailed(ProcessError):
    """The program was started and did not answer."""


class ConnectionLost(ProcessError):
    """The process ended during a call. Accepted predictions go on in the next process, which the next call starts."""


# -- calls ----------------------------------------------------------------------------------------------------------


class CallTimeout(ImagewireError, TimeoutError):
    """A call that should be answered at once was not answered in time."""


class CallError(ImagewireError):
    """A call was refused; no prediction was made by it."""

    def __init__(self, code: int, message: str, data: Optional[Mapping[str, Any]] = None) -> None:
        data = data if isinstance(data, dict) else {}
        hint = data.get("hint")
        super().__init__(_sentences(message, hint))
        self.code = code
        self.message = message
        self.data: Mapping[str, Any] = data
        #: `invalid_params`, `provider_not_configured`, …
        self.type: Optional[ErrorType] = data.get("type")
        #: Whether the same call may succeed later.
        self.retryable: bool = bool(data.get("retryable"))
        #: What to do next.
        self.hint: Optional[str] = hint
        #: The member that cannot be used.
        self.path: Optional[str] = data.get("path")


class InvalidParams(CallError, ValueError):
    """A member is missing, unknown, of the wrong kind or too long; `path` says which."""


class PredictionNotFound(CallError, LookupError):
    """The prediction does not exist."""


class IdempotencyConflict(CallError):
    """The key belongs to a prediction of other content."""


class QueueFull(CallError):
    """Too many predictions are in progress."""


class ProviderNotConfigured(CallError):
    """The provider has no key, or is not known."""


class ProviderFailed(CallError):
    """A quote, a balance or a list of models could not be had."""


class StorageFailed(CallError):
    """The database or a directory could not be used."""


class PredictionNotFinished(CallError):
    """Only finished predictions can be deleted."""


class NoThumbnail(CallError):
    """The file is no image, is damaged or gone, or its decoder is not installed: show the file itself."""


class RequestCancelled(CallError):
    """The waiting was ended; the prediction goes on."""


class BudgetExceeded(ImagewireError):
    """The prediction would cost more than allowed: `CallOverBudget` or `PredictionOverBudget`."""


class CallOverBudget(CallError, BudgetExceeded):
    """Refused before anything was sent."""


_CALLS: Dict[int, Type[CallError]] = {
    -32602: InvalidParams, -32800: RequestCancelled, 1001: PredictionNotFound, 1002: IdempotencyConflict,
    1003: QueueFull, 1005: ProviderNotConfigured, 1006: ProviderFailed, 1007: StorageFailed, 1008: CallOverBudget,
    1009: PredictionNotFinished, 1010: NoThumbnail,
}


def call_error(error: Mapping[str, Any]) -> CallError:
    """The exception for the `error` member of a response."""
    return _CALLS.get(error["code"], CallError)(error["code"], error["message"], error.get("data"))


# -- predictions ----------------------------------------------------------------------------------------------------


class WaitTimeout(ImagewireError, TimeoutError):
    """The time was up before the prediction was finished. It goes on: `client.result(error.prediction.id)` waits again."""

    def __init__(self, prediction: Prediction, timeout: float) -> None:
        super().__init__(
            f"Prediction {prediction.id} is still {prediction.status} after {timeout:g} s. It goes on; result() waits again."
        )
        self.prediction = prediction


class NoFile(ImagewireError):
    """A prediction has no file: it is not finished yet, or its provider made none."""

    def __init__(self, prediction: Prediction) -> None:
        why = "it completed without an output" if prediction.done else f"it is {prediction.status}. result() waits for it"
        super().__init__(f"Prediction {prediction.id} has no file: {why}.")
        self.prediction = prediction


class PredictionFailed(ImagewireError):
    """A prediction did not bring an image. `prediction.billing` says whether it cost money."""

    def __init__(self, prediction: Prediction) -> None:
        failure = prediction.failure
        text = failure.message if failure else prediction.error or f"The prediction is {prediction.status}."
        super().__init__(_sentences(text, failure.hint if failure else None))
        self.prediction = prediction
        self.failure = failure


class MapFailed(ImagewireError):
    """Some prompts of `map` failed, after all others have ended. The first failure is the `__cause__`.

    Where the process was lost for good, nothing more was submitted, and what was accepted goes on: the error in its place has its
    `prediction_id`.
    """

    def __init__(self, results: "Sequence[Union[Prediction, ImagewireError]]") -> None:
        failures = [one for one in results if isinstance(one, ImagewireError)]
        super().__init__(
            f"{len(failures)} of {len(results)} prompts failed; error.results has all. The first failure: {failures[0]}"
        )
        #: For each prompt that was taken, in their order, its prediction or its error.
        self.results: Tuple[Union[Prediction, ImagewireError], ...] = tuple(results)
        self.__cause__ = failures[0]


class InvalidInput(PredictionFailed):
    """The provider refused the input."""


class ContentRefused(PredictionFailed):
    """The provider refused the content."""


class AuthenticationFailed(PredictionFailed):
    """The key is missing, wrong or not allowed."""


class InsufficientCredit(PredictionFailed):
    """The account is empty."""


class RateLimited(PredictionFailed):
    """Too many requests."""


class ModelUnavailable(PredictionFailed):
    """No such model, or it is retired."""


class NetworkFailed(PredictionFailed):
    """The provider could not be reached; nothing was sent."""


class ConfigurationFailed(PredictionFailed):
    """This machine lacks something that every request needs: libcurl or certificates. Nothing was sent."""


class RemoteFailed(PredictionFailed):
    """The provider failed."""


class RemoteTimedOut(PredictionFailed):
    """The provider reported that its own time limit was exceeded."""


class SubmissionUnknown(PredictionFailed):
    """It is not known whether the provider accepted the request. Check the provider's history before sending it again."""


class DownloadFailed(PredictionFailed):
    """The image was made and paid for, but not saved: `prediction.outputs` has the URLs, and `result` tries again."""


class PredictionOverBudget(PredictionFailed, BudgetExceeded):
    """The prediction would cost more than allowed; nothing was sent."""


class PredictionCancelled(PredictionFailed):
    """The prediction was cancelled."""


class DependencyFailed(PredictionFailed):
    """Another prediction, whose output its input names, cannot give it. Nothing was sent."""


class PredictionInterrupted(PredictionFailed):
    """The process ended before the request was sent."""


class InternalFailure(PredictionFailed):
    """An internal error of imagewire."""


_FAILURES: Dict[str, Type[PredictionFailed]] = {
    "invalid_input": InvalidInput, "content_refused": ContentRefused, "authentication": AuthenticationFailed,
    "insufficient_credit": InsufficientCredit, "rate_limited": RateLimited, "model_unavailable": ModelUnavailable,
    "network": NetworkFailed, "configuration": ConfigurationFailed, "remote_error": RemoteFailed, "remote_timeout": RemoteTimedOut,
    "submission_unknown": SubmissionUnknown, "download_failed": DownloadFailed,
    "budget_exceeded": PredictionOverBudget, "dependency_failed": DependencyFailed, "cancelled": PredictionCancelled,
    "interrupted": PredictionInterrupted, "internal": InternalFailure,
}


def prediction_error(prediction: Prediction) -> Optional[PredictionFailed]:
    """The exception for a prediction that failed, or whose outputs are not all saved; else `None`."""
    if not prediction.done or prediction.status == "completed" and prediction.failure is None:
        return None
    kind = prediction.failure.type if prediction.failure else ""
    return _FAILURES.get(kind, PredictionFailed)(prediction)


def completed(prediction: Prediction) -> Prediction:
    """The finished prediction, if its outputs are there; else raises the exception for it."""
    error = prediction_error(prediction)
    if error is not None:
        raise error
    return prediction
