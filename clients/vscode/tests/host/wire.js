"use strict";

// The protocol between the window and the extension host of VS Code: frames on a socket, calls in both directions, and the numbers of
// the services, which every version counts anew. Written from the public sources of VS Code (MIT): `ipc.net.ts`, `rpcProtocol.ts` and
// `extHost.protocol.ts`.

const fs = require("node:fs");
const path = require("node:path");

const Frame = { regular: 1, ack: 3, disconnect: 5 };
const HEADER = 13;

/** Frames on a socket: kind, number, number of the newest that was received, length. */
class Frames {
  #socket;
  #sent = 0;
  #received = 0;
  #buffer = Buffer.alloc(0);

  constructor(socket, onMessage) {
    this.#socket = socket;
    socket.on("error", () => {}); // The process has ended: whoever waits for it knows.
    socket.on("data", (chunk) => this.#read(chunk, onMessage));
  }

  #read(chunk, onMessage) {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    while (this.#buffer.length >= HEADER) {
      const length = this.#buffer.readUInt32BE(9);
      if (this.#buffer.length < HEADER + length) return;
      const [kind, number] = [this.#buffer[0], this.#buffer.readUInt32BE(1)];
      const content = this.#buffer.subarray(HEADER, HEADER + length);
      this.#buffer = this.#buffer.subarray(HEADER + length);
      if (kind !== Frame.regular) continue;
      this.#received = number;
      this.#write(Frame.ack, 0, Buffer.alloc(0));
      onMessage(content);
    }
  }

  send(content) {
    this.#write(Frame.regular, ++this.#sent, content);
  }

  #write(kind, number, content) {
    const header = Buffer.alloc(HEADER);
    header[0] = kind;
    header.writeUInt32BE(number, 1);
    header.writeUInt32BE(this.#received, 5);
    header.writeUInt32BE(content.length, 9);
    if (!this.#socket.destroyed) this.#socket.write(Buffer.concat([header, content]));
  }
}

const Call = {
  request: 1, cancellableRequest: 2, mixedRequest: 3, cancellableMixedRequest: 4, acknowledged: 5, cancel: 6, emptyReply: 7,
  bufferReply: 8, reply: 9, replyWithBuffers: 10, errorReply: 11, emptyErrorReply: 12,
};
const Argument = { text: 1, buffer: 2, withBuffers: 3, nothing: 4 };

/** An argument that goes as an object with buffers, as some methods expect it. */
class WithBuffers {
  constructor(value) {
    this.value = value;
  }
}

const sized = (bytes) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const text = (value) => sized(Buffer.from(value));

/** Calls in both directions. `services` are ours, by name: objects with methods. */
class Calls {
  #frames;
  #numbers;
  #names;
  #services;
  #last = 0;
  #pending = new Map();
  /** What the extension host called and no service knows. */
  unknown = new Set();

  constructor(frames, numbers, services) {
    this.#frames = frames;
    this.#numbers = numbers;
    this.#names = new Map([...numbers].map(([name, number]) => [number, name]));
    this.#services = services;
  }

  /** Calls a method of the extension host. `isCancellable` methods have a token as their last parameter, which is not sent. */
  call(service, method, given, isCancellable = false) {
    const number = ++this.#last;
    const isMixed = given.some((one) => one === undefined || one instanceof WithBuffers);
    const kind = isMixed ? (isCancellable ? Call.cancellableMixedRequest : Call.mixedRequest) : isCancellable ? Call.cancellableRequest : Call.request;
    const name = Buffer.from(method);
    const head = Buffer.concat([Buffer.from([this.#numbers.get(service), name.length]), name]);
    this.#send(kind, number, Buffer.concat([head, isMixed ? mixed(given) : text(JSON.stringify(given))]));
    return new Promise((resolve, reject) => this.#pending.set(number, { resolve, reject }));
  }

  #send(kind, number, content) {
    const head = Buffer.alloc(5);
    head[0] = kind;
    head.writeUInt32BE(number, 1);
    this.#frames.send(Buffer.concat([head, content]));
  }

  /** Takes a message of the extension host. */
  take(message) {
    const [kind, number, reader] = [message[0], message.readUInt32BE(1), new Reader(message, 5)];
    if (kind >= Call.request && kind <= Call.cancellableMixedRequest) return void this.#answer(kind, number, reader);
    if (kind === Call.acknowledged || kind === Call.cancel) return;
    const pending = this.#pending.get(number);
    this.#pending.delete(number);
    if (kind === Call.emptyReply) pending?.resolve(undefined);
    else if (kind === Call.reply) pending?.resolve(JSON.parse(reader.text()));
    else if (kind === Call.replyWithBuffers) pending?.resolve((reader.number(), JSON.parse(reader.text())));
    else if (kind === Call.bufferReply) pending?.resolve(reader.bytes());
    else pending?.reject(Object.assign(new Error("the extension host failed"), kind === Call.errorReply ? JSON.parse(reader.text()) : {}));
  }

  async #answer(kind, number, reader) {
    const [service, method] = [this.#names.get(reader.byte()), reader.name()];
    const given = kind === Call.request || kind === Call.cancellableRequest ? JSON.parse(reader.text()) : reader.arguments();
    this.#send(Call.acknowledged, number, Buffer.alloc(0));
    try {
      const body = this.#services[service]?.[method];
      if (!body) this.unknown.add(`${service}.${method}`);
      const result = await body?.(...given);
      if (result === undefined) this.#send(Call.emptyReply, number, Buffer.alloc(0));
      else this.#send(Call.reply, number, text(JSON.stringify(result)));
    } catch (error) {
      this.#send(Call.errorReply, number, text(JSON.stringify({ $isError: true, name: error.name, message: error.message, stack: error.stack })));
    }
  }
}

/** Arguments of which some are no JSON. */
function mixed(given) {
  const parts = given.map((one) => {
    if (one === undefined) return Buffer.from([Argument.nothing]);
    if (one instanceof WithBuffers) return Buffer.concat([Buffer.from([Argument.withBuffers, 0, 0, 0, 0]), text(JSON.stringify(one.value))]);
    return Buffer.concat([Buffer.from([Argument.text]), text(JSON.stringify(one))]);
  });
  return Buffer.concat([Buffer.from([parts.length]), ...parts]);
}

class Reader {
  constructor(buffer, place) {
    Object.assign(this, { buffer, place });
  }
  byte() {
    return this.buffer[this.place++];
  }
  number() {
    this.place += 4;
    return this.buffer.readUInt32BE(this.place - 4);
  }
  take(length) {
    this.place += length;
    return this.buffer.subarray(this.place - length, this.place);
  }
  name() {
    return this.take(this.byte()).toString();
  }
  bytes() {
    return this.take(this.number());
  }
  text() {
    return this.bytes().toString();
  }
  arguments() {
    return Array.from({ length: this.byte() }, () => {
      const kind = this.byte();
      if (kind === Argument.text) return JSON.parse(this.text());
      if (kind === Argument.buffer) return this.bytes();
      if (kind === Argument.nothing) return undefined;
      const count = this.number();
      const value = JSON.parse(this.text());
      for (let index = 0; index < count; index++) this.bytes();
      return value;
    });
  }
}

/** The numbers of the services of an installation, by name: they are counted in the order in which its code names them. */
function numbersOf(installation) {
  const names = ["out/vs/workbench/api/node/extensionHostProcess.js", "out/vs/workbench/api/common/extHost.protocol.js"];
  for (const name of names.map((one) => path.join(installation, one)).filter(fs.existsSync)) {
    const found = fs.readFileSync(name, "utf8").matchAll(/\b((?:MainThread|ExtHost)\w+):\s*[\w$]+(?:\.[\w$]+)?\(["'`]\w+["'`]\)/g);
    const services = [...new Set([...found].map(([, service]) => service))];
    if (services.length > 50) return new Map(services.map((service, index) => [service, index + 1]));
  }
  throw new Error(`${installation} has no extension host that is known here: no out/vs/workbench/api/node/extensionHostProcess.js`);
}

module.exports = { Calls, Frames, WithBuffers, numbersOf };
