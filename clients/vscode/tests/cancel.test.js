"use strict";

// Cancelling, in each phase, and closing the window.

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { count, isHost, open, run, slowProgram, start, stop, told, until, wavespeed } = require("./support.js");
const { state } = require("./window.js");

test("cancelling while the price is asked sends nothing [editor 9]", async () => {
  const server = await wavespeed({ price: [{ do: "hang", times: "forever" }] });
  state.set("askAbove", 0.01);
  open("|");
  const running = run("generate", "a fox");
  await server.log(({ path }) => path.includes("price"));
  state.cancel();
  await running;
  told(/cancelled before it was sent\. Nothing was spent/);
  assert.deepEqual(await server.posts(), []);
});

test("a window that closes right after the command sends nothing [editor 10]", { skip: isHost }, async () => {
  for (const wait of [() => {}, () => until(() => state.cancel), () => new Promise(setImmediate)]) {
    open("|");
    const running = run("generate", "an egret of a closed window");
    await wait();
    await stop();
    await running;
    start();
  }
  const { slow, release, isStarted } = slowProgram();
  state.set("program", slow);
  open("|");
  const running = run("generate", "an egret of a closed window");
  await until(isStarted);
  const stopped = stop();
  release();
  await Promise.all([running, stopped]);
  start();
  assert.equal(await count({ text: "egret", status: "completed" }), 0);
  assert.equal(await count({ text: "egret", status: "processing" }), 0);
});

test("progress is reported, and cancelling says how it ended [editor 11, 32]", async () => {
  state.set("input", { sandbox: { never: true } });
  const document = open("text|");
  const running = run("generate", "a fox");
  await until(() => state.progress.some(({ message }) => /^processing, \d+ s$/.test(message)));
  assert.deepEqual([state.progress[0].title, state.progress[0].cancellable], ["a fox", true]);
  state.cancel();
  await running;
  assert.equal(document.text, "text");
  told(/a fox: cancelled/);
  assert.equal(state.messages[0].level, "information");
});

test("cancelling what a paid provider works on says what it may cost [editor 11]", async () => {
  const server = await wavespeed({ poll: [{ do: "running", times: "forever" }] });
  open("|");
  const running = run("generate", "a fox");
  await until(() => state.progress.some(({ message }) => /processing|%/.test(message)));
  assert.equal((await server.posts()).length, 1);
  state.cancel();
  await running;
  told(/a fox: cancelled: .*(bill|charge|cost|paid)/i);
});
