"use strict";

// How links are written: the rules of `Tests/Fixtures/link-escapes.json`, which all editors follow, and those of this file.

const pictures = ["image", "vector"];
/** A path as a URL: everything of ASCII that could end or change a link is percent-encoded. */
const url = { keep: "/._~-", other: "percent" };
/** A path where nothing can be escaped: one with any other character of ASCII is refused. */
const bare = { keep: " /._-+,@()'", other: "refuse" };
const entities = {
  "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;", "{": "&#123;", "}": "&#125;", "@": "&#64;",
};
const numbers = {
  "\\": "&#92;", "[": "&#91;", "]": "&#93;", "{": "&#123;", "}": "&#125;", "|": "&#124;", "`": "&#96;", "*": "&#42;",
  _: "&#95;", "#": "&#35;", "^": "&#94;", "~": "&#126;", "+": "&#43;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;",
  '"': "&quot;",
};

/**
 * The formats of that fixture. A file of a kind in `shown` is written by `link`, every other one by `file`, whose members
 * replace those of the format.
 */
const formats = {
  markdown: {
    shown: pictures,
    link: "![DESCRIPTION](PATH)",
    file: { link: "[DESCRIPTION](PATH)" },
    path: url,
    description: {
      "\\": "\\\\", "`": "\\`", "*": "\\*", _: "\\_", "[": "\\[", "]": "\\]", "|": "\\|", $: "\\$", "~": "\\~",
      "&": "&amp;", "<": "&lt;", ">": "&gt;", "{": "&#123;", "}": "&#125;",
    },
  },
  html: {
    shown: pictures,
    link: '<img src="PATH" alt="DESCRIPTION">',
    file: { link: '<a href="PATH">DESCRIPTION</a>' },
    path: url,
    description: entities,
  },
  org: {
    shown: pictures,
    link: "[[file:PATH]]",
    file: { link: "[[file:PATH]]" },
    path: { ...bare, map: { "[": "\\[", "]": "\\]" } },
  },
  latex: {
    shown: ["image"],
    link: "\\includegraphics[width=\\linewidth]{PATH}",
    file: { link: "\\texttt{PATH}", path: { keep: " /.-+,@()'", other: "refuse", map: { _: "\\_" } } },
    path: bare,
  },
  restructuredtext: {
    shown: pictures,
    link: ".. image:: PATH\n   :alt: DESCRIPTION",
    file: {
      link: "`DESCRIPTION <PATH>`__",
      path: { keep: "/.~-", other: "percent" },
      description: { "\\": "\\\\", "`": "\\`", "<": "\\<", ">": "\\>" },
    },
    path: url,
    description: {},
  },
  asciidoc: {
    shown: pictures,
    link: 'image::PATH[alt="DESCRIPTION"]',
    file: { link: "link:PATH[DESCRIPTION]", description: { ...numbers, "=": "&#61;" } },
    path: url,
    description: numbers,
  },
  typst: {
    shown: pictures,
    link: '#image("PATH", alt: "DESCRIPTION")',
    file: { link: '#link("PATH", "DESCRIPTION")', path: url },
    path: { other: "keep", map: { "\\": "\\\\", '"': '\\"' } },
    description: { "\\": "\\\\", '"': '\\"' },
  },
  norg: {
    shown: pictures,
    link: ".image PATH",
    file: { link: "{/ PATH}[DESCRIPTION]", path: { keep: " /._-+,@()", other: "refuse" } },
    path: { keep: "/._-+,@()", other: "refuse", map: { " ": "\\ " } },
    description: {
      "\\": "\\\\", "[": "\\[", "]": "\\]", "{": "\\{", "}": "\\}", "*": "\\*", "/": "\\/", _: "\\_", "-": "\\-",
      "!": "\\!", "^": "\\^", ",": "\\,", "`": "\\`", $: "\\$", "&": "\\&", "%": "\\%", "<": "\\<", ">": "\\>",
      "@": "\\@", "#": "\\#", "|": "\\|", "~": "\\~", ":": "\\:",
    },
  },
  code: { shown: pictures, link: '"PATH"', file: { link: '"PATH"' }, path: { keep: " /._-+,()", other: "refuse" } },
};

/** An Org document can run code that stands in a caption, and knows no escape there: these characters become others. */
const caption = {
  "\\": "/", "{": "(", "}": ")", "[": "(", "]": ")", "<": "(", ">": ")", "@": "(at)", _: "-", "|": "/", $: "USD ", "#": "No. ",
};
const tex = {
  "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", "%": "\\%", _: "\\_",
  "^": "\\textasciicircum{}", "~": "\\textasciitilde{}",
};

/** The formats that the fixture does not have. */
const more = {
  orgWithCaption: { ...formats.org, link: "#+CAPTION: DESCRIPTION\n[[file:PATH]]", description: caption },
  latexFigure: {
    ...formats.latex,
    link: "\\begin{figure}[htbp]\n  \\centering\n  \\includegraphics[width=\\linewidth]{PATH}\n  \\caption{DESCRIPTION}\n\\end{figure}",
    file: { ...formats.latex.file, description: undefined },
    description: tex,
  },
};

/** The names of formats for people. */
const titles = {
  markdown: "Markdown", html: "HTML", org: "Org", orgWithCaption: "Org", latex: "LaTeX", latexFigure: "LaTeX",
  restructuredtext: "reStructuredText", asciidoc: "AsciiDoc", typst: "Typst", norg: "Norg", code: "a text in quotes",
};

/** Formats whose images need lines of their own. */
const blocks = new Set(["restructuredtext", "asciidoc", "orgWithCaption", "latexFigure", "norg"]);

/** The formats of languages, by the names that VS Code's extensions use for them. Every other language is source code. */
const languages = {
  markdown: "markdown", quarto: "markdown", rmd: "markdown", mdx: "markdown", plaintext: "markdown", "git-commit": "markdown",
  "github-issues": "markdown", prompt: "markdown",
  html: "html", vue: "html", svelte: "html", astro: "html", php: "html", django: "html", "django-html": "html", jinja: "html",
  handlebars: "html", erb: "html", razor: "html",
  latex: "latex", tex: "latex", "latex-expl3": "latex", org: "org", restructuredtext: "restructuredtext", rst: "restructuredtext",
  asciidoc: "asciidoc", adoc: "asciidoc", typst: "typst", norg: "norg",
};

/** Formats by the ending of a file's name, where no extension is installed that knows its language. */
const endings = {
  org: "org", adoc: "asciidoc", asciidoc: "asciidoc", asc: "asciidoc", typ: "typst", norg: "norg", rst: "restructuredtext",
  tex: "latex", svelte: "html", vue: "html", astro: "html",
};

module.exports = { blocks, endings, formats: Object.freeze(formats), languages, more, titles };
