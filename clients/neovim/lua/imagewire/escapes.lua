--- How the path and the description of a link are written, by format, so that neither ends the link or runs: by `link`
--- for a file of a kind in `shown`, otherwise by `file`, whose members replace those of the format.
---
--- These are the rules of Tests/Fixtures/link-escapes.json in imagewire's repository, which explains them and has examples.
local M = {}

--- Ranges of code points: characters that become a space in a description, and characters that no link may hold.
M.space = { { 0x09, 0x0D }, { 0x20, 0x20 }, { 0x85, 0x85 }, { 0x2028, 0x2029 } }
M.unsafe = {
  { 0x00, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x61C, 0x61C }, { 0x180E, 0x180E }, { 0x200B, 0x200B },
  { 0x200E, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F }, { 0xD800, 0xDFFF }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB },
  { 0xE0000, 0xE007F },
}

local asciidoc = {
  ['\\'] = '&#92;', ['['] = '&#91;', [']'] = '&#93;', ['{'] = '&#123;', ['}'] = '&#125;', ['|'] = '&#124;', ['`'] = '&#96;',
  ['*'] = '&#42;', ['_'] = '&#95;', ['#'] = '&#35;', ['^'] = '&#94;', ['~'] = '&#126;', ['+'] = '&#43;', ["'"] = '&#39;',
  ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;',
}

M.formats = {
  markdown = {
    shown = { 'image', 'vector' },
    link = '![DESCRIPTION](PATH)',
    file = { link = '[DESCRIPTION](PATH)' },
    path = { keep = '/._~-', other = 'percent' },
    description = {
      ['\\'] = '\\\\', ['`'] = '\\`', ['*'] = '\\*', ['_'] = '\\_', ['['] = '\\[', [']'] = '\\]', ['|'] = '\\|',
      ['$'] = '\\$', ['~'] = '\\~', ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['{'] = '&#123;', ['}'] = '&#125;',
    },
  },
  html = {
    shown = { 'image', 'vector' },
    link = '<img src="PATH" alt="DESCRIPTION">',
    file = { link = '<a href="PATH">DESCRIPTION</a>' },
    path = { keep = '/._~-', other = 'percent' },
    description = {
      ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;', ["'"] = '&#39;', ['`'] = '&#96;',
      ['{'] = '&#123;', ['}'] = '&#125;', ['@'] = '&#64;',
    },
  },
  org = {
    shown = { 'image', 'vector' },
    link = '[[file:PATH]]',
    file = { link = '[[file:PATH]]' },
    path = { keep = " /._-+,@()'", other = 'refuse', map = { ['['] = '\\[', [']'] = '\\]' } },
  },
  latex = {
    shown = { 'image' },
    link = '\\includegraphics[width=\\linewidth]{PATH}',
    file = { link = '\\texttt{PATH}', path = { keep = " /.-+,@()'", other = 'refuse', map = { ['_'] = '\\_' } } },
    path = { keep = " /._-+,@()'", other = 'refuse' },
  },
  restructuredtext = {
    shown = { 'image', 'vector' },
    link = '.. image:: PATH\n   :alt: DESCRIPTION',
    file = {
      link = '`DESCRIPTION <PATH>`__',
      path = { keep = '/.~-', other = 'percent' },
      description = { ['\\'] = '\\\\', ['`'] = '\\`', ['<'] = '\\<', ['>'] = '\\>' },
    },
    path = { keep = '/._~-', other = 'percent' },
    description = {},
  },
  asciidoc = {
    shown = { 'image', 'vector' },
    link = 'image::PATH[alt="DESCRIPTION"]',
    file = { link = 'link:PATH[DESCRIPTION]', description = vim.tbl_extend('error', asciidoc, { ['='] = '&#61;' }) },
    path = { keep = '/._~-', other = 'percent' },
    description = asciidoc,
  },
  typst = {
    shown = { 'image', 'vector' },
    link = '#image("PATH", alt: "DESCRIPTION")',
    file = { link = '#link("PATH", "DESCRIPTION")', path = { keep = '/._~-', other = 'percent' } },
    path = { other = 'keep', map = { ['\\'] = '\\\\', ['"'] = '\\"' } },
    description = { ['\\'] = '\\\\', ['"'] = '\\"' },
  },
  norg = {
    shown = { 'image', 'vector' },
    link = '.image PATH',
    file = { link = '{/ PATH}[DESCRIPTION]', path = { keep = ' /._-+,@()', other = 'refuse' } },
    path = { keep = '/._-+,@()', other = 'refuse', map = { [' '] = '\\ ' } },
    description = {
      ['\\'] = '\\\\', ['['] = '\\[', [']'] = '\\]', ['{'] = '\\{', ['}'] = '\\}', ['*'] = '\\*', ['/'] = '\\/',
      ['_'] = '\\_', ['-'] = '\\-', ['!'] = '\\!', ['^'] = '\\^', [','] = '\\,', ['`'] = '\\`', ['$'] = '\\$',
      ['&'] = '\\&', ['%'] = '\\%', ['<'] = '\\<', ['>'] = '\\>', ['@'] = '\\@', ['#'] = '\\#', ['|'] = '\\|',
      ['~'] = '\\~', [':'] = '\\:',
    },
  },
  -- In source code no character may end a string or begin an interpolation of any language.
  code = {
    shown = { 'image', 'vector' },
    link = '"PATH"',
    file = { link = '"PATH"' },
    path = { keep = ' /._-+,()', other = 'refuse' },
  },
}

--- The description as a caption: in Org without what an export would run or resolve (`src_sh{…}`, `call_name()`, macros,
--- `@@html:…@@`; `link.lua` takes care of those of several characters), in LaTeX without a command.
M.captions = {
  org = { ['['] = '(', [']'] = ')', ['{'] = '(', ['}'] = ')', ['<'] = '(', ['>'] = ')', ['\\'] = '/' },
  latex = {
    ['\\'] = '\\textbackslash{}', ['{'] = '\\{', ['}'] = '\\}', ['$'] = '\\$', ['&'] = '\\&', ['#'] = '\\#', ['%'] = '\\%',
    ['_'] = '\\_', ['^'] = '\\textasciicircum{}', ['~'] = '\\textasciitilde{}',
  },
}

return M
