--- Links to a file, as each kind of text writes them, and names for it.
local config = require('imagewire.config')
local escapes = require('imagewire.escapes')
local say = require('imagewire.say')
local M = {}

--- By filetype; everything else is Markdown.
local formats = {
  org = 'org',
  tex = 'latex', plaintex = 'latex', latex = 'latex',
  typst = 'typst',
  html = 'html', xhtml = 'html', htmldjango = 'html', php = 'html', vue = 'html', svelte = 'html', astro = 'html',
}

--- The code point at a byte of a text and how many bytes it has; nil and 1 for a byte that is not UTF-8.
local function code_point(text, at)
  local lead = text:byte(at)
  if lead < 0x80 then
    return lead, 1
  end
  local more = lead >= 0xF0 and 3 or lead >= 0xE0 and 2 or 1
  local number = lead - ({ 0xC0, 0xE0, 0xF0 })[more]
  for offset = 1, more do
    local byte = text:byte(at + offset)
    if not byte or byte < 0x80 or byte > 0xBF then
      return nil, 1
    end
    number = number * 64 + byte - 0x80
  end
  if number < ({ 0x80, 0x800, 0x10000 })[more] or number > 0x10FFFF then
    return nil, 1
  end
  return number, more + 1
end

local function is_in(ranges, number)
  for _, range in ipairs(ranges) do
    if number >= range[1] and number <= range[2] then
      return true
    end
  end
  return false
end

--- The characters of a text, with what `rewrite(character, code point or nil)` makes of each; nil where that is nil once.
local function rewritten(text, rewrite)
  local parts, at = {}, 1
  while at <= #text do
    local number, length = code_point(text, at)
    local part = rewrite(text:sub(at, at + length - 1), number)
    if not part then
      return nil
    end
    table.insert(parts, part)
    at = at + length
  end
  return parts
end

--- A path as a format writes it; nil where it cannot be written safely.
local function written(path, rules)
  local map, keep = rules.map or {}, rules.keep or ''
  local parts = rewritten(path, function(character, number)
    if not number or is_in(escapes.unsafe, number) then
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
  local text = table.concat(rewritten(prompt, function(character, number)
    if not number then
      return ''
    end
    return is_in(escapes.space, number) and ' ' or is_in(escapes.unsafe, number) and '' or character
  end))
  local parts = rewritten(vim.trim((text:gsub(' +', ' '))), function(character) return character end)
  if #parts > 100 then
    parts = vim.list_extend({}, parts, 1, 99)
    table.insert(parts, '…')
  end
  return parts
end

--- Whether a link to a path can be written in a filetype.
function M.is_possible(path, filetype)
  local own = config.values.formats[filetype]
  return written(path, own and { other = 'keep' } or escapes.formats[formats[filetype] or 'markdown'].path) ~= nil
end

--- The link to a file of a kind, for a filetype; nil where none can be written safely. A format of the user's writes the
--- images only; one that fails costs its form, never the link: then it is Markdown.
function M.to(path, prompt, filetype, kind)
  kind = kind or 'image'
  local own = vim.tbl_contains({ 'image', 'vector' }, kind) and config.values.formats[filetype]
  local format = escapes.formats[not own and formats[filetype] or 'markdown']
  local is_shown = vim.tbl_contains(format.shown, kind)
  format = is_shown and format or vim.tbl_extend('force', format, format.file)
  if not written(path, own and { other = 'keep' } or format.path) then
    return nil
  end
  local description = description_of(prompt)
  if own then
    local ok, text = pcall(own, path, table.concat(description))
    if ok and type(text) == 'string' then
      return text
    end
    say.error(('the function for "%s" in the setting "formats" failed: %s'):format(
      filetype, ok and 'it returned no text' or tostring(text)))
  end
  if not is_shown and #description == 0 then
    description = description_of(path:match('[^/]*$'))
  end
  for index, character in ipairs(description) do
    description[index] = (format.description or {})[character] or character
  end
  return (format.link:gsub('%u+', { PATH = written(path, format.path), DESCRIPTION = table.concat(description) }))
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
