// The clients for Node and Python behave alike: clients/behaviours.json says how, and each test names what it holds to.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

test("every behaviour that the clients share has a test here", () => {
  const folder = new URL(".", import.meta.url);
  const { behaviours } = JSON.parse(readFileSync(new URL("../../behaviours.json", folder), "utf8"));
  const sources = readdirSync(folder).filter((name) => name.endsWith(".test.js")).map((name) => readFileSync(new URL(name, folder), "utf8"));
  const names = sources.flatMap((source) => [...source.matchAll(/\btest\(\s*["'`]((?:\[[^\]]+\] )+)/g)].map(([, ids]) => ids));
  const tested = new Set(names.flatMap((ids) => [...ids.matchAll(/\[([^\]]+)\]/g)].map(([, id]) => id)));
  assert.deepEqual([...tested].sort(), Object.keys(behaviours).sort());
});
