"use strict";

// The model and the fields of its input that are chosen for this window.

const vscode = require("vscode");
const { plain, sayInformation, t } = require("./say.js");
const { choices } = require("./schema.js");
const { settingsFor } = require("./settings.js");
const { inList, short } = require("./text.js");
const { dollars } = require("./work.js");

class Choice {
  #imagewire;
  #item;
  model;
  input = {};

  constructor(imagewire) {
    this.#imagewire = imagewire;
  }

  /** The parameters for a document: what is chosen comes before the settings. */
  parameters(document) {
    return { model: this.model, input: { ...settingsFor(document).get("input"), ...this.input } };
  }

  /** The entry of a model with its schema: of that in use, if none is named. */
  async entry(model = this.model || settingsFor().get("model") || undefined, provider) {
    const client = await this.#imagewire.client();
    if (model === undefined) {
      const { models } = await client.call("models", { provider });
      const usual = models.find((one) => one.default) ?? models[0];
      if (!usual) throw new Error(t("the provider names no model. Nothing was sent."));
      return this.entry(usual.id, provider);
    }
    const { models } = await client.call("models", { model, provider });
    return models[0] ?? { id: model, name: null, edit_model: null, provider };
  }

  /** Whether a provider has schemas, as far as some of its models besides one tell. */
  async hasSchemas(provider, id) {
    const client = await this.#imagewire.client();
    const { models } = await client.call("models", { provider });
    const others = models.filter((one) => one.id !== id).slice(0, 3);
    const entries = await Promise.all(others.map((one) => this.entry(one.id, provider)));
    return entries.some(({ input_schema }) => input_schema);
  }

  /** Lets the user choose a model of the provider's catalogue. */
  async chooseModel() {
    const client = await this.#imagewire.client();
    const models = await client.models();
    const items = models.map((model) => ({
      label: inList(model.name ?? model.id, 80),
      description: [priceOf(model), model.default ? t("default") : ""].filter(Boolean).join(" · "),
      detail: [model.name ? inList(model.id, 100) : "", inList(model.description ?? "", 160)].filter(Boolean).join(" · "),
      model,
    }));
    if (this.model) items.unshift({ label: t("$(discard) The model of the settings"), model: undefined });
    const options = { placeHolder: t("Which model?"), matchOnDescription: true, matchOnDetail: true };
    const chosen = await vscode.window.showQuickPick(items, options);
    if (!chosen) return;
    // Fields of one model are not those of another.
    if (chosen.model?.id !== this.model) this.input = {};
    this.model = chosen.model?.id;
    this.#show();
  }

  /** Lets the user choose a value for a field of the model's input. */
  async chooseInput() {
    const entry = await this.entry();
    const fields = choices(entry.input_schema);
    if (fields.length === 0) return void sayInformation(t("{0} names no choices for its input.", entry.id));
    const items = fields.map((field) => ({
      label: inList(field.name, 80),
      description: this.input[field.name] === undefined ? "" : inList(JSON.stringify(this.input[field.name]), 60),
      detail: inList(field.description ?? "", 160),
      field,
    }));
    if (Object.keys(this.input).length > 0) items.unshift({ label: t("$(discard) All as in the settings") });
    const chosen = await vscode.window.showQuickPick(items, { placeHolder: t("What to choose for {0}?", entry.id), matchOnDetail: true });
    if (!chosen) return;
    if (!chosen.field) this.input = {};
    else await this.#chooseValue(chosen.field);
    this.#show();
  }

  async #chooseValue(field) {
    if (!field.values) {
      const text = await vscode.window.showInputBox({
        prompt: plain(field.name, 80),
        placeHolder: field.description && short(field.description, 160),
        value: String(this.input[field.name] ?? field.usual ?? ""),
        validateInput: (text) => (text === "" || field.read(text) !== undefined ? undefined : t("{0} takes no such value.", plain(field.name, 80))),
      });
      if (text === undefined) return;
      this.#set(field.name, text === "" ? undefined : field.read(text));
      return;
    }
    const items = field.values.map((value) => ({
      label: inList(String(value), 80),
      description: value === field.usual ? t("default") : "",
      value,
    }));
    if (this.input[field.name] !== undefined) items.unshift({ label: t("$(discard) As in the settings"), value: undefined });
    const chosen = await vscode.window.showQuickPick(items, { placeHolder: plain(field.name, 80) });
    if (chosen) this.#set(field.name, chosen.value);
  }

  #set(name, value) {
    const { [name]: _, ...rest } = this.input;
    this.input = value === undefined ? rest : { ...rest, [name]: value };
  }

  /** Shows in the status bar what is chosen; a click chooses again. */
  #show() {
    const parts = [this.model, ...Object.entries(this.input).map(([name, value]) => `${name} ${value}`)].filter(Boolean);
    if (parts.length === 0) {
      this.#item?.hide();
      return;
    }
    if (!this.#item) {
      this.#item = vscode.window.createStatusBarItem("imagewire.choice", vscode.StatusBarAlignment.Right);
      this.#item.name = t("imagewire: model and size");
      this.#item.command = "imagewire.chooseInput";
    }
    this.#item.text = `$(symbol-color) ${inList(parts.join(" · "), 60)}`;
    this.#item.tooltip = t("Images of this window are made so. Click to choose.");
    this.#item.show();
  }

  dispose() {
    this.#item?.dispose();
  }
}

const priceOf = ({ price }) => (typeof price !== "number" ? t("price unknown") : price === 0 ? t("free") : t("from {0}", dollars(price)));

module.exports = { Choice };
