// The handle of a submitted prediction.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDone, pathOf, PredictionFailed, WaitTimeout } from "../src/index.js";
import { alone, client, small, until, wavespeed } from "./support.js";

test("[handle] a handle has the id, waits, and shows the newest prediction", async (t) => {
  const it = client(t);
  const handle = await it.submit(undefined, { input: small("boat", { delay_ms: 200 }) });
  assert.equal(handle.prediction.id, handle.id);
  assert.equal(isDone(handle.prediction), false);
  const seen = [];
  const done = await handle.wait({ onProgress: ({ status }) => seen.push([status, handle.prediction.status]) });
  assert.equal(handle.prediction, done);
  assert.ok(seen.length > 0 && seen.every(([status, shown]) => status === shown));
  assert.equal(pathOf(done), done.files[0].path);
  assert.deepEqual(await it.result(handle.id), done);
  // As plain data, for JSON and for threads.
  assert.deepEqual(JSON.parse(JSON.stringify(handle)), { id: handle.id, prediction: done });
  assert.deepEqual(structuredClone(handle.prediction), done);
});

test("[handle] a handle cancels, and its wait says so", async (t) => {
  const handle = await client(t).submit(undefined, { input: small("never", { never: true }) });
  const waiting = assert.rejects(handle.wait(), (error) => error instanceof PredictionFailed && error.type === "cancelled");
  assert.equal((await handle.cancel()).status, "cancelled");
  assert.equal(handle.prediction.status, "cancelled");
  await waiting;
});

test("[handle] an abort and a time limit stop the wait of a handle, not its prediction", async (t) => {
  const it = client(t);
  const handle = await it.submit(undefined, { input: small("never", { never: true }) });
  await assert.rejects(handle.wait({ signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  await until(async () => (await it.status(handle.id)).status === "processing");
  await assert.rejects(handle.wait({ timeout: 0 }), (error) => error instanceof WaitTimeout && error.prediction === handle.prediction);
  assert.equal(handle.prediction.status, "processing");
});

test("[handle-updates] updates bring every change and the time left, until it is finished", async (t) => {
  const env = { ...alone(), ...(await wavespeed(t, { poll: [{ do: "running", times: "forever" }], catalogue: [] })) };
  const handle = await client(t, { env }).submit("a boat", { model: "acme/painter" });
  const seen = [];
  let estimates = 0;
  for await (const update of handle) {
    assert.equal(update, handle.prediction);
    seen.push(update);
    if (update.eta_ms > 0 && update.progress < 1 && ++estimates === 2) handle.cancel();
  }
  assert.equal(seen.at(-1).status, "cancelled");
  const states = seen.map(({ revision, progress = 0 }) => [revision, progress].join());
  assert.equal(new Set(states).size, states.length, "each update is a change");
  assert.ok(seen.every(({ revision }, index) => index === 0 || revision >= seen[index - 1].revision));
  assert.ok(seen.every(({ input }) => input.prompt === "a boat"));
});

test("[handle-updates] a reader that leaves, an abort and a deletion end the updates", async (t) => {
  const it = client(t);
  const handle = await it.submit(undefined, { input: small("never", { never: true }) });
  for await (const { id } of handle) {
    assert.equal(id, handle.id);
    break;
  }
  const controller = new AbortController();
  const updates = handle.updates({ signal: controller.signal });
  await updates.next();
  const next = updates.next();
  controller.abort();
  // It may still be the change to `processing`.
  await assert.rejects(next.then(() => updates.next()), { name: "AbortError" });
  const seen = [];
  for await (const { status } of handle.updates()) {
    seen.push(status);
    if (status === "processing") handle.cancel();
  }
  assert.equal(seen.at(-1), "cancelled");
});

test("[path] the path of a prediction, or why there is none", async (t) => {
  const it = client(t);
  const made = await it.generate(undefined, { input: small("boat") });
  assert.equal(pathOf(made), made.files[0].path);
  const failed = await it.submit(undefined, { input: small("boat", { fail: "content_refused" }) });
  const ended = await it.result(failed.id);
  for (const [prediction, type, words] of [
    [ended, "content_refused", ended.failure.message],
    [(await it.submit(undefined, { input: small("never", { never: true }) })).prediction, "created", "wait for it"],
    [{ ...made, files: [] }, "completed", "has no file"],
  ]) {
    assert.throws(() => pathOf(prediction), (error) => {
      assert.ok(error instanceof PredictionFailed);
      assert.deepEqual([error.type, error.prediction], [type, prediction]);
      assert.ok(error.message.includes(words), error.message);
      return true;
    });
  }
});
