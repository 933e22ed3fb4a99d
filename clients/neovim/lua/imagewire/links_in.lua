--- The links to files that stand in a document: where they are, and which file each names.
local link = require('imagewire.link')
local folder = require('imagewire.folder')
local M = {}

--- Escaped characters as two others, so that patterns do not take them for the end of a link.
local function masked(line)
  return (line:gsub('\\.', 'xx'))
end

local function percent_decoded(path)
  return (path:gsub('[?#].*$', ''):gsub('%%(%x%x)', function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

local function entities_decoded(path)
  return (path:gsub('&quot;', '"'):gsub('&#39;', "'"):gsub('&lt;', '<'):gsub('&gt;', '>'):gsub('&amp;', '&'))
end

local function unescaped(path)
  return (path:gsub('\\(%p)', '%1'))
end

--- By format, a function that calls `found(from, to, path)` for each link of a line: byte columns from 0, `to` behind it.
local readers = {}

function readers.markdown(line, found)
  for from, inner, to in masked(line):gmatch('()!?%b[]()%b()()') do
    local target = line:sub(inner + 1, to - 2)
    local path = target:match('^%s*<([^>]*)>') or target:match('^%s*(%S+)')
    if path then
      found(from - 1, to - 1, percent_decoded(unescaped(path)))
    end
  end
end

function readers.html(line, found)
  for from, tag, to in line:gmatch('()<(%a[^>]*)>()') do
    local path = tag:match('^img%s.-src%s*=%s*"([^"]*)"') or tag:match("^img%s.-src%s*=%s*'([^']*)'")
    if path then
      found(from - 1, to - 1, percent_decoded(entities_decoded(path)))
    end
  end
end

function readers.org(line, found)
  for from, inner, to in masked(line):gmatch('()%[%[()[^%[%]]+%]%[?[^%[%]]*%]?%]()') do
    local path = unescaped(line:sub(inner, to - 1):match('^(.-[^\\])%]') or '')
    local named = path:match('^file:(.*)')
    if named or path:match('^[./~]') or path:match('^%a[%w+.-]+://') then
      found(from - 1, to - 1, named and named:gsub('::.*$', '') or path)
    end
  end
end

function readers.latex(line, found)
  for from, inner, to in line:gmatch('()\\includegraphics%*?[^{}]*()%b{}()') do
    found(from - 1, to - 1, (line:sub(inner + 1, to - 2)))
  end
end

function readers.restructuredtext(line, found)
  local path = line:match('^%s*%.%.%s.-image::%s+(.+)$') or line:match('^%s*%.%.%s+figure::%s+(.+)$')
  if path then
    found(#line:match('^%s*'), #line, percent_decoded(vim.trim(path)))
  end
end

function readers.asciidoc(line, found)
  for from, path, to in line:gmatch('()image::?([^%[%s]+)%b[]()') do
    found(from - 1, to - 1, percent_decoded(path))
  end
end

function readers.typst(line, found)
  -- What stands in quotes may have parentheses.
  local plain = masked(line):gsub('"[^"]*"', function(text) return '"' .. ('x'):rep(#text - 2) .. '"' end)
  for from, inner, to in plain:gmatch('()#?image%(%s*()"[^"]*"[^()]*%)()') do
    local path = line:sub(inner + 1):match('^(.-[^\\])"')
    if path then
      found(from - 1, to - 1, unescaped(path))
    end
  end
end

function readers.norg(line, found)
  local path = line:match('^%s*%.image%s+(.+)$')
  if path then
    found(#line:match('^%s*'), #line, vim.trim(path))
  end
end

--- The names of files of images, in quotes.
function readers.code(line, found)
  for quote in ('"\'`'):gmatch('.') do
    local inside = ('[^%s]+'):format(quote)
    for from, path, to in line:gmatch('()' .. quote .. '(' .. inside .. ')' .. quote .. '()') do
      local extension = path:match('%.(%a+)$')
      if extension and ('png jpg jpeg webp gif bmp tif tiff avif heic'):find(extension:lower(), 1, true) then
        found(from - 1, to - 1, path)
      end
    end
  end
end

--- In bytes; no link is looked for in a longer line.
local longest = 10000

--- Formats that may stand in another one.
local also = { markdown = { 'html' }, html = { 'markdown' }, code = { 'html', 'markdown' } }

--- The links of one line (from 0) of a buffer: { row, from, to, path, text }.
local function of_line(buffer, row, line)
  -- The patterns would take long for a line of a minified file.
  if #line > longest then
    return {}
  end
  local format = link.format_of(vim.bo[buffer].filetype)
  local links = {}
  for _, name in ipairs(vim.list_extend({ format }, also[format] or {})) do
    readers[name](line, function(from, to, path)
      table.insert(links, { row = row, from = from, to = to, path = path, text = line:sub(from + 1, to) })
    end)
  end
  return links
end

--- The links of one row of a buffer, from the left.
function M.on_row(buffer, row)
  local line = vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1]
  return line and of_line(buffer, row, line) or {}
end

--- All links of a buffer that may lead to an image, from the top.
function M.all(buffer)
  local links = {}
  for index, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    -- Most lines have none: this is quicker than to read them.
    if line:find('%.[pPjJwWgGbBtTaAhH][nNpPeEiImMvV]') then
      vim.list_extend(links, of_line(buffer, index - 1, line))
    end
  end
  return links
end

--- The rows from and to which a link with its caption, its options or its figure stands on lines of its own; nil where
--- it stands in a line with other text.
local function rows_of(buffer, found)
  local function line(row)
    return row >= 0 and vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or nil
  end
  local own = line(found.row)
  if own:sub(1, found.from):match('%S') or own:sub(found.to + 1):match('%S') then
    return nil
  end
  local first, last = found.row, found.row
  local format = link.format_of(vim.bo[buffer].filetype)
  if format == 'org' then
    while (line(first - 1) or ''):match('^%s*#%+%a+:') do
      first = first - 1
    end
  elseif format == 'restructuredtext' then
    while (line(last + 1) or ''):match('^%s+%S') do
      last = last + 1
    end
  elseif format == 'latex' then
    local top, bottom = first, last
    while first - top < 6 and not (line(top) or ''):match('^%s*\\begin{figure') do
      top = top - 1
    end
    while bottom - last < 6 and not (line(bottom) or ''):match('^%s*\\end{figure') do
      bottom = bottom + 1
    end
    if first - top < 6 and bottom - last < 6 then
      first, last = top, bottom
    end
  end
  return first, last
end

--- The link at a place of a buffer, with `first` and `last`, the rows that it has for itself, if any; nil where there is
--- none. A link right behind the cursor counts, and on a line with only one link that one.
function M.at(buffer, row, column)
  local lines = vim.api.nvim_buf_get_lines(buffer, math.max(0, row - 6), row + 7, false)
  local near, on_line = nil, {}
  for index, line in ipairs(lines) do
    for _, found in ipairs(of_line(buffer, math.max(0, row - 6) + index - 1, line)) do
      found.first, found.last = rows_of(buffer, found)
      if found.row == row then
        table.insert(on_line, found)
        if column >= found.from and column < found.to then
          return found
        end
      elseif found.first and row >= found.first and row <= found.last then
        near = near or found
      end
    end
  end
  for _, found in ipairs(on_line) do
    -- Right before it, where the cursor is after the link was inserted in Normal mode.
    local line = lines[row - math.max(0, row - 6) + 1]
    if column < found.from and column + #vim.fn.matchstr(line, '.', column) == found.from then
      return found
    end
  end
  return #on_line == 1 and on_line[1] or near
end

--- What the first bytes of a file of an image are.
local signatures = {
  '^\137PNG\r\n\26\n', '^\255\216\255', '^GIF8[79]a', '^RIFF....WEBP', '^BM', '^II%*%z', '^MM%z%*', '^....ftypavif', '^....ftypheic',
  '^....ftypmif1', '^....ftypavis', '^....ftypheix',
}

--- The absolute path of the image of a link; nil and what is wrong if there is none.
function M.file_of(buffer, found)
  local path = found.path:gsub('^file://', ''):gsub('^file:', '')
  if path:match('^%a[%w+.-]+:') or path:match('^//') then
    return nil, ('the link leads to another machine: %s'):format(path:sub(1, 100))
  end
  if path:match('^~/') then
    path = vim.env.HOME .. path:sub(2)
  elseif not path:match('^/') then
    local document = folder.document(buffer)
    path = (document and vim.fn.fnamemodify(document, ':h') or vim.fn.getcwd()) .. '/' .. path
  end
  path = vim.fn.simplify(path)
  local status = vim.loop.fs_stat(path)
  if not status then
    return nil, ('the file of this link is gone: %s'):format(vim.fn.fnamemodify(path, ':~:.'))
  end
  local file = status.type == 'file' and io.open(path, 'rb')
  local head = file and file:read(16) or ''
  if file then
    file:close()
  end
  for _, signature in ipairs(signatures) do
    if head:match(signature) then
      return path
    end
  end
  return nil, ('the file of this link is not an image: %s'):format(vim.fn.fnamemodify(path, ':~:.'))
end

return M
