// Predictions that fail, calls that are refused, messages that cannot be sent, and errors that name no call.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { CallError, ImagewireError, isDone, PredictionFailed, ProcessError, WaitTimeout } from "../src/index.js";
import { alone, client, fake, script, small } from "./support.js";

for (const type of ["content_refused", "insufficient_credit", "rate_limited", "remote_error", "network", "invalid_input"]) {
  test(`[generate-failed] work that fails with ${type} rejects with its prediction`, async (t) => {
    await assert.rejects(client(t).generate(undefined, { input: small("a failure", { fail: type }) }), (error) => {
      assert.ok(error instanceof PredictionFailed);
      assert.equal(error.type, type);
      assert.equal(error.prediction.failure.type, type);
      assert.equal(error.prediction.billing, "none");
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
    [() => it.generate("a boat", { outputName: "a/b" }), -32602, "output_name"],
    [() => it.generate("a boat", { model: "" }), -32602, "model"],
    [() => it.generate("a boat", { provider: "wavespeed" }), 1005, undefined],
    [() => it.status("nothing"), 1001, undefined],
    [() => it.call("no_such_method"), -32601, undefined],
  ]) {
    await assert.rejects(call(), (error) => error instanceof CallError && error.code === code && error.path === path);
  }
  assert.deepEqual(await it.call("ping"), {});
});

test("[generate-interrupted] [wait-timeout] a time limit leaves the prediction alone", async (t) => {
  const it = client(t);
  const late = await it.generate("never", { input: { sandbox: { never: true } }, timeout: 200 }).catch((error) => error);
  assert.ok(late instanceof WaitTimeout);
  assert.ok(!isDone(await it.status(late.prediction.id)));
});

test("[not-sendable] what cannot be sent is said at once", async (t) => {
  const it = client(t);
  const nothing = /^submit .*Nothing was sent\.$/;
  await assert.rejects(it.generate("a boat", { input: { seed: 10n } }), { name: "TypeError", message: nothing });
  await assert.rejects(it.submit("x".repeat(64 * 1024 * 1024)), { name: "RangeError", message: nothing });
  // JSON.stringify makes null of these, which is no limit, and leaves out functions.
  for (const [options, words] of [
    [{ maxCost: NaN }, /^submit .*max_cost is NaN.*Nothing was sent\.$/],
    [{ maxCost: Number(undefined) }, /max_cost is NaN/],
    [{ maxCost: Infinity }, /max_cost is Infinity/],
    [{ maxCost: Object(NaN) }, /max_cost is NaN/],
    [{ maxCost: () => 1 }, /max_cost is a function/],
    [{ seed: -Infinity }, /seed is -Infinity/],
    [{ input: { loras: [{ scale: NaN }] } }, /scale is NaN/],
    [{ metadata: { row: NaN } }, /row is NaN/],
  ]) {
    for (const call of ["generate", "submit"]) await assert.rejects(it[call]("a boat", options), { name: "TypeError", message: words });
  }
  await assert.rejects(it.call("status", { id: NaN }), { name: "TypeError", message: /^status .*Nothing was sent\.$/ });
  assert.deepEqual((await it.list()).predictions, []);
});

test("[wait-timeout] [not-sendable] a time limit that is no number is refused, and nothing is sent", async (t) => {
  const it = client(t);
  const refused = { name: "TypeError", message: /^timeout is .*milliseconds\. Nothing was sent\.$/ };
  const wrong = [NaN, "5", new Date()];
  for (const timeout of wrong) {
    await assert.rejects(it.generate("a boat", { timeout }), refused);
    await assert.rejects(it.map(["a boat"], { timeout }).next(), refused);
  }
  assert.deepEqual((await it.list()).predictions, []);
  const handle = await it.submit("a boat", { input: { sandbox: { never: true } } });
  for (const timeout of wrong) {
    await assert.rejects(handle.wait({ timeout }), refused);
    await assert.rejects(it.result(handle.id, { timeout }), refused);
    await assert.rejects(it.wait([handle.id], { timeout }), refused);
  }
  const { id } = await it.submit(undefined, { input: small("boat") });
  for (const timeout of [Infinity, null]) assert.equal((await it.result(id, { timeout })).status, "completed");
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

test("[errors-travel] errors and predictions survive the way to another process and thread", async (t) => {
  const it = client(t);
  const prediction = await it.generate(undefined, { input: small("boat") });
  const errors = [
    await it.generate(undefined, { input: small("boat", { fail: "rate_limited" }) }).catch((error) => error),
    await it.generate(undefined, { input: small("never", { never: true }), timeout: 1 }).catch((error) => error),
    await it.status("nothing").catch((error) => error),
    await client(t, { binary: "/no/such" }).call("ping").catch((error) => error),
  ];
  const file = new URL("echo.js", import.meta.url);
  const child = fork(file);
  const worker = new Worker(file);
  t.after(() => Promise.all([child.disconnect(), worker.terminate()]));
  for (const [there, send] of [[child, (value) => child.send(value)], [worker, (value) => worker.postMessage(value.toJSON?.() ?? value)]]) {
    const back = async (value) => {
      send(value);
      const [answer] = [await once(there, "message")].flat();
      return answer;
    };
    assert.deepEqual(await back(prediction), prediction);
    for (const [index, type] of [PredictionFailed, WaitTimeout, CallError, ProcessError].entries()) {
      const error = errors[index];
      const again = ImagewireError.fromJSON(await back(error));
      assert.ok(again instanceof type && again instanceof Error);
      // JSON leaves out what is undefined.
      const fieldsOf = (it) => JSON.parse(JSON.stringify({ ...it }));
      assert.deepEqual(fieldsOf(again), fieldsOf(error));
      assert.deepEqual([again.message, again.name, again.stack], [error.message, error.name, error.stack]);
    }
  }
});
