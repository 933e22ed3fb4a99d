import { reasonOf } from "./signals.js";

/** How many updates wait for the reader; then they are dropped, and the reader gets `reset`. */
const LIMIT = 10_000;

/**
 * The updates of one subscription, as an async iterator. It begins when it is made, not with the first `next`, and keeps
 * the updates that come before that. Only a pending `next` keeps the event loop alive.
 */
export class Subscription {
  #connection;
  #begun;
  #unlisten = () => {};
  #updates = [];
  #failure;
  #ended = false;
  #wake = () => {};
  #turn = Promise.resolve();
  #signal;
  #limit;

  /** `connecting` resolves to the connection. */
  constructor(connecting, params, { signal, limit = LIMIT } = {}) {
    this.#signal = signal;
    this.#limit = limit;
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.#begun = this.#begin(connecting, params).catch((error) => this.#fail(error));
  }

  async #begin(connecting, params) {
    this.#connection = await connecting;
    const { cursor, reset } = await this.#connection.request("subscribe", params, {
      signal: this.#signal,
      onResult: ({ subscription }) => this.#listen(subscription),
    });
    if (reset) this.#updates.unshift({ cursor, reset: true });
  }

  #listen(subscription) {
    const connection = this.#connection;
    const unlisten = connection.listen(subscription, (message) => this.#put(message));
    this.#unlisten = () => {
      unlisten();
      if (connection.isUsable) connection.request("unsubscribe", { subscription }).catch(() => {});
    };
    // It was ended while the subscription began.
    if (this.#ended) this.#unlisten();
  }

  #put(message) {
    if (message === undefined) return this.#fail(this.#connection.lost);
    const update = read(message);
    if (this.#updates.length >= this.#limit) this.#updates = [{ cursor: update.cursor, reset: true }];
    else this.#updates.push(update);
    this.#wake();
  }

  #abort = () => this.#fail(reasonOf(this.#signal));

  /** How it ended: delivered after all updates before it, except an abort, which is delivered at once. */
  #fail(error) {
    if (this.#ended) return;
    this.#failure = { error };
    if (this.#signal?.aborted) this.#updates = [];
    this.#stop();
  }

  #stop() {
    if (this.#ended) return;
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#unlisten();
    this.#wake();
  }

  // -- the iterator

  /** The next update; several calls are answered in turn. */
  next() {
    const turn = this.#turn.then(() => this.#next());
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #next() {
    await this.#begun;
    const release = this.#connection?.hold();
    try {
      while (this.#updates.length === 0 && !this.#ended) await new Promise((resolve) => (this.#wake = resolve));
    } finally {
      release?.();
    }
    if (this.#updates.length > 0) return { done: false, value: this.#updates.shift() };
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    return { done: true, value: undefined };
  }

  /** Ends the subscription; `break` in `for await` does. */
  async return(value) {
    this.#updates = [];
    this.#failure = undefined;
    this.#stop();
    return { done: true, value };
  }

  async throw(error) {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.return();
  }
}

function read({ method, params }) {
  const { cursor, prediction, id } = params;
  if (method === "prediction/updated") return { cursor, prediction };
  return method === "prediction/deleted" ? { cursor, deleted: id } : { cursor, reset: true };
}
