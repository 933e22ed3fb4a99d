// The client against the real binary: the main job, every call, and what interrupts them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { CallError, Client, isDone, PredictionFailed, ProcessError, WaitTimeout } from "../src/index.js";
import { Subscription } from "../src/subscription.js";
import { alone, BINARY, client, fake, folder, isAlive, ROOT, small, until } from "./support.js";

test("a prompt goes in and an image is on disk", async (t) => {
  const seen = [];
  const outputDir = folder();
  const prediction = await client(t).generate("a red fox in snow", {
    outputDir, outputName: "fox", onProgress: ({ status }) => seen.push(status),
  });
  assert.equal(prediction.status, "completed");
  assert.ok(isDone(prediction));
  const [file] = prediction.files;
  assert.equal(file.path, join(outputDir, "fox.png"));
  const content = readFileSync(file.path);
  assert.equal(content.subarray(1, 4).toString(), "PNG");
  assert.equal(createHash("sha256").update(content).digest("hex"), file.sha256);
  assert.equal(seen.at(-1), "completed");
});

for (const [name, prompt] of Object.entries({
  quotes: 'a "quoted" \\ fox', lines: "two\nlines\ttab\u2028end", emoji: "🦊 ゆき é\u0000", long: "long ".repeat(6_000),
})) {
  test(`a prompt with ${name} arrives as it is`, async (t) => {
    const prediction = await client(t).generate(prompt, { input: { size: "64x64" } });
    assert.equal(prediction.input.prompt, prompt);
  });
}

test("a message longer than 64 KiB", async (t) => {
  const it = client(t);
  const { id } = await it.generate("a lighthouse in a storm, with every wave");
  const [file] = (await it.result(id, { inline: true })).files;
  assert.ok(file.base64.length > 65_536);
  assert.equal(createHash("sha256").update(Buffer.from(file.base64, "base64")).digest("hex"), file.sha256);
  const long = await it.submit("🦊".repeat(50_000), { input: { size: "64x64" } });
  assert.deepEqual(long.omitted, ["input"]);
  assert.equal((await it.status(long.id, { full: true })).input.prompt, "🦊".repeat(50_000));
});

test("every call", async (t) => {
  const it = client(t);
  const options = { input: { size: "64x64" }, tags: ["boats"], metadata: { page: 7 }, idempotencyKey: "k" };
  const one = await it.submit("one", options);
  assert.equal((await it.submit("one", options)).id, one.id);
  const two = await it.submit(undefined, { input: small("two"), tags: ["boats"] });
  const waited = await it.wait([one.id, two.id]);
  assert.deepEqual([waited.done, waited.predictions.map(({ id }) => id), waited.more], [true, [one.id, two.id], []]);
  assert.deepEqual((await it.result(one.id)).metadata, { page: 7 });
  assert.equal((await it.list({ tag: "boats", limit: 1, createdAfter: new Date(0) })).predictions[0].id, two.id);
  const all = [];
  for await (const { id } of it.predictions({ tag: "boats", limit: 1 })) all.push(id);
  assert.deepEqual(all, [two.id, one.id]);
  const never = await it.submit("never", { input: { sandbox: { never: true } } });
  assert.equal((await it.wait([never.id], { timeout: 0 })).done, false);
  assert.equal((await it.cancel(never.id)).status, "cancelled");
  assert.deepEqual(await it.delete([one.id, two.id], { files: true }), { deleted: [one.id, two.id], scrubbed: true });
  assert.deepEqual(await it.call("ping"), {});
});

test("what it costs", async (t) => {
  const it = client(t);
  assert.deepEqual(await it.quote("a boat", { input: { n: 2 } }), { amount: 0, currency: "USD", exact: true });
  await assert.rejects(it.balance("wavespeed"), { type: "provider_not_configured" });
});

test("what there is, and what it takes", async (t) => {
  const it = client(t);
  const [listed] = await it.models();
  assert.equal(listed.default, true);
  const [model] = await it.models({ model: listed.id });
  assert.equal(model.input_schema.properties.n.maximum, 10);
  assert.deepEqual(await it.validate("a boat", { input: { n: 2 } }), { valid: true, problems: [] });
  const { valid, problems } = await it.validate("a boat", { input: { n: 11 } });
  assert.deepEqual([valid, problems.map((one) => one.path)], [false, ["input.n"]]);
  await assert.rejects(it.models({ provider: "wavespeed" }), { type: "provider_not_configured" });
});

test("updates come until it is finished", async (t) => {
  const it = client(t);
  const { id } = await it.submit(undefined, { input: small("slow", { delay_ms: 500 }) });
  const seen = [];
  for await (const update of it.updates(id)) seen.push(update);
  assert.ok(seen.length >= 2);
  assert.equal(seen.at(-1).status, "completed");
  assert.ok(seen.every((update, index) => update.id === id && (index === 0 || update.revision > seen[index - 1].revision)));
  const again = [];
  for await (const { status } of it.updates(id)) again.push(status);
  assert.deepEqual(again, ["completed"]);
});

test("a subscription goes on from its cursor, and ends with its signal", async (t) => {
  const it = client(t);
  const controller = new AbortController();
  const updates = it.subscribe({ tag: "boats", signal: controller.signal });
  const first = updates.next();
  await until(() => it.pid);
  await it.call("ping");
  const made = await it.submit(undefined, { input: small("boat"), tags: ["boats"] });
  let update = (await first).value;
  while (!isDone(update.prediction)) update = (await updates.next()).value;
  assert.equal(update.prediction.id, made.id);
  const waiting = updates.next();
  controller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  await it.delete([made.id]);
  for await (const { deleted } of it.subscribe({ since: update.cursor })) {
    assert.equal(deleted, made.id);
    break;
  }
});

test("a subscription begins with its call: nothing is lost before the first next", async (t) => {
  const it = client(t);
  const updates = it.subscribe({ tag: "boats" });
  const made = await it.generate(undefined, { input: small("boat"), tags: ["boats"] });
  const seen = [];
  for await (const { prediction } of updates) {
    assert.equal(prediction.id, made.id);
    seen.push(prediction.revision);
    if (isDone(prediction)) break;
  }
  assert.equal(seen[0], 1);
  assert.deepEqual(await updates.next(), { done: true, value: undefined });
});

test("calls of next in advance are answered in turn", async (t) => {
  const it = client(t);
  const updates = it.subscribe({ tag: "boats" });
  const coming = [updates.next(), updates.next()];
  await it.generate(undefined, { input: small("boat"), tags: ["boats"] });
  const [first, second] = (await Promise.all(coming)).map(({ value }) => value.prediction.revision);
  assert.ok(first < second);
  await updates.return();
});

test("a subscription that is refused says so with the first next, and only there", async (t) => {
  const it = client(t);
  const updates = it.subscribe({ since: "nonsense" });
  await it.call("ping"); // Its reply comes behind the refusal.
  await new Promise(setImmediate); // An unhandled rejection would end this test.
  await assert.rejects(updates.next(), CallError);
  assert.deepEqual(await updates.next(), { done: true, value: undefined });
});

test("updates that are not read are bounded, and become one reset", async () => {
  let listener;
  const connection = {
    isUsable: true,
    hold: () => () => {},
    listen: (_, put) => ((listener = put), () => {}),
    request: async (_, __, { onResult } = {}) => (onResult?.({ subscription: "s" }), { cursor: "0" }),
  };
  const updates = new Subscription(Promise.resolve(connection), {}, { limit: 3 });
  await new Promise(setImmediate);
  for (let n = 1; n <= 5; n++) listener({ method: "prediction/deleted", params: { cursor: `${n}`, id: `p${n}` } });
  assert.deepEqual((await updates.next()).value, { cursor: "4", reset: true });
  assert.deepEqual((await updates.next()).value, { cursor: "5", deleted: "p5" });
});

test("without a limit of time one waits until it is finished", async (t) => {
  const it = client(t);
  for (const timeout of [null, undefined]) {
    const { id } = await it.submit(undefined, { input: small("boat", { delay_ms: 300 }) });
    assert.equal((await it.result(id, { timeout })).status, "completed");
    assert.equal((await it.generate(undefined, { input: small("boat"), timeout })).status, "completed");
    assert.equal((await it.wait([id], { timeout })).done, true);
  }
});

// -- what fails

for (const type of ["content_refused", "insufficient_credit", "rate_limited", "remote_error", "network", "invalid_input"]) {
  test(`work that fails with ${type} rejects with its prediction`, async (t) => {
    await assert.rejects(client(t).generate(undefined, { input: small("a failure", { fail: type }) }), (error) => {
      assert.ok(error instanceof PredictionFailed);
      assert.equal(error.type, type);
      assert.equal(error.prediction.failure.type, type);
      assert.ok(error.message.startsWith(error.prediction.failure.message));
      return true;
    });
  });
}

test("calls that fail", async (t) => {
  const it = client(t);
  for (const [call, code, path] of [
    [() => it.generate(""), -32602, "prompt"],
    [() => it.generate(), -32602, "prompt"],
    [() => it.generate("a boat", { outputDir: "relative" }), -32602, "output_dir"],
    [() => it.generate("a boat", { promt: 5 }), -32602, "promt"],
    [() => it.generate("a boat", { provider: "wavespeed" }), 1005, undefined],
    [() => it.status("nothing"), 1001, undefined],
    [() => it.call("no_such_method"), -32601, undefined],
  ]) {
    await assert.rejects(call(), (error) => error instanceof CallError && error.code === code && error.path === path);
  }
  assert.deepEqual(await it.call("ping"), {});
});

test("a time limit leaves the prediction alone", async (t) => {
  const it = client(t);
  const late = await it.generate("never", { input: { sandbox: { never: true } }, timeout: 200 }).catch((error) => error);
  assert.ok(late instanceof WaitTimeout);
  assert.ok(!isDone(await it.status(late.prediction.id)));
});

test("an aborted generate cancels the prediction, an aborted result only stops waiting", async (t) => {
  const it = client(t);
  const controller = new AbortController();
  const input = small("never", { never: true });
  const onProgress = ({ status }) => status === "processing" && controller.abort();
  await assert.rejects(it.generate(undefined, { input, signal: controller.signal, onProgress }), { name: "AbortError" });
  assert.equal((await it.list({ text: "never" })).predictions[0].status, "cancelled");

  const { id } = await it.submit(undefined, { input });
  const other = new AbortController();
  const waiting = it.result(id, { signal: other.signal });
  await it.call("ping");
  other.abort(new Error("enough"));
  await assert.rejects(waiting, { message: "enough" });
  assert.ok(!isDone(await it.status(id)));

  const early = new AbortController();
  const soon = it.generate(undefined, { input: small("sooner", { never: true }), signal: early.signal });
  early.abort();
  await assert.rejects(soon, { name: "AbortError" });
  await until(async () => (await it.list({ text: "sooner" })).predictions.every(({ status }) => status === "cancelled"));
  await assert.rejects(it.generate("a boat", { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("aborted while the program starts, nothing is submitted", async (t) => {
  const it = client(t);
  const controller = new AbortController();
  const made = it.generate(undefined, { input: small("never", { never: true }), signal: controller.signal });
  controller.abort();
  await assert.rejects(made, { name: "AbortError" });
  assert.deepEqual((await it.list()).predictions, []);
});

test("closing waits until what was given up is cancelled", async (t) => {
  const log = [];
  const it = fake(t, "slow", { onLog: (line) => log.push(line) });
  const controller = new AbortController();
  const made = assert.rejects(it.generate("a boat", { signal: controller.signal }), { name: "AbortError" });
  await until(() => log.includes("submit"));
  const { pid } = it;
  controller.abort();
  // Not even after the rejection has reached anybody.
  const closed = it.close(60_000);
  await made;
  process.kill(pid, "SIGUSR2");
  await closed;
  assert.deepEqual(log, ["submit", "cancel p1"]);
  assert.ok(!isAlive(pid));
});

test("closing says what it could not wait for", async (t) => {
  const log = [];
  const it = fake(t, "silent", { onLog: (line) => log.push(line) });
  const controller = new AbortController();
  const made = it.generate("a boat", { signal: controller.signal });
  await until(() => it.pid);
  controller.abort();
  await assert.rejects(made, { name: "AbortError" });
  await it.close(100);
  await until(() => log.length === 2);
  assert.ok(log.every((line) => line.includes("list() shows")), log.join("\n"));
});

test("what cannot be sent is said at once", async (t) => {
  const it = client(t);
  const nothing = /^submit .*Nothing was sent\.$/;
  await assert.rejects(it.generate("a boat", { input: { seed: 10n } }), { name: "TypeError", message: nothing });
  await assert.rejects(it.submit("x".repeat(64 * 1024 * 1024)), { name: "RangeError", message: nothing });
  assert.deepEqual((await it.list()).predictions, []);
});

test("what cannot be sent does not keep a script from ending", async () => {
  const { said, code } = await script(
    `const c = new Client(); await c.generate("a boat", { input: { seed: 10n } }).catch(({ name }) => console.log(name));`,
  );
  assert.deepEqual([said, code], ["TypeError\n", 0]);
});

test("an error that names no call", async (t) => {
  const log = [];
  const it = fake(t, "unread", { onLog: (line) => log.push(line) });
  await assert.rejects(it.call("ping"), { name: "CallError", message: "Invalid Request" });
  // Of several it may be any: none of them is said to have failed.
  let failed;
  const other = it.call("result").catch((error) => (failed = error));
  assert.deepEqual(await it.call("ping"), {});
  assert.equal(failed, undefined);
  assert.match(log.join(), /does not say which/);
  await it.close();
  assert.equal((await other).type, "connection_lost");
});

for (const [how, onProgress] of Object.entries({
  throws: () => {
    throw new RangeError("no");
  },
  rejects: async () => {
    await new Promise(setImmediate);
    throw new RangeError("no");
  },
})) {
  test(`an onProgress that ${how} rejects generate and cancels the prediction`, async (t) => {
    const it = client(t);
    await assert.rejects(it.generate(undefined, { input: small("never", { never: true }), onProgress }), RangeError);
    await until(async () => (await it.list({ text: "never" })).predictions[0].status === "cancelled");
  });

  test(`an onProgress that ${how} rejects result and leaves the prediction`, async (t) => {
    const it = client(t);
    const { id } = await it.submit(undefined, { input: small("never", { never: true }) });
    await assert.rejects(it.result(id, { onProgress }), RangeError);
    assert.equal(isDone(await it.status(id)), false);
  });
}

test("onProgress is called again only when its promise is settled, and a signal ends the wait for it", async (t) => {
  const it = client(t);
  let running = 0;
  const onProgress = async () => {
    assert.equal(++running, 1);
    await new Promise(setImmediate);
    running--;
  };
  await it.generate(undefined, { input: small("boat"), onProgress });
  const controller = new AbortController();
  const { signal } = controller;
  const never = () => {
    setImmediate(() => controller.abort());
    return new Promise(() => {});
  };
  const input = small("never", { never: true });
  await assert.rejects(it.generate(undefined, { input, onProgress: never, signal }), { name: "AbortError" });
});

// -- the process

test("all that is pending fails at once when the process is killed, and the next call starts it again", async (t) => {
  const it = client(t);
  const { id } = await it.submit(undefined, { input: small("never", { never: true }) });
  const first = it.pid;
  const waiting = Array.from({ length: 8 }, () => it.result(id));
  // Of a tag that nothing has: how the prediction goes on must not come before the end.
  const updates = it.subscribe({ tag: "nothing" });
  const update = updates.next();
  await it.call("ping");
  process.kill(first, "SIGKILL");
  for (const one of [...waiting, update]) {
    await assert.rejects(one, (error) => {
      assert.ok(error instanceof ProcessError);
      assert.equal(error.type, "connection_lost");
      assert.match(error.message, /SIGKILL.*starts it again/);
      return true;
    });
  }
  assert.equal((await it.status(id)).id, id);
  assert.notEqual(it.pid, first);
});

test("calls at once share one process", async (t) => {
  const it = client(t);
  const made = await Promise.all(Array.from({ length: 12 }, (_, n) => it.generate(`boat ${n}`, { input: { size: "64x64" } })));
  assert.equal(new Set(made.map(({ id }) => id)).size, 12);
});

test("closing ends the process and the waiting calls", async () => {
  const it = new Client({ binary: BINARY, env: alone() });
  const { id } = await it.submit(undefined, { input: small("never", { never: true }) });
  const { pid } = it;
  const waiting = assert.rejects(it.result(id));
  await it.call("ping");
  await it.close();
  await waiting;
  assert.equal(isAlive(pid), false);
  assert.equal((await it.status(id)).id, id);
  await it.close();
  await it.close();
});

const index = pathToFileURL(join(ROOT, "clients/node/src/index.js"));

test("Ctrl-C in a terminal does not end the process under its client", async () => {
  // A terminal sends it to everybody in the foreground: the script gets it, and its child must not.
  const { said } = await script(
    `const c = new Client(); await c.call("ping"); const { pid } = c;
     const alive = setInterval(() => {}, 1000); // A handler of a signal alone does not keep the script.
     await new Promise((resolve) => { process.once("SIGINT", resolve); process.kill(-process.pid, "SIGINT"); });
     clearInterval(alive);
     console.log((await c.call("ping")) && c.pid === pid); await c.close();`,
  );
  assert.equal(said, "true\n");
});

/** Runs a script of its own. One that does not end is ended, and its code is null then. */
async function script(text, env = alone()) {
  const source = `import { Client } from ${JSON.stringify(index)};\n${text}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    env: { ...process.env, ...env, IMAGEWIRE: BINARY }, stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    timeout: 60_000,
  });
  child.stderr.resume();
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  const [code, signal] = await once(child, "close");
  return { said, code, signal };
}

test("a subscription that is not read does not keep a program alive, one that is read does", async () => {
  const idle = await script(`const c = new Client(); c.subscribe(); await c.call("ping"); console.log("end");`);
  assert.deepEqual([idle.said, idle.code], ["end\n", 0]);
  const read = await script(
    `const c = new Client(); const updates = c.subscribe(); await c.call("ping");
     setTimeout(() => c.submit("a boat", { input: { size: "64x64" } }), 300);
     for await (const { prediction } of updates) { console.log(prediction.revision); break; }
     await c.close();`,
  );
  assert.deepEqual([read.said, read.code], ["1\n", 0]);
});

for (const [how, end] of Object.entries({
  "is killed": 'process.kill(process.pid, "SIGKILL")', exits: "process.exit(0)", "just ends": "", throws: "throw new Error('thrown')",
})) {
  test(`the child never outlives a parent that ${how}`, async () => {
    const { said } = await script(`const c = new Client(); await c.call("ping"); console.log(c.pid); ${end}`);
    assert.match(said, /^\d+\n$/);
    await until(() => !isAlive(Number(said)));
  });
}

test("two clients on one state directory", async (t) => {
  const env = alone();
  const { id } = await client(t, { env }).submit(undefined, { input: small("boat") });
  assert.equal((await client(t, { env }).result(id)).status, "completed");
});

// -- programs that are not as they should be

for (const [kind, type, words] of [
  ["old", "too_old", /version 0\.0\.9.*0\.1\.0 or newer/], ["ancient", "too_old", /too old/], ["other", "too_old", /but cat/],
  ["babbles", "start_failed", /Welcome/], ["quits", "start_failed", /status 1.*no option quits/],
]) {
  test(`a program that ${kind} is said to be wrong`, async (t) => {
    await assert.rejects(fake(t, kind).generate("a boat"), (error) => {
      assert.ok(error instanceof ProcessError);
      assert.equal(error.type, type);
      assert.match(error.message, words);
      return true;
    });
  });
}

test("a missing binary is named", async (t) => {
  const missing = client(t, { binary: "/no/such/imagewire" });
  await assert.rejects(missing.generate("a boat"), { type: "not_found", message: /\/no\/such\/imagewire.*IMAGEWIRE/ });
  const path = join(folder(), "imagewire");
  writeFileSync(path, "no program");
  await assert.rejects(client(t, { binary: path }).generate("a boat"), { type: "not_found", message: /cannot be started: EACCES/ });
  chmodSync(path, 0o755);
  await assert.rejects(client(t, { binary: path }).generate("a boat"), ProcessError);
});

test("a program that says nothing", async (t) => {
  await assert.rejects(fake(t, "mute", { startPatience: 500 }).generate("a boat"), { type: "start_failed", message: /does not answer/ });
});

test("a process that dies says why", async (t) => {
  const it = fake(t, "dies");
  for (let time = 0; time < 2; time++) {
    await assert.rejects(it.generate("a boat"), { type: "connection_lost", message: /status 9.*something broke/ });
  }
});

test("stderr is drained, and lines of any length are read", async (t) => {
  const log = [];
  const answer = await fake(t, "chatty", { onLog: (line) => log.push(line.length) }).call("ping");
  assert.equal(answer.long, "é".repeat(3_000_000));
  await until(() => log.length === 1);
  assert.deepEqual(log, [2_000_000]);
});
