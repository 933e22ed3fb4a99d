// What an abort, an `onProgress` that fails and `close` do to a prediction.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ImagewireError, isDone } from "../src/index.js";
import { client, fake, isAlive, small, until } from "./support.js";

test("[generate-interrupted] an aborted generate cancels the prediction, an aborted result only stops waiting", async (t) => {
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

test("[cancel-unsent] aborted while the program starts, nothing is submitted", async (t) => {
  const it = client(t);
  const controller = new AbortController();
  const made = it.generate(undefined, { input: small("never", { never: true }), signal: controller.signal });
  controller.abort();
  await assert.rejects(made, { name: "AbortError" });
  assert.deepEqual((await it.list()).predictions, []);
});

test("[close] closing waits until what was given up is cancelled", async (t) => {
  const log = [];
  const it = fake(t, "slow", { onLog: (line) => log.push(line) });
  const controller = new AbortController();
  const made = assert.rejects(it.generate("a boat", { signal: controller.signal }), { name: "AbortError" });
  await until(() => log.includes("submit"));
  const { pid } = it;
  controller.abort();
  // `close` comes before the rejection has reached its handler.
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

for (const [how, onProgress] of Object.entries({
  throws: () => {
    throw new RangeError("no");
  },
  rejects: async () => {
    await new Promise(setImmediate);
    throw new RangeError("no");
  },
})) {
  test(`[generate-interrupted] an onProgress that ${how} rejects generate and cancels the prediction`, async (t) => {
    const it = client(t);
    await assert.rejects(it.generate(undefined, { input: small("never", { never: true }), onProgress }), RangeError);
    await until(async () => (await it.list({ text: "never" })).predictions[0].status === "cancelled");
  });

  test(`[generate-interrupted] an onProgress that ${how} with an error of this package does the same`, async (t) => {
    const it = client(t);
    const failing = async () => {
      try {
        await onProgress();
      } catch (cause) {
        throw new ImagewireError("no", { cause });
      }
    };
    await assert.rejects(it.generate(undefined, { input: small("never", { never: true }), onProgress: failing }), ImagewireError);
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
