"use strict";

// The commands that make, cancel and insert images.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { BINARY, isImage, note, run, session, told, until } = require("./support.js");
const { Document, Position, state } = require("./vscode.js");

test("a link lands at the cursor, and the image is there", async () => {
  const document = state.open(note("Here: !\n"), new Position(0, 6));
  state.answerInput = ({ prompt }) => (assert.equal(prompt, "Image of"), "a red fox in snow");
  await run("generate");
  assert.equal(document.text, "Here: ![a red fox in snow](images/a-red-fox-in-snow.png)!\n");
  isImage(path.join(session.folder, "images/a-red-fox-in-snow.png"));
  assert.deepEqual(state.messages, []);
  assert.equal(state.listeners, 0);
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

test("quotes, newlines, emoji and 30,000 characters go through unchanged", async () => {
  const prompt = `a "fox" \\ {"json": 'yes'} \${x}\nsecond line\twith a tab\n\n🦊 狐 ${"x".repeat(30_000)}`;
  const document = state.open(note());
  await run("generate", prompt);
  const [, file] = /^!\[a "fox" .*…\]\((images\/a-fox-json-yes-x-second-line-with.*\.png)\)$/.exec(document.text);
  isImage(path.join(session.folder, file));
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
  const gate = path.join(session.folder, "gate");
  const slow = path.join(session.folder, "slow");
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
    assert.match(items[0].description, /^completed, image, /);
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
