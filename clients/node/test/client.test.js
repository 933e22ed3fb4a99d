// The client against the real program: every call, and the images that it saves.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { isDone, pathOf } from "../src/index.js";
import { alone, client, folder, small, until } from "./support.js";

test("[generate] a prompt goes in and an image is on disk", async (t) => {
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
  const { prediction: long } = await it.submit("🦊".repeat(50_000), { input: { size: "64x64" } });
  assert.deepEqual(long.omitted, ["input"]);
  assert.equal((await it.status(long.id, { full: true })).input.prompt, "🦊".repeat(50_000));
});

test("a thumbnail is a small image of a file", async (t) => {
  const it = client(t);
  const { id } = await it.generate("a boat", { input: { size: "128x96" } });
  const thumbnail = await it.thumbnail(id, { size: 64, inline: true });
  assert.deepEqual([thumbnail.media_type, thumbnail.width, thumbnail.height], ["image/jpeg", 64, 48]);
  assert.deepEqual(readFileSync(thumbnail.path), Buffer.from(thumbnail.base64, "base64"));
  assert.equal((await it.thumbnail(id, { file: 1 })).width, 128);
  await assert.rejects(it.thumbnail(id, { file: 2 }), { name: "CallError", path: "file" });
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
  const never = await it.submit("never", { input: { sandbox: { never: true } } });
  assert.equal((await it.wait([never.id], { timeout: 0 })).done, false);
  assert.equal((await it.cancel(never.id)).status, "cancelled");
  assert.deepEqual(await it.delete([one.id, two.id], { files: true }), { deleted: [one.id, two.id], scrubbed: true });
  assert.deepEqual(await it.call("ping"), {});
});

test("[pages] list takes dates, and predictions goes through all pages", async (t) => {
  const it = client(t);
  const ids = [];
  for (const prompt of ["one", "two", "three"]) ids.unshift((await it.generate(prompt, { size: "64x64", tags: "boats" })).id);
  const [, second] = (await it.list({ tag: "boats" })).predictions;
  const at = new Date(second.created_at);
  const of = async (filters) => (await it.list(filters)).predictions.map(({ id }) => id);
  assert.deepEqual(await of({ createdAfter: at }), ids.slice(0, 2));
  assert.deepEqual(await of({ createdBefore: at }), ids.slice(2));
  assert.deepEqual(await of({ createdAfter: at.toISOString(), limit: 1 }), ids.slice(0, 1));
  const all = [];
  for await (const { id } of it.predictions({ tag: "boats", limit: 1 })) all.push(id);
  assert.deepEqual(all, ids);
});

test("a file leads to the prediction that made it", async (t) => {
  const it = client(t);
  const fox = await it.generate("a fox", { size: "64x64" });
  await it.generate("a boat", { size: "64x64" });
  const copy = join(folder(), "Füchse", "fuchs.png");
  mkdirSync(dirname(copy));
  copyFileSync(pathOf(fox), copy);
  for (const file of [copy, pathToFileURL(copy), relative(process.cwd(), copy)]) {
    assert.deepEqual((await it.list({ file })).predictions.map(({ id }) => id), [fox.id]);
  }
  await assert.rejects(it.list({ file: join(copy, "no") }), { type: "invalid_params" });
});

test("what it costs", async (t) => {
  const it = client(t);
  assert.deepEqual(await it.quote("a boat", { input: { n: 2 } }), { amount: 0, currency: "USD", exact: true, missing: [] });
  await assert.rejects(it.balance("wavespeed"), { type: "provider_not_configured" });
});

test("what there is, and what it takes", async (t) => {
  const it = client(t);
  const [listed] = await it.models();
  assert.equal(listed.default, true);
  assert.deepEqual([listed.name, listed.kind, listed.price, listed.edit_model], ["Sandbox", "image", 0, listed.id]);
  assert.deepEqual(await it.models({ search: "sandbox OFFLINE", kind: "image" }), [listed]);
  assert.deepEqual(await it.models({ kind: "video" }), []);
  const [model] = await it.models({ model: listed.id });
  assert.equal(model.input_schema.properties.n.maximum, 10);
  assert.deepEqual(await it.validate("a boat", { input: { n: 2 } }), { valid: true, problems: [] });
  const { valid, problems } = await it.validate("a boat", { input: { n: 11 } });
  assert.deepEqual([valid, problems.map((one) => one.path)], [false, ["input.n"]]);
  await assert.rejects(it.models({ provider: "wavespeed" }), { type: "provider_not_configured" });
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

test("calls at once share one process", async (t) => {
  const it = client(t);
  const made = await Promise.all(Array.from({ length: 12 }, (_, n) => it.generate(`boat ${n}`, { input: { size: "64x64" } })));
  assert.equal(new Set(made.map(({ id }) => id)).size, 12);
});

test("two clients on one state directory", async (t) => {
  const env = alone();
  const { id } = await client(t, { env }).submit(undefined, { input: small("boat") });
  assert.equal((await client(t, { env }).result(id)).status, "completed");
});
