"use strict";

// The list of images, and what it does with one.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { client, count, open, run, session, told, until } = require("./support.js");
const { state } = require("./window.js");

/** Chooses the image of a prompt in the list, and then an action; `seen` gets both lists. */
function choose(prompt, action, seen = () => {}) {
  state.answerPick = (items, options) => {
    seen(items, options);
    const wanted = options.placeHolder === "Images of all editors" || options.placeHolder === "Which image?" ? prompt : action;
    return items.find(({ label }) => label.endsWith(wanted));
  };
}

test("the list shows prompt, age, cost, status and a small image [editor 33]", async () => {
  open("|");
  await run("generate", "a stork of the list $(trash)");
  choose("", "", ([item]) => {
    assert.equal(item.label, "a stork of the list $ (trash)");
    assert.equal(item.description, "completed, image · just now · free");
    assert.ok(fs.statSync(item.iconPath.fsPath ?? item.iconPath.path).size > 0);
    throw new Error("seen");
  });
  await run("list");
  told(/seen/);
});

test("an earlier image is inserted; those that failed or were cancelled are not offered [editor 33, 34]", async () => {
  const document = open("|");
  await run("generate", "a zebra of before");
  state.set("input", { sandbox: { fail: "content_refused" } });
  await run("generate", "a failed zebra");
  state.set("input", { sandbox: { never: true } });
  const running = run("generate", "a cancelled zebra");
  await until(() => state.progress.some(({ title, message }) => title === "a cancelled zebra" && message?.startsWith("processing")));
  state.cancel();
  await running;
  document.change(0, document.text.length, "here: ");
  state.open(document, document.positionAt(6));
  choose("a zebra of before", "", (items) => {
    assert.ok(!items.some(({ label }) => /failed|cancelled/.test(label)));
    assert.match(items[0].description, /^completed, image · /);
  });
  await run("insert");
  assert.equal(document.text, "here: ![a zebra of before](images/a-zebra-of-before.png)");
  choose("", "", (items) => {
    assert.ok(items.some(({ label, description }) => label === "a cancelled zebra" && description.startsWith("cancelled")));
    throw new Error("seen");
  });
  await run("list");
  told(/seen/);
});

test("from the list an image is inserted, opened, its prompt copied, and changed [editor 34]", async () => {
  const document = open("|");
  await run("generate", "a crane of the list");
  const file = path.join(session.folder, "images/a-crane-of-the-list.png");
  choose("a crane of the list", "Open");
  await run("list");
  assert.deepEqual(state.opened.at(-1), ["vscode.open", `file://${file}`]);
  choose("a crane of the list", "Copy the prompt");
  await run("list");
  assert.equal(state.clipboard, "a crane of the list");
  choose("a crane of the list", "Insert the link");
  await run("list");
  assert.equal(document.text, "![a crane of the list](images/a-crane-of-the-list.png)".repeat(2));
  choose("a crane of the list", "Change the image…");
  state.answerInput = () => "with a hat";
  state.answerModal = () => "Send";
  await run("list");
  assert.match(state.modals[0].text, /Send the image a-crane-of-the-list\.png to sandbox\?/);
  assert.match(document.text, /with-a-hat\.png/);
});

test("from the list an image is deleted, after a question [editor 34]", async () => {
  open("|");
  await run("generate", "a rail of the list");
  const file = path.join(session.folder, "images/a-rail-of-the-list.png");
  choose("a rail of the list", "Delete…");
  await run("list");
  assert.deepEqual(state.modals, [{ text: "imagewire: Delete “a rail of the list” and its files (1) for good?", actions: ["Delete"] }]);
  assert.ok(fs.existsSync(file));
  state.answerModal = () => "Delete";
  await run("list");
  assert.equal(fs.existsSync(file), false);
  assert.equal(await count({ text: "a rail of the list" }), 0);
});

test("an image whose file is gone is not inserted [editor 27, 34]", async () => {
  const document = open("text|");
  await run("generate", "a bittern of the list");
  document.undo();
  fs.rmSync(path.join(session.folder, "images/a-bittern-of-the-list.png"));
  choose("a bittern of the list", "");
  await run("insert");
  told(/the file .*a-bittern-of-the-list\.png is not there any more/);
  assert.equal(document.text, "text");
});

test("from the list an image in progress is cancelled [editor 34]", async () => {
  const one = await client();
  const { id } = await one.submit("a bustard of the list", { input: { sandbox: { never: true } } });
  choose("a bustard of the list", "Cancel", (items) => assert.ok(!items.some(({ label }) => label.endsWith("Delete…"))));
  await run("list");
  told(/a bustard of the list: cancelled/);
  assert.equal((await one.status(id)).status, "cancelled");
  await one.close();
});
