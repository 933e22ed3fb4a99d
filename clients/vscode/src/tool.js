"use strict";

const vscode = require("vscode");
const { report } = require("./errors.js");
const { plain, t } = require("./say.js");
const { dollars } = require("./work.js");

/** The tool that VS Code's agents make images with. VS Code asks the user first, with the price. */
class GenerateTool {
  #app;

  constructor(app) {
    this.#app = app;
  }

  async prepareInvocation({ input }) {
    const request = this.#request(input);
    const client = await this.#app.imagewire.client();
    const price = await client.call("quote", { input: { prompt: String(input.prompt), ...request.input }, model: request.model }).then(
      ({ amount }) => (amount === 0 ? t("It is free.") : t("It costs about {0}.", dollars(amount))),
      () => t("Its price is not known."),
    );
    return {
      invocationMessage: t("Making an image of “{0}”", plain(String(input.prompt), 60)),
      confirmationMessages: { title: t("Make an image with imagewire"), message: `${plain(String(input.prompt), 400)}\n\n${price}` },
    };
  }

  async invoke({ input }, token) {
    try {
      const { prompt } = input;
      if (typeof prompt !== "string" || !prompt.trim()) throw new Error("The prompt is empty. Nothing was sent.");
      const prediction = await this.#wait(prompt, this.#request(input), token);
      if (prediction === undefined) return result("Cancelled before it was sent. Nothing was spent.");
      const { status, files, error, failure, id } = prediction;
      if (status !== "completed" || files.length === 0) {
        return result(`${status}: ${failure?.message || error || status} ${failure?.hint ?? ""}`.trim());
      }
      return result(JSON.stringify({ id, files: files.map(({ path, width, height }) => ({ path, width, height })) }));
    } catch (error) {
      report(error);
      throw error;
    }
  }

  #request({ size, model }) {
    const { input, model: chosen } = this.#app.choice.parameters();
    return { input: { ...input, ...(typeof size === "string" ? { size } : {}) }, model: typeof model === "string" ? model : chosen };
  }

  async #wait(prompt, { input, model }, token) {
    return this.#app.works.make({ prompt, parameters: { input, model, tags: ["vscode", "agent"] } }, token);
  }
}

const result = (text) => new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);

/** Registers the tool where this VS Code has tools (1.95 and newer). */
function registerTool(app) {
  if (typeof vscode.lm?.registerTool !== "function") return [];
  return [vscode.lm.registerTool("imagewire_generate", new GenerateTool(app))];
}

module.exports = { registerTool };
