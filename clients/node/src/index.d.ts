import type {
  Balance, Deletion, ErrorType, FailureType, Model, ModelKind, Page, Prediction, Quote, Status, Thumbnail, Validation, Waited,
} from "./schema.js";

export * from "./schema.js";

declare global {
  interface SymbolConstructor {
    /** As TypeScript's own `esnext.disposable` has it, for `await using`. */
    readonly asyncDispose: unique symbol;
  }
}

export interface ClientOptions {
  /** The program; by default the variable IMAGEWIRE, else that of the package for this system, else `imagewire` on the path. */
  binary?: string | undefined;
  /** The default provider; without one `wavespeed` where its key is known, else the sandbox. */
  provider?: string | undefined;
  /** The default model. */
  model?: string | undefined;
  /** The directory of the files; a relative one begins at the working directory. */
  outputDir?: string | URL | undefined;
  /** The directory of the database; as `outputDir`. */
  stateDir?: string | URL | undefined;
  /** A key, else the one of the environment; never written anywhere. */
  wavespeedApiKey?: string | undefined;
  /** A key, else the one of the environment; never written anywhere. */
  openaiApiKey?: string | undefined;
  /** More of the program's own options. */
  args?: readonly string[] | undefined;
  /** Variables over those of this process; `undefined` removes one. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Called with each line that the program writes to stderr, and with warnings of the client itself. */
  onLog?: ((line: string) => void) | undefined;
  /** Milliseconds within which the program must answer `initialize` (15,000). */
  startPatience?: number | undefined;
}

/**
 * Fields of the model's input: `size`, `n`, `seed`, `images`, … At any depth, arrays included, a value may be a file: a `URL`
 * with `file:` (`file("fox.png")` makes one), a `Buffer` or another view of bytes, an `ArrayBuffer`, a `Blob` or a `File`. A
 * string is never read as a file, unless `upload` is true.
 */
export interface Input {
  readonly [field: string]: unknown;
}

/**
 * The options of a submit. Any further one in lower case is a field of the model's input, as in `input`; one that `input` has
 * too is refused, and so is one that is written nearly as an option of the client (`timeOut`, `max_costs`) or speaks of a limit
 * (`budget`).
 */
export interface SubmitOptions {
  /** Fields of the model's input, with any name. */
  input?: Input | undefined;
  model?: string | undefined;
  provider?: string | undefined;
  /** The same key never makes a second prediction. */
  idempotencyKey?: string | undefined;
  /** Labels for `list` and `subscribe`; a string is one. */
  tags?: string | Iterable<string> | undefined;
  /** Any object, up to 8 KiB. */
  metadata?: Readonly<Record<string, unknown>> | undefined;
  /** The directory of its files; a relative one begins at the working directory. */
  outputDir?: string | URL | undefined;
  /** The name of its files, without directory and extension. */
  outputName?: string | undefined;
  /** US dollars; refused where it would cost more. No value is no limit; `NaN` and `Infinity` are a `TypeError`. */
  maxCost?: number | undefined;
  /** Whether an estimate satisfies `maxCost` (see `missing` of `quote`). */
  maxCostEstimates?: boolean | undefined;
  /**
   * Whether strings of the input that begin with `@/` name files of this machine, which are uploaded. By default only where the
   * input has a file; with `false`, files are sent inside the request.
   */
  upload?: boolean | undefined;
  /** A field of the model's input. */
  readonly [field: `${Lowercase<string>}`]: unknown;
}

export interface WaitOptions {
  /** Stops the waiting; each method says what happens to the prediction. */
  signal?: AbortSignal | undefined;
  /** Milliseconds; no value and `null` are without limit. */
  timeout?: number | null | undefined;
  /**
   * Hears of the prediction at once, about twice a second, and at the end; `eta_ms` and `progress` are estimates of what is left.
   * A promise that it returns is waited for before the next call. An exception and a rejection reject the promise of the method
   * that was called.
   */
  onProgress?: ((prediction: Prediction) => void | PromiseLike<void>) | undefined;
}

export interface MapOptions extends Omit<WaitOptions, "onProgress"> {
  /** How many predictions are under way at a time (4). The limits of the account hold besides. */
  concurrency?: number | undefined;
  /** Whether results come in the order of the prompts (true), or each as soon as it is there. */
  ordered?: boolean | undefined;
  /** As in `generate`, with the place of the prompt. */
  onProgress?: ((prediction: Prediction, index: number) => void | PromiseLike<void>) | undefined;
}

/** A prompt of `map` with options of its own. */
export interface MapPrompt extends SubmitOptions {
  prompt?: string | undefined;
}

/** What became of one prompt of `map`: `prediction` or `error`. */
export type MapResult = {
  /** The place of the prompt, from 0. */
  readonly index: number;
  readonly prompt: string | undefined;
} & (
  | { readonly prediction: Prediction; readonly error?: undefined }
  | { readonly prediction?: undefined; readonly error: Error }
);

export interface ListOptions {
  status?: Status | undefined;
  provider?: string | undefined;
  model?: string | undefined;
  tag?: string | undefined;
  /** A part of the prompt. */
  text?: string | undefined;
  /** Inclusive. */
  createdAfter?: Date | string | undefined;
  /** Exclusive. */
  createdBefore?: Date | string | undefined;
  /** The path of a local file: only predictions of which a saved file has the same bytes. */
  file?: string | URL | undefined;
  /** How many at most, from 1 to 500 (50). */
  limit?: number | undefined;
  /** `next_cursor` of the page before. */
  cursor?: string | undefined;
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

/** A prediction that was submitted, and what can be done with it. */
export interface PredictionHandle extends AsyncIterable<Prediction> {
  readonly id: string;
  /** Its newest state that this handle has seen: plain data, for JSON and `structuredClone`. */
  readonly prediction: Prediction;

  /**
   * Waits, and resolves to the completed prediction. An aborted signal stops the waiting; `cancel` stops the prediction.
   *
   * @throws {PredictionFailed} it failed, was cancelled, or an output could not be saved
   * @throws {WaitTimeout} `timeout` is over; the prediction goes on
   */
  wait(options?: WaitOptions): Promise<Prediction>;

  /** As `cancel` of the client. */
  cancel(options?: CancelOptions): Promise<Prediction>;

  /** As `updates` of the client; `for await (const update of handle)` is the same without options. */
  updates(options?: { signal?: AbortSignal | undefined }): AsyncGenerator<Prediction, void, undefined>;
}

export interface CancelOptions {
  /** Whether to delete the provider's copy too. */
  deleteRemote?: boolean | undefined;
  /** Whether to cancel those that wait for its outputs too; otherwise they fail. */
  chain?: boolean | undefined;
}

/** As of a client, without one: these functions share a process, which starts with the first call and ends with this one. */
export const generate: Client["generate"];
export const submit: Client["submit"];
export const map: Client["map"];

/**
 * imagewire, one process of it, started with the first call and again after it ended. It ends with `close`, and with this
 * process; it does not keep this process alive.
 */
export class Client {
  constructor(options?: ClientOptions);

  /**
   * Submits, waits, and resolves to the completed prediction, which has a saved output.
   *
   * An aborted signal and an `onProgress` that throws or rejects cancel the prediction; a `timeout` does not.
   *
   * @throws {PredictionFailed} the work failed
   * @throws {WaitTimeout} `timeout` is over; the prediction goes on
   * @throws {CallError} the call was refused, and no prediction was made
   * @throws {ProcessError} the program is missing, too old, or ended
   * @throws {TypeError | RangeError} it cannot be sent: a wrong option, a file that is no image, video or sound, a value that
   * JSON cannot hold, or more than 64 MiB
   * @throws {Error} a file cannot be read, with its `path` and the `code` of the file system (`ENOENT`)
   */
  generate(prompt?: string, options?: SubmitOptions & WaitOptions): Promise<Prediction>;

  /**
   * Accepts a prediction, and resolves as soon as it is on disk. A signal that is aborted before the request is sent rejects,
   * and nothing is sent; later it has no effect, and `cancel` stops the prediction.
   *
   * @throws as `generate`, as far as it comes before the work
   */
  submit(prompt?: string, options?: SubmitOptions & { signal?: AbortSignal | undefined }): Promise<PredictionHandle>;

  /**
   * A prediction of every prompt, with the options of `generate` for all; an object has a prompt and options of its own. What
   * fails is a result with an `error`, beside the others. New ones begin only while the next result is awaited. `break`, an
   * exception in the loop and an aborted signal cancel what is not finished.
   */
  map(
    prompts: Iterable<string | MapPrompt> | AsyncIterable<string | MapPrompt>, options?: SubmitOptions & MapOptions,
  ): AsyncGenerator<MapResult, void, undefined>;

  /** The prediction as it is now, at once; with `full` nothing is left out, however long. */
  status(id: string, options?: { full?: boolean | undefined }): Promise<Prediction>;

  /** The finished prediction, however it ended. An aborted signal stops the waiting, never the prediction. */
  result(id: string, options?: WaitOptions & { inline?: boolean | undefined }): Promise<Prediction>;

  /** Stops a prediction; before it was sent that costs nothing. */
  cancel(id: string, options?: CancelOptions): Promise<Prediction>;

  /** Waits for `all` or `any` of several; a time limit (50,000 ms; `null` is half an hour) is not an error, see `done`. */
  wait(
    ids: readonly string[],
    options?: { mode?: "all" | "any" | undefined; timeout?: number | null | undefined; signal?: AbortSignal | undefined },
  ): Promise<Waited>;

  /** A page of predictions, newest first. */
  list(options?: ListOptions): Promise<Page>;

  /** All predictions, newest first. */
  predictions(options?: ListOptions): AsyncGenerator<Prediction, void, undefined>;

  /** Deletes finished predictions, all or none; with `files` their images too. */
  delete(ids: readonly string[], options?: { files?: boolean | undefined }): Promise<Deletion>;

  /**
   * A small image of the file with the index `file` (1), at most `size` pixels a side (512); made at its first request.
   *
   * @throws {CallError} of type `no_thumbnail`: it is no image, is damaged or gone, or its decoder is not installed
   */
  thumbnail(
    id: string, options?: { file?: number | undefined; size?: number | undefined; inline?: boolean | undefined },
  ): Promise<Thumbnail>;

  /** What a prediction with these options would cost; asking spends nothing. */
  quote(prompt?: string, options?: SubmitOptions & WaitOptions): Promise<Quote>;

  /**
   * All models of a provider; with `model` only that one, with its `input_schema`.
   *
   * @param options.search words that must all occur in its id, name, description or kind
   */
  models(options?: {
    model?: string | undefined;
    provider?: string | undefined;
    search?: string | undefined;
    kind?: ModelKind | undefined;
  }): Promise<readonly Model[]>;

  /** Whether `submit` would take it, as far as that is known; spends nothing. */
  validate(prompt?: string, options?: SubmitOptions & WaitOptions): Promise<Validation>;

  /** The balance of the provider's account. */
  balance(provider?: string): Promise<Balance>;

  /**
   * One prediction as it is now and at every change, until it is finished or deleted. While its provider works on it, about twice
   * a second with the newest estimate (`eta_ms`, `progress`).
   */
  updates(id: string, options?: { signal?: AbortSignal | undefined }): AsyncGenerator<Prediction, void, undefined>;

  /**
   * Every change: of these ids, of one tag, or of all; first of those since a cursor. Ends with `break`, `return()` or the
   * signal.
   *
   * It begins with the call: no change after that is lost, however late the first `next()` comes. Up to
   * 10,000 updates wait for the reader; more are dropped, and one update with `reset` takes their place.
   */
  subscribe(options?: {
    ids?: readonly string[] | undefined;
    tag?: string | undefined;
    since?: string | undefined;
    signal?: AbortSignal | undefined;
  }): AsyncGenerator<Update, void, undefined>;

  /** Any method of the protocol, and its result as it came. */
  call(
    method: string, params?: Readonly<Record<string, unknown>>, options?: { signal?: AbortSignal | undefined },
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

  /** Closes at the end of the block: `await using client = new Client()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Whether there is nothing more to wait for. */
export function isDone(prediction: Pick<Prediction, "status">): boolean;

/**
 * The path of its first saved output.
 *
 * @throws {PredictionFailed} there is none: it failed, was cancelled, or is not finished
 */
export function pathOf(prediction: Prediction): string;

/** A name for one of its outputs, for the input of another prediction: finished or not, it becomes the file there. */
export function reference(prediction: Pick<Prediction, "id">, output?: number): string;

/** The file of this machine at a path, for an input; the same as `pathToFileURL` of `node:url`. */
export function file(path: string): URL;

/** Base class of all errors of this package, except `AbortError`, `TypeError` and `RangeError`. */
export class ImagewireError extends Error {
  /** All of it as plain data, for another process or thread; a structured clone of the error itself keeps only its message. */
  toJSON(): { readonly name: string; readonly message: string; readonly [field: string]: unknown };
  /** The error of `toJSON` again, with its class. */
  static fromJSON(data: { readonly name: string; readonly message: string; readonly [field: string]: unknown }): ImagewireError;
}

/** The program could not be started, or ended. All pending calls fail at once; the next one starts it again. */
export class ProcessError extends ImagewireError {
  readonly type: "not_found" | "too_old" | "start_failed" | "connection_lost";
  /** With `not_found`: the places at which the program was looked for. */
  readonly tried?: readonly string[];
}

/** A call was refused, and no prediction was made by it. */
export class CallError extends ImagewireError {
  readonly code: number;
  readonly type: ErrorType | undefined;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** The field that cannot be used. */
  readonly path: string | undefined;
  /** What to do next. */
  readonly hint: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A prediction did not bring all of its outputs. `prediction.billing` says whether it cost money. */
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
