"use strict";

// Starts the extension host of an installation, as its window does, with this extension and nothing else.

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { Calls, Frames, numbersOf } = require("./wire.js");

const Message = { initialized: 1, ready: 2, terminate: 3 };
const extension = path.join(__dirname, "../..");
const manifest = JSON.parse(fs.readFileSync(path.join(extension, "package.json"), "utf8"));
const identifier = { value: `${manifest.publisher}.${manifest.name}`, _lower: `${manifest.publisher}.${manifest.name}`.toLowerCase() };

/** A URI as VS Code's messages have it. */
const components = (fsPath, scheme = "file") => ({ $mid: 1, scheme, authority: "", path: fsPath, query: "", fragment: "", fsPath });

/** Starts it. `services` are the window's. Resolves to the calls, and a function that ends it. */
async function startHost(installation, services, language) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "vscode-host."));
  const pipe = path.join(folder, "socket");
  const server = net.createServer();
  server.listen(pipe);
  const entry = "vs/workbench/api/node/extensionHostProcess";
  const child = spawn(process.execPath, [path.join(installation, "out/bootstrap-fork.js"), "--type=extensionHost", "--skipWorkspaceStorageLock"], {
    stdio: ["ignore", "ignore", process.env.VSCODE_HOST_LOG ? "inherit" : "ignore"],
    env: {
      ...process.env, VSCODE_AMD_ENTRYPOINT: entry, VSCODE_ESM_ENTRYPOINT: entry, VSCODE_EXTHOST_IPC_HOOK: pipe,
      VSCODE_NLS_CONFIG: JSON.stringify({ locale: "en", osLocale: "en", availableLanguages: {} }),
    },
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const socket = await Promise.race([
    new Promise((resolve) => server.once("connection", resolve)),
    ended.then((status) => { throw new Error(`the extension host ended with ${status}; VSCODE_HOST_LOG=1 shows what it says`); }),
  ]);
  const initialized = await handshake(socket, installation, services, folder, language);
  return {
    calls: initialized,
    pid: child.pid,
    async end(frames = initialized.frames) {
      frames.send(Buffer.from([Message.terminate]));
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(timer);
      socket.destroy();
      server.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

function handshake(socket, installation, services, folder, language) {
  return new Promise((resolve) => {
    let calls;
    const frames = new Frames(socket, (message) => {
      if (calls) return void calls.take(message);
      if (message.length === 1 && message[0] === Message.ready) return void frames.send(Buffer.from(JSON.stringify(initData(installation, folder, language))));
      if (message.length !== 1 || message[0] !== Message.initialized) return undefined;
      calls = Object.assign(new Calls(frames, numbersOf(installation), services), { frames });
      return resolve(calls);
    });
  });
}

/** What a window tells its extension host first. */
function initData(installation, folder, language = "en") {
  const { commit, version = "1.0.0" } = {
    ...read(path.join(installation, "package.json")), ...read(path.join(installation, "product.json")),
  };
  const description = {
    ...manifest, identifier, id: identifier.value, extensionLocation: components(extension), targetPlatform: "undefined",
    isBuiltin: false, isUserBuiltin: false, isUnderDevelopment: false, preRelease: false,
  };
  const location = (name) => components(path.join(folder, name));
  return {
    version, quality: undefined, commit, parentPid: 0,
    environment: {
      isExtensionDevelopmentDebug: false, appName: "VS Code", appHost: "desktop", appRoot: components(installation), appLanguage: language,
      isExtensionTelemetryLoggingOnly: true, extensionTelemetryLogResource: location("telemetry.log"), appUriScheme: "vscode",
      globalStorageHome: location("global"), workspaceStorageHome: location("workspace"), extensionLogLevel: [],
    },
    workspace: null,
    extensions: {
      versionId: 1, allExtensions: [description], myExtensions: [identifier],
      activationEvents: { [identifier.value]: manifest.activationEvents },
    },
    telemetryInfo: { sessionId: "test", machineId: "test", sqmId: "", devDeviceId: "", firstSessionDate: "" },
    logLevel: 3, loggers: [], logsLocation: location("logs"), autoStart: true,
    remote: { isRemote: false, authority: undefined, connectionData: null }, consoleForward: { includeStack: false, logNative: false }, uiKind: 1,
  };
}

function read(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}

module.exports = { components, identifier, manifest, startHost };
