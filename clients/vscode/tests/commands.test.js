"use strict";

// The command that makes an image: its words, and cancelling it.

const assert = require("node:assert/strict");
const path = require("node:path");
const { test } = require("node:test");
const { client, count, isImage, note, open, run, session, slowProgram, told, until } = require("./support.js");
const { Document, Position, state } = require("./window.js");

test("a link lands at the cursor, without a message, and nothing listens afterwards [editor 1, 7]", async () => {
  const listeners = state.listeners;
  const document = open("Here: |!\n");
  state.answerInput = ({ prompt }) => (assert.equal(prompt, "Image of"), "a red fox in snow");
  await run("generate");
  assert.equal(document.text, "Here: ![a red fox in snow](images/a-red-fox-in-snow.png)!\n");
  isImage(path.join(session.folder, "images/a-red-fox-in-snow.png"));
  assert.deepEqual([state.messages, state.modals], [[], []]);
  assert.equal(state.listeners, listeners);
});

test("the selected text is the prompt, behind the words that are given; the link goes below it [editor 6]", async () => {
  const document = state.open(note("a fox\nin snow\nend"), new Position(0, 0), new Position(2, 0));
  await run("generate");
  assert.equal(document.text, "a fox\nin snow\n![a fox in snow](images/a-fox-in-snow.png)\nend");
  const other = state.open(note("see a fox here"), new Position(0, 4), new Position(0, 9));
  await run("generate", "a watercolour of");
  assert.equal(other.text, "see a fox here\n![a watercolour of a fox](images/a-watercolour-of-a-fox.png)");
});

test("a long prompt with everything in it arrives unchanged, and its link is one line [editor 8]", async () => {
  const prompt = `a "fox" \\ {"json": 'yes'} \${x} 100% #1 %20\nsecond line\twith a tab\n\n🦊 狐 שועל ثعلب ${"x".repeat(30_000)}`;
  const document = open("|");
  await run("generate", prompt);
  const [, file] = /^!\[a "fox" .*…\]\((images\/a-fox-json-yes-x-100-1-20-second-line.*\.png)\)$/.exec(document.text);
  isImage(path.join(session.folder, file));
  const one = await client();
  const { predictions: [{ id }] } = await one.list({ limit: 1 });
  assert.equal((await one.status(id, { full: true })).input.prompt, prompt);
  await one.close();
});

test("no words, no image; no document, one message [editor 7]", async () => {
  const document = open("|");
  for (const answer of [undefined, "", " \n "]) {
    state.answerInput = () => answer;
    await run("generate");
  }
  assert.equal(document.text, "");
  assert.deepEqual(state.messages, []);
  state.reset();
  await run("generate");
  told(/open a document first/);
});

test("a document without a file gets an absolute link [editor 13]", async () => {
  const document = state.open(new Document(undefined, ""));
  await run("generate", "a fox");
  const [, file] = /^!\[a fox\]\((\/.*\/outputs\/.*\.png)\)$/.exec(document.text);
  isImage(file);
});

test("messages are one line, whatever others say, and without a question of a dialog [editor 1, 42]", async () => {
  state.set("input", { sandbox: { fail: "content_refused" } });
  const document = open("text|");
  await run("generate", `a fox\nwith [a link](command:evil) and \u202e ${"x".repeat(2_000)}`);
  told(/^imagewire: a fox with \[a link\] \(command:evil\) and x+…: failed: .*Nothing is billed/);
  assert.equal(document.text, "text");
  assert.ok(state.messages.every(({ text }) => !/[\n\r\u202e]/.test(text) && text.length < 1_200));
  assert.deepEqual(state.modals, []);
});
test("what is cancelled before it is sent is never sent, and costs nothing [editor 9]", async () => {
  const { slow, release, isStarted } = slowProgram();
  state.set("program", slow);
  const document = open("text|");
  const running = run("generate", "a heron that nobody wants");
  await until(() => isStarted() && state.cancel);
  state.cancel();
  await running;
  told(/a heron that nobody wants: cancelled before it was sent\. Nothing was spent\.$/);
  assert.equal(document.text, "text");
  release();
  assert.equal(await count({ text: "heron" }), 0);
});
