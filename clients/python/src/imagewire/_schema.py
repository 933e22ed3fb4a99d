"""The types of the protocol, rendered from schemas/openrpc.json by clients/python/render_types.py; do not edit.

The words are those of this version; a later imagewire may send others. The messages, for type checkers only, are what the
classes of prediction.py are read from, and what `Client.call` takes and returns.
"""

from typing import TYPE_CHECKING, Any, Dict, List, Literal, Optional, TypedDict, Union

Status = Literal["created", "processing", "completed", "failed", "cancelled", "unknown"]
Billing = Literal["none", "charged", "refunded", "unknown"]
FileKind = Literal["image", "vector", "video", "audio", "model", "archive", "text", "json", "other"]
FailureType = Literal[
    "invalid_input", "content_refused", "authentication", "insufficient_credit", "rate_limited", "model_unavailable", "network",
    "configuration", "remote_error", "remote_timeout", "submission_unknown", "download_failed", "budget_exceeded",
    "dependency_failed", "cancelled", "interrupted", "internal",
]
CostSource = Literal["quoted", "billed", "estimated", "none"]
ModelKind = Literal["image", "video", "audio", "model", "text", "other"]
ThumbnailType = Literal["image/jpeg", "image/png"]
WaitMode = Literal["all", "any"]
ErrorType = Literal[
    "parse_error", "invalid_request", "shutting_down", "method_not_found", "invalid_params", "internal", "request_cancelled",
    "prediction_not_found", "idempotency_conflict", "queue_full", "provider_not_configured", "provider_failed", "storage_failed",
    "budget_exceeded", "prediction_not_finished", "no_thumbnail",
]

if TYPE_CHECKING:
    class SubmitParams(TypedDict, total=False):
        prompt: Optional[str]
        input: Optional[Dict[str, Any]]
        model: Optional[str]
        provider: Optional[str]
        idempotency_key: Optional[str]
        wait_ms: Optional[int]
        tags: Optional[List[str]]
        metadata: Optional[Dict[str, Any]]
        output_dir: Optional[str]
        output_name: Optional[str]
        max_cost: Optional[float]
        upload: Optional[bool]
        max_cost_estimates: Optional[bool]

    class _StatusParams(TypedDict):
        id: str

    class StatusParams(_StatusParams, total=False):
        full: Optional[bool]

    class _ResultParams(TypedDict):
        id: str

    class ResultParams(_ResultParams, total=False):
        timeout_ms: Optional[int]
        inline: Optional[bool]
        workDoneToken: Optional[Union[int, str]]

    class _CancelParams(TypedDict):
        id: str

    class CancelParams(_CancelParams, total=False):
        delete_remote: Optional[bool]
        chain: Optional[bool]

    class _WaitParams(TypedDict):
        ids: List[str]

    class WaitParams(_WaitParams, total=False):
        mode: Optional[WaitMode]
        timeout_ms: Optional[int]
        workDoneToken: Optional[Union[int, str]]

    class PredictionUrlsMessage(TypedDict, total=False):
        get: str

    class PredictionTimingsMessage(TypedDict):
        inference: Optional[int]
        queued: Optional[int]
        total: Optional[int]

    class _FileMessage(TypedDict):
        path: str
        index: int
        kind: FileKind
        media_type: str
        bytes: int
        sha256: str
        width: Optional[int]
        height: Optional[int]

    class FileMessage(_FileMessage, total=False):
        location: str
        duration_ms: int
        base64: str

    class PreviewMessage(TypedDict):
        path: str
        media_type: str
        bytes: int
        width: Optional[int]
        height: Optional[int]
        index: int

    class CostMessage(TypedDict):
        amount: float
        currency: str
        source: CostSource

    class PartialFileMessage(TypedDict):
        index: int
        path: str
        bytes: int
        sha256: str

    class _FailureMessage(TypedDict):
        type: FailureType
        retryable: bool
        message: str
        hint: Optional[str]
        remote_code: Optional[str]

    class FailureMessage(_FailureMessage, total=False):
        missing: List[int]
        partial: List[PartialFileMessage]

    class WaitingMessage(TypedDict):
        reason: FailureType
        until: str

    class ProblemMessage(TypedDict):
        path: str
        message: str

    class _PredictionMessage(TypedDict):
        id: str
        model: str
        status: Status
        outputs: List[str]
        urls: PredictionUrlsMessage
        has_nsfw_contents: List[bool]
        created_at: str
        error: str
        timings: PredictionTimingsMessage
        provider: str
        remote_id: Optional[str]
        files: List[FileMessage]
        billing: Billing
        cost: Optional[CostMessage]
        failure: Optional[FailureMessage]
        idempotency_key: Optional[str]
        tags: List[str]
        started_at: Optional[str]
        finished_at: Optional[str]
        revision: int

    class PredictionMessage(_PredictionMessage, total=False):
        input: Dict[str, Any]
        preview: PreviewMessage
        provider_data: Dict[str, Any]
        metadata: Dict[str, Any]
        waits_for: List[str]
        waiting: WaitingMessage
        warnings: List[ProblemMessage]
        omitted: List[str]
        eta_ms: Optional[int]
        progress: float

    class WaitResult(TypedDict):
        done: bool
        predictions: List[PredictionMessage]
        more: List[str]

    class ListParams(TypedDict, total=False):
        status: Optional[Status]
        provider: Optional[str]
        model: Optional[str]
        tag: Optional[str]
        text: Optional[str]
        created_after: Optional[str]
        created_before: Optional[str]
        limit: Optional[int]
        cursor: Optional[str]
        file: Optional[str]

    class ListResult(TypedDict):
        predictions: List[PredictionMessage]
        next_cursor: Optional[str]

    class _DeleteParams(TypedDict):
        ids: List[str]

    class DeleteParams(_DeleteParams, total=False):
        files: Optional[bool]

    class _DeleteResult(TypedDict):
        deleted: List[str]
        scrubbed: bool

    class DeleteResult(_DeleteResult, total=False):
        kept: List[str]

    class _ThumbnailParams(TypedDict):
        id: str

    class ThumbnailParams(_ThumbnailParams, total=False):
        file: Optional[int]
        size: Optional[int]
        inline: Optional[bool]

    class _ThumbnailResult(TypedDict):
        path: str
        media_type: ThumbnailType
        bytes: int
        width: int
        height: int

    class ThumbnailResult(_ThumbnailResult, total=False):
        base64: str

    class ModelsParams(TypedDict, total=False):
        model: Optional[str]
        provider: Optional[str]
        cursor: Optional[str]
        search: Optional[str]
        kind: Optional[ModelKind]

    class _ModelMessage(TypedDict):
        id: str
        kind: Optional[ModelKind]
        price: Optional[float]
        edit_model: Optional[str]
        provider: str
        default: bool

    class ModelMessage(_ModelMessage, total=False):
        name: Optional[str]
        description: Optional[str]
        input_schema: Optional[Dict[str, Any]]
        omitted: List[str]

    class ModelsResult(TypedDict):
        models: List[ModelMessage]
        next_cursor: Optional[str]

    class _ValidateParams(TypedDict):
        input: Dict[str, Any]

    class ValidateParams(_ValidateParams, total=False):
        model: Optional[str]
        provider: Optional[str]

    class _ValidateResult(TypedDict):
        valid: bool
        problems: List[ProblemMessage]

    class ValidateResult(_ValidateResult, total=False):
        warnings: List[ProblemMessage]
        hint: str

    class _QuoteParams(TypedDict):
        input: Dict[str, Any]

    class QuoteParams(_QuoteParams, total=False):
        model: Optional[str]
        provider: Optional[str]

    class QuoteResult(TypedDict):
        amount: float
        currency: str
        exact: bool
        missing: List[str]

    class BalanceParams(TypedDict, total=False):
        provider: Optional[str]

    class BalanceResult(TypedDict):
        amount: float
        currency: str
