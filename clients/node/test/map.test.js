// The predictions of many prompts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CallError, PredictionFailed } from "../src/index.js";
import { client, fake, small, until } from "./support.js";

const prompts = ["zero", "one", "two", "three", "four", "five", "six"];
/** The first one is ready long after the others. */
const slower = (count) => Array.from({ length: count }, (_, n) => ({ input: small(`number ${n}`, { delay_ms: n === 0 ? 3_000 : 0 }) }));

test("[map] predictions come in the order of the prompts, and a bounded number is under way", async (t) => {
  const it = client(t);
  let running = 0;
  let most = 0;
  const { generate } = it;
  it.generate = async (...given) => {
    most = Math.max(most, ++running);
    return generate.apply(it, given).finally(() => running--);
  };
  const seen = [];
  for await (const { index, prompt, prediction } of it.map(prompts, { concurrency: 3, size: "64x64", tags: "numbers" })) {
    assert.equal(prompt, prompts[index]);
    assert.deepEqual([prediction.input, prediction.tags], [{ prompt, size: "64x64" }, ["numbers"]]);
    seen.push(index);
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6]);
  assert.equal(most, 3);
  const late = [];
  for await (const { index } of it.map(slower(4))) late.push(index);
  assert.deepEqual(late, [0, 1, 2, 3]);
});

test("[map-as-completed] each comes when it is ready, with its place", async (t) => {
  const it = client(t, { args: ["--max-concurrency", "8"] });
  const seen = [];
  const places = new Set();
  const onProgress = ({ input }, index) => assert.equal(input.prompt, `number ${places.add(index) && index}`);
  for await (const { index, prediction } of it.map(slower(4), { ordered: false, onProgress })) {
    assert.equal(prediction.input.prompt, `number ${index}`);
    seen.push(index);
  }
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3]);
  assert.equal(seen.at(-1), 0);
  assert.equal(places.size, 4);
});

test("[map-failure] what fails is in its place, and the others are made", async (t) => {
  const given = [{ input: small("zero") }, { input: small("one", { fail: "content_refused" }) }, "", { prompt: "three", timeOut: 1 }, { input: small("four") }];
  const seen = [];
  for await (const { prediction, error } of client(t).map(given)) seen.push(error ?? prediction.status);
  assert.deepEqual([seen[0], seen[4], seen.length], ["completed", "completed", 5]);
  assert.ok(seen[1] instanceof PredictionFailed && seen[2] instanceof CallError && seen[3] instanceof TypeError);
});

test("[map-interrupted] leaving the loop cancels what is not finished and starts nothing more", async (t) => {
  const it = client(t);
  const given = [{ input: small("first") }, ...Array.from({ length: 20 }, (_, n) => ({ input: small(`never ${n}`, { never: true }) }))];
  for await (const { index } of it.map(given, { concurrency: 3 })) {
    assert.equal(index, 0);
    break;
  }
  const { predictions } = await it.list();
  assert.ok(predictions.length <= 4, `${predictions.length}`);
  await until(async () => (await it.list()).predictions.every(({ status }) => ["cancelled", "completed"].includes(status)));
  assert.equal((await it.list()).predictions.length, predictions.length);
});

test("[map-interrupted] an abort cancels too, also before the first prompt has come", async (t) => {
  const it = client(t);
  const controller = new AbortController();
  const made = it.map([{ input: small("never", { never: true }) }, "later"], { concurrency: 1, signal: controller.signal });
  const next = made.next();
  await until(async () => (await it.list({ status: "processing" })).predictions.length === 1);
  controller.abort(new Error("enough"));
  await assert.rejects(next, { message: "enough" });
  await until(async () => (await it.list()).predictions.every(({ status }) => status === "cancelled"));
  assert.deepEqual(await made.next(), { done: true, value: undefined });
  let left = false;
  const waiting = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => (left = true) }),
  };
  const other = new AbortController();
  const first = it.map(waiting, { signal: other.signal }).next();
  setImmediate(() => other.abort());
  await assert.rejects(first, { name: "AbortError" });
  assert.ok(left);
  await assert.rejects(it.map(["a"], { signal: AbortSignal.abort() }).next(), { name: "AbortError" });
});

test("nothing is begun while the reader does not wait for more", async (t) => {
  const it = client(t);
  let taken = 0;
  function* source() {
    for (; taken < 100; ) yield { input: small(`number ${taken++}`) };
  }
  const made = it.map(source(), { concurrency: 2 });
  await made.next();
  const before = taken;
  await until(async () => (await it.list()).predictions.every(({ status }) => status === "completed"));
  assert.deepEqual([taken, taken <= 4], [before, true]);
  await made.return();
  assert.equal((await it.list()).predictions.length, before);
});

test("prompts may come one by one, and their error is thrown", async (t) => {
  const it = client(t);
  async function* source() {
    yield "one";
    await new Promise(setImmediate);
    yield "two";
    throw new RangeError("no more");
  }
  const seen = [];
  await assert.rejects(async () => {
    for await (const { prompt } of it.map(source(), { size: "64x64" })) seen.push(prompt);
  }, { name: "RangeError", message: "no more" });
  assert.deepEqual(seen, ["one", "two"]);
  assert.deepEqual([...(await collect(it.map([])))], []);
  await assert.rejects(it.map(["a"], { concurrency: 0 }).next(), RangeError);
  await assert.rejects(it.map("a red fox").next(), { name: "TypeError", message: /generate takes one/ });
});

test("[map] what is no list of prompts is refused", async (t) => {
  const it = client(t);
  for (const prompts of [null, undefined, 5, { prompt: "a" }, { [Symbol.iterator]: 1 }]) {
    await assert.rejects(it.map(prompts).next(), { name: "TypeError", message: /^map takes an array .*Nothing was sent\.$/ });
  }
  const all = await collect(it.map([null, { input: small("a boat") }, undefined, 5, ["a", "b"]]));
  assert.deepEqual(all.map(({ error, prediction }) => error?.message ?? prediction.status), [
    "Prompt 0 is null; map takes strings, and objects with a prompt and options. Nothing was sent.",
    "completed",
    "Prompt 2 is of the type undefined; map takes strings, and objects with a prompt and options. Nothing was sent.",
    "Prompt 3 is of the type number; map takes strings, and objects with a prompt and options. Nothing was sent.",
    "Prompt 4 is an array; map takes strings, and objects with a prompt and options. Nothing was sent.",
  ]);
  assert.ok(all.every(({ error }) => error === undefined || error instanceof TypeError));
  assert.equal((await it.list()).predictions.length, 1);
});

test("[map-interrupted] an error in the cleanup of the prompts is the loop's, and never an unhandled one", async (t) => {
  const it = client(t);
  const broken = () => ({ name: "RangeError", message: "the cleanup failed" });
  async function* later() {
    try {
      for (;;) yield { input: small("a boat") };
    } finally {
      throw new RangeError("the cleanup failed");
    }
  }
  function* now() {
    yield* [{ input: small("a boat") }];
    throw new RangeError("the source failed");
  }
  // The test runner fails a test whose rejections nobody handles.
  const one = it.map(later(), { concurrency: 1 });
  assert.equal((await one.next()).value.prediction.status, "completed");
  await assert.rejects(one.return(), broken());
  const controller = new AbortController();
  const other = it.map(later(), { concurrency: 1, signal: controller.signal });
  await other.next();
  controller.abort(new Error("enough"));
  await assert.rejects(other.next(), { message: "enough" });
  await assert.rejects(collect(it.map(now())), { message: "the source failed" });
  // One whose next prompt never comes does not keep the loop from ending.
  const silent = { next: () => (silent.next = () => new Promise(() => {}), Promise.resolve({ value: { input: small("a boat") } })) };
  silent.return = () => Promise.reject(new Error("too late"));
  const last = it.map({ [Symbol.asyncIterator]: () => silent }, { concurrency: 2 });
  await last.next();
  assert.deepEqual(await last.return(), { done: true, value: undefined });
});

test("without a program every prompt says so", async () => {
  const [{ error }] = await collect(fake({ after() {} }, "quits").map(["a"]));
  assert.equal(error.type, "start_failed");
});

async function collect(iterable) {
  const all = [];
  for await (const one of iterable) all.push(one);
  return all;
}
