"use strict";

// The share that is done and the time left, in the notification and in the status bar.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { note, run, until, wavespeed } = require("./support.js");
const { state } = require("./window.js");

const fixtures = path.join(__dirname, "../../../Tests/Fixtures");

test("images in progress have the words of all editors", () => {
  const { line, words } = require("../src/progress.js");
  const cases = JSON.parse(fs.readFileSync(path.join(fixtures, "progress-words.json"), "utf8"));
  for (const { message, words: wanted, ...report } of cases.reports) assert.equal(words(report, message), wanted);
  for (const { eta_ms, words: wanted } of cases.durations) {
    assert.equal(words({ progress: 0.5, eta_ms }, ""), `50% · about ${wanted} left`);
  }
  for (const { eta_ms, words: wanted } of cases.several) assert.equal(line(eta_ms.map((eta_ms) => ({ eta_ms }))), wanted);
});

test("a remote provider's image has a share and an estimate; several have the next one's [editor 32]", async () => {
  await wavespeed({ poll: [{ do: "running", times: "forever" }] });
  state.set("model", "openai/gpt-image-1-high-fidelity");
  state.open(note());
  const first = run("generate", "a fox");
  const estimate = /^\d+% · about \d+ s left$/;
  await until(() => state.progress.some(({ message }) => estimate.test(message)));
  const cancelFirst = state.cancel;
  const shown = state.statusBar.find((item) => item?.text.includes("%"));
  assert.match(shown.text, /^\$\(loading~spin\) imagewire: \d+% · about \d+ s left$/);
  assert.match(shown.tooltip, /^a fox: \d+% · about \d+ s left$/);
  // The bar of the notification goes forward by as much as the share grows, and never stops to be one.
  await until(() => state.progress.filter(({ message }) => estimate.test(message)).length > 2);
  const reports = state.progress.filter(({ message }) => estimate.test(message));
  assert.ok(reports.every(({ increment }) => increment >= 0));
  const sum = reports.reduce((sum, { increment }) => sum + increment, 0);
  assert.equal(sum, parseInt(reports.at(-1).message));

  const second = run("generate", "a yak");
  await until(() => /2 images · next in about \d+ s$/.test(state.statusBar.at(-1)?.text));
  assert.match(state.statusBar.at(-1).tooltip, /^a fox: .*\na yak: .*$/);
  cancelFirst();
  state.cancel();
  await Promise.all([first, second]);
  assert.equal(state.statusBar.at(-1), undefined);
});
