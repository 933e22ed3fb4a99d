"use strict";

// The command that makes an image: its words, its place, its step of undoing.

const assert = require("node:assert/strict");
const path = require("node:path");
const { test } = require("node:test");
const { client, isImage, note, open, run, session, told, until } = require("./support.js");
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

test("typing goes on meanwhile: the link lands where the command was given [editor 1, 2]", async () => {
  state.set("input", { sandbox: { delay_ms: 300 } });
  const document = open("one\ntwo|\nthree");
  const running = run("generate", "a fox");
  await until(() => state.progress.length > 0);
  document.change(0, 0, "zero\n");
  document.change(9, 0, "number ");
  document.change(19, 0, " and more");
  await running;
  assert.equal(document.text, "zero\none\nnumber two![a fox](images/a-fox.png) and more\nthree");
});

test("one undo removes the link and nothing else [editor 3]", async () => {
  state.set("input", { sandbox: { delay_ms: 300 } });
  const document = open("|");
  document.change(0, 0, "typed before");
  const running = run("generate", "a fox");
  await until(() => state.progress.length > 0);
  document.change(12, 0, ", typed after");
  await running;
  assert.match(document.text, /!\[a fox\]/);
  document.undo();
  assert.equal(document.text, "typed before, typed after");
});

test("in a word the link follows it, at its edges the cursor [editor 4]", async () => {
  for (const [text, wanted] of [
    ["a qu|ick fox", "a quick![f](images/f.png) fox"],
    ["a |quick fox", "a ![f](images/f_2.png)quick fox"],
    ["a quick| fox", "a quick![f](images/f_3.png) fox"],
    ["grü|ße", "grüße![f](images/f_4.png)"],
  ]) {
    const document = open(text);
    await run("generate", "f");
    assert.equal(document.text, wanted);
  }
});

test("with the option the link is a paragraph of its own below that of the cursor [editor 5]", async () => {
  state.set("ownParagraph", true);
  for (const [text, wanted] of [
    ["on|e\ntwo\n\nthree\n", "one\ntwo\n\nLINK\n\nthree\n"],
    ["one\ntw|o", "one\ntwo\n\nLINK"],
    ["one\n|\nthree", "one\n\nLINK\n\nthree"],
    ["|", "LINK"],
  ]) {
    const document = open(text);
    await run("generate", "f");
    assert.equal(document.text.replace(/!\[f\]\([^)]*\)/, "LINK"), wanted);
  }
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
