"use strict";

// The commands on the image under the cursor.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { client, count, cursor, isHost, isImage, note, open, run, session, told, until, wavespeed } = require("./support.js");
const { state } = require("./window.js");

/** A document with an image that was made there, with the cursor in its link. */
async function withImage(prompt, text = "see | here", language = "markdown") {
  const document = open(text, language);
  await run("generate", prompt);
  cursor(document, prompt.split(" ").at(-1));
  return document;
}

/** The newest prediction, whole. */
async function newest() {
  const one = await client();
  const { predictions: [{ id }] } = await one.list({ limit: 1 });
  const whole = await one.status(id, { full: true });
  await one.close();
  return whole;
}

test("change sends the image with new words, after a question; the new link follows the old one [editor 22, 23]", async () => {
  const document = await withImage("a red fox");
  const made = await newest();
  state.answerInput = ({ prompt }) => (assert.equal(prompt, "What to change in a-red-fox.png"), "make it blue");
  state.answerModal = () => "Send";
  await run("change");
  assert.deepEqual(state.modals, [{ text: "imagewire: Send the image a-red-fox.png to sandbox?", actions: ["Send"] }]);
  assert.equal(document.text, "see ![a red fox](images/a-red-fox.png) ![make it blue](images/make-it-blue.png) here");
  isImage(path.join(session.folder, "images/make-it-blue.png"));
  const { input, tags } = await newest();
  assert.deepEqual(input, { prompt: "make it blue", image: `@${path.join(session.folder, "images/a-red-fox.png")}` });
  assert.deepEqual(tags, ["vscode", `from:${made.id}`]);
  assert.deepEqual(state.messages, []);
});

test("without a yes nothing is sent; without the question by an option [editor 22]", async () => {
  const document = await withImage("a grey owl");
  const before = document.text;
  state.answerInput = () => "make it a snowy ouzel";
  await run("change");
  assert.equal(state.modals.length, 1);
  assert.equal(await count({ text: "ouzel" }), 0);
  assert.equal(document.text, before);
  state.set("askUpload", false);
  await run("change");
  assert.equal(state.modals.length, 1);
  assert.match(document.text, /make-it-a-snowy-ouzel/);
});

test("the model that edits and its field are those of the catalogue [editor 22]", async () => {
  const field = { type: "array", items: { type: "string" } };
  const item = (name, properties) => ({
    model_id: name, name, type: "image-to-image", base_price: 0.05,
    api_schema: { api_schemas: [{ type: "model_run", method: "POST", server: "", api_path: `/api/v3/${name}`, request_schema: { type: "object", required: ["prompt"], properties: { prompt: { type: "string" }, ...properties } } }] },
  });
  const server = await wavespeed({ catalogue: [item("acme/painter/text-to-image", {}), item("acme/painter/edit", { size: { type: "string" }, images: field })], polls: 0 });
  state.set("model", "acme/painter/text-to-image");
  const document = open("see | here");
  await run("generate", "a fox");
  cursor(document, "fox");
  state.answerInput = () => "add snow";
  state.answerModal = () => "Send";
  await run("change");
  told(/^$/);
  assert.equal(state.modals[0].text, "imagewire: Send the image a-fox.png to wavespeed?");
  const [, post] = await server.posts();
  assert.match(post.path, /acme\/painter\/edit/);
  const body = JSON.parse(post.body);
  assert.equal(body.prompt, "add snow");
  assert.match(body.images[0], /^http/);
});

test("a model that takes no image, or does not say where, is not guessed at [editor 22]", async () => {
  const server = await wavespeed({ polls: 0 });
  for (const [model, message] of [
    ["acme/mystery", /wavespeed does not say where the model acme\/mystery takes an image\. Nothing was sent/],
    ["acme/painter", /the model acme\/painter takes no image\. Nothing was sent/],
  ]) {
    state.set("model", model);
    fs.writeFileSync(path.join(session.folder, "mine.png"), Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.from(model)]));
    open("![x](mine.png)|");
    state.answerInput = () => "add snow";
    await run("change");
    told(message);
  }
  assert.deepEqual(state.modals, []);
  assert.deepEqual(await server.posts(), []);
});

test("with the option the new link takes the place of the old one [editor 23]", async () => {
  state.set("replace", true);
  state.answerModal = () => "Send";
  for (const language of ["markdown", "html", "latex", "org", "restructuredtext", "asciidoc", "typst", "norg", "javascript"]) {
    const document = open("|", language);
    await run("generate", "b");
    const old = document.text;
    cursor(document, "images/");
    state.answerInput = () => "c";
    await run("change");
    assert.equal(document.text.replace(/images\/c(_\d)?/, (name) => name.replace("c", "b")).replaceAll(/\bc\b/g, "b").replace(/_\d/, ""), old.replace(/_\d/, ""), language);
    assert.notEqual(document.text, old);
  }
});

test("vary has another seed, again the same input [editor 24, 25]", async () => {
  state.set("input", { size: "64x64" });
  const document = await withImage("a wren of the hedge");
  state.set("input", {});
  await run("vary");
  const varied = await newest();
  assert.equal(varied.input.prompt, "a wren of the hedge");
  assert.equal(varied.input.size, "64x64");
  assert.ok(Number.isInteger(varied.input.seed) && varied.input.seed >= 0 && varied.input.seed < 2 ** 31);
  cursor(document, "hedge]");
  await run("vary");
  assert.notEqual((await newest()).input.seed, varied.input.seed);
  cursor(document, "hedge](images/a-wren-of-the-hedge.png");
  await run("again");
  assert.deepEqual((await newest()).input, { prompt: "a wren of the hedge", size: "64x64" });
  assert.equal(document.text.match(/!\[a wren of the hedge\]\(images\/a-wren-of-the-hedge(_\d)?\.png\)/g).length, 4);
  assert.deepEqual([state.messages, state.modals], [[], []]);
});

test("again with an input that has a file asks before it is sent [editor 25]", async () => {
  const document = await withImage("a coot");
  state.answerInput = () => "with a hat";
  state.answerModal = () => "Send";
  await run("change");
  cursor(document, "hat]");
  state.answerModal = () => undefined;
  const before = await count();
  await run("again");
  assert.equal(await count(), before);
  assert.match(state.modals.at(-1).text, /Send the image with-a-hat\.png to sandbox\?/);
  state.answerModal = () => "Send";
  await run("again");
  const { input } = await newest();
  assert.match(input.image, /^@.*a-coot\.png$/);
});

test("an image that imagewire did not make is not made again [editor 24, 25, 26]", async () => {
  const document = open("![x](mine.png)|");
  fs.writeFileSync(path.join(session.folder, "mine.png"), Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.from(session.folder)]));
  const before = await count();
  for (const command of ["vary", "again", "history"]) {
    state.messages.length = 0;
    await run(command);
    told(/imagewire did not make this image/);
  }
  assert.equal(await count(), before);
  assert.equal(document.text, "![x](mine.png)");
});

test("history lists what an image was made from and what was made from it [editor 26]", async () => {
  const document = await withImage("a first heron");
  state.answerModal = () => "Send";
  for (const words of ["a second heron", "a third heron"]) {
    state.answerInput = () => words;
    await run("change");
    cursor(document, words);
  }
  state.answerPick = (items) => {
    assert.deepEqual(items.map(({ label }) => label), ["a second heron", "a first heron"]);
    assert.match(items[0].description, /^\$\(arrow-up\) made from · completed, image · just now · free$/);
    return items[1];
  };
  await run("history");
  assert.match(document.text, /!\[a third heron\]\(images\/a-third-heron\.png\) !\[a first heron\]\(images\/a-first-heron\.png\)/);
  cursor(document, "a second heron");
  state.answerPick = (items) => void assert.deepEqual(
    items.map(({ label, description }) => [label, description.split(" · ")[0]]),
    [["a first heron", "$(arrow-up) made from"], ["a third heron", "$(arrow-down) made from it"]],
  );
  await run("history");
  assert.deepEqual(state.messages, []);
});

test("a link whose file is gone, remote or no image: one line, and nothing is sent [editor 27]", async () => {
  fs.writeFileSync(path.join(session.folder, "text.png"), "no image");
  fs.mkdirSync(path.join(session.folder, "folder.png"));
  const before = await count();
  for (const [target, message] of [
    ["gone.png", /gone\.png is not there\. Nothing was sent/],
    ["https://example.org/a.png", /https:\/\/example\.org\/a\.png is not on this machine\. Nothing was sent/],
    ["//example.org/a.png", /is not on this machine/],
    ["data:image/png;base64,iVBORw0KGgo", /is not on this machine/],
    ["text.png", /text\.png is no image\. Nothing was sent/],
    ["folder.png", /folder\.png is no image/],
  ]) {
    for (const command of ["change", "vary", "again"]) {
      state.messages.length = 0;
      open(`![x](${target}|)`);
      state.answerInput = () => assert.fail("asked for words");
      await run(command);
      told(message);
      assert.equal(state.messages.length, 1);
    }
  }
  state.messages.length = 0;
  open("no link| here");
  await run("change");
  told(/there is no link to an image under the cursor/);
  assert.equal(await count(), before);
});

test("two changes of one image give two links, also where the first takes its place [editor 28]", async () => {
  for (const replace of [false, true]) {
    state.set("replace", replace);
    const document = await withImage("a kite", "see | here");
    state.set("input", { sandbox: { delay_ms: 300 } });
    state.answerModal = () => "Send";
    const words = ["one wing", "two wings"];
    state.answerInput = () => words.shift();
    await Promise.all([run("change"), run("change")]);
    for (const name of ["one wing", "two wings"]) assert.equal(document.text.split(`![${name}]`).length, 2, document.text);
    assert.equal(document.text.includes("![a kite]"), !replace);
    assert.match(document.text, /^see !.*\) here$/);
  }
});

test("the link is found in each format, wherever the cursor is in it, and by its spelling [editor 18, 22]", { skip: isHost }, () => {
  const { linksIn } = require("../src/find.js");
  const { link } = require("../src/link.js");
  const { formats, more } = require("../src/formats.js");
  const names = ["images/a-fox.png", "Ein schöner Ordner/a b.png", "a'b,c@d+e.png", "狐/été.png"];
  for (const format of [...Object.keys(formats), ...Object.keys(more)]) {
    for (const name of names) {
      const written = link(format, name, 'a "fox" [x] (y) {z} <b> \\ ]] end');
      if (written === undefined) continue;
      const [found, ...others] = linksIn(`before\n${written}\nafter`, format);
      assert.deepEqual(found, { start: 7, end: 7 + written.length, target: name }, format);
      assert.deepEqual(others, []);
    }
  }
});

test("a document full of beginnings of links is searched quickly [editor 1]", { skip: isHost }, () => {
  const { linksIn } = require("../src/find.js");
  for (const format of ["markdown", "html", "org", "latex", "restructuredtext", "asciidoc", "typst", "norg", "code"]) {
    for (const part of ["![a](", "![", "\\", "<img src=", "<img ", "[[file:", "\\includegraphics{", "\\begin{figure}\n", ".. image:: ", "image::", '#image("a", ', '"a', "x.png", "((", "#+CAPTION: a\n"]) {
      const begun = performance.now();
      linksIn(part.repeat(Math.ceil(20_000 / part.length)), format);
      assert.ok(performance.now() - begun < 2_000, `${format} ${part} ${performance.now() - begun} ms`);
    }
  }
});
