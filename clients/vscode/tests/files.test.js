"use strict";

// Where files go, and how they are linked.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { test } = require("node:test");
const { count, isHost, isImage, note, open, run, session, told } = require("./support.js");
const { state } = require("./window.js");

const linked = (document) => /\(([^)]*)\)/.exec(document.text)[1];

test("the folder is relative, absolute, of the home, or has variables [editor 12]", async () => {
  const at = (name) => path.join(session.folder, name);
  state.project = session.folder;
  for (const [setting, folder] of [
    ["pictures/here", at("texts/pictures/here")],
    ["../beside", at("beside")],
    [at("absolute"), at("absolute")],
    ["~/of-home", path.join(os.homedir(), "of-home")],
    ["${fileBasenameNoExtension}.files", at("texts/my note.files")],
    ["${fileDirname}/x", at("texts/x")],
    ["${workspaceFolder}/assets", at("assets")],
    ["${unknown}", at("texts/${unknown}")],
  ]) {
    state.set("folder", setting);
    const document = open("|", "markdown", "texts/my note.md");
    await run("generate", "a fox");
    isImage(path.join(folder, "a-fox.png"));
    const relative = path.relative(at("texts"), path.join(folder, "a-fox.png"));
    assert.equal(decodeURIComponent(linked(document)), relative, setting);
  }
});

test("another extension gives the folder as a function of the document [editor 12]", { skip: isHost }, async () => {
  session.api.useFolder((document) => `${path.basename(document.uri.fsPath)}-images`);
  try {
    const document = open("|", "markdown", "one.md");
    await session.api.generate("a fox");
    assert.equal(document.text, "![a fox](one.md-images/a-fox.png)");
  } finally {
    session.api.useFolder(undefined);
  }
});

test("below the project a link is relative, and nothing is copied [editor 13]", async () => {
  const first = open("|", "markdown", "project/assets/one.md");
  await run("generate", "a zebra");
  isImage(path.join(session.folder, "project/assets/images/a-zebra.png"));
  state.project = path.join(session.folder, "project");
  const document = open("|", "markdown", "project/texts/two.md");
  state.answerPick = (items) => items.find(({ label }) => label === "a zebra");
  await run("insert");
  assert.equal(document.text, "![a zebra](../assets/images/a-zebra.png)");
  assert.equal(fs.existsSync(path.join(session.folder, "project/texts/images")), false);
  assert.ok(first.text);
});

test("an image from elsewhere is copied into the folder, once, with the umask's mode [editor 14, 15]", async () => {
  open("|", "markdown", "elsewhere/one.md");
  await run("generate", "a yak");
  const original = path.join(session.folder, "elsewhere/images/a-yak.png");
  assert.equal(fs.statSync(original).mode & 0o777, 0o666 & ~process.umask());
  fs.chmodSync(original, 0o400);
  state.answerPick = (items) => items.find(({ label }) => label === "a yak");
  fs.mkdirSync(path.join(session.folder, "here/images"), { recursive: true });
  fs.writeFileSync(path.join(session.folder, "here/images/a-yak.png"), "another file of this name");
  const document = open("|", "markdown", "here/two.md");
  await run("insert");
  await run("insert");
  assert.equal(document.text, "![a yak](images/a-yak_2.png)".repeat(2));
  const copy = path.join(session.folder, "here/images/a-yak_2.png");
  assert.ok(fs.readFileSync(copy).equals(fs.readFileSync(original)));
  assert.equal(fs.statSync(copy).mode & 0o777, 0o666 & ~process.umask());
  assert.equal(fs.readFileSync(path.join(session.folder, "here/images/a-yak.png"), "utf8"), "another file of this name");
});

test("a folder that cannot be written: nothing is sent, and the message says so [editor 16]", async () => {
  fs.writeFileSync(path.join(session.folder, "file"), "");
  for (const folder of ["file", "file/below", "/proc/images"]) {
    state.messages.length = 0;
    state.set("folder", folder);
    const document = open("text|");
    await run("generate", "an ibis");
    if (folder !== "/proc/images" || process.getuid() !== 0) told(/the folder .* cannot be written .*Nothing was sent.*imagewire\.folder/);
    else told(/ibis|folder/);
    assert.equal(document.text, "text");
  }
  assert.equal(await count({ text: "ibis", status: "completed" }), 0);
});

test("spaces and umlauts in the path of the document [editor 17]", async () => {
  for (const [language, wanted] of [
    ["markdown", "![f](images/f.png)"],
    ["latex", "\\includegraphics[width=\\linewidth]{images/f_2.png}"],
  ]) {
    const document = open("|", language, "Größe & Übung (1)/Ein schöner Text.md");
    await run("generate", "f");
    assert.equal(document.text, wanted);
  }
  state.set("folder", path.join(session.folder, "Größe & Übung (1)/Bilder für alle"));
  const document = open("|", "markdown", "Größe & Übung (1)/anders.md");
  await run("generate", "f");
  assert.equal(document.text, "![f](Bilder%20für%20alle/f.png)");
  isImage(path.join(session.folder, "Größe & Übung (1)/Bilder für alle/f.png"));
});
