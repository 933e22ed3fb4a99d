import { PredictionFailed, WaitTimeout } from "./errors.js";

/** A prediction that was submitted: its id, its newest state that we have seen, and what can be done with it. */
export class PredictionHandle {
  #client;

  constructor(client, prediction) {
    this.#client = client;
    this.id = prediction.id;
    this.prediction = prediction;
  }

  async wait({ onProgress, ...options } = {}) {
    try {
      this.#see(
        await this.#client.result(this.id, {
          ...options,
          onProgress: onProgress && ((prediction) => onProgress(this.#see(prediction))),
        }),
      );
    } catch (error) {
      if (error instanceof WaitTimeout) this.#see(error.prediction);
      throw error;
    }
    const { status, failure } = this.prediction;
    if (status !== "completed" || failure) throw new PredictionFailed(this.prediction);
    return this.prediction;
  }

  async cancel(options) {
    return this.#see(await this.#client.cancel(this.id, options));
  }

  async *updates(options) {
    for await (const prediction of this.#client.updates(this.id, options)) yield this.#see(prediction);
  }

  [Symbol.asyncIterator]() {
    return this.updates();
  }

  /** Replies may overtake each other. Only the reply to `submit` has the warnings. */
  #see(prediction) {
    const { warnings, revision } = this.prediction;
    if (prediction.revision >= revision) this.prediction = warnings ? { ...prediction, warnings } : prediction;
    return this.prediction;
  }
}
