"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { settingsFor } = require("./settings.js");

/** Where the key is kept in VS Code's secret storage. */
const KEY = "imagewire.wavespeedApiKey";

/** The client package: among our modules where the extension was packed, beside us in the repository. */
async function load() {
  try {
    return await import("imagewire");
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    return import("../../node/src/index.js");
  }
}

/** The one process that all commands share; it ends with the window. */
class Imagewire {
  #secrets;
  #client;
  #isDisposed = false;

  constructor(secrets) {
    this.#secrets = secrets;
  }

  /** The client with the current settings. It starts its process with the first call, and again after it ended. */
  async client() {
    if (this.#isDisposed) throw new Error("the window closes. Nothing was sent.");
    if (!this.#client) {
      const client = this.#make();
      this.#client = client;
      // A secret storage that is locked now may be open for the next command.
      client.catch(() => this.#client === client && (this.#client = undefined));
    }
    return this.#client;
  }

  async #make() {
    const [{ Client }, key] = await Promise.all([load(), this.#secrets.get(KEY)]);
    const settings = settingsFor();
    return new Client({
      binary: program(),
      provider: settings.get("provider") || undefined,
      model: settings.get("model") || undefined,
      // Sent in `initialize.configuration`: never an argument, never in the environment of another process.
      wavespeedApiKey: key || undefined,
      // Warnings of the client would be lines of VS Code's own log.
      onLog: () => {},
    });
  }

  /** Ends the process; accepted predictions go on, and the next command starts another. */
  async renew() {
    const client = this.#client;
    this.#client = undefined;
    // A client that could not be made was reported to its caller, and there is nothing to close.
    await (await client?.catch(() => undefined))?.close();
  }

  /** Ends the process for good. */
  dispose() {
    this.#isDisposed = true;
    return this.renew();
  }
}

/** The program that the setting or the variable names, or that is inside the extension; undefined where the client looks for it. */
const program = () => settingsFor().get("program") || process.env.IMAGEWIRE || bundled();

/** The program inside an extension that was made for this system. Without it the client looks on the path and at the usual places. */
function bundled() {
  const path = join(__dirname, "..", "bin", "imagewire");
  return existsSync(path) ? path : undefined;
}

module.exports = { Imagewire, KEY, program };
