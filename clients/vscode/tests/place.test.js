"use strict";

// The place of a link, and its step of undoing.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { isHost, open, run, until } = require("./support.js");
const { state } = require("./window.js");

test("the document is changed meanwhile: the link lands where the command was given [editor 1, 2]", async () => {
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

test("a document with CRLF keeps it [editor 5]", { skip: isHost }, async () => {
  state.set("ownParagraph", true);
  const document = Object.assign(open("one|\r\ntwo\r\n\r\nthree\r\n"), { eol: 2 });
  await run("generate", "f");
  assert.equal(document.text, "one\r\ntwo\r\n\r\n![f](images/f.png)\r\n\r\nthree\r\n");
});

test("a place after changes round it", { skip: isHost }, () => {
  const { moved } = require("../src/place.js");
  const change = (rangeOffset, rangeLength, text) => ({ rangeOffset, rangeLength, text });
  assert.equal(moved(10, [change(10, 0, "at the place")]), 10);
  assert.equal(moved(10, [change(10, 0, "at the start of a link")], true), 32);
  assert.equal(moved(10, [change(11, 5, "behind")]), 10);
  assert.equal(moved(10, [change(2, 3, "before")]), 13);
  assert.equal(moved(10, [change(8, 2, "")]), 8);
  assert.equal(moved(10, [change(5, 20, "all round")]), 5);
  assert.equal(moved(10, [change(20, 1, ""), change(6, 0, "ab"), change(0, 2, "")]), 10);
});
