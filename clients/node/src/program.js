// Where the program imagewire is.
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ProcessError } from "./errors.js";

/**
 * The program: the option, else the variable IMAGEWIRE, else that of the package for this system, else the one on the path, else
 * one at a usual place. Throws a `ProcessError` that says what was tried.
 */
export function findProgram(binary, env) {
  const named = binary || env.IMAGEWIRE;
  if (named) {
    const found = named.includes("/") || isAbsolute(named) ? named : onPath(named, env);
    if (found === undefined || !isThere(found)) {
      throw notFound(`The program ${named} was not found. The option binary or the variable IMAGEWIRE names it.`, [named]);
    }
    return found;
  }
  const places = [
    [`the package ${ownPackage}`, ofOwnPackage()],
    ["PATH", onPath("imagewire", env)],
    ...usualPlaces(env).map((path) => [path, path]),
  ];
  for (const [, path] of places) if (path !== undefined && isProgram(path)) return path;
  const tried = places.map(([name]) => name);
  throw notFound(
    `The program imagewire was not found. Tried: ${tried.join(", ")}. Install it, or say where it is: the option binary or the variable IMAGEWIRE.`,
    tried,
  );
}

/** Where programs are that shells find and a desktop's applications may not. */
const usualPlaces = (env) =>
  [join(env.HOME || homedir(), ".local/bin"), "/usr/local/bin", "/opt/homebrew/bin"].map((folder) => join(folder, "imagewire"));

/** The packages that hold the program for this system, with glibc or with musl: optional dependencies of this one. */
const ownPackage = `@imagewire/${process.platform}-${process.arch}`;

function ofOwnPackage() {
  const [forGlibc, forMusl] = [ownPackage, `${ownPackage}-musl`].map((name) => {
    try {
      return createRequire(import.meta.url).resolve(`${name}/bin/imagewire`);
    } catch {
      return undefined;
    }
  });
  // Package managers that ignore `libc` install both. Only then Node is asked, which takes long.
  const isMusl = forGlibc && forMusl && process.report.getReport().header.glibcVersionRuntime === undefined;
  return isMusl ? forMusl : (forGlibc ?? forMusl);
}

function onPath(name, env) {
  return (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "").map((folder) => join(folder, name)).find(isProgram);
}

function isThere(path) {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** This package's own command, which starts the program: it must not find itself on the path. */
const ownCommand = fileURLToPath(new URL("../bin/imagewire.js", import.meta.url));

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return isThere(path) && realpathSync(path) !== ownCommand;
  } catch {
    return false;
  }
}

function notFound(message, tried) {
  const error = new ProcessError("not_found", message);
  error.tried = tried;
  return error;
}
