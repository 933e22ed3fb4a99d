import { Connection } from "./connection.js";
import { ImagewireError, WaitTimeout } from "./errors.js";
import { directory } from "./files.js";
import { PredictionHandle } from "./handle.js";
import { map } from "./map.js";
import { isDone } from "./prediction.js";
import { unlessAborted } from "./signals.js";
import { submission } from "./submission.js";
import { Subscription } from "./subscription.js";
import { limitOf } from "./timeout.js";

/** The longest wait of one call, in milliseconds; a longer wait takes several calls. */
const SLICE = 1_800_000;
/** How often `onProgress` is called, in milliseconds. */
const TICK = 500;

/** A process of imagewire, started with the first call and again after it ended. */
export class Client {
  #options;
  #opening;
  #connection;

  constructor({
    binary, provider, model, outputDir, stateDir, wavespeedApiKey, openaiApiKey, args = [], env, onLog, startPatience,
  } = {}) {
    this.#options = {
      binary,
      args: [...(stateDir ? ["--state-dir", directory(stateDir)] : []), ...args],
      env,
      onLog,
      startPatience,
      configuration: {
        provider, model, output_dir: directory(outputDir), wavespeed_api_key: wavespeedApiKey, openai_api_key: openaiApiKey,
      },
    };
  }

  // -- the process

  async #connected() {
    if (this.#connection?.isUsable) return this.#connection;
    // Calls made meanwhile wait for the same process.
    this.#opening ??= Connection.open(this.#options).finally(() => (this.#opening = undefined));
    this.#connection = await this.#opening;
    return this.#connection;
  }

  /** The id of the process, while there is one. */
  get pid() {
    return this.#connection?.isUsable ? this.#connection.pid : undefined;
  }

  async close(timeout = 5_000) {
    const opening = this.#opening;
    const connection = opening ? await opening.catch(() => undefined) : this.#connection;
    this.#connection = undefined;
    await connection?.close(timeout ?? Infinity);
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.close();
  }

  // -- calls

  async call(method, params, options) {
    return (await this.#connected()).request(method, params, options);
  }

  async generate(prompt, { signal, timeout, onProgress, ...options } = {}) {
    signal?.throwIfAborted();
    limitOf(timeout);
    const parameters = await unlessAborted(submission(prompt, options), signal);
    const connection = await unlessAborted(this.#connected(), signal);
    // The last moment at which giving up costs nothing.
    signal?.throwIfAborted();
    // Not aborted while it is in flight: without its id the prediction could not be cancelled.
    const submitted = connection.request("submit", parameters, { keep: true });
    let isReporting = false;
    const watching = onProgress && (async (prediction) => {
      isReporting = true;
      await onProgress(prediction);
      isReporting = false;
    });
    try {
      const handle = new PredictionHandle(this, noticed(await unlessAborted(submitted, signal), connection));
      await report(handle.prediction, watching, signal);
      return await handle.wait({ signal, timeout, onProgress: watching });
    } catch (error) {
      // Aborted, or `onProgress` failed, with whatever error: the prediction is not wanted any more.
      if (isReporting || signal?.aborted || !(error instanceof ImagewireError)) connection.giveUp(submitted);
      throw error;
    }
  }

  async submit(prompt, { signal, ...options } = {}) {
    signal?.throwIfAborted();
    const parameters = await unlessAborted(submission(prompt, options), signal);
    const connection = await unlessAborted(this.#connected(), signal);
    // From here on it is sent, and its id must be learned.
    signal?.throwIfAborted();
    return new PredictionHandle(this, noticed(await connection.request("submit", parameters), connection));
  }

  map(prompts, options) {
    return map(this, prompts, options);
  }

  status(id, { full } = {}) {
    return this.call("status", { id, full });
  }

  async result(id, { signal, timeout, inline, onProgress } = {}) {
    const end = performance.now() + limitOf(timeout);
    for (;;) {
      const left = Math.max(0, end - performance.now());
      const timeout_ms = Math.ceil(Math.min(left, onProgress ? TICK : SLICE));
      const prediction = await this.call("result", { id, timeout_ms, inline }, { signal });
      await report(prediction, onProgress, signal);
      if (isDone(prediction)) return prediction;
      if (performance.now() >= end) throw new WaitTimeout(prediction, timeout);
    }
  }

  cancel(id, { deleteRemote, chain } = {}) {
    return this.call("cancel", { id, delete_remote: deleteRemote, chain });
  }

  async wait(ids, { mode = "all", timeout = 50_000, signal } = {}) {
    return this.call("wait", { ids, mode, timeout_ms: Math.ceil(Math.min(limitOf(timeout), SLICE)) }, { signal });
  }

  list({ createdAfter, createdBefore, file, ...filters } = {}) {
    const times = { created_after: text(createdAfter), created_before: text(createdBefore) };
    return this.call("list", { ...filters, ...times, file: directory(file) });
  }

  async *predictions(filters = {}) {
    let page = await this.list(filters);
    for (;;) {
      yield* page.predictions;
      if (page.next_cursor === null) return;
      page = await this.list({ ...filters, cursor: page.next_cursor });
    }
  }

  delete(ids, { files } = {}) {
    return this.call("delete", { ids, files });
  }

  thumbnail(id, { file, size, inline } = {}) {
    return this.call("thumbnail", { id, file, size, inline });
  }

  async quote(prompt, options) {
    return this.call("quote", await asked(prompt, options));
  }

  async models({ model, provider, search, kind } = {}) {
    const all = [];
    let cursor = null;
    do {
      const page = await this.call("models", { model, provider, search, kind, cursor: cursor ?? undefined });
      all.push(...page.models);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return all;
  }

  async validate(prompt, options) {
    return this.call("validate", await asked(prompt, options));
  }

  balance(provider) {
    return this.call("balance", { provider });
  }

  // -- updates

  async *updates(id, { signal } = {}) {
    const changes = this.subscribe({ ids: [id], signal });
    let shown;
    let change;
    try {
      for (;;) {
        if (!change) {
          change = changes.next();
          change.catch(() => {}); // If `status` fails first, nobody waits for it.
        }
        // Unlike an update of the subscription it has the input and the estimate.
        const prediction = await this.call("status", { id }, { signal });
        const state = stateOf(prediction);
        if (state !== shown) yield prediction;
        shown = state;
        if (isDone(prediction)) return;
        const happened = await soon(change);
        if (happened?.done || happened?.value.deleted) return;
        if (happened) change = undefined;
      }
    } finally {
      await changes.return();
    }
  }

  subscribe({ ids, tag, since, signal } = {}) {
    return new Subscription(this.#connected(), { ids, tag, since }, { signal });
  }
}

/** The parameters of `quote` and `validate`: the part of a submission that they know. */
async function asked(text, { signal, timeout, onProgress, ...options } = {}) {
  const { prompt, input, model, provider } = await submission(text, options);
  return { input: prompt === undefined ? (input ?? {}) : { prompt, ...input }, model, provider };
}

/** Warns of fields of the input that the model may not know: they do nothing, and the prediction may cost money. */
function noticed(prediction, connection) {
  for (const { message } of prediction.warnings ?? []) connection.warnOnce(message);
  return prediction;
}

/** Calls `onProgress` and waits for its promise; exceptions and rejections reach the caller. */
async function report(prediction, onProgress, signal) {
  if (onProgress) await unlessAborted(Promise.resolve(onProgress(prediction)), signal);
}

const text = (time) => (time instanceof Date ? time.toISOString() : time);

/** What a promise brings, or undefined where it takes longer than a tick. */
function soon(promise) {
  let timer;
  const tick = new Promise((resolve) => (timer = setTimeout(resolve, TICK)));
  return Promise.race([promise, tick]).finally(() => clearTimeout(timer));
}

/** What of a prediction can change from one update to the next. */
const stateOf = ({ revision, eta_ms, progress }) => [revision, eta_ms, progress].join();
