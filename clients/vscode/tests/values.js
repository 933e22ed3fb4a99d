"use strict";

// The values of the double of the module `vscode`: positions, addresses, events and texts.

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
  isBefore(other) {
    return this.line < other.line || (this.line === other.line && this.character < other.character);
  }
}

class Range {
  constructor(start, end) {
    Object.assign(this, end.isBefore(start) ? { start: end, end: start } : { start, end });
  }
}

class Selection extends Range {
  constructor(anchor, active) {
    super(anchor, active);
    Object.assign(this, { anchor, active });
  }
}

class Disposable {
  constructor(dispose) {
    this.dispose = dispose;
  }
}

class EventEmitter {
  #listeners = new Set();
  event = (listener) => {
    this.#listeners.add(listener);
    return new Disposable(() => this.#listeners.delete(listener));
  };
  fire(event) {
    for (const listener of [...this.#listeners]) listener(event);
  }
  get count() {
    return this.#listeners.size;
  }
  dispose() {
    this.#listeners.clear();
  }
}

class Uri {
  constructor(scheme, path) {
    Object.assign(this, { scheme, path });
  }
  static file(path) {
    return new Uri("file", path);
  }
  static parse(text) {
    const [, scheme, path] = /^([a-z]+):(?:\/\/)?(.*)$/.exec(text);
    return new Uri(scheme, decodeURIComponent(path));
  }
  get fsPath() {
    return this.path;
  }
  toString() {
    const path = this.path.split("/").map((part) => encodeURIComponent(part).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`));
    return `${this.scheme}:${this.scheme === "file" ? "//" : ""}${path.join("/")}`;
  }
}

class MarkdownString {
  value = "";
  appendText(text) {
    const escaped = text.replace(/[\\`*_{}[\]()#+\-!~>]/g, "\\$&");
    this.value += escaped.replace(/[ \t]/g, "&nbsp;").replace(/\n/g, "\n\n");
    return this;
  }
  appendMarkdown(text) {
    this.value += text;
    return this;
  }
}

class Hover {
  constructor(contents, range) {
    Object.assign(this, { contents: [contents], range });
  }
}

class LanguageModelTextPart {
  constructor(value) {
    this.value = value;
  }
}

class LanguageModelToolResult {
  constructor(content) {
    this.content = content;
  }
}

class McpStdioServerDefinition {
  constructor(label, command, args) {
    Object.assign(this, { label, command, args });
  }
}

module.exports = {
  Disposable, EventEmitter, Hover, LanguageModelTextPart, LanguageModelToolResult, MarkdownString, McpStdioServerDefinition, Position,
  Range, Selection, Uri,
};
