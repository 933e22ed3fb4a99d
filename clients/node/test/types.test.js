// The types: they are the schema's, programs that use them compile, and so do the examples of the READMEs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { render } from "../render-types.mjs";
import { folder, ROOT } from "./support.js";

const IMPORTS = `import { Client, file, pathOf } from "imagewire";\nimport { readFile } from "node:fs/promises";\n`;
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

test("the examples of the READMEs compile", () => {
  const home = folder();
  const files = [];
  for (const readme of ["README.md", "clients/node/README.md"]) {
    for (const [, block] of readFileSync(join(ROOT, readme), "utf8").matchAll(/^```(?:js|javascript)\n(.*?)^```/gms)) {
      files.push(join(home, `example-${files.length}.ts`));
      // One without imports goes on from the one before it.
      const before = [!block.includes("import ") && IMPORTS, block.includes("client.") && !block.includes("const client") && `declare const client: import("imagewire").Client;\n`];
      writeFileSync(files.at(-1), [...before.filter(Boolean), block].join(""));
    }
  }
  assert.ok(files.length >= 4);
  const { compilerOptions } = JSON.parse(readFileSync(join(here, "test/types/tsconfig.json"), "utf8"));
  const options = { ...compilerOptions, baseUrl: here, paths: { imagewire: ["src/index"] }, noUnusedLocals: false };
  writeFileSync(join(home, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: [join(here, "test/types/node.d.ts"), ...files] }));
  const { status, stdout, error } = compile("-p", home);
  assert.deepEqual([error, stdout, status], [undefined, "", 0]);
});
