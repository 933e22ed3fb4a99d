"use strict";

// Where the link goes when the document has changed.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { note, run, told } = require("./support.js");
const { Position, state } = require("./vscode.js");

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
