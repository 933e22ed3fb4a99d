"use strict";

// What the JSON Schema of a model's input says. Pure.

/** The most values of a range of numbers that are shown as a list. */
const MOST = 20;

/** The fields of a schema that can be chosen: with `values`, or with `read`, which reads a typed text, undefined if that does not fit. */
function choices(schema) {
  const fields = [];
  for (const [name, field] of Object.entries(schema?.properties ?? {})) {
    if (/^(prompt|sandbox)$/.test(name) || typeof field !== "object" || field === null) continue;
    const about = { name, description: typeof field.description === "string" ? field.description : undefined, usual: field.default };
    const numbers = { least: field.minimum ?? -Infinity, most: field.maximum ?? Infinity };
    if (Array.isArray(field.enum)) fields.push({ ...about, values: field.enum.filter((value) => Object(value) !== value) });
    else if (field.type === "boolean") fields.push({ ...about, values: [true, false] });
    else if (field.type === "integer" && numbers.most - numbers.least < MOST) {
      fields.push({ ...about, values: Array.from({ length: numbers.most - numbers.least + 1 }, (_, index) => numbers.least + index) });
    } else if (field.type === "integer" || field.type === "number") fields.push({ ...about, read: numberIn(field.type, numbers) });
    else if (field.type === "string" && !/image|video|audio|mask|url/i.test(name)) fields.push({ ...about, read: textOf(field.pattern) });
  }
  return fields;
}

const numberIn = (type, { least, most }) => (text) => {
  const number = Number(text);
  const isOne = text.trim() !== "" && (type === "number" ? Number.isFinite(number) : Number.isInteger(number));
  return isOne && number >= least && number <= most ? number : undefined;
};

/** A text that fits a pattern of a schema. A pattern that could take long is not tried: the program checks it too. */
const textOf = (pattern) => (text) => {
  if (typeof pattern !== "string" || pattern.length > 100 || /[*+}]\)?[*+{]/.test(pattern)) return text;
  try {
    return new RegExp(pattern, "u").test(text) ? text : undefined;
  } catch {
    return text;
  }
};

/** The field of a schema that takes an image, as `imagewire edit` finds it: `{ name, isList }`; undefined where it has none. */
function imageField(schema) {
  const fields = Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => {
    const types = [field?.type ?? []].flat();
    if (types.includes("array")) return [undefined, "string"].includes(field.items?.type) ? [{ name, isList: true }] : [];
    return types.length === 0 || (types.includes("string") && !field.enum) ? [{ name, isList: false }] : [];
  });
  const usual = ["images", "image", "image_urls", "image_url", "input_images", "input_image"];
  const otherUses = /^(mask|size|num|count|format|last|end|tail|negative)$/;
  const usesBehind = /^(style|prompt|strength|type|mode|name|weight|scale|fidelity|guidance|quality|resolution|ratio|output)$/;
  const named = fields.filter(({ name }) => {
    const words = name.toLowerCase().split(/[_-]+/);
    const place = Math.max(words.lastIndexOf("image"), words.lastIndexOf("images"));
    return place >= 0 && !words.some((word) => otherUses.test(word)) && !words.slice(place).some((word) => usesBehind.test(word));
  });
  const byName = usual.map((name) => fields.find((field) => field.name === name)).find(Boolean);
  return byName ?? named.find(({ name }) => schema?.required?.includes(name)) ?? named[0];
}

module.exports = { choices, imageField };
