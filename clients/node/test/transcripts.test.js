// The golden transcripts, replayed against the real binary on plain pipes. The format is in schemas/README.md.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { test } from "node:test";
import { BINARY, folder, ROOT } from "./support.js";

const examples = join(ROOT, "schemas/examples");
const SHAPES = {
  id: /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  sha256: /^[0-9a-f]{64}$/,
  url: /^(https?|file):\/\/./,
  string: /^[^]+$/,
};

function fits(kind, value) {
  if (kind === "any") return true;
  if (kind === "integer") return Number.isInteger(value);
  if (kind.includes("|")) return kind.split("|").includes(value);
  if (kind === "path") return isAbsolute(value) && statSync(value).size > 0;
  return typeof value === "string" && SHAPES[kind].test(value);
}

/** Throws where a message is not the one in the transcript. */
function match(expected, actual, bound, path = "message") {
  if (typeof expected === "string") {
    const [, kind, optional, name] = /^<([a-z0-9|]+)(\?)?(?::([\w-]+))?>$/.exec(expected) ?? [];
    if (!kind) return assert.equal(actual, fill(expected, bound), path);
    if (!(optional && actual === null)) assert.ok(fits(kind, actual), `${path} is ${JSON.stringify(actual)}, not ${expected}`);
    if (name && !bound.has(expected)) bound.set(expected, actual);
    if (name) assert.equal(actual, bound.get(expected), path);
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual) && actual.length === expected.length, `${path} has other elements`);
    expected.forEach((element, index) => match(element, actual[index], bound, `${path}[${index}]`));
  } else if (expected !== null && typeof expected === "object") {
    const { "...": more, ...members } = expected;
    const others = Object.keys(actual).filter((name) => !(name in members));
    assert.ok(more || others.length === 0, `${path} has ${others}`);
    for (const name in members) {
      assert.ok(name in actual, `${path}.${name} is missing`);
      match(members[name], actual[name], bound, `${path}.${name}`);
    }
  } else {
    assert.equal(actual, expected, path);
  }
}

function fill(message, bound) {
  if (typeof message === "string") {
    return bound.get(message) ?? message.replace(/<[a-z]+:[\w-]+>/g, (name) => bound.get(name) ?? name);
  }
  if (Array.isArray(message)) return message.map((element) => fill(element, bound));
  if (message === null || typeof message !== "object") return message;
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, fill(value, bound)]));
}

/** The messages of a stream, frame by frame, in the exact form in which the transcripts have them. */
async function* frames(stream, framing) {
  let bytes = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const end = bytes.indexOf("\n");
      if (end < 0) break;
      let [start, length] = [0, end];
      if (framing === "header") {
        const [, digits] = /^Content-Length: (\d+)\r\n$/.exec(bytes.subarray(0, end + 1)) ?? assert.fail(`no header: ${bytes}`);
        [start, length] = [end + 3, Number(digits)];
        if (bytes.length < start + length) break;
      }
      yield JSON.parse(bytes.subarray(start, start + length));
      bytes = bytes.subarray(start + length + (framing === "line" ? 1 : 0));
    }
  }
  assert.equal(bytes.length, 0, "a frame was cut");
}

async function replay([head, ...lines], framing) {
  const home = folder();
  const bound = new Map([["<folder>", home]]);
  const child = spawn(BINARY, head.arguments ?? [], { env: { HOME: home, PATH: process.env.PATH }, stdio: ["pipe", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const said = frames(child.stdout, framing);
  const next = async () => (await said.next()).value ?? assert.fail("it ended");
  const send = (text) => child.stdin.write(framing === "line" ? `${text}\n` : `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  /** A message that was no repetition, and is the next line's. */
  let kept;
  try {
    for (const line of lines) {
      if (line.client !== undefined) send(JSON.stringify(fill(line.client, bound)));
      else if (line.text !== undefined) send(line.text);
      else if (line.bytes !== undefined) child.stdin.write(line.bytes);
      else if (line.server !== undefined) {
        match(line.server, kept ?? (await next()), bound);
        kept = undefined;
      } else {
        while (kept === undefined) {
          const message = await next();
          try {
            match(line.server_may, message, bound);
          } catch {
            kept = message;
          }
        }
      }
    }
    child.stdin.end();
    assert.equal((await said.next()).value, undefined);
    assert.equal((await exit)[0], head.exit ?? 0);
  } finally {
    child.kill("SIGKILL");
  }
}

for (const file of readdirSync(examples).filter((name) => name.endsWith(".jsonl"))) {
  const lines = readFileSync(join(examples, file), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const framing of lines[0].framing) {
    test(`${file}, ${framing}: ${lines[0].title}`, { timeout: 120_000 }, () => replay(lines, framing));
  }
}

test("a difference is noticed", () => {
  for (const [expected, actual] of [
    [{ a: 1 }, { a: 1, b: 2 }], [{ a: 1, "...": true }, { b: 1 }], ["<time>", "2026-11-23"], ["<integer>", null], [[1], [1, 2]],
    ["<created|processing>", "completed"], [{ a: "<id:x>" }, { a: "y" }], [1, "1"],
  ]) {
    assert.throws(() => match(expected, actual, new Map()), undefined, JSON.stringify(expected));
  }
});
