"use strict";

const fs = require("node:fs");
const vscode = require("vscode");
const { nameFor } = require("./text.js");
const { percent, words } = require("./progress.js");
const { settingsFor } = require("./settings.js");
const { confirmed, plain, t } = require("./say.js");

/** The images in progress of this window. */
class Works {
  #imagewire;
  #statusBar;
  /** What is not sent yet, to be withdrawn if the window closes. */
  #unsent = new Set();
  /** Submits and cancels whose replies are waited for before the window closes. */
  #settling = new Set();
  #changed = new vscode.EventEmitter();
  #running = new Map();
  /** Whether the window closes: nothing is begun any more. */
  #isEnding = false;

  /** Told whenever an image is begun, reports or ends. */
  onDidChange = this.#changed.event;

  constructor(imagewire, statusBar) {
    this.#imagewire = imagewire;
    this.#statusBar = statusBar;
  }

  /** The newest states of the predictions in progress. */
  get running() {
    return [...this.#running.values()];
  }

  /**
   * Sends a request and waits for its end, with a notification that shows the progress and cancels. Resolves to the prediction,
   * however it ended; to undefined where it was cancelled, or its price declined, before it was sent. A `token` cancels too.
   */
  async make({ parameters, prompt, document, folder }, token) {
    const submitted = (client, signal) => this.#submit(client, { parameters, prompt, document, folder }, signal);
    const prediction = await this.#shown(plain(prompt, 60), submitted, token);
    return isWithoutFolder(prediction, folder) ? this.#savedAgain(prediction, folder) : prediction;
  }

  /** Saves the files of a prediction whose folder was deleted meanwhile. Asking for the result once more costs nothing. */
  async #savedAgain({ id }, folder) {
    fs.mkdirSync(folder, { recursive: true });
    const client = await this.#imagewire.client();
    return client.result(id);
  }

  /** Waits for a prediction that is in progress already. */
  async follow(prediction, prompt) {
    return this.#shown(plain(prompt, 60), async () => prediction);
  }

  async #shown(title, submit, outer) {
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        const shown = this.#statusBar.add(title);
        try {
          return await this.#work(submit, this.#reporter(progress, shown), [token, outer].filter(Boolean));
        } finally {
          shown.remove();
        }
      },
    );
  }

  async #work(submit, onProgress, tokens) {
    const aborting = new AbortController();
    const { signal } = aborting;
    const listening = tokens.map((token) => token.onCancellationRequested(() => aborting.abort()));
    if (this.#isEnding || tokens.some((token) => token.isCancellationRequested)) aborting.abort();
    this.#unsent.add(aborting);
    let id;
    try {
      signal.throwIfAborted();
      const client = await this.#imagewire.client();
      signal.throwIfAborted();
      const submitting = submit(client, signal);
      this.#settle(submitting);
      ({ id } = (await submitting) ?? {});
      if (id === undefined) return undefined;
      const cancel = () => this.#settle(client.cancel(id)); // `result` says how it went.
      this.#unsent.delete(aborting);
      if (signal.aborted) cancel();
      else signal.addEventListener("abort", cancel, { once: true });
      return await client.result(id, { onProgress });
    } catch (error) {
      if (signal.aborted && error === signal.reason) return undefined;
      throw error;
    } finally {
      for (const one of listening) one.dispose();
      this.#unsent.delete(aborting);
      this.#running.delete(id);
      this.#changed.fire();
    }
  }

  /** Sends it. Undefined where the price was asked and declined. */
  async #submit(client, { parameters, prompt, document, folder }, signal) {
    const { input, model, provider } = parameters;
    if (!(await this.#isAffordable(client, { input: { prompt, ...input }, model, provider }, document, signal))) return undefined;
    return client.submit(prompt, { ...parameters, outputDir: folder, outputName: folder && nameFor(prompt), signal });
  }

  /** Asks where the price is above the limit of the user, or not known. */
  async #isAffordable(client, request, document, signal) {
    const limit = settingsFor(document).get("askAbove");
    if (typeof limit !== "number") return true;
    const quote = await client.call("quote", request, { signal }).catch((error) => {
      if (signal.aborted || error.type === "connection_lost" || error.type === "invalid_params") throw error;
      return undefined;
    });
    // Where fields that decide the price are missing, it may cost more.
    if (quote && (quote.exact || quote.missing.length === 0) && quote.amount <= limit) return true;
    const price = quote
      ? t("“{0}” costs about {1}. Make it?", plain(request.input.prompt, 60), dollars(quote.amount))
      : t("The price of “{0}” is not known. Make it?", plain(request.input.prompt, 60));
    const answer = await confirmed(price, t("Make It"));
    signal.throwIfAborted();
    return answer;
  }

  /** A function of a prediction in progress, which shows it in its notification and in the status bar. */
  #reporter(progress, shown) {
    const begun = Date.now();
    let reported = 0;
    return (prediction) => {
      const message = words(prediction, `${prediction.status}, ${Math.round((Date.now() - begun) / 1000)} s`);
      this.#running.set(prediction.id, prediction);
      this.#changed.fire();
      shown.update(message, prediction.eta_ms, prediction.preview?.path);
      if (prediction.progress === undefined) return progress.report({ message });
      // The bar fills by increments; a report without one, were it 0, would make it run without an end again.
      const increment = Math.max(0, percent(prediction.progress) - reported);
      reported += increment;
      progress.report({ message, increment });
    };
  }

  #settle(call) {
    const settled = call.catch(() => {}).finally(() => this.#settling.delete(settled));
    this.#settling.add(settled);
  }

  /** Before the window closes: withdraws what is not sent yet, and completes the cancelling that is in progress, in 2 s at most. */
  async end() {
    this.#isEnding = true;
    for (const aborting of this.#unsent) aborting.abort();
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, 2_000)));
    while (this.#settling.size > 0 && (await Promise.race([Promise.all(this.#settling), late.then(() => "late")])) !== "late");
    clearTimeout(timer);
  }
}

const isWithoutFolder = (prediction, folder) =>
  prediction?.failure?.type === "download_failed" && folder !== undefined && !fs.existsSync(folder);

/** A price for people. */
const dollars = (amount) => `$${amount >= 0.01 || amount === 0 ? amount.toFixed(2) : Number(amount.toPrecision(2))}`;

module.exports = { Works, dollars };
