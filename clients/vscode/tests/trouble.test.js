"use strict";

// Documents that are closed, renamed, deleted or read-only meanwhile; a program that is missing or killed.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { BINARY, count, isHost, isImage, killProgram, note, open, run, session, start, stop, told, until } = require("./support.js");
const { Document, state } = require("./window.js");

/** Runs a command, and does something once it is sent. */
async function meanwhile(action, prompt = "a fox") {
  state.set("input", { sandbox: { delay_ms: 300 } });
  const running = run("generate", prompt);
  await until(() => state.progress.some(({ message }) => message?.startsWith("processing")));
  await action();
  await running;
}

test("the document is closed meanwhile: the link is in the clipboard [editor 37]", async () => {
  const document = open("text|");
  await meanwhile(() => document.close());
  assert.equal(state.clipboard, "![a fox](images/a-fox.png)");
  told(/the document was closed .*in the clipboard/);
  assert.equal(document.text, "text");
});

test("the document is saved under another name meanwhile: the link is relative to that [editor 38]", async () => {
  const document = open("some text|", "markdown", "one/old.md");
  let renamed;
  await meanwhile(() => {
    const file = path.join(session.folder, "two/new.md");
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, document.text);
    renamed = new Document(file, document.text);
    document.close();
  });
  assert.equal(renamed.text, "some text![a fox](../one/images/a-fox.png)");
  assert.equal(state.clipboard, "");
});

test("the document is closed and opened again meanwhile: the link is in it [editor 37]", async () => {
  const document = open("|text");
  let again;
  await meanwhile(() => {
    document.close();
    again = new Document(path.join(session.folder, "note"), "text");
  });
  assert.equal(again.text, "![a fox](images/a-fox.png)text");
});

test("a new document gets a name meanwhile: the image is copied beside it [editor 38]", async () => {
  const document = state.open(new Document(undefined, "draft"));
  let saved;
  await meanwhile(() => {
    document.close();
    saved = new Document(path.join(session.folder, "draft.md"), "draft");
  });
  const [, file] = /^!\[a fox\]\((images\/[^/)]+\.png)\)draft$/.exec(saved.text);
  isImage(path.join(session.folder, file));
});

test("the document is deleted on the disk meanwhile: image and link are there [editor 39]", async () => {
  const document = open("text|", "markdown", "gone/note.md");
  await meanwhile(() => fs.rmSync(path.join(session.folder, "gone"), { recursive: true }));
  assert.deepEqual(state.messages, []);
  assert.equal(document.text, "text![a fox](images/a-fox.png)");
  isImage(path.join(session.folder, "gone/images/a-fox.png"));
});

test("a document that cannot be changed is refused before anything is sent [editor 40]", async () => {
  state.open(new Document(path.join(session.folder, "note"), "text", "markdown", "git"));
  await run("generate", "a quail");
  told(/this document cannot be changed\. Nothing was sent\./);
  state.messages.length = 0;
  state.set("readonlyInclude", { "**/locked.md": true }, "files");
  open("text|", "markdown", "locked.md");
  await run("generate", "a quail");
  told(/this document cannot be changed\. Nothing was sent\./);
  assert.equal(await count({ text: "quail" }), 0);
});

test("a document that VS Code does not change after all: the link is in the clipboard [editor 37, 40]", async () => {
  const document = open("text|");
  await meanwhile(() => (document.isReadOnly = true));
  assert.equal(state.clipboard, "![a fox](images/a-fox.png)");
  told(/cannot be changed; .*in the clipboard/);
});

test("the process is killed: one line says that it goes on, and the list shows it [editor 41]", async () => {
  state.set("input", { sandbox: { delay_ms: 1_000 } });
  const document = open("|");
  const running = run("generate", "a fox that survives");
  await until(() => state.progress.some(({ message }) => message?.startsWith("processing")));
  killProgram();
  await running;
  told(/SIGKILL.*[Pp]redictions that were accepted are kept.*list of images shows them/);
  assert.equal(state.messages.length, 1);
  assert.equal(document.text, "");
  state.answerPick = (items) => items.find(({ label }) => label === "a fox that survives");
  await run("insert");
  assert.match(document.text, /^!\[a fox that survives\]\(images\/a-fox-that-survives\.png\)/);
});

test("in a new window one that is in progress is waited for, and then inserted [editor 41, 33]", { skip: isHost }, async () => {
  state.set("input", { sandbox: { delay_ms: 1_000 } });
  const document = open("|");
  const running = run("generate", "a slow fox");
  await until(() => state.progress.some(({ message }) => message?.startsWith("processing")));
  await stop();
  await running;
  state.messages.length = 0;
  start();
  state.answerPick = (items) => items.find(({ label }) => label === "a slow fox");
  await run("insert");
  assert.deepEqual(state.messages, []);
  assert.equal(document.text, "![a slow fox](images/a-slow-fox.png)");
});

test("a program that is missing: the message names the setting, and a button opens it [editor 43]", async () => {
  const document = open("text|");
  state.set("program", "/nowhere/imagewire");
  await run("generate", "a fox");
  told(/program \/nowhere\/imagewire was not found\. Nothing was sent\. .*imagewire\.program/);
  assert.deepEqual(state.messages[0].actions, ["Open the Setting"]);
  assert.doesNotMatch(state.messages[0].text, /option binary/);
  const file = path.join(session.folder, "not-a-program");
  fs.writeFileSync(file, "#!/nowhere/sh\n");
  state.set("program", file);
  await run("generate", "a fox");
  assert.match(state.messages[1].text, /not-a-program cannot be started: \w+\. Nothing was sent\. The setting imagewire\.program/);
  assert.equal(document.text, "text");
});

test("a program that is too old is named, and the right one is found by the next command [editor 43]", async () => {
  const document = open("text|");
  state.set("program", path.join(__dirname, "../../../Tests/Fixtures/old-imagewire"));
  await run("generate", "a fox");
  told(/0\.0\.9.*0\.1\.0/);
  assert.equal(document.text, "text");
  state.set("program", BINARY);
  await run("generate", "a fox");
  assert.match(document.text, /^text!\[a fox\]/);
});

test("without a setting the program is the one inside the extension, or that of a variable [editor 43]", { skip: isHost }, async () => {
  const folder = path.join(__dirname, "../bin");
  const { IMAGEWIRE, PATH } = process.env;
  open("|");
  state.set("program", "");
  try {
    process.env.IMAGEWIRE = "/nowhere/else";
    await run("generate", "a fox");
    told(/program \/nowhere\/else was not found/);
    process.env.IMAGEWIRE = "";
    process.env.PATH = "/nowhere";
    state.set("program", "");
    await run("generate", "a fox");
    told(/the program imagewire was not found\. Nothing was sent\. Tried: .*PATH.*imagewire\.program/);
    process.env.PATH = PATH;
    fs.mkdirSync(folder);
    fs.symlinkSync(path.join(__dirname, "../../../Tests/Fixtures/old-imagewire"), path.join(folder, "imagewire"));
    state.set("program", "");
    await run("generate", "a fox");
    told(/0\.0\.9.*0\.1\.0/);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
    process.env.PATH = PATH;
    if (IMAGEWIRE === undefined) delete process.env.IMAGEWIRE;
    else process.env.IMAGEWIRE = IMAGEWIRE;
    state.set("program", BINARY);
  }
});

test("two windows on one state directory", { skip: isHost }, async () => {
  const one = state.open(note());
  const first = run("generate", "one boat");
  const firstContext = session.context;
  start();
  const two = state.open(note("", "markdown", "two"));
  const second = run("generate", "another boat");
  await Promise.all([first, second]);
  assert.equal(one.text, "![one boat](images/one-boat.png)");
  assert.equal(two.text, "![another boat](images/another-boat.png)");
  await Promise.all(firstContext.subscriptions.map((each) => each.dispose()));
});
