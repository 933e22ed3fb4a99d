import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Client } from "../src/index.js";

export const ROOT = resolve(fileURLToPath(import.meta.url), "../../../..");
export const BINARY = process.env.IMAGEWIRE ?? join(ROOT, ".build/debug/imagewire");

const folders = [];
process.on("exit", () => folders.forEach((path) => rmSync(path, { recursive: true, force: true, maxRetries: 3 })));

/** A new directory, which is removed when the tests of this file have ended. */
export function folder() {
  folders.push(mkdtempSync(join(tmpdir(), "imagewire-node-")));
  return folders.at(-1);
}

/** The environment of a process with its own state directory and no settings of the user. */
export function alone(home = folder()) {
  return {
    HOME: home, XDG_STATE_HOME: join(home, "state"), XDG_CONFIG_HOME: join(home, "config"), IMAGEWIRE: "",
    IMAGEWIRE_STATE_DIR: "", IMAGEWIRE_OUTPUT_DIR: "", IMAGEWIRE_PROVIDER: "", IMAGEWIRE_MODEL: "", WAVESPEED_API_KEY: undefined,
    WAVESPEED_API_KEY_FILE: undefined, OPENAI_API_KEY: undefined,
  };
}

/** A client that is closed after the test. */
export function client(test, options = {}) {
  const made = new Client({ binary: BINARY, env: alone(), ...options });
  test.after(() => made.close());
  return made;
}

/** A client of a faulty program. */
export function fake(test, kind, options = {}) {
  const script = fileURLToPath(new URL("fake-imagewire.js", import.meta.url));
  const made = new Client({ binary: process.execPath, args: [script, kind], ...options });
  test.after(() => made.close(100));
  return made;
}

/** The variables that lead to a WaveSpeed on this machine, which does as the script says. It ends with the test. */
export async function wavespeed(test, plan) {
  const server = spawn("python3", [join(ROOT, "Tests/Fixtures/wavespeed.py")], { stdio: ["pipe", "pipe", "inherit"] });
  test.after(() => server.stdin.end());
  const [line] = await once(server.stdout, "data");
  const url = `http://127.0.0.1:${JSON.parse(line).port}`;
  await fetch(`${url}/_/script`, { method: "POST", body: JSON.stringify(plan) });
  return { WAVESPEED_API_KEY: "wsk_SECRETsecret0123456789", WAVESPEED_BASE_URL: url };
}

/** The requests that this WaveSpeed has read. */
export async function requests({ WAVESPEED_BASE_URL: url }) {
  return (await (await fetch(`${url}/_/log`)).json()).requests;
}

/** An input that is drawn quickly. */
export const small = (prompt, sandbox) => ({ prompt, size: "64x64", ...(sandbox && { sandbox }) });

/** Polls until the condition is true. */
export async function until(condition) {
  for (const end = Date.now() + 60_000; !(await condition()); ) {
    if (Date.now() > end) throw new Error("the condition was never true");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const index = pathToFileURL(join(ROOT, "clients/node/src/index.js"));

/** Runs a script of its own. One that does not end is ended, and its code is null then. */
export async function script(text, env = alone()) {
  const source = `import { Client } from ${JSON.stringify(index)};\n${text}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    env: { ...process.env, ...env, IMAGEWIRE: BINARY }, stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    timeout: 60_000,
  });
  child.stderr.resume();
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  const [code, signal] = await once(child, "close");
  return { said, code, signal };
}
