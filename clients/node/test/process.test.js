// The process: its end, its start, and programs that are not imagewire.
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { Client, ProcessError } from "../src/index.js";
import { findProgram } from "../src/program.js";
import { alone, BINARY, client, fake, folder, isAlive, ROOT, script, small, until } from "./support.js";

test("[restart] all that is pending fails at once when the process is killed, and the next call starts it again", async (t) => {
  const it = client(t);
  const { id } = await it.submit(undefined, { input: small("never", { never: true }) });
  const first = it.pid;
  const waiting = Array.from({ length: 8 }, () => it.result(id));
  // Of a tag that nothing has: how the prediction goes on must not come before the end.
  const updates = it.subscribe({ tag: "nothing" });
  const update = updates.next();
  await it.call("ping");
  process.kill(first, "SIGKILL");
  for (const one of [...waiting, update]) {
    await assert.rejects(one, (error) => {
      assert.ok(error instanceof ProcessError);
      assert.equal(error.type, "connection_lost");
      assert.match(error.message, /SIGKILL.*starts it again/);
      return true;
    });
  }
  assert.equal((await it.status(id)).id, id);
  assert.notEqual(it.pid, first);
});

test("[close] closing ends the process and the waiting calls", async () => {
  const it = new Client({ binary: BINARY, env: alone() });
  const { id } = await it.submit(undefined, { input: small("never", { never: true }) });
  const { pid } = it;
  const waiting = assert.rejects(it.result(id));
  await it.call("ping");
  await it.close();
  await waiting;
  assert.equal(isAlive(pid), false);
  assert.equal((await it.status(id)).id, id);
  await it.close();
  await it.close();
});

test("Ctrl-C in a terminal does not end the process under its client", async () => {
  // A terminal sends it to all processes in the foreground: the script gets it, and its child must not.
  const { said } = await script(
    `const c = new Client(); await c.call("ping"); const { pid } = c;
     const alive = setInterval(() => {}, 1000); // A handler of a signal alone does not keep the script.
     await new Promise((resolve) => { process.once("SIGINT", resolve); process.kill(-process.pid, "SIGINT"); });
     clearInterval(alive);
     console.log((await c.call("ping")) && c.pid === pid); await c.close();`,
  );
  assert.equal(said, "true\n");
});

for (const [how, end] of Object.entries({
  "is killed": 'process.kill(process.pid, "SIGKILL")', exits: "process.exit(0)", "just ends": "", throws: "throw new Error('thrown')",
})) {
  test(`the child never outlives a parent that ${how}`, async () => {
    const { said } = await script(`const c = new Client(); await c.call("ping"); console.log(c.pid); ${end}`);
    assert.match(said, /^\d+\n$/);
    await until(() => !isAlive(Number(said)));
  });
}

for (const [kind, type, words] of [
  ["old", "too_old", /version 0\.0\.9.*0\.1\.0 or newer/], ["ancient", "too_old", /too old/], ["other", "too_old", /but cat/],
  ["babbles", "start_failed", /Welcome/], ["mute", "start_failed", /does not answer/], ["quits", "start_failed", /status 1.*no option quits/],
]) {
  test(`[start-wrong-program] a program that ${kind} is ended and said to be wrong`, async (t) => {
    const log = [];
    await assert.rejects(fake(t, kind, { startPatience: kind === "mute" ? 500 : undefined, onLog: (line) => log.push(line) }).generate("a boat"), (error) => {
      assert.ok(error instanceof ProcessError);
      assert.equal(error.type, type);
      assert.match(error.message, words);
      assert.match(error.message, /Nothing was sent\.$/);
      return true;
    });
    await until(() => log.length > 0);
    if (kind !== "quits") await until(() => !isAlive(Number(/^process (\d+)$/.exec(log[0])[1])));
  });
}

test("a missing binary is named", async (t) => {
  const missing = client(t, { binary: "/no/such/imagewire" });
  await assert.rejects(missing.generate("a boat"), { type: "not_found", message: /\/no\/such\/imagewire.*IMAGEWIRE/ });
  const path = join(folder(), "imagewire");
  writeFileSync(path, "no program");
  await assert.rejects(client(t, { binary: path }).generate("a boat"), { type: "not_found", message: /cannot be started: EACCES/ });
  chmodSync(path, 0o755);
  await assert.rejects(client(t, { binary: path }).generate("a boat"), ProcessError);
});

test("a process that dies says why", async (t) => {
  const it = fake(t, "dies");
  for (let time = 0; time < 2; time++) {
    await assert.rejects(it.generate("a boat"), { type: "connection_lost", message: /status 9.*something broke/ });
  }
});

test("stderr is drained, and lines of any length are read", async (t) => {
  const log = [];
  const answer = await fake(t, "chatty", { onLog: (line) => log.push(line.length) }).call("ping");
  assert.equal(answer.long, "é".repeat(3_000_000));
  await until(() => log.length === 1);
  assert.deepEqual(log, [2_000_000]);
});

test("[find-order] [find-tried] the program is looked for where installers put it, and the error says where", () => {
  const home = folder();
  const place = (name) => {
    const path = join(home, name, "imagewire");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    chmodSync(path, 0o755);
    return path;
  };
  const env = { HOME: home, PATH: `${join(home, "one")}:${join(home, "two")}` };
  // Another program of this name may be at a usual place of this machine.
  const missing = (() => {
    try {
      return { message: "", tried: undefined, path: findProgram(undefined, env) };
    } catch (error) {
      return error;
    }
  })();
  if (missing.tried) {
    const usual = [join(home, ".local/bin/imagewire"), "/usr/local/bin/imagewire", "/opt/homebrew/bin/imagewire"];
    assert.deepEqual(missing.tried, [`the package @imagewire/${process.platform}-${process.arch}`, "PATH", ...usual]);
    assert.ok(missing.tried.every((one) => missing.message.includes(one)) && missing.type === "not_found");
  } else assert.match(missing.path, /^\/(usr\/local|opt\/homebrew)\//);
  assert.throws(() => findProgram("/no/such", env), { type: "not_found", tried: ["/no/such"] });
  assert.throws(() => findProgram("no-such-program", env), { type: "not_found", tried: ["no-such-program"] });
  // Each place hides those behind it.
  assert.equal((place(".local/bin"), findProgram(undefined, env)), join(home, ".local/bin/imagewire"));
  assert.equal((place("two"), findProgram(undefined, env)), join(home, "two/imagewire"));
  assert.equal(findProgram("imagewire", env), join(home, "two/imagewire"));
  const variable = place("variable");
  assert.equal(findProgram(undefined, { ...env, IMAGEWIRE: variable }), variable);
  assert.equal(findProgram(place("option"), { ...env, IMAGEWIRE: variable }), join(home, "option/imagewire"));
});

test("[find-order] the program of the package for this system hides the path", async () => {
  // As npm lays it out: this package and those with the programs side by side.
  const modules = join(folder(), "node_modules");
  const name = `@imagewire/${process.platform}-${process.arch}`;
  const place = (name) => {
    const path = join(modules, name, "bin/imagewire");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(join(modules, name, "package.json"), JSON.stringify({ name, version: "0.1.0" }));
    cpSync(BINARY, path);
    return path;
  };
  const forGlibc = place(name);
  cpSync(join(ROOT, "clients/node/src"), join(modules, "imagewire/src"), { recursive: true });
  cpSync(join(ROOT, "clients/node/package.json"), join(modules, "imagewire/package.json"));
  const { said } = await script(
    `const { Client: Installed } = await import(${JSON.stringify(join(modules, "imagewire/src/index.js"))});
     const c = new Installed({ env: { IMAGEWIRE: "", PATH: "/nowhere" } }); console.log(JSON.stringify(await c.call("ping"))); await c.close();`,
  );
  assert.equal(said, "{}\n");

  /** The program where Node reports this about its own process. */
  const found = async (header) => {
    const { said } = await script(
      `process.report.getReport = () => (${JSON.stringify({ header })});
       const { findProgram } = await import(${JSON.stringify(join(modules, "imagewire/src/program.js"))});
       console.log(findProgram(undefined, { PATH: "/nowhere" }));`,
    );
    return said.trim();
  };
  const forMusl = place(`${name}-musl`);
  assert.equal(await found({ glibcVersionRuntime: "2.36" }), forGlibc);
  assert.equal(await found({}), forMusl);
  rmSync(join(modules, name), { recursive: true });
  assert.equal(await found({ glibcVersionRuntime: "2.36" }), forMusl);
});

test("[generate-alone] generate needs no client: one process for the program, which ends with it", async () => {
  const { said, code } = await script(
    `const { generate, map, pathOf, submit } = await import(${JSON.stringify(new URL("../src/index.js", import.meta.url))});
     const { existsSync, readdirSync, readFileSync } = await import("node:fs");
     const made = await Promise.all(["one", "two"].map((prompt) => generate(prompt, { size: "64x64" })));
     made.push(await (await submit("three", { size: "64x64" })).wait());
     for await (const { prediction } of map(["four"], { size: "64x64" })) made.push(prediction);
     console.log(made.every((one) => existsSync(pathOf(one))));
     const of = (pid) => readFileSync(\`/proc/\${pid}/stat\`, "utf8").split(") ")[1].split(" ")[1];
     if (process.platform === "linux") console.log(readdirSync("/proc").filter((pid) => { try { return Number(pid) && of(pid) === String(process.pid); } catch {} }).join());
     else console.log(0);`,
  );
  const [found, child] = said.split("\n");
  assert.deepEqual([found, code], ["true", 0]);
  assert.match(child, /^\d+$/);
  await until(() => child === "0" || !isAlive(Number(child)));
});
