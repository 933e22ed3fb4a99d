"use strict";

// The key: the secret storage, and where a key must not appear.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const { test } = require("node:test");
const { children, isHost, note, run, session, stop, told, until } = require("./support.js");
const { state } = require("./window.js");

const KEY = "wsk_SECRETsecret0123456789";

test("a provider without a key says what to set", async () => {
  state.set("provider", "wavespeed");
  state.open(note());
  await run("generate", "a fox");
  told(/not configured.*WAVESPEED_API_KEY/);
});

test("the key is kept as a secret, reaches the process, and no argument", { skip: isHost }, async () => {
  let shown;
  state.answerInput = (options) => ((shown = options), ` ${KEY} `);
  await run("setKey");
  assert.equal(shown.password, true);
  assert.deepEqual([...session.context.kept.values()], [KEY]);
  // With a key the provider is WaveSpeedAI: at an address that does not answer, nothing is sent.
  process.env.WAVESPEED_BASE_URL = "http://127.0.0.1:9";
  state.open(note());
  const running = run("generate", "a fox");
  await until(() => state.progress.length > 0);
  for (const child of children()) {
    for (const what of ["cmdline", "environ"]) {
      assert.ok(!fs.readFileSync(`/proc/${child}/${what}`, "utf8").includes("SECRET"), what);
    }
  }
  state.cancel();
  await running;
  delete process.env.WAVESPEED_BASE_URL;
  assert.doesNotMatch(JSON.stringify([state.messages, state.progress]), /SECRET/);
  assert.doesNotMatch(JSON.stringify(state.messages), /not configured/);

  await run("forgetKey");
  assert.equal(session.context.kept.has("imagewire.wavespeedApiKey"), false);
  const document = state.open(note());
  await run("generate", "a fox");
  assert.match(document.text, /^!\[a fox\]/);
});

test("a secret storage that is locked once is asked again", { skip: isHost }, async () => {
  const { get } = session.context.secrets;
  session.context.secrets.get = async () => {
    session.context.secrets.get = get;
    throw new Error("the keyring is locked");
  };
  const document = state.open(note());
  await run("generate", "a fox");
  told(/the keyring is locked/);
  assert.equal(document.text, "");
  await run("generate", "a fox");
  assert.equal(document.text, "![a fox](images/a-fox.png)");
});

test("settings that change while the secret storage is asked in vain", { skip: isHost }, async () => {
  let fail;
  const { get } = session.context.secrets;
  session.context.secrets.get = () => new Promise((_, reject) => (fail = () => reject(new Error("the keyring is locked"))));
  const document = state.open(note());
  const running = run("generate", "a fox");
  await until(() => fail);
  session.context.secrets.get = get;
  const renewed = stop();
  fail();
  await Promise.all([running, renewed]);
  told(/the keyring is locked/);
  assert.equal(document.text, "");
});
