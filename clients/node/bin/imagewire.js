#!/usr/bin/env node
// The program itself, from the package for this system or wherever it is: `npx imagewire generate "a red fox"`, `npx imagewire mcp`.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { findProgram } from "../src/program.js";

let program;
try {
  program = findProgram(undefined, process.env);
} catch (error) {
  console.error(`imagewire: ${error.message}`);
  process.exit(127);
}
// It has the terminal or the pipes for itself, and gets a terminal's signals from the terminal.
const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGQUIT"]) process.on(signal, () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`imagewire: ${program} cannot be started: ${error.code ?? error.message}.`);
  process.exitCode = 126;
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
