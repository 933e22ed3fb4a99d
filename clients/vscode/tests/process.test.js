"use strict";

// The process: a program that is missing or too old, its death, two windows.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { BINARY, children, note, run, session, start, told, until } = require("./support.js");
const { state } = require("./vscode.js");

test("the program is missing, or too old", async () => {
  const document = state.open(note("text"));
  state.set("program", "/nowhere/imagewire");
  await run("generate", "a fox");
  told(/program \/nowhere\/imagewire was not found/);
  state.set("program", path.join(__dirname, "../../../Tests/Fixtures/old-imagewire"));
  await run("generate", "a fox");
  told(/0\.0\.9.*0\.1\.0/);
  assert.equal(document.text, "text");
  state.set("program", BINARY);
  await run("generate", "a fox");
  assert.match(document.text, /^!\[a fox\]/);
});

test("without a setting the program is the one inside the extension, or that of a variable", async () => {
  const folder = path.join(__dirname, "../bin");
  const { IMAGEWIRE } = process.env;
  state.open(note());
  state.set("program", "");
  try {
    process.env.IMAGEWIRE = "/nowhere/else";
    await run("generate", "a fox");
    told(/program \/nowhere\/else was not found/);
    process.env.IMAGEWIRE = "";
    fs.mkdirSync(folder);
    fs.symlinkSync(path.join(__dirname, "../../../Tests/Fixtures/old-imagewire"), path.join(folder, "imagewire"));
    state.set("program", "");
    await run("generate", "a fox");
    told(/0\.0\.9.*0\.1\.0/);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
    if (IMAGEWIRE === undefined) delete process.env.IMAGEWIRE;
    else process.env.IMAGEWIRE = IMAGEWIRE;
    state.set("program", BINARY);
  }
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
  const firstContext = session.context;
  start();
  const two = state.open(note());
  const second = run("generate", "another boat");
  await Promise.all([first, second]);
  assert.equal(one.text, "![one boat](images/one-boat.png)");
  assert.equal(two.text, "![another boat](images/another-boat.png)");
  await Promise.all(firstContext.subscriptions.map((each) => each.dispose()));
});
