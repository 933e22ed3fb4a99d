--- The characters of a text, one by one, and which of them may be shown.
local escapes = require('imagewire.escapes')
local M = {}

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

--- Whether a code point lies in one of the ranges.
function M.is_in(ranges, number)
  for _, range in ipairs(ranges) do
    if number >= range[1] and number <= range[2] then
      return true
    end
  end
  return false
end

--- The characters of a text, with what `rewrite(character, code point or nil)` makes of each; nil where that is nil once.
function M.rewritten(text, rewrite)
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

--- A text on one line, without control characters, marks of direction and other invisible ones.
function M.one_line(text)
  local parts = M.rewritten(text, function(character, number)
    if not number then
      return ''
    end
    return M.is_in(escapes.space, number) and ' ' or M.is_in(escapes.unsafe, number) and '' or character
  end)
  return vim.trim((table.concat(parts):gsub(' +', ' ')))
end

return M
