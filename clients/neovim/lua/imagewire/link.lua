--- Links to a file, as each kind of text writes them, and names for it.
local characters = require('imagewire.characters')
local config = require('imagewire.config')
local escapes = require('imagewire.escapes')
local say = require('imagewire.say')
local M = {}

--- The format of each filetype; that of source code where none is named.
local formats = {}
for format, filetypes in pairs({
  markdown = 'markdown pandoc quarto rmd mdx vimwiki telekasten obsidian text txt mail gitcommit help man textile mediawiki '
    .. 'dokuwiki creole wiki pod rdoc imagewire',
  org = 'org',
  latex = 'tex plaintex latex',
  restructuredtext = 'rst',
  asciidoc = 'asciidoc asciidoctor adoc',
  typst = 'typst',
  norg = 'norg',
  html = 'html xhtml htmldjango php vue svelte astro eruby blade handlebars liquid jinja jinja2 htmlangular heex eelixir twig',
}) do
  for filetype in filetypes:gmatch('%S+') do
    formats[filetype] = format
  end
end

--- The name of the format of a filetype, which may have parts, as `markdown.pandoc`.
function M.format_of(filetype)
  for part in filetype:gmatch('[^.]+') do
    if formats[part] then
      return formats[part]
    end
  end
  return filetype == '' and 'markdown' or 'code'
end

--- Formats in which an image has lines of its own.
local is_block = { org = true, restructuredtext = true, asciidoc = true, norg = true }

--- A path as a format writes it; nil where it cannot be written safely.
local function written(path, rules)
  local map, keep = rules.map or {}, rules.keep or ''
  local parts = characters.rewritten(path, function(character, number)
    if not number or characters.is_in(escapes.unsafe, number) then
      return nil
    elseif map[character] then
      return map[character]
    elseif number > 0x7F or character:match('^%w$') or keep:find(character, 1, true) or rules.other == 'keep' then
      return character
    end
    return rules.other == 'percent' and ('%%%02X'):format(number) or nil
  end)
  if not parts or #parts == 0 or #parts > 2000 then
    return nil
  end
  return (table.concat(parts):gsub('^/+', '/'))
end

--- A prompt as a description: on one line, without invisible characters, of at most 100 characters. As a list of them.
local function description_of(prompt)
  local parts = characters.rewritten(characters.one_line(prompt), function(character) return character end)
  if #parts > 100 then
    parts = vim.list_extend({}, parts, 1, 99)
    table.insert(parts, '…')
  end
  return parts
end

local function mapped(description, map)
  return table.concat(vim.tbl_map(function(character)
    return (map or {})[character] or character
  end, description))
end

--- The text of a link: the prompt, or what the setting `alt` makes of it. If that fails, the image is not lost for it.
function M.text_of(prompt)
  local alt = config.values.alt
  if not alt then
    return prompt
  end
  local ok, text = pcall(alt, prompt)
  if ok and type(text) == 'string' then
    return text
  end
  say.error(('the function in the setting "alt" failed: %s'):format(ok and 'it returned no text' or tostring(text)))
  return prompt
end

--- Whether a link to a path can be written in a filetype.
function M.is_possible(path, filetype)
  local own = config.values.formats[filetype]
  return written(path, own and { other = 'keep' } or escapes.formats[M.format_of(filetype)].path) ~= nil
end

--- The link to a file of a kind, for a filetype, and whether it needs lines of its own; nil where none can be written
--- safely. A format of the user's writes the images only; one that fails costs its form, never the link.
function M.to(path, text, filetype, kind)
  kind = kind or 'image'
  local own = vim.tbl_contains({ 'image', 'vector' }, kind) and config.values.formats[filetype]
  local name = M.format_of(filetype)
  local format = escapes.formats[name]
  local is_shown = vim.tbl_contains(format.shown, kind)
  format = is_shown and format or vim.tbl_extend('force', format, format.file)
  if not written(path, own and { other = 'keep' } or format.path) then
    return nil
  end
  local description = description_of(text)
  if own then
    local ok, link = pcall(own, path, table.concat(description))
    if ok and type(link) == 'string' then
      return link, link:find('\n', 1, true) ~= nil
    end
    say.error(('the function for "%s" in the setting "formats" failed: %s'):format(
      filetype, ok and 'it returned no text' or tostring(link)))
  end
  local safe = written(path, format.path)
  if not safe then
    return nil
  end
  if not is_shown and #description == 0 then
    description = description_of(path:match('[^/]*$'))
  end
  local link = format.link:gsub('%u+', { PATH = safe, DESCRIPTION = mapped(description, format.description) })
  return link, is_shown and is_block[name] or false
end

--- The same with what stands around an image on lines of its own: a caption in Org, a figure in LaTeX where the setting
--- `figure` wants it.
function M.with_caption(link, text, filetype, kind)
  local name = M.format_of(filetype)
  local is_shown = vim.tbl_contains(escapes.formats[name].shown, kind or 'image')
  if not is_shown or config.values.formats[filetype] then
    return link, false
  end
  local caption = mapped(description_of(text), escapes.captions[name])
  if name == 'org' and caption ~= '' then
    caption = caption:gsub('([cC][aA][lL][lL])_', '%1-'):gsub('([sS][rR][cC])_', '%1-'):gsub('@@+', '@')
    return ('#+CAPTION: %s\n%s'):format(caption, link), true
  elseif name == 'latex' and config.values.figure then
    return ('\\begin{figure}\n  \\centering\n  %s\n  \\caption{%s}\n\\end{figure}'):format(link, caption), true
  end
  return link, false
end
--- A word for the files of a prediction in a list: `image`, `4×image`, `3 files`; empty where there are none.
function M.kinds(files)
  local kind = #files > 0 and (files[1].kind or 'image') or ''
  for _, file in ipairs(files) do
    if (file.kind or 'image') ~= kind then
      return ('%d files'):format(#files)
    end
  end
  return #files > 1 and ('%d×%s'):format(#files, kind) or kind
end

--- Media types of texts and models that a viewer only shows. Pages, drawings in SVG and archives may contain more.
local viewed = {
  ['text/plain'] = true, ['text/markdown'] = true, ['text/csv'] = true, ['text/vtt'] = true, ['text/srt'] = true,
  ['model/gltf-binary'] = true, ['model/gltf+json'] = true, ['model/obj'] = true, ['model/stl'] = true, ['model/ply'] = true,
}

--- Whether the system's viewer may open a file: nothing that it might run.
function M.may_open(file)
  return vim.tbl_contains({ 'image', 'video', 'audio', 'json' }, file.kind or 'image') or viewed[file.media_type] == true
end

--- A file name made of the first words of a prompt, or nil where it has none of ASCII.
function M.name_for(prompt)
  local name = prompt:sub(1, 400):lower():gsub('[^a-z0-9]+', '-'):gsub('^%-+', '')
  if #name > 40 then
    name = name:sub(1, 40):gsub('%-[^-]*$', '')
  end
  name = name:gsub('%-+$', '')
  return name ~= '' and name or nil
end

return M
