"use strict";

// Images at their links: beside the line, and under the mouse.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { isHost, note, open, run, session, told, until } = require("./support.js");
const { Position, state } = require("./window.js");

const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg==", "base64");
const image = (name) => {
  const file = path.join(session.folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, png);
  return file;
};

test("images are shown at their links, as soon as a document is opened, and hidden by a command [editor 35]", async () => {
  const [one, two] = [image("images/one.png"), image("Zwei schöne (2).png")];
  open("|![one](images/one.png)\n\n![](Zwei%20sch%C3%B6ne%20%282%29.png) ![](https://example.org/x.png) ![](gone.png)\n![again](images/one.png)");
  await until(() => state.shown.length === 2);
  assert.deepEqual(state.shown, [two, one].sort());
  await run("hide");
  assert.deepEqual(state.shown, []);
  // Hidden also in the documents that are opened now.
  const document = open("|![one](images/one.png)", "markdown", "other.md");
  await run("show");
  assert.deepEqual(state.shown, [one]);
  document.change(0, document.text.length, "no image any more");
  await until(() => state.shown.length === 0);
  document.change(0, 0, "![](images/one.png)");
  await until(() => state.shown.length === 1);
  assert.deepEqual(state.messages, []);
});

test("a new image is shown at its link [editor 35]", async () => {
  open("|");
  await run("generate", "a fox");
  await until(() => state.shown.length === 1);
  assert.deepEqual(state.shown, [path.join(session.folder, "images/a-fox.png")]);
});

test("where there is nothing to show, the command says why [editor 36]", async () => {
  fs.writeFileSync(path.join(session.folder, "old.tiff"), "II*\0 and so on");
  fs.writeFileSync(path.join(session.folder, "film.mp4"), "\0\0\0\x18ftypisom");
  for (const [text, message] of [
    ["no link|", /this document has no link to an image/],
    ["![x](old.tiff)|", /VS Code cannot show TIFF: it shows PNG, JPEG, GIF, WebP and BMP/],
    ["[x](film.mp4)|", /VS Code cannot show \.mp4/],
    ["![x](gone.png)|", /gone\.png is not there/],
    ["![x](https://example.org/a.png)|", /is not on this machine, and only files of this machine are shown/],
  ]) {
    state.messages.length = 0;
    open(text);
    await run("show");
    told(message);
    assert.equal(state.messages.length, 1);
  }
});

test("the image is under the mouse, with commands for it and without anything of others [editor 35]", async () => {
  const name = "a](command:evil) <b>&.png";
  const file = image(name);
  const document = note(`see ![x](${encodeURIComponent(name).replace(/[()]/g, (one) => `%${one.charCodeAt(0).toString(16)}`)}) here`);
  state.open(document);
  const text = await state.hover(document, new Position(0, 6));
  assert.match(text, /^!\[\]\(file:\/\/\/[^()<>&\s]*a%5D%28command%3Aevil%29%20%3Cb%3E%26\.png\|width=320\)/);
  assert.doesNotMatch(text, /\]\(command:(?!imagewire\.(change|vary|again|history)\?)|<b>/);
  const [, given] = /\[Vary\]\(command:imagewire\.vary\?([^)]*)\)/.exec(text);
  assert.deepEqual(JSON.parse(decodeURIComponent(given)), [{ uri: String(document.uri), offset: 6 }]);
  assert.equal(await state.hover(document, new Position(0, 1)), undefined);
  assert.ok(fs.existsSync(file));
});

test("a command of the hover is for its image, wherever the cursor is [editor 24]", async () => {
  const document = open("|");
  await run("generate", "a fox");
  state.open(document, new Position(0, 0));
  document.change(0, 0, "far away\n");
  await run("again", { uri: String(document.uri), offset: 12 });
  assert.match(document.text, /^far away\n!\[a fox\]\(images\/a-fox\.png\)\n!\[a fox\]\(images\/a-fox_2\.png\)$/);
  assert.ok(isHost || document.steps.at(-1).isEdit);
});
