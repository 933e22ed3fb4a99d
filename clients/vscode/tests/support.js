"use strict";

// Runs the extension against the real program and its sandbox, with a double of the module `vscode`, anew for each test.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { after, afterEach, beforeEach } = require("node:test");

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return request === "vscode" ? require.resolve("./vscode.js") : resolve.call(this, request, ...rest);
};
const { Document, emitter, state } = require("vscode");

const BINARY = process.env.IMAGEWIRE;
const root = fs.mkdtempSync(path.join(os.tmpdir(), "imagewire-vscode."));
// The settings of the user are not read.
for (const name of Object.keys(process.env)) {
  if (/^(WAVESPEED|OPENAI|IMAGEWIRE|XDG)_?/.test(name)) delete process.env[name];
}
process.env.HOME = root;

/** The extension's context and the directory of the current test. */
const session = { context: undefined, folder: undefined };
let number = 0;

function start(main = path.join(__dirname, "../src/extension.js")) {
  const changed = emitter();
  const kept = new Map();
  session.context = {
    subscriptions: [],
    kept,
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
  require(main).activate(session.context);
}

const stop = () => Promise.all(session.context.subscriptions.map((one) => one.dispose()));

beforeEach(() => {
  state.reset();
  session.folder = path.join(root, String(++number));
  fs.mkdirSync(session.folder);
  start();
  state.set("program", BINARY);
});
afterEach(stop);
after(() => fs.rmSync(root, { recursive: true, force: true }));

const note = (text = "", language) => new Document(path.join(session.folder, "note"), text, language);
const isImage = (file) => assert.equal(fs.readFileSync(file).subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
const told = (part) => assert.match(state.messages.map(({ text }) => text).join("\n"), part);
const run = (name, ...given) => state.commands[`imagewire.${name}`](...given);

/** The process ids of what the extension started. */
function children() {
  const ids = fs.readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim().split(" ").map(Number);
  assert.ok(ids.length > 0 && ids.every((id) => id > 0));
  return ids;
}

/** Waits for a condition; with a generous limit. */
async function until(condition) {
  for (let end = Date.now() + 30_000; !condition(); ) {
    assert.ok(Date.now() < end, `timed out waiting for ${condition}: ${JSON.stringify(state.messages)}`);
    await new Promise((wake) => setTimeout(wake, 5));
  }
}

module.exports = { BINARY, children, isImage, note, run, session, start, stop, told, until };
