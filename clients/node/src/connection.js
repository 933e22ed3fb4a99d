import { spawn } from "node:child_process";
import { StringDecoder } from "node:string_decoder";
import { types } from "node:util";
import { CallError, ProcessError } from "./errors.js";
import { findProgram } from "./program.js";
import { reasonOf } from "./signals.js";

/** The oldest version of the program that this client works with. */
const MINIMUM_VERSION = [0, 1, 0];
/** The time limit for `initialize`, in milliseconds. */
const START_PATIENCE = 15_000;
/** The longest message that the program reads, in bytes. It refuses a longer one without the id of the call. */
const MAXIMUM_BYTES = 64 * 1024 * 1024;
/** The longest time of `setTimeout`, in milliseconds; a longer one ends at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * One process and the requests to it.
 *
 * It keeps the event loop alive only while requests are in flight, so a script ends when it is done, and the process with it.
 */
export class Connection {
  #child;
  #command;
  #pending = new Map();
  #givenUp = new Set();
  #listeners = new Map();
  #lastNumber = 0;
  #holds = 0;
  #log = [];
  #warned = new Set();
  #onLog;
  #closing = false;
  /** Why the process ended; undefined while it runs. */
  lost;
  /** Settles when the process has ended. */
  ended;

  /** Starts the program and checks that it is imagewire. Throws `ProcessError`. */
  static async open(options) {
    const connection = new Connection(options);
    try {
      await connection.#introduce(options.configuration, options.startPatience ?? START_PATIENCE);
    } catch (error) {
      connection.kill();
      if (!(error instanceof ProcessError)) throw error;
      throw new ProcessError(error.type, `${error.message} Nothing was sent.`, { cause: error });
    }
    return connection;
  }

  constructor({ binary, args, env, onLog }) {
    const variables = env ? { ...process.env, ...env } : process.env;
    this.#command = findProgram(binary, variables);
    this.#onLog = onLog;
    const child = spawn(this.#command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: variables,
      // Ctrl-C in a terminal is for this program, which ends the process in order; the terminal must not end it first.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(this.#end(this.#notStarted(error))));
      // Unlike `exit`, this comes after all output has been read.
      child.once("close", (code, signal) => resolve(this.#end(this.#ended(code, signal))));
    });
    child.stdin.on("error", () => {}); // It ended: `close` rejects all calls.
    lines(child.stdout, (line) => this.#read(line));
    lines(child.stderr, (line) => this.#note(line));
    this.#hold(0);
  }

  // -- the handshake

  async #introduce(configuration, patience) {
    const params = {
      processId: process.pid,
      clientInfo: { name: "imagewire-node", version: "0.1.0" },
      configuration,
    };
    let timer;
    const silence = new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new ProcessError("start_failed", `${this.#command} does not answer. Is it imagewire?`)),
        Math.min(patience, LONGEST_TIMER),
      );
    });
    let server;
    const wanted = MINIMUM_VERSION.join(".");
    try {
      server = (await Promise.race([this.request("initialize", params), silence]))?.serverInfo;
    } catch (error) {
      if (error instanceof ProcessError && error.type === "connection_lost") {
        throw new ProcessError("start_failed", `${this.#command} could not be started. ${error.message}`, { cause: error });
      }
      if (!(error instanceof CallError) || error.code !== -32601) throw error;
    } finally {
      clearTimeout(timer);
    }
    if (typeof server?.version !== "string") {
      throw new ProcessError(
        "too_old",
        `${this.#command} does not say its version, so it is too old or not imagewire. Install ${wanted} or newer.`,
      );
    }
    if (server.name !== "imagewire") {
      throw new ProcessError("too_old", `${this.#command} is not imagewire but ${server.name}.`);
    }
    if (!isAtLeast(server.version, MINIMUM_VERSION)) {
      throw new ProcessError("too_old", `${this.#command} is version ${server.version}. Install ${wanted} or newer.`);
    }
  }

  // -- requests

  get pid() {
    return this.#child.pid;
  }

  get isUsable() {
    return this.lost === undefined && !this.#closing;
  }

  /**
   * A request and its result. `onResult` runs before anything that comes behind the result. An aborted `signal` stops the
   * waiting and rejects with its reason; the prediction goes on. With `keep` not even `close` stops the waiting: for calls that
   * are answered at once and whose reply is needed.
   */
  request(method, params = {}, options = {}) {
    // The input may still be open, but only to cancel abandoned predictions.
    if (!this.lost && this.#closing) {
      return Promise.reject(new ProcessError("connection_lost", "The client was closed. Nothing was sent."));
    }
    return this.#ask(method, params, options);
  }

  #ask(method, params, { signal, onResult, keep = false }) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(reasonOf(signal));
      if (this.lost) return reject(this.lost);
      const id = ++this.#lastNumber;
      // Encoded before the call is registered: a message that cannot be sent gets no reply.
      const message = encoded({ jsonrpc: "2.0", id, method, params });
      const abort = () => {
        if (!this.#pending.has(id)) return;
        this.#settle(id);
        this.#stopWaiting(id);
        reject(reasonOf(signal));
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#pending.set(id, { resolve, reject, onResult, keep, forget: () => signal?.removeEventListener("abort", abort) });
      this.#hold(1);
      this.#child.stdin.write(message);
    });
  }

  /** Cancels the prediction of a submit as soon as its id is known; `close` waits for that before it ends the input. */
  giveUp(submitted) {
    const settled = this.#cancel(submitted).finally(() => this.#givenUp.delete(settled));
    this.#givenUp.add(settled);
  }

  async #cancel(submitted) {
    let prediction = "A prediction";
    try {
      const { id } = await submitted;
      prediction = `Prediction ${id}`;
      await this.#ask("cancel", { id }, { keep: true });
    } catch (error) {
      // Where nothing was sent, or the submit was refused, there is no prediction.
      if (prediction === "A prediction" && !(error instanceof ProcessError)) return;
      this.#warn(`${prediction} could not be cancelled and may go on: list() shows it. ${error.message}`);
    }
  }

  /** Passes on the messages of a subscription; `undefined` once the process has ended. Returns a function that stops that. */
  listen(subscription, listener) {
    if (this.lost) listener(undefined);
    this.#listeners.set(subscription, listener);
    return () => this.#listeners.delete(subscription);
  }

  /** Keeps the event loop alive until the function that it returns is called. */
  hold() {
    this.#hold(1);
    return () => this.#hold(-1);
  }

  #stopWaiting(id) {
    this.#child.stdin.write(encoded({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id } }));
  }

  #settle(id) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending.forget();
    this.#hold(-1);
    return pending;
  }

  /** Keeps the event loop alive while requests are in flight, and not otherwise. */
  #hold(change) {
    this.#holds += change;
    const verb = this.#holds > 0 ? "ref" : "unref";
    this.#child[verb]();
    // A destroyed socket would remember each of these calls for a connection that never comes.
    for (const pipe of this.#child.stdio) if (!pipe?.destroyed) pipe?.[verb]?.();
  }

  // -- ending

  /**
   * Ends all waiting, cancels abandoned predictions, then ends the input. Waits at most `patience` milliseconds for all of that.
   */
  async close(patience) {
    this.#closing = true;
    for (const [id, { keep }] of this.#pending) if (!keep) this.#stopWaiting(id);
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, Math.min(patience, LONGEST_TIMER))));
    this.#hold(1);
    // Calls that were aborted just now give up before this turn of the event loop is over.
    await new Promise(setImmediate);
    await Promise.race([Promise.all(this.#givenUp), late]);
    if (this.#givenUp.size > 0) {
      this.#warn("The client was closed before all abandoned predictions were cancelled: list() shows them.");
    }
    this.#child.stdin.end();
    await Promise.race([this.ended, late]);
    clearTimeout(timer);
    this.#hold(-1);
  }

  kill() {
    this.#closing = true;
    this.#child.kill("SIGKILL");
  }

  #notStarted(error) {
    return new ProcessError("not_found", `${this.#command} cannot be started: ${error.code ?? error.message}.`);
  }

  #ended(code, signal) {
    if (this.#closing) return new ProcessError("connection_lost", "The client was closed. Predictions that were accepted are kept.");
    const how = signal ? `was ended by ${signal}` : `ended with status ${code}`;
    const said = this.#log.length > 0 ? ` Its last message: ${this.#log.at(-1)}` : "";
    return new ProcessError(
      "connection_lost",
      `imagewire ${how} before it answered.${said} Predictions that were accepted are kept; the next call starts it again.`,
    );
  }

  #end(error) {
    this.lost ??= error;
    for (const id of [...this.#pending.keys()]) this.#settle(id).reject(this.lost);
    for (const [subscription, listener] of [...this.#listeners]) {
      this.#listeners.delete(subscription);
      listener(undefined);
    }
  }

  // -- messages from the process

  #read(line) {
    if (this.lost) return;
    let message;
    try {
      message = JSON.parse(line);
      if (message === null || typeof message !== "object") throw new TypeError();
    } catch {
      // A program that writes anything but the protocol is not imagewire.
      this.#end(
        new ProcessError("start_failed", `${this.#command} writes ${JSON.stringify(line.slice(0, 80))}, so it is not imagewire.`),
      );
      this.kill();
      return;
    }
    if ("method" in message) {
      this.#listeners.get(message.params?.subscription)?.(message);
      return;
    }
    let { id = null } = message;
    if (id === null && message.error) {
      // The program could not read its id, and only one call is in flight.
      if (this.#pending.size === 1) [id] = this.#pending.keys();
      // Which call it was is not known, and an accepted submit must not be reported as failed: it may cost money.
      else this.#warn(`imagewire could not read a call, and does not say which: ${message.error.message}`);
    }
    if (this.#pending.has(id)) {
      const { resolve, reject, onResult } = this.#settle(id);
      if (message.error) return reject(new CallError(message.error));
      onResult?.(message.result);
      resolve(message.result);
    }
  }

  #note(line) {
    this.#log = [...this.#log.slice(-19), line];
    this.#onLog?.(line);
  }

  /** Warns, but not twice of the same. */
  warnOnce(text) {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#warn(text);
  }

  /** Reports what no call can return. */
  #warn(text) {
    if (this.#onLog) this.#onLog(text);
    else process.emitWarning(text);
  }
}

/** A message as a line. Throws if JSON cannot hold it, before anything is sent. */
function encoded(message) {
  let line;
  try {
    line = JSON.stringify(message, sendable) + "\n";
  } catch (error) {
    throw new TypeError(`${message.method} cannot be sent as JSON: ${error.message}. Nothing was sent.`, { cause: error });
  }
  const bytes = Buffer.byteLength(line) - 1;
  if (bytes <= MAXIMUM_BYTES) return line;
  const [size, limit] = [bytes, MAXIMUM_BYTES].map((count) => count.toLocaleString("en-US"));
  throw new RangeError(
    `${message.method} would be a message of ${size} bytes, and imagewire reads none over ${limit}. Nothing was sent.`,
  );
}

/** Refuses what `JSON.stringify` turns into null or leaves out: a limit that is NaN would be no limit. */
function sendable(name, value) {
  const isNumber = typeof value === "number" || types.isNumberObject(value);
  if (isNumber && !Number.isFinite(Number(value))) throw new TypeError(`${name} is ${value}, which is no finite number`);
  if (typeof value === "function" || typeof value === "symbol") throw new TypeError(`${name} is a ${typeof value}`);
  return value;
}

/** Calls back with every line of a stream, of any length and in any chunks. */
function lines(stream, onLine) {
  const decoder = new StringDecoder("utf8");
  let parts = [];
  stream.on("data", (chunk) => {
    const pieces = decoder.write(chunk).split("\n");
    parts.push(pieces[0]);
    for (const piece of pieces.slice(1)) {
      const line = parts.join("");
      parts = [piece];
      if (line !== "") onLine(line);
    }
  });
  stream.on("end", () => {
    const line = parts.join("");
    if (line !== "") onLine(line);
  });
  stream.on("error", () => {});
}

function isAtLeast(version, minimum) {
  const numbers = version.split(/[-+]/)[0].split(".").map(Number);
  for (let index = 0; index < minimum.length; index++) {
    const number = numbers[index] ?? 0;
    if (number !== minimum[index]) return number > minimum[index];
  }
  return true;
}
