"use strict";

// Runs the extension against the real program and its sandbox, with a double of the module `vscode`, anew for each test; or in the
// extension host of a VS Code, anew for each file of tests.

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { after, afterEach, beforeEach } = require("node:test");

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return request === "vscode" ? require.resolve("./vscode.js") : resolve.call(this, request, ...rest);
};
const window = require("./window.js");

const { Document, EventEmitter, Position, state } = window;

const BINARY = process.env.IMAGEWIRE;
const root = fs.mkdtempSync(path.join(os.tmpdir(), "imagewire-vscode."));
// The settings of the user are not read.
for (const name of Object.keys(process.env)) {
  if (/^(WAVESPEED|OPENAI|IMAGEWIRE|XDG)_?/.test(name)) delete process.env[name];
}
process.env.HOME = root;

/** The extension's context, what it exports, and the directory of the current test. */
const session = { context: undefined, api: undefined, folder: undefined };
let number = 0;
/** What is to be undone after the current test. */
const cleanups = [];
/** Whether the tests run in the extension host of a VS Code. */
const isHost = window.start !== undefined;

function start(main = path.join(__dirname, "../src/extension.js")) {
  const changed = new EventEmitter();
  const kept = new Map();
  session.context = {
    subscriptions: [],
    kept,
    globalState: { get: (key, usual) => kept.get(key) ?? usual, update: async (key, value) => void kept.set(key, value) },
    secrets: {
      get: async (key) => kept.get(key),
      store: async (key, value) => {
        kept.set(key, value);
        changed.fire({ key });
      },
      delete: async (key) => {
        kept.delete(key);
        changed.fire({ key });
      },
      onDidChange: changed.event,
    },
  };
  session.api = require(main).activate(session.context);
}

const stop = () => Promise.all(session.context.subscriptions.map((one) => one.dispose()));

beforeEach(async () => {
  state.reset();
  session.folder = path.join(root, String(++number));
  fs.mkdirSync(session.folder);
  if (isHost) await window.start();
  else start();
  state.set("program", BINARY);
});
afterEach(async () => {
  if (!isHost) await stop();
  for (const action of cleanups.splice(0)) await action();
});
after(async () => {
  await window.end?.();
  // A process that ends just now may still write there.
  for (let tries = 100; ; tries--) {
    try {
      return fs.rmSync(root, { recursive: true, force: true });
    } catch (error) {
      if (tries === 0) throw error;
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
});

/** A document in a file of the test's folder. */
function note(text = "", language = undefined, name = "note") {
  const file = path.join(session.folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return new Document(file, text, language);
}

/** Opens a text with the cursor at the mark `|`. */
function open(text, language, name) {
  const offset = text.indexOf("|");
  const document = note(text.replace("|", ""), language, name);
  const before = text.slice(0, offset).split("\n");
  return state.open(document, new Position(before.length - 1, before.at(-1).length));
}

/** Puts the cursor behind the beginning of a part of a document. */
function cursor(document, part) {
  const before = document.text.slice(0, document.text.indexOf(part) + 1).split("\n");
  state.open(document, new Position(before.length - 1, before.at(-1).length));
}

/** A client of the same database. */
async function client() {
  const { Client } = await import("../../node/src/index.js");
  return new Client({ binary: BINARY });
}

/** How many predictions there are. */
async function count(filters = {}) {
  const one = await client();
  try {
    return (await one.list({ limit: 500, ...filters })).predictions.length;
  } finally {
    await one.close();
  }
}

const isImage = (file) => assert.equal(fs.readFileSync(file).subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
const told = (part) => assert.match(state.messages.map(({ text }) => text).join("\n"), part);
const run = (name, ...given) => state.run(`imagewire.${name}`, ...given);

/** The process ids of what the extension started. */
function children() {
  const pid = state.pid ?? process.pid;
  const ids = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  assert.ok(ids.length > 0 && ids.every((id) => id > 0));
  return ids;
}

/** Has something done after the current test. */
const cleanup = (action) => void cleanups.push(action);

const killProgram = () => children().forEach((child) => process.kill(child, "SIGKILL"));

/** Sets variables of the extension's process for the current test. */
async function environment(variables) {
  const restart = async () => {
    if (!isHost) return;
    await window.end();
    await window.start();
  };
  Object.assign(process.env, variables);
  await restart();
  cleanup(async () => {
    for (const name of Object.keys(variables)) delete process.env[name];
    await restart();
  });
}

/** A program that starts only when it is let: the command is given, and nothing can be sent yet. */
function slowProgram() {
  const gate = path.join(session.folder, "gate");
  const slow = path.join(session.folder, "slow");
  fs.writeFileSync(slow, `#!/bin/sh\ntouch '${gate}.reached'\nwhile [ ! -e '${gate}' ]; do sleep 0.02; done\nexec '${BINARY}' "$@"\n`, { mode: 0o755 });
  return { slow, release: () => fs.writeFileSync(gate, ""), isStarted: () => fs.existsSync(`${gate}.reached`) };
}

/**
 * A WaveSpeedAI on this machine, that follows a script; the current test uses it, with a key.
 * `posts()` are the paid requests that it got, `log(condition)` waits for a request.
 */
async function wavespeed(script = {}) {
  const server = spawn("python3", [path.join(__dirname, "../../../Tests/Fixtures/wavespeed.py"), "--script", JSON.stringify(script)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [ready] = await once(server.stdout, "data");
  const base = `http://127.0.0.1:${JSON.parse(ready).port}`;
  cleanup(() => server.stdin.end());
  await environment({ WAVESPEED_BASE_URL: base, WAVESPEED_API_KEY: "wsk_SECRETsecret0123456789" });
  const requests = async () => (await (await fetch(`${base}/_/log`)).json()).requests;
  return {
    posts: async () => (await requests()).filter(({ endpoint }) => endpoint === "submit"),
    async log(condition) {
      for (let end = Date.now() + 30_000; !(await requests()).some(condition); ) assert.ok(Date.now() < end, "no such request");
    },
  };
}

/** Waits for a condition; with a generous limit. */
async function until(condition) {
  for (let end = Date.now() + 30_000; !condition(); ) {
    assert.ok(Date.now() < end, `timed out waiting for ${condition}: ${JSON.stringify(state.messages)}`);
    await new Promise((wake) => setTimeout(wake, 5));
  }
}

module.exports = {
  BINARY, children, cleanup, client, count, cursor, environment, isHost, isImage, killProgram, note, open, run, session, slowProgram, start, stop, told,
  until, wavespeed,
};
