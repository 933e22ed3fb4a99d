/** The status of a prediction. The last four are final, except that `unknown` may change once. */
export type Status = "created" | "processing" | "completed" | "failed" | "cancelled" | "unknown";

/** Why a prediction failed. */
export type FailureType =
  | "invalid_input" | "content_refused" | "authentication" | "insufficient_credit" | "rate_limited"
  | "model_unavailable" | "network" | "configuration" | "remote_error" | "remote_timeout" | "submission_unknown" | "download_failed"
  | "budget_exceeded" | "dependency_failed" | "cancelled" | "interrupted" | "internal";

/** A prediction, as the protocol has it (`schemas/prediction.json`). */
export interface Prediction {
  readonly id: string;
  readonly model: string;
  readonly status: Status;
  /** URLs of the content; empty unless completed. */
  readonly outputs: readonly string[];
  readonly urls: { readonly get?: string };
  readonly has_nsfw_contents: readonly boolean[];
  /** ISO 8601, in UTC. */
  readonly created_at: string;
  readonly error: string;
  /** Milliseconds. */
  readonly timings: {
    readonly inference: number | null;
    readonly queued: number | null;
    readonly total: number | null;
  };
  /** `wavespeed`, `openai` or `sandbox`. */
  readonly provider: string;
  readonly remote_id: string | null;
  /** Absent in lists, and where it is very long. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** The saved outputs, of any kind, in the order of their index. */
  readonly files: readonly SavedFile[];
  /** The newest partial image, while it is being made and the provider streams them. */
  readonly preview?: Preview;
  readonly billing: "none" | "charged" | "refunded" | "unknown";
  /** `null` where it is not known; absent from an older imagewire. */
  readonly cost?: Cost | null;
  /** What the provider said beside the outputs, such as `usage`. Absent in lists. */
  readonly provider_data?: Readonly<Record<string, unknown>>;
  readonly failure: Failure | null;
  readonly idempotency_key: string | null;
  readonly tags: readonly string[];
  /** Absent in lists. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  /** One more with every change. */
  readonly revision: number;
  /** The ids of unfinished predictions whose outputs its input names; it is sent when they are completed. */
  readonly waits_for?: readonly string[];
  /** Why a `created` prediction is not sent yet: its account pauses. */
  readonly waiting?: Waiting;
  /** Of the reply to `submit`: fields of the input that the model may not know. */
  readonly warnings?: readonly Warning[];
  /** The fields left out to keep the message short. */
  readonly omitted?: readonly string[];
  /** An estimate of the milliseconds until it is done, while its provider works on it; `null` for overdue ones. Not in lists. */
  readonly eta_ms?: number | null;
  /** With `eta_ms`: an estimate of the share that is done, from 0 to 0.99, which never falls. */
  readonly progress?: number;
}

/** What a prediction costs. */
export interface Cost {
  readonly amount: number;
  /** ISO 4217: `USD`. */
  readonly currency: string;
  /** The price before it was sent, the provider's bill, the price of what is not finished, or nothing to pay. */
  readonly source: "quoted" | "billed" | "estimated" | "none";
}

/** The provider refused the account's last request, so nothing is sent for a while. */
export interface Waiting {
  readonly reason: FailureType;
  /** ISO 8601, in UTC. The queue may go on before, for instance after a top-up. */
  readonly until: string;
}

/** A problem or a warning about a field of an input. */
export interface Warning {
  /** Like `input.size`. */
  readonly path: string;
  readonly message: string;
}

/** What a saved file is for. */
export type FileKind = "image" | "vector" | "video" | "audio" | "model" | "archive" | "text" | "json" | "other";

/** A saved output. */
export interface SavedFile {
  /** Absolute. */
  readonly path: string;
  /** Which output it is, from 1. */
  readonly index: number;
  /** How to show it. A vector is an SVG file, which may contain scripts. */
  readonly kind: FileKind;
  readonly media_type: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly width: number | null;
  readonly height: number | null;
  /** How long a sound or a film lasts, where its header says so. */
  readonly duration_ms?: number;
  /** Only where it was asked for with `inline`. */
  readonly base64?: string;
}

/** A small image of a saved file. */
export interface Thumbnail {
  /** Absolute. It may be removed at any time; the next call makes it again. */
  readonly path: string;
  readonly media_type: "image/jpeg" | "image/png";
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** Only where it was asked for with `inline`. */
  readonly base64?: string;
}

/** A partial image, written while the image is being made. The file is removed when the prediction is finished. */
export interface Preview {
  /** Absolute; each later one replaces it. */
  readonly path: string;
  readonly media_type: string;
  readonly bytes: number;
  readonly width: number | null;
  readonly height: number | null;
  /** Which partial image, from 0. */
  readonly index: number;
}

export interface Failure {
  readonly type: FailureType;
  /** Whether a new submit would make sense. */
  readonly retryable: boolean;
  readonly message: string;
  readonly hint: string | null;
  readonly remote_code: string | null;
  /** With `download_failed`: which outputs are not saved, from 1. `result` tries these again. */
  readonly missing?: readonly number[];
  /** What came of outputs whose download broke off, in files of their own. */
  readonly partial?: readonly PartialFile[];
}

/** What came of an output whose download broke off. */
export interface PartialFile {
  /** Of which output, from 1. */
  readonly index: number;
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ClientOptions {
  /** The program; by default the variable IMAGEWIRE, else `imagewire` on the path. */
  binary?: string;
  /** The default provider; without one `wavespeed` where its key is known, else the sandbox. */
  provider?: string;
  /** The default model. */
  model?: string;
  /** Where images go; absolute. */
  outputDir?: string;
  /** The directory of the database. */
  stateDir?: string;
  /** A key, else the one of the environment; never written anywhere. */
  wavespeedApiKey?: string;
  openaiApiKey?: string;
  /** More of the program's own options. */
  args?: readonly string[];
  /** Variables over those of this process. */
  env?: Readonly<Record<string, string>>;
  /** Called with each line that the program writes to stderr, and with warnings of the client itself. */
  onLog?: (line: string) => void;
  /** Milliseconds within which the program must answer `initialize` (15,000). */
  startPatience?: number;
}

export interface SubmitOptions {
  /** The further input for the model, passed on unchanged: `size`, `n`, `seed`, … */
  input?: Readonly<Record<string, unknown>>;
  model?: string;
  provider?: string;
  /** The same key never makes a second image. */
  idempotencyKey?: string;
  tags?: readonly string[];
  metadata?: Readonly<Record<string, unknown>>;
  /** Absolute. */
  outputDir?: string;
  /** A file name without folder and extension. */
  outputName?: string;
  /** USD; refused where it would cost more. */
  maxCost?: number;
  /** Whether an estimate satisfies `maxCost` (see `missing` of `quote`). */
  maxCostEstimates?: boolean;
  upload?: boolean;
}

export interface WaitOptions {
  /** Stops the waiting; each method says what happens to the prediction. */
  signal?: AbortSignal;
  /** Milliseconds; no value and `null` are without limit. */
  timeout?: number | null;
  /**
   * Hears of the prediction at once, about twice a second, and at the end. A promise that it returns is waited for before the
   * next call. An exception and a rejection reject the promise of the method that was called.
   */
  onProgress?: (prediction: Prediction) => void | PromiseLike<void>;
}

export interface ListOptions {
  status?: Status;
  provider?: string;
  model?: string;
  tag?: string;
  /** A part of the prompt. */
  text?: string;
  createdAfter?: Date | string;
  createdBefore?: Date | string;
  limit?: number;
  cursor?: string;
}

export interface Page {
  readonly predictions: readonly Prediction[];
  /** `null` where this is the last page; a page may be empty and have one. */
  readonly next_cursor: string | null;
}

/** What a model makes; `model` is a shape in space. */
export type ModelKind = "image" | "video" | "audio" | "model" | "text" | "other";

/** A model of a provider. */
export interface Model {
  readonly id: string;
  /** For people; `null` where the provider gives none, absent where it is too long. */
  readonly name?: string | null;
  /** `null` where the provider does not say. */
  readonly kind: ModelKind | null;
  /** For people; `null` where the provider gives none, absent where it is too long. */
  readonly description?: string | null;
  /** The base price in US dollars, `null` where unknown; `quote` returns the price of an input. */
  readonly price: number | null;
  /** The model that edits an image: a sibling, or the model itself; `null` where none is known. */
  readonly edit_model: string | null;
  readonly provider: string;
  /** Whether it is used where no model is named. */
  readonly default: boolean;
  /** A JSON Schema of `input`, where one model was requested; `null` if the provider has none. */
  readonly input_schema?: { readonly [keyword: string]: unknown } | null;
}

/** What a prediction would cost. */
export interface Quote {
  readonly amount: number;
  /** `USD`. */
  readonly currency: string;
  /** Whether it is the price that will be billed, not an estimate. */
  readonly exact: boolean;
  /** Fields of the input that decide the price and were not given: more may be billed. */
  readonly missing: readonly string[];
}

export interface Validation {
  readonly valid: boolean;
  readonly problems: readonly Warning[];
  /** Fields that would be sent unchanged and may be mistakes. */
  readonly warnings?: readonly Warning[];
  /** Other warnings: the model is retired, or its schema is not known. */
  readonly hint?: string;
}

export interface Deletion {
  /** The ids of the predictions that are deleted. */
  readonly deleted: readonly string[];
  /** Files that were left because their content has changed since they were saved. */
  readonly kept?: readonly string[];
  /** Whether the content has also left the database's log; if not, it does when the last process that uses it ends. */
  readonly scrubbed: boolean;
}

export interface Waited {
  /** Whether the wait succeeded, that is all or any of them finished, before the time was up. */
  readonly done: boolean;
  readonly predictions: readonly Prediction[];
  /** Ids left out to keep the message short. */
  readonly more: readonly string[];
}

/** One update of a subscription. */
export interface Update {
  /** `subscribe({ since: cursor })` goes on behind it, also in another process. */
  readonly cursor: string;
  /** It changed; without input and metadata. */
  readonly prediction?: Prediction;
  /** The id of a deleted prediction. */
  readonly deleted?: string;
  /** More changes were missed than can be delivered: list again. */
  readonly reset?: true;
}

/**
 * imagewire, one process of it, started with the first call and again after it ended. It ends with `close`, and with this
 * process; it does not keep this process alive.
 */
export class Client {
  constructor(options?: ClientOptions);

  /**
   * An image: submits, waits, and resolves to the completed prediction.
   *
   * An aborted signal and an `onProgress` that throws or rejects cancel the prediction; a `timeout` does not.
   *
   * @throws {PredictionFailed} the work failed
   * @throws {WaitTimeout} `timeout` is over; the prediction goes on
   * @throws {CallError} the call was refused, and no prediction was made
   * @throws {ProcessError} the program is missing, too old, or ended
   * @throws {TypeError | RangeError} it cannot be sent: JSON cannot hold it, or it is over 64 MiB
   */
  generate(prompt?: string, options?: SubmitOptions & WaitOptions): Promise<Prediction>;

  /**
   * Accepts a prediction, and resolves as soon as it is on disk. A signal that is aborted before the request is sent rejects,
   * and nothing is sent; later it has no effect, and `cancel` stops the prediction.
   */
  submit(prompt?: string, options?: SubmitOptions & { signal?: AbortSignal }): Promise<Prediction>;

  /** The prediction as it is now, at once; with `full` nothing is left out, however long. */
  status(id: string, options?: { full?: boolean }): Promise<Prediction>;

  /** The finished prediction, however it ended. An aborted signal stops the waiting, never the prediction. */
  result(id: string, options?: WaitOptions & { inline?: boolean }): Promise<Prediction>;

  /** Stops a prediction; before it was sent that costs nothing. With `chain` also those that wait for its outputs; without it they fail. */
  cancel(id: string, options?: { deleteRemote?: boolean; chain?: boolean }): Promise<Prediction>;

  /** Waits for `all` or `any` of several; a time limit (50,000 ms; `null` is half an hour) is not an error, see `done`. */
  wait(
    ids: readonly string[], options?: { mode?: "all" | "any"; timeout?: number | null; signal?: AbortSignal },
  ): Promise<Waited>;

  /** A page of predictions, newest first. */
  list(options?: ListOptions): Promise<Page>;

  /** All predictions, newest first. */
  predictions(options?: ListOptions): AsyncGenerator<Prediction, void, undefined>;

  /** Deletes finished predictions, all or none; with `files` their images too. */
  delete(ids: readonly string[], options?: { files?: boolean }): Promise<Deletion>;

  /**
   * A small image of the file with the index `file` (1), at most `size` pixels a side (512); made at its first request.
   *
   * @throws {CallError} of type `no_thumbnail`: it is no image, is damaged or gone, or its decoder is not installed
   */
  thumbnail(id: string, options?: { file?: number; size?: number; inline?: boolean }): Promise<Thumbnail>;

  /** What a prediction would cost; asking spends nothing. */
  quote(
    prompt?: string, options?: Pick<SubmitOptions, "input" | "model" | "provider">,
  ): Promise<Quote>;

  /**
   * All models of a provider; with `model` only that one, with its `input_schema`.
   *
   * @param options.search words that must all occur in its id, name, description or kind
   */
  models(
    options?: Pick<SubmitOptions, "model" | "provider"> & { search?: string; kind?: ModelKind },
  ): Promise<readonly Model[]>;

  /** Whether `submit` would take it, as far as that is known; spends nothing. */
  validate(
    prompt?: string, options?: Pick<SubmitOptions, "input" | "model" | "provider">,
  ): Promise<Validation>;

  /** The balance of the provider's account. */
  balance(provider?: string): Promise<{ readonly amount: number; readonly currency: string }>;

  /** One prediction as it is now and at every change, until it is finished. */
  updates(id: string, options?: { signal?: AbortSignal }): AsyncGenerator<Prediction, void, undefined>;

  /**
   * Every change: of these ids, of one tag, or of all; first of those since a cursor. Ends with `break`, `return()` or the
   * signal.
   *
   * It begins with the call: no change after that is lost, however late the first `next()` comes. Up to
   * 10,000 updates wait for the reader; more are dropped, and one update with `reset` takes their place.
   */
  subscribe(options?: {
    ids?: readonly string[];
    tag?: string;
    since?: string;
    signal?: AbortSignal;
  }): AsyncGenerator<Update, void, undefined>;

  /** Any method of the protocol, and its result as it came. */
  call(
    method: string, params?: Readonly<Record<string, unknown>>, options?: { signal?: AbortSignal },
  ): Promise<unknown>;

  /** The id of the process, while there is one. */
  readonly pid: number | undefined;

  /**
   * Ends all waiting and the process. Predictions that were accepted are kept. A later call starts it again.
   *
   * @param timeout milliseconds to wait for the end (5,000); a process that still saves a reply that was paid for goes on
   * without us until it is on disk. Aborted predictions are cancelled first
   */
  close(timeout?: number | null): Promise<void>;
}

/** Whether there is nothing more to wait for. */
export function isDone(prediction: Prediction): boolean;

/** A name for one of its outputs, for the input of another prediction: finished or not, it becomes the file there. */
export function reference(prediction: Pick<Prediction, "id">, output?: number): string;

/** Base class of all errors of this package, except `AbortError`. */
export class ImagewireError extends Error {}

/** The program could not be started, or ended. All pending calls fail at once; the next one starts it again. */
export class ProcessError extends ImagewireError {
  readonly type: "not_found" | "too_old" | "start_failed" | "connection_lost";
  /** With `not_found`: the places at which the program was looked for. */
  readonly tried?: readonly string[];
}

/** A call was refused, and no prediction was made by it. */
export class CallError extends ImagewireError {
  readonly code: number;
  /** `invalid_params`, `provider_not_configured`, … */
  readonly type: string | undefined;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** The member that cannot be used. */
  readonly path: string | undefined;
  /** What to do next. */
  readonly hint: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A prediction did not bring an image. `prediction.billing` says whether it cost money. */
export class PredictionFailed extends ImagewireError {
  readonly prediction: Prediction;
  readonly type: FailureType | Status;
  /** Whether a new submit would make sense. */
  readonly retryable: boolean;
}

/** The time was up before the prediction was finished. It goes on: `client.result(error.prediction.id)` waits again. */
export class WaitTimeout extends ImagewireError {
  readonly prediction: Prediction;
}
