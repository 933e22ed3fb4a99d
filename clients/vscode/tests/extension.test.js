"use strict";

// The extension against the real program and its sandbox, with a double of the module `vscode`.

const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { after, afterEach, beforeEach, test } = require("node:test");

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return request === "vscode" ? require.resolve("./vscode.js") : resolve.call(this, request, ...rest);
};
const { Document, Position, emitter, state } = require("vscode");

const BINARY = process.env.IMAGEWIRE;
const KEY = "wsk_SECRETsecret0123456789";
const root = fs.mkdtempSync(path.join(os.tmpdir(), "imagewire-vscode."));
// The settings of the user are not read.
for (const name of Object.keys(process.env)) {
  if (/^(WAVESPEED|OPENAI|IMAGEWIRE|XDG)_?/.test(name)) delete process.env[name];
}
process.env.HOME = root;

let context;
let folder;
let number = 0;

function start(main = path.join(__dirname, "../src/extension.js")) {
  const changed = emitter();
  const kept = new Map();
  context = {
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
  require(main).activate(context);
}

const stop = () => Promise.all(context.subscriptions.map((one) => one.dispose()));

beforeEach(() => {
  state.reset();
  folder = path.join(root, String(++number));
  fs.mkdirSync(folder);
  start();
  state.set("program", BINARY);
});
afterEach(stop);
after(() => fs.rmSync(root, { recursive: true, force: true }));

const note = (text = "", language) => new Document(path.join(folder, "note"), text, language);
const isImage = (file) => assert.equal(fs.readFileSync(file).subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
const told = (part) => assert.match(state.messages.map(({ text }) => text).join("\n"), part);
const run = (name, ...given) => state.commands[`imagewire.${name}`](...given);

/** The process ids of what the extension started. */
function children() {
  const ids = fs.readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim().split(" ").map(Number);
  assert.ok(ids.length > 0 && ids.every((id) => id > 0));
  return ids;
}

/** Waits for a condition; generous, because nothing takes this long unless it is broken. */
async function until(condition) {
  for (let end = Date.now() + 30_000; !condition(); ) {
    assert.ok(Date.now() < end, `waited in vain for ${condition}: ${JSON.stringify(state.messages)}`);
    await new Promise((wake) => setTimeout(wake, 5));
  }
}

test("a link lands at the cursor, and the image is there", async () => {
  const document = state.open(note("Here: !\n"), new Position(0, 6));
  state.answerInput = ({ prompt }) => (assert.equal(prompt, "Image of"), "a red fox in snow");
  await run("generate");
  assert.equal(document.text, "Here: ![a red fox in snow](images/a-red-fox-in-snow.png)!\n");
  isImage(path.join(folder, "images/a-red-fox-in-snow.png"));
  assert.deepEqual(state.messages, []);
  assert.equal(state.listeners, 0);
});

for (const [language, wanted] of Object.entries({
  markdown: '![a &lt;fox&gt; &amp; "co"](images/a-fox-co.png)',
  plaintext: '![a &lt;fox&gt; &amp; "co"](images/a-fox-co.png)',
  html: '<img src="images/a-fox-co.png" alt="a &lt;fox&gt; &amp; &quot;co&quot;">',
  latex: "\\includegraphics[width=\\linewidth]{images/a-fox-co.png}",
  org: "[[file:images/a-fox-co.png]]",
})) {
  test(`the link in ${language}`, async () => {
    const document = state.open(note("", language));
    await run("generate", 'a <fox> & "co"');
    assert.equal(document.text, wanted);
  });
}

const fixture = (name) => JSON.parse(fs.readFileSync(path.join(__dirname, "../../../Tests/Fixtures", `${name}.json`), "utf8"));

test("links follow the rules that all editors share", () => {
  const { formats, link } = require("../src/link.js");
  const shared = fixture("link-escapes").formats;
  for (const [name, rules] of Object.entries(formats)) {
    const { examples, ...rest } = shared[name];
    assert.deepEqual(rules, rest);
    for (const { path: file, description, out } of examples) assert.equal(link(name, file, description), out);
  }
});

test("what all editors hold for unsafe is in no link and in no message", () => {
  const { formats, link, short } = require("../src/link.js");
  const { plain } = require("../src/say.js");
  const { space, unsafe } = fixture("link-escapes");
  const [isSpace, isUnsafe] = [space, unsafe].map((ranges) => (character) =>
    ranges.some(([first, last]) => character.codePointAt() >= parseInt(first, 16) && character.codePointAt() <= parseInt(last, 16)));
  for (const { name, text, json, times = 1 } of fixture("hostile-text").strings) {
    const hostile = (json === undefined ? text : JSON.parse(json)).repeat(times);
    for (const shown of [short(hostile, 60), plain(hostile), ...Object.keys(formats).map((format) => link(format, "a.png", hostile))]) {
      assert.ok([...shown].every((character) => !isUnsafe(character) && (character === " " || !isSpace(character))), name);
    }
    const refused = [...hostile].some(isUnsafe);
    for (const format of Object.keys(formats)) if (refused) assert.equal(link(format, `x${hostile}`, ""), undefined, name);
    assert.doesNotMatch(plain(`[x](command:y) ${hostile}`), /\]\(/);
  }
});

test("a path that cannot be written safely is named and not inserted", async () => {
  const { linksTo } = require("../src/link.js");
  const file = { path: "/tmp/x}\\immediate\\write18{touch y}{.png" };
  for (const language of ["latex", "org"]) {
    assert.throws(() => linksTo([file], "a fox", note("", language)), /is saved, but (latex|org) cannot hold its path safely: \/tmp\/x/);
  }
  assert.match(linksTo([file], "a fox", note("")), /^!\[a fox\]\(\/tmp\/x%7D%5Cimmediate/);
});

test("a document without a file gets an absolute link", async () => {
  const document = state.open(new Document(undefined, ""));
  await run("generate", "a fox");
  const [, file] = /^!\[a fox\]\((\/.*\/outputs\/.*\.png)\)$/.exec(document.text);
  isImage(file);
});

test("the selection is the prompt, and the link goes below it", async () => {
  const document = state.open(note("a fox\nin snow\nend"), new Position(0, 0), new Position(2, 0));
  await run("generate");
  assert.equal(document.text, "a fox\nin snow\n![a fox in snow](images/a-fox-in-snow.png)\nend");
});

test("the document is changed meanwhile: the link lands where the command was given", async () => {
  state.set("input", { sandbox: { delay_ms: 300 } });
  const document = state.open(note("one\ntwo\nthree"), new Position(1, 3));
  const running = run("generate", "a fox");
  document.change(0, 0, "zero\n");
  document.change(9, 0, "number ");
  document.change(19, 0, " and more");
  await running;
  assert.equal(document.text, "zero\none\nnumber two![a fox](images/a-fox.png) and more\nthree");
});

test("a place after changes round it", () => {
  const { moved } = require("../src/place.js");
  const change = (rangeOffset, rangeLength, text) => ({ rangeOffset, rangeLength, text });
  assert.equal(moved(10, [change(10, 0, "at the place")]), 10);
  assert.equal(moved(10, [change(11, 5, "behind")]), 10);
  assert.equal(moved(10, [change(2, 3, "before")]), 13);
  assert.equal(moved(10, [change(8, 2, "")]), 8);
  assert.equal(moved(10, [change(5, 20, "all round")]), 5);
  assert.equal(moved(10, [change(20, 1, ""), change(6, 0, "ab"), change(0, 2, "")]), 10);
});

test("the document is closed or cannot be changed: the link is in the clipboard", async () => {
  for (const what of ["isClosed", "isReadOnly"]) {
    const document = state.open(note());
    const running = run("generate", "a fox");
    document[what] = true;
    await running;
    assert.match(state.clipboard, /^!\[a fox\]\(images\/a-fox(_2)?\.png\)$/);
    assert.equal(document.text, "");
  }
  told(/in the clipboard/);
});

test("quotes, newlines, emoji and 30,000 characters go through unchanged", async () => {
  const prompt = `a "fox" \\ {"json": 'yes'} \${x}\nsecond line\twith a tab\n\n🦊 狐 ${"x".repeat(30_000)}`;
  const document = state.open(note());
  await run("generate", prompt);
  const [, file] = /^!\[a "fox" .*…\]\((images\/a-fox-json-yes-x-second-line-with.*\.png)\)$/.exec(document.text);
  isImage(path.join(folder, file));
  const { Client } = await import("../../node/src/index.js");
  const client = new Client({ binary: BINARY });
  const { predictions: [{ id }] } = await client.list({ limit: 1 });
  assert.equal((await client.status(id, { full: true })).input.prompt, prompt);
  await client.close();
});

test("no words, no image", async () => {
  const document = state.open(note());
  await run("generate");
  assert.equal(document.text, "");
  state.reset();
  await run("generate");
  told(/open a document first/);
});

test("progress is reported, and cancelling says what it costs", async () => {
  state.set("input", { sandbox: { never: true } });
  const document = state.open(note("text"));
  const running = run("generate", "a fox");
  await until(() => state.progress.some(({ message }) => /^processing, \d+ s$/.test(message)));
  assert.deepEqual([state.progress[0].title, state.progress[0].cancellable], ["a fox", true]);
  state.cancel();
  await running;
  assert.equal(document.text, "text");
  told(/a fox: cancelled/);
  assert.equal(state.messages[0].level, "information");
});

test("what is cancelled before it is sent is never sent, and costs nothing", async () => {
  // A program that starts only when it is let: the command is given, and nothing can be sent yet.
  const gate = path.join(folder, "gate");
  const slow = path.join(folder, "slow");
  fs.writeFileSync(slow, `#!/bin/sh\nwhile [ ! -e '${gate}' ]; do sleep 0.02; done\nexec '${BINARY}' "$@"\n`, { mode: 0o755 });
  for (const program of [BINARY, slow]) {
    state.reset();
    state.set("program", program);
    const document = state.open(note("text"));
    const running = run("generate", "a heron that nobody wants");
    if (program === slow) await until(() => fs.readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim());
    state.cancel();
    await running;
    told(/a heron that nobody wants: cancelled before it was sent\. Nothing was spent\.$/);
    assert.equal(document.text, "text");
  }
  fs.writeFileSync(gate, "");
  const { Client } = await import("../../node/src/index.js");
  const client = new Client({ binary: BINARY });
  assert.deepEqual((await client.list({ text: "heron" })).predictions, []);
  await client.close();
});

test("an earlier image is inserted", async () => {
  const document = state.open(note());
  await run("generate", "a zebra of before");
  document.change(0, document.text.length, "here: ");
  state.open(document, new Position(0, 6));
  state.answerPick = (items) => {
    assert.match(items[0].description, /^completed, /);
    return items.find(({ label }) => label === "a zebra of before");
  };
  await run("insert");
  assert.equal(document.text, "here: ![a zebra of before](images/a-zebra-of-before.png)");
});

test("a prediction that fails says why, and inserts nothing", async () => {
  state.set("input", { sandbox: { fail: "content_refused" } });
  const document = state.open(note("text"));
  await run("generate", "a fox");
  told(/a fox: failed: .*Nothing is billed/);
  assert.equal(document.text, "text");
});

test("a provider without a key says what to set", async () => {
  state.set("provider", "wavespeed");
  state.open(note());
  await run("generate", "a fox");
  told(/not configured.*WAVESPEED_API_KEY/);
});

test("the key is kept as a secret, reaches the process, and no argument", async () => {
  let shown;
  state.answerInput = (options) => ((shown = options), ` ${KEY} `);
  await run("setKey");
  assert.equal(shown.password, true);
  assert.deepEqual([...context.kept.values()], [KEY]);
  // With a key the provider is WaveSpeedAI: at an address that does not answer, nothing is sent.
  process.env.WAVESPEED_BASE_URL = "http://127.0.0.1:9";
  state.open(note());
  const running = run("generate", "a fox");
  await until(() => state.progress.length > 0);
  for (const child of children()) {
    for (const what of ["cmdline", "environ"]) {
      assert.ok(!fs.readFileSync(`/proc/${child}/${what}`, "utf8").includes("SECRET"), what);
    }
  }
  state.cancel();
  await running;
  delete process.env.WAVESPEED_BASE_URL;
  assert.doesNotMatch(JSON.stringify([state.messages, state.progress]), /SECRET/);
  assert.doesNotMatch(JSON.stringify(state.messages), /not configured/);

  await run("forgetKey");
  assert.equal(context.kept.size, 0);
  const document = state.open(note());
  await run("generate", "a fox");
  assert.match(document.text, /^!\[a fox\]/);
});

test("a secret storage that is locked once is asked again", async () => {
  const { get } = context.secrets;
  context.secrets.get = async () => {
    context.secrets.get = get;
    throw new Error("the keyring is locked");
  };
  const document = state.open(note());
  await run("generate", "a fox");
  told(/the keyring is locked/);
  assert.equal(document.text, "");
  await run("generate", "a fox");
  assert.equal(document.text, "![a fox](images/a-fox.png)");
});

test("settings that change while the secret storage is asked in vain", async () => {
  let fail;
  const { get } = context.secrets;
  context.secrets.get = () => new Promise((_, reject) => (fail = () => reject(new Error("the keyring is locked"))));
  const document = state.open(note());
  const running = run("generate", "a fox");
  await until(() => fail);
  context.secrets.get = get;
  const renewed = stop();
  fail();
  await Promise.all([running, renewed]);
  told(/the keyring is locked/);
  assert.equal(document.text, "");
});

test("the program is missing, or too old", async () => {
  const document = state.open(note("text"));
  state.set("program", "/nowhere/imagewire");
  await run("generate", "a fox");
  told(/no program \/nowhere\/imagewire/);
  state.set("program", path.join(__dirname, "../../../Tests/Fixtures/old-imagewire"));
  await run("generate", "a fox");
  told(/0\.0\.9.*0\.1\.0/);
  assert.equal(document.text, "text");
  state.set("program", BINARY);
  await run("generate", "a fox");
  assert.match(document.text, /^!\[a fox\]/);
});

test("the process is killed in the middle: it fails at once, and the image is not lost", async () => {
  state.set("input", { sandbox: { delay_ms: 3000 } });
  const document = state.open(note());
  const running = run("generate", "a fox that survives");
  await until(() => state.progress.length > 0);
  for (const child of children()) process.kill(child, "SIGKILL");
  await running;
  told(/SIGKILL/);
  assert.equal(document.text, "");
  state.answerPick = (items) => items.find(({ label }) => label === "a fox that survives");
  await until(() => {
    if (document.text === "") run("insert");
    return document.text !== "";
  });
  assert.match(document.text, /^!\[a fox that survives\]\(images\/a-fox-that-survives\.png\)/);
});

test("two windows on one state directory", async () => {
  const one = state.open(note());
  const first = run("generate", "one boat");
  const firstContext = context;
  start();
  const two = state.open(note());
  const second = run("generate", "another boat");
  await Promise.all([first, second]);
  assert.equal(one.text, "![one boat](images/one-boat.png)");
  assert.equal(two.text, "![another boat](images/another-boat.png)");
  await Promise.all(firstContext.subscriptions.map((each) => each.dispose()));
});

test("the packed extension works where there is nothing but itself", async () => {
  const packed = execFileSync(process.execPath, [path.join(__dirname, "../package.mjs"), folder]).toString().trim();
  execFileSync("python3", ["-m", "zipfile", "-e", packed, path.join(folder, "unpacked")]);
  await stop();
  start(path.join(folder, "unpacked/extension/src/extension.js"));
  const document = state.open(note());
  await run("generate", "a fox");
  assert.equal(document.text, "![a fox](images/a-fox.png)");
  const manifest = fs.readFileSync(path.join(folder, "unpacked/extension.vsixmanifest"), "utf8");
  assert.match(manifest, /Id="imagewire-vscode" Version="0\.1\.0" Publisher="imagewire"/);
});

test("the manifest tells what the extension does", () => {
  const manifest = require("../package.json");
  const declared = manifest.contributes.commands.map(({ command }) => command).sort();
  assert.deepEqual(declared, Object.keys(state.commands).sort());
  assert.ok(fs.existsSync(path.join(__dirname, "..", manifest.main)));
  // A folder that is opened must not choose which program is started.
  assert.equal(manifest.contributes.configuration.properties["imagewire.program"].scope, "machine");
  for (const name of Object.keys(manifest.contributes.configuration.properties)) {
    assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(name), name);
  }
  assert.ok(!("dependencies" in manifest));
});
