import { unlessAborted } from "./signals.js";
import { limitOf } from "./timeout.js";

/**
 * The predictions of many prompts, as `Client.map` has them. New ones begin only while their reader waits for the next, so that
 * one who stops reading spends no more.
 */
export async function* map(client, prompts, { concurrency = 4, ordered = true, signal, onProgress, ...shared } = {}) {
  if (!(concurrency >= 1)) throw new RangeError(`concurrency is ${concurrency}; it is at least 1. Nothing was sent.`);
  limitOf(shared.timeout);
  // Each of its characters would be a prompt.
  if (typeof prompts === "string") throw new TypeError("map takes several prompts; generate takes one. Nothing was sent.");
  const iterate = prompts?.[Symbol.asyncIterator] ?? prompts?.[Symbol.iterator];
  if (typeof iterate !== "function") {
    throw new TypeError("map takes an array or another iterable of prompts, also an asynchronous one. Nothing was sent.");
  }
  signal?.throwIfAborted();
  const ending = new AbortController();
  const abort = () => ending.abort(signal.reason);
  signal?.addEventListener("abort", abort, { once: true });

  /** What is under way, by the place of its prompt. These promises never reject. */
  const running = new Map();
  /** Results that were not delivered yet, in the order in which they came. */
  const results = new Map();
  const source = iterate.call(prompts);
  /** The next prompt of an asynchronous source, while it is awaited. */
  let coming;
  let exhausted = false;
  let failure;
  let started = 0;
  let delivered = 0;

  function pull() {
    try {
      const next = source.next();
      if (typeof next.then !== "function") take(next);
      else coming = next.then(take).catch(fail).finally(() => (coming = undefined));
    } catch (error) {
      fail(error);
    }
  }

  /** The source is broken; what was begun is delivered before its error. */
  function fail(error) {
    exhausted = true;
    failure = { error };
  }

  function take({ done, value }) {
    if (done) exhausted = true;
    else start(value);
  }

  function start(value) {
    const index = started++;
    const { prompt, ...own } = typeof value === "string" ? { prompt: value } : Object(value);
    const options = { ...shared, ...own, signal: ending.signal, onProgress: onProgress && ((it) => onProgress(it, index)) };
    const made = (isPrompt(value) ? client.generate(prompt, options) : Promise.reject(noPrompt(value, index))).then(
      (prediction) => ({ index, prompt, prediction }),
      (error) => ({ index, prompt, error }),
    );
    running.set(index, made.then((result) => running.delete(index) && results.set(index, result)));
  }

  /** Lets the source clean up; its error is the loop's. */
  async function leave() {
    const left = (async () => source.return?.())();
    // An abort has an error of its own, and behind a prompt that never comes no cleanup begins.
    if (coming || signal?.aborted) left.catch(() => {});
    else await left;
  }

  try {
    for (;;) {
      signal?.throwIfAborted();
      while (running.size < concurrency && !exhausted && !coming) pull();
      const result = ordered ? results.get(delivered) : results.values().next().value;
      if (result) {
        results.delete(result.index);
        delivered++;
        yield result;
      } else if (exhausted && running.size === 0) {
        if (failure) throw failure.error;
        return;
      } else {
        await unlessAborted(Promise.race([...running.values(), ...(coming ? [coming] : [])]), signal);
      }
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    ending.abort();
    await Promise.all(running.values());
    if (!exhausted) await leave();
  }
}

const isPrompt = (value) => typeof value === "string" || (typeof value === "object" && value !== null && !Array.isArray(value));

function noPrompt(value, index) {
  const kind = value === null ? "null" : Array.isArray(value) ? "an array" : `of the type ${typeof value}`;
  return new TypeError(`Prompt ${index} is ${kind}; map takes strings, and objects with a prompt and options. Nothing was sent.`);
}
