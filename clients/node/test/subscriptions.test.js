// Subscriptions and updates: cursors, bounds, and how they end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CallError, isDone } from "../src/index.js";
import { Subscription } from "../src/subscription.js";
import { client, script, small, until } from "./support.js";

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

test("[subscribe] a subscription begins with its call: nothing is lost before the first next", async (t) => {
  const it = client(t);
  const updates = it.subscribe({ tag: "boats" });
  const made = await it.generate(undefined, { input: small("boat"), tags: ["boats"] });
  // Changes in quick succession may come as one.
  for await (const { prediction } of updates) {
    assert.equal(prediction.id, made.id);
    if (isDone(prediction)) break;
  }
  assert.deepEqual(await updates.next(), { done: true, value: undefined });
});

test("[subscribe] a subscription that is closed ends in the program too", async (t) => {
  const it = client(t);
  // The program has 100 at most.
  for (let count = 0; count < 101; count++) {
    const updates = it.subscribe({ tag: "boats" });
    await it.call("ping");
    await updates.return();
  }
  const updates = it.subscribe({ tag: "boats" });
  await it.call("ping");
  await it.generate(undefined, { input: small("boat"), tags: "boats" });
  assert.ok((await updates.next()).value.prediction);
  await updates.return();
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
