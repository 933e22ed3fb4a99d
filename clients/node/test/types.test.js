// The types: they are the schema's, and programs that use them compile.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { render } from "../render-types.mjs";
import { ROOT } from "./support.js";

const here = join(ROOT, "clients/node");
const compile = (...args) => spawnSync("tsc", args, { encoding: "utf8" });

test("[words] a program that uses the types compiles, and one with a misspelt word does not", () => {
  const { status, stdout, error } = compile("-p", join(here, "test/types"));
  assert.deepEqual([error, stdout, status], [undefined, "", 0]);
});

test("the types of the protocol are those of the schema", () => {
  const document = JSON.parse(readFileSync(join(ROOT, "schemas/openrpc.json"), "utf8"));
  assert.equal(readFileSync(join(here, "src/schema.d.ts"), "utf8"), render(document), "`make schemas` renders them");
});
