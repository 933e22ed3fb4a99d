// Options that are fields of the input, and files in it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { CallError, file, reference } from "../src/index.js";
import { alone, client, fake, folder, requests, small, wavespeed } from "./support.js";

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const SOUND = Buffer.from("fLaC\0\0\0\x22", "latin1");
const uri = (type, bytes) => `data:${type};base64,${bytes.toString("base64")}`;

/** A file in a new folder, whose name has what URLs escape. */
function saved(content, name = "a fox #1 é.png") {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
}

/** A client whose program never gets as far as a submit: whatever must not be sent would end the test. */
function silent(t) {
  const log = [];
  t.after(() => assert.deepEqual(log.filter((line) => line === "submit"), []));
  return fake(t, "slow", { onLog: (line) => log.push(line) });
}

test("[options-are-input] options that are not the client's own are fields of the input", async (t) => {
  const it = client(t);
  const fields = { size: "64x64", n: 2, seed: undefined };
  const { prediction } = await it.submit("a boat", { ...fields, tags: ["x"], input: { quality: "low" } });
  assert.deepEqual(prediction.input, { prompt: "a boat", quality: "low", size: "64x64", n: 2 });
  assert.equal((await it.generate("a boat", fields)).files.length, 2);
  assert.equal((await it.generate(undefined, { prompt: "a boat", size: "64x64" })).input.prompt, "a boat");
  assert.equal((await it.validate("a boat", { n: 11 })).problems[0].path, "input.n");
  // The options of a submit can be asked about as they are.
  const options = { ...fields, maxCost: 1, tags: "x", timeout: 1_000, outputName: "boat" };
  assert.equal((await it.validate("a boat", options)).valid, true);
  assert.equal((await it.quote("a boat", options)).amount, 0);
});

test("[options-are-input] a field that is given twice, or nearly an option, is refused before anything is sent", async (t) => {
  const it = silent(t);
  for (const [options, words] of [
    [{ size: "64x64", input: { size: "32x32" } }, /^size is given twice.*in input\. Nothing was sent\.$/],
    [{ prompt: "a cat" }, /^prompt is given twice/],
    [{ timeOut: 5 }, /^timeOut is no option; timeout is one\. Nothing was sent\./],
    [{ max_cost: 1 }, /^max_cost is no option; maxCost is one/],
    [{ idempotencykey: "k" }, /idempotencyKey is one/],
    [{ maxCots: 1 }, /^maxCots is no option; maxCost is one/],
    [{ promptStrength: 1 }, /^promptStrength is no option\. Nothing was sent\..*goes into input: \{ … \}\.$/],
    [{ concurrency: 2 }, /^concurrency is no option here/],
  ]) {
    for (const call of ["generate", "submit", "quote", "validate"]) {
      await assert.rejects(it[call]("a boat", options), { name: "TypeError", message: words });
    }
  }
  await assert.rejects(it.submit("a boat", { timeout: 5 }), { name: "TypeError", message: /timeout is no option here/ });
  // A field with such a name goes into `input`.
  assert.deepEqual((await client(t).submit("a boat", { input: { timeOut: 5 } })).prediction.input, { prompt: "a boat", timeOut: 5 });
});

test("[options-are-input] a misspelt limit is no field of the input", async (t) => {
  const it = silent(t);
  for (const [meant, ...names] of [
    ["maxCost", "max_costs", "maxcosts", "max-cost", "max_cst", "max_cost_usd", "maxcots", "budget", "max_spend", "price_limit", "max_usd"],
    ["timeout", "time_outs", "timeout_ms", "time-out", "tiemout", "time_limit"],
    ["idempotencyKey", "idempotency-key", "idempotencykeys", "idempotancy_key"],
    ["outputDir", "output_dirs"], ["provider", "provder"], ["model", "models"], ["upload", "uploads"], ["onProgress", "on_progres"],
  ]) {
    for (const name of names) {
      const message = `${name} is no option; ${meant} is one. Nothing was sent. A field of the model with this name goes into input: { … }.`;
      await assert.rejects(it.generate("a boat", { [name]: 1 }), { name: "TypeError", message });
    }
  }
  assert.equal((await client(t).submit("a boat", { input: { max_costs: 1 } })).prediction.input.max_costs, 1);
});

test("[options-are-input] the fields of models can be options", async (t) => {
  const it = client(t);
  const names = [
    "size", "n", "seed", "quality", "background", "output_format", "aspect_ratio", "resolution", "duration", "image", "images", "mask",
    "strength", "guidance_scale", "num_inference_steps", "negative_prompt", "loras", "style", "moderation", "user", "stream",
    "partial_images", "enable_base64_output", "enable_sync_mode", "mode", "sigmas", "output_quality", "output_compression", "max_images",
    "num_images", "width", "height", "steps", "scale", "video", "audio", "voice", "format", "input_fidelity", "image_url", "tag", "output",
  ];
  const fields = Object.fromEntries(names.map((name) => [name, "x"]));
  // Asking is enough: the sandbox does not have all of them.
  const sent = [];
  it.call = async (method, parameters) => sent.push([method, parameters]);
  await it.validate(undefined, { prompt: "a boat", ...fields });
  assert.deepEqual(sent, [["validate", { input: { prompt: "a boat", ...fields }, model: undefined, provider: undefined }]]);
});

test("[tags-text] a text is one tag", async (t) => {
  const it = client(t);
  assert.deepEqual((await it.submit("a boat", { size: "64x64", tags: "book" })).prediction.tags, ["book"]);
  assert.deepEqual((await it.submit("a boat", { size: "64x64", tags: new Set(["a", "b"]) })).prediction.tags, ["a", "b"]);
});

test("a directory may be relative, or a URL", async (t) => {
  const home = folder();
  const outputDir = relative(process.cwd(), home);
  for (const made of [
    await client(t).generate("a boat", { size: "64x64", outputDir }),
    await client(t, { outputDir, stateDir: relative(process.cwd(), folder()) }).generate("a boat", { size: "64x64" }),
    await client(t, { outputDir: pathToFileURL(home) }).generate("a boat", { size: "64x64" }),
    await client(t).generate("a boat", { size: "64x64", outputDir: pathToFileURL(home) }),
  ]) {
    assert.equal(dirname(made.files[0].path), home);
  }
});

test("a place in a bucket is no path", async (t) => {
  for (const outputDir of ["s3://pictures/album", new URL("s3://pictures/album")]) {
    const refused = /The output folder s3:\/\/pictures\/album cannot be used: no bucket is configured/;
    await assert.rejects(client(t).submit("a boat", { outputDir }), refused);
    await assert.rejects(client(t, { outputDir }).submit("a boat"), refused);
  }
});

test("[unknown-option] a misspelt field is named with the one that is meant", async (t) => {
  const env = { ...alone(), ...(await wavespeed(t, {})) };
  const it = client(t, { env });
  await it.models();
  await assert.rejects(it.generate("a boat", { model: "acme/painter", siez: "1024*1024" }), (error) => {
    assert.ok(error instanceof CallError);
    assert.deepEqual([error.type, error.path], ["invalid_params", "input.siez"]);
    assert.match(error.message, /input\.siez is not a field of acme\/painter \(is size meant\?\).*Nothing was sent/);
    return true;
  });
});

test("a field that the model may not know is sent, and warned of once", async (t) => {
  const log = [];
  const env = { ...alone(), ...(await wavespeed(t, { polls: 0 })) };
  const it = client(t, { env, onLog: (line) => log.push(line) });
  await it.models();
  for (let time = 0; time < 2; time++) {
    const { warnings } = await it.generate("a boat", { model: "acme/painter", lighting: "soft" });
    assert.deepEqual(warnings.map(({ path }) => path), ["input.lighting"]);
  }
  assert.deepEqual(log.filter((line) => line.includes("lighting")).length, 1, log.join("\n"));
});

test("[file-path] a file of this machine is uploaded, wherever it is in the input", async (t) => {
  const env = { ...alone(), ...(await wavespeed(t, { polls: 0, catalogue: [] })) };
  const path = saved(PNG, "fox.png");
  const made = await client(t, { env }).generate("add snow", { model: "acme/edit", images: [pathToFileURL(path)], input: { mask: { of: file(path) } } });
  assert.deepEqual(made.input, { prompt: "add snow", images: [`@${path}`], mask: { of: `@${path}` } });
  const sent = await requests(env);
  const put = sent.find(({ method }) => method === "PUT");
  assert.equal(put.sha256, createHash("sha256").update(PNG).digest("hex"));
  const { images } = JSON.parse(sent.find(({ endpoint }) => endpoint === "submit").body);
  assert.match(images[0], /^https:\/\/media\.example\//);
});

test("[file-path] what imagewire does not upload, and a file without upload, is sent as its content", async (t) => {
  const it = client(t);
  const [image, sound] = [saved(PNG), saved(SOUND, "voice.flac")];
  const input = (await it.submit("talk", { audio: file(sound), image: file(relative(process.cwd(), image)) })).prediction.input;
  assert.deepEqual(input, { prompt: "talk", audio: uri("audio/flac", SOUND), image: `@${image}` });
  const { prediction } = await it.submit("talk", { image: file(image), upload: false });
  assert.equal(prediction.input.image, uri("image/png", PNG));
  // An address stays one.
  assert.equal((await it.submit("talk", { image: new URL("https://a.example/x.png") })).prediction.input.image, "https://a.example/x.png");
});

test("a string is never a file by itself, and none is uploaded beside a file", async (t) => {
  const it = client(t);
  const path = saved(PNG, "fox.png");
  const { prediction } = await it.submit("a boat", { note: `@${path}`, other: path });
  assert.deepEqual([prediction.input.note, prediction.input.other], [`@${path}`, path]);
  const both = { images: [file(path)], note: `@${path}` };
  await assert.rejects(it.submit("a boat", both), { name: "TypeError", message: /^input\.note begins with "@\/".*input\.images\[0\].*Nothing was sent/ });
  assert.equal((await it.submit("a boat", { ...both, upload: true })).prediction.input.note, `@${path}`);
  // Nor one that an object makes of itself for JSON.
  const made = { toJSON: () => `@${path}` };
  for (const fields of [{ note: made }, { deep: [{ toJSON: () => ({ note: [made] }) }] }, { toJSON: () => ({ images: both.images, note: made }) }]) {
    const input = fields.toJSON ? fields : { images: both.images, ...fields };
    await assert.rejects(it.submit("a boat", { input }), { name: "TypeError", message: /begins with "@\/".*Nothing was sent/ });
  }
  const when = new Date(0);
  const dated = await it.submit("a boat", { input: { images: both.images, when, page: new URL("https://example.com/a") } });
  assert.deepEqual([dated.prediction.input.when, dated.prediction.input.page], [when.toISOString(), "https://example.com/a"]);
});

test("[file-bytes] bytes of every type are sent as a file", async (t) => {
  const it = client(t);
  const around = new Uint8Array([...[0, 0], ...PNG, 0]);
  const view = around.subarray(2, 2 + PNG.length);
  const images = [PNG, new Uint8Array(PNG), view, view.slice().buffer, new DataView(around.buffer, 2, PNG.length), new Blob([PNG])];
  const input = { deep: { er: [SOUND] } };
  const { prediction } = await it.submit("a boat", { images, input });
  assert.deepEqual(prediction.input.images, images.map(() => uri("image/png", PNG)));
  assert.deepEqual(prediction.input.deep, { er: [uri("audio/flac", SOUND)] });
  // What the caller gave is not changed.
  assert.equal(input.deep.er[0], SOUND);
  // Read at once: what becomes of the bytes later is not sent.
  const changing = Buffer.from(PNG);
  const submitted = it.submit("a boat", { image: changing });
  changing.fill(0);
  assert.equal((await submitted).prediction.input.image, uri("image/png", PNG));
});

test("[file-bytes] bytes that are no image, video or sound are refused, and so are files where text must be", async (t) => {
  const it = silent(t);
  const text = saved("# a note", "note.md");
  for (const [options, words] of [
    [{ image: Buffer.from("<html>") }, /^input\.image is no image, video or sound\. Nothing was sent\.$/],
    [{ image: Buffer.alloc(0) }, /^input\.image is no image/],
    [{ images: [new Blob(["<html>"], { type: "image/png" })] }, /^input\.images\[0\] is no image/],
    [{ image: file(text) }, /^input\.image: \/.*note\.md is no image/],
    [{ image: Promise.resolve(PNG) }, /^input\.image is a promise or a stream: await it/],
    [{ image: new Blob([PNG]).stream() }, /^input\.image is a promise or a stream/],
    [{ input: { prompt: file(text) } }, /^input\.prompt is text and cannot be a file/],
  ]) {
    await assert.rejects(it.submit(undefined, options), { name: "TypeError", message: words });
  }
  await assert.rejects(it.submit("a boat", { image: Buffer.alloc(36_000_001, PNG) }), { name: "RangeError", message: /^input\.image has 36,000,001 bytes/ });
});

test("[file-missing] a file that cannot be read is refused by name", async (t) => {
  const it = silent(t);
  const home = folder();
  mkdirSync(join(home, "images"));
  for (const [path, code] of [[join(home, "fox.png"), "ENOENT"], [join(home, "images"), "EISDIR"]]) {
    for (const upload of [undefined, true, false]) {
      await assert.rejects(it.generate("a boat", { images: [PNG, file(path)], upload }), (error) => {
        assert.deepEqual([error.code, error.path], [code, path]);
        assert.ok(error.message.startsWith(`input.images[1]: ${path} cannot be read: ${code}`), error.message);
        assert.ok(error.message.endsWith("Nothing was sent."));
        return true;
      });
    }
  }
});

test("an output of another prediction goes beside files", async (t) => {
  const it = client(t);
  const { id } = await it.generate(undefined, { input: small("boat") });
  const { input, status } = await it.generate("both", { size: "64x64", images: [reference({ id }), file(saved(PNG))] });
  assert.equal(status, "completed");
  assert.equal(input.images[0], `imagewire://predictions/${id}/1`);
});

test("the formats are told by their first bytes", async (t) => {
  const it = client(t);
  const starts = {
    "image/jpeg": "\xff\xd8\xff\xe0", "image/gif": "GIF89a", "image/webp": "RIFF\x01\0\0\0WEBP", "image/bmp": "BM\x01\0\0\0\0\0\0\0",
    "image/tiff": "II*\0", "image/avif": "\0\0\0\x20ftypavif", "image/heic": "\0\0\0\x20ftypheic", "video/quicktime": "\0\0\0\x20ftypqt  ",
    "video/mp4": "\0\0\0\x20ftypisom", "audio/mp4": "\0\0\0\x20ftypM4A ", "video/webm": "\x1a\x45\xdf\xa3\x01webm",
    "video/x-matroska": "\x1a\x45\xdf\xa3\x01matroska", "video/x-msvideo": "RIFF\x01\0\0\0AVI LIST", "audio/wav": "RIFF\x01\0\0\0WAVE",
    "audio/ogg": "OggS", "audio/mpeg": "ID3\x03", "audio/aac": "\xff\xf1",
  };
  const files = Object.values(starts).map((start) => Buffer.from(start, "latin1"));
  const { prediction } = await it.submit("all", { files });
  assert.deepEqual(prediction.input.files, Object.keys(starts).map((type, index) => uri(type, files[index])));
  // Texts that begin like a short signature.
  await assert.rejects(it.submit("a boat", { image: Buffer.from("BMW drives") }), TypeError);
});
