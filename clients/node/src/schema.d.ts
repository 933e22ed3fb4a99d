// Rendered from schemas/openrpc.json by render-types.mjs (`make schemas`).

/**
 * created: accepted, waiting for its turn; processing: handed to the provider, or its lost reply is searched for; completed,
 * failed, cancelled, unknown: final, except that unknown may change once.
 */
export type Status = "created" | "processing" | "completed" | "failed" | "cancelled" | "unknown";

export interface SavedFile {
  /** Absolute; of a copy, where it is kept in a bucket. */
  readonly path: string;
  /** The object that it is kept as, where that is in a bucket. */
  readonly location?: string;
  /** Which output it is, from 1. */
  readonly index: number;
  /** How to show it. A vector is an SVG file, which may contain scripts. */
  readonly kind: FileKind;
  /** Read from its bytes; for a text from its name or its sender. */
  readonly media_type: string;
  /** Its size. */
  readonly bytes: number;
  /** Of its bytes, as hexadecimal digits. */
  readonly sha256: string;
  /** In pixels; null where there are none. */
  readonly width: number | null;
  /** In pixels; null where there are none. */
  readonly height: number | null;
  /** How long a sound or a film lasts, where its header says so. */
  readonly duration_ms?: number;
  /** Its content, if inline asked for it. */
  readonly base64?: string;
}

/** How to show it. A vector is an SVG file, which may contain scripts. */
export type FileKind = "image" | "vector" | "video" | "audio" | "model" | "archive" | "text" | "json" | "other";

/** The newest partial image of a stream, while status is processing. */
export interface Preview {
  /** Absolute; each newer one replaces the file as a whole. */
  readonly path: string;
  /** Read from its bytes. */
  readonly media_type: string;
  /** Its size. */
  readonly bytes: number;
  /** In pixels; null where there are none. */
  readonly width: number | null;
  /** In pixels; null where there are none. */
  readonly height: number | null;
  /** The number of the partial image, as the provider counts. */
  readonly index: number;
}

/** none: nothing was sent, it was refused, or the sandbox drew it; charged; refunded by the provider; unknown. */
export type Billing = "none" | "charged" | "refunded" | "unknown";

/** What it costs; null where that is not known. */
export interface Cost {
  /** The amount. */
  readonly amount: number;
  /** ISO 4217: USD. */
  readonly currency: string;
  /**
   * quoted: the provider's price before it was sent; billed: the provider's bill; estimated: the price of what is not
   * finished; none: nothing is billed.
   */
  readonly source: CostSource;
}

/**
 * quoted: the provider's price before it was sent; billed: the provider's bill; estimated: the price of what is not finished;
 * none: nothing is billed.
 */
export type CostSource = "quoted" | "billed" | "estimated" | "none";

/** Milliseconds; null if not known yet. */
export interface Timings {
  /** The provider's own time. */
  readonly inference: number | null;
  /** From created to handed over. */
  readonly queued: number | null;
  /** From created to finished. */
  readonly total: number | null;
}

/** Why it failed, for programs. With completed only download_failed. */
export interface Failure {
  /** What failed. Treat one that you do not know as internal. */
  readonly type: FailureType;
  /** Whether a new submit may succeed. */
  readonly retryable: boolean;
  /** What happened, and whether it cost money. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string | null;
  /** The provider's own code. */
  readonly remote_code: string | null;
  /**
   * With download_failed: which outputs are not saved, from 1. result tries these again, unless the provider no longer has
   * them.
   */
  readonly missing?: readonly number[];
  /**
   * With download_failed or cancelled: what came of outputs whose download broke off, in files of their own (NAME.partial).
   * They go with delete {files: true}, and once the output is saved.
   */
  readonly partial?: readonly PartialFile[];
}

/** What failed. Treat one that you do not know as internal. */
export type FailureType =
  | "invalid_input" | "content_refused" | "authentication" | "insufficient_credit" | "rate_limited" | "model_unavailable" |
  "network" | "configuration" | "remote_error" | "remote_timeout" | "submission_unknown" | "download_failed" |
  "budget_exceeded" | "dependency_failed" | "cancelled" | "interrupted" | "internal";

export interface PartialFile {
  /** Of which output, from 1. */
  readonly index: number;
  /** Absolute. */
  readonly path: string;
  /** Its size. */
  readonly bytes: number;
  /** Of its bytes, as hexadecimal digits. */
  readonly sha256: string;
}

/** Why a created prediction is not sent yet: the provider refused the account's last request and the account pauses. */
export interface Waiting {
  /** Why the last request failed. */
  readonly reason: FailureType;
  /** When the queue continues, unless something changes before. */
  readonly until: string;
}

export interface Warning {
  /** A path like input.size. */
  readonly path: string;
  /** What is wrong with it. */
  readonly message: string;
}

export interface Prediction {
  /** imagewire's id: ordered by time, never changes, known before any money is spent. */
  readonly id: string;
  /** The model. */
  readonly model: string;
  /**
   * created: accepted, waiting for its turn; processing: handed to the provider, or its lost reply is searched for; completed,
   * failed, cancelled, unknown: final, except that unknown may change once.
   */
  readonly status: Status;
  /** URLs of the outputs; empty unless completed. */
  readonly outputs: readonly string[];
  /** get: the provider's own URL of the result. */
  readonly urls: {
    /** The address. */
    readonly get?: string;
  };
  /** One for each output; empty if the provider does not report it. */
  readonly has_nsfw_contents: readonly boolean[];
  /** When it was accepted, in UTC like all times. */
  readonly created_at: string;
  /** Why it failed, for people; empty if it did not. */
  readonly error: string;
  /** Milliseconds; null if not known yet. */
  readonly timings: Timings;
  /** The provider that makes it. */
  readonly provider: string;
  /** The provider's own id. */
  readonly remote_id: string | null;
  /** The model's input. Left out in lists; see omitted. */
  readonly input?: { readonly [name: string]: unknown };
  /** Saved outputs, in the order of their index; empty before the status is final. */
  readonly files: readonly SavedFile[];
  /** The newest partial image of a stream, while status is processing. */
  readonly preview?: Preview;
  /** none: nothing was sent, it was refused, or the sandbox drew it; charged; refunded by the provider; unknown. */
  readonly billing: Billing;
  /** What it costs; null where that is not known. */
  readonly cost: Cost | null;
  /**
   * What the provider said beside the outputs: usage (tokens) and revised_prompt (of the first image that has one), where it
   * says them. Left out in lists.
   */
  readonly provider_data?: { readonly [name: string]: unknown };
  /** Why it failed, for programs. With completed only download_failed. */
  readonly failure: Failure | null;
  /** The caller's. */
  readonly idempotency_key: string | null;
  /** The caller's. */
  readonly tags: readonly string[];
  /** The caller's. Left out in lists. */
  readonly metadata?: { readonly [name: string]: unknown };
  /** When it was handed to the provider. */
  readonly started_at: string | null;
  /** When its status became final. */
  readonly finished_at: string | null;
  /** Rises by one with every change. */
  readonly revision: number;
  /** Unfinished predictions whose outputs its input names: it is not sent before they are completed. */
  readonly waits_for?: readonly string[];
  /** Why a created prediction is not sent yet: the provider refused the account's last request and the account pauses. */
  readonly waiting?: Waiting;
  /** In the reply to submit: fields of input that may be unknown to the model. */
  readonly warnings?: readonly Warning[];
  /** Fields left out to keep the message short; status {full: true} returns them. */
  readonly omitted?: readonly string[];
  /**
   * While its provider works on it and this process asks: an estimate, from earlier predictions, of the milliseconds until it
   * is done; null where it takes longer than those. Left out in lists.
   */
  readonly eta_ms?: number | null;
  /** With eta_ms: the share that is done, an estimate from 0 to 0.99 that never falls before the end. */
  readonly progress?: number;
}

/** What the method `wait` returns. */
export interface Waited {
  /** Whether one or all are finished; false if the time is up. */
  readonly done: boolean;
  /** In the order of ids, without input and metadata. */
  readonly predictions: readonly Prediction[];
  /** The ids left out to keep the message short. */
  readonly more: readonly string[];
}

/** What the method `list` returns. */
export interface Page {
  /** Without input and metadata; a page may be short, even empty. */
  readonly predictions: readonly Prediction[];
  /** The cursor of the next page; null on the last page. */
  readonly next_cursor: string | null;
}

/** What the method `delete` returns. */
export interface Deletion {
  /** The ids that were deleted. */
  readonly deleted: readonly string[];
  /** Files that were changed since they were saved, and are not deleted. */
  readonly kept?: readonly string[];
  /** Whether the content has left the database's log too; if not, the last process to end removes it. */
  readonly scrubbed: boolean;
}

/** What the method `thumbnail` returns. */
export interface Thumbnail {
  /** A file that may be removed at any time; the next request makes it again. */
  readonly path: string;
  /** image/png where it is transparent. */
  readonly media_type: "image/jpeg" | "image/png";
  /** Its size. */
  readonly bytes: number;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Its contents, if inline was requested. */
  readonly base64?: string;
}

export interface Model {
  /** The model, as submit takes it. */
  readonly id: string;
  /** Its name for people; null if the provider gives none. */
  readonly name?: string | null;
  /** What it makes; model is a shape in space, null if the provider does not say. */
  readonly kind: ModelKind | null;
  /** A text for people; null if the provider gives none. */
  readonly description?: string | null;
  /** The base price in US dollars, null if unknown. quote returns the price of an input. */
  readonly price: number | null;
  /** The model that edits an image: a sibling in this list, or the model itself; null if none is known. */
  readonly edit_model: string | null;
  /** The provider that has it. */
  readonly provider: string;
  /** Whether it is used if a request names no model. */
  readonly default: boolean;
  /** The JSON Schema of its input, if model was given; null if the provider has none. */
  readonly input_schema?: { readonly [name: string]: unknown } | null;
  /** Fields left out because they are too long for a message. */
  readonly omitted?: readonly string[];
}

/** What it makes; model is a shape in space, null if the provider does not say. */
export type ModelKind = "image" | "video" | "audio" | "model" | "text" | "other";

/** What the method `quote` returns. */
export interface Quote {
  /** The price. */
  readonly amount: number;
  /** ISO 4217: USD. */
  readonly currency: string;
  /** Whether this is the price that will be billed, not an estimate. */
  readonly exact: boolean;
  /** Fields of input that decide the price and were not given, or name local files: more may be billed. */
  readonly missing: readonly string[];
}

/** What the method `balance` returns. */
export interface Balance {
  /** What is left. */
  readonly amount: number;
  /** ISO 4217: USD. */
  readonly currency: string;
}

/** What the method `validate` returns. */
export interface Validation {
  /** Whether there are no problems. */
  readonly valid: boolean;
  /** What is wrong with the input; empty if nothing is known to be. */
  readonly problems: readonly Warning[];
  /** Fields that would be sent as they are but may be mistakes. */
  readonly warnings?: readonly Warning[];
  /** Advice: that the model is retired, or that its schema is not known. */
  readonly hint?: string;
}

/** The `type` of an error of a call. */
export type ErrorType =
  | "parse_error" | "invalid_request" | "shutting_down" | "method_not_found" | "invalid_params" | "internal" |
  "request_cancelled" | "prediction_not_found" | "idempotency_conflict" | "queue_full" | "provider_not_configured" |
  "provider_failed" | "storage_failed" | "budget_exceeded" | "prediction_not_finished" | "no_thumbnail";
