// Files of every kind, from a service on this machine.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PredictionFailed } from "../src/index.js";
import { alone, BINARY, client, ROOT, wavespeed } from "./support.js";

const FILM = Buffer.from("\0\0\0\x18ftypisom\0\0\0\0isom\0\0\0\x08free", "latin1");
const film = { do: "reply", base64: FILM.toString("base64"), at: ".mp4", times: "forever" };
const mixed = { polls: 0, catalogue: [], outputs: ["{output}/output/{id}.mp4", "a caption"], download: [film] };
const lost = { ...mixed, outputs: [mixed.outputs[0], "{output}/output/{id}.png"], download: [film, { do: "404", at: ".png", times: "forever" }] };

test("a film and a text are files with a kind and an index", async (t) => {
  const it = client(t, { env: { ...alone(), ...(await wavespeed(t, mixed)) } });
  const { files, cost, failure } = await it.generate("a fox that runs", { model: "acme/film" });
  assert.deepEqual(files.map(({ index, kind, media_type, width }) => [index, kind, media_type, width]), [
    [1, "video", "video/mp4", null], [2, "text", "text/plain", null],
  ]);
  assert.deepEqual(readFileSync(files[0].path), FILM);
  assert.equal(readFileSync(files[1].path, "utf8"), "a caption");
  assert.deepEqual([cost, failure], [null, null]);
});

test("[generate-missing-output] the outputs that were saved are there when another is missing", async (t) => {
  const env = { ...alone(), ...(await wavespeed(t, lost)) };
  await assert.rejects(client(t, { env }).generate("a fox that runs", { model: "acme/film" }), (error) => {
    assert.ok(error instanceof PredictionFailed);
    assert.deepEqual([error.type, error.prediction.failure.missing], ["download_failed", [2]]);
    assert.deepEqual(error.prediction.files.map(({ index }) => index), [1]);
    return true;
  });
  const command = spawn(
    process.execPath,
    [join(ROOT, "clients/node/bin/imagewire-generate.js"), "--binary", BINARY, "--model", "acme/film", "--output-dir", env.HOME, "--output-name", "fox", "a fox"],
    { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  command.stderr.resume();
  let said = "";
  command.stdout.on("data", (chunk) => (said += chunk));
  const [code] = await once(command, "close");
  assert.deepEqual([code, said], [1, `${env.HOME}/fox-1.mp4\n`]);
});
