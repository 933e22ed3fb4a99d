--- Messages to the user. Each is one line, so that Neovim never waits for a key.
local characters = require('imagewire.characters')
local M = {}

local highlights = { [vim.log.levels.WARN] = 'WarningMsg', [vim.log.levels.ERROR] = 'ErrorMsg' }

--- The lines of a message, of words as far as they fit on the last line of the screen.
local function lines_of(message)
  local room = math.max(20, vim.v.echospace - 1)
  local lines, line = {}, ''
  local function take(word)
    while vim.fn.strdisplaywidth(word) > room do
      local head = vim.fn.strcharpart(word, 0, math.floor(room / 2))
      table.insert(lines, head)
      word = word:sub(#head + 1)
    end
    line = word
  end
  for word in message:gmatch('%S+') do
    local longer = line == '' and word or line .. ' ' .. word
    if vim.fn.strdisplaywidth(longer) <= room then
      line = longer
    else
      if line ~= '' then
        table.insert(lines, line)
      end
      take(word)
    end
  end
  table.insert(lines, line)
  return lines
end

--- As much of a message as fits.
local function beginning(message)
  local room = math.max(20, vim.v.echospace - 1)
  local length = room
  while vim.fn.strdisplaywidth(vim.fn.strcharpart(message, 0, length)) >= room do
    length = length - 1
  end
  return vim.fn.strcharpart(message, 0, length) .. '…'
end

--- Shows as much of a message as fits on one line; `:messages` has all of it, on several. A message that is longer than the line
--- would scroll, and then wait for a key; so would one of a command that is still being executed, and a second one in one moment.
local function echo(message, highlight)
  vim.schedule(function()
    local lines = lines_of(message)
    for _, line in ipairs(lines) do
      vim.cmd('redraw')
      vim.api.nvim_echo({ { line, highlight } }, true, {})
    end
    if #lines > 1 then
      vim.cmd('redraw')
      vim.api.nvim_echo({ { beginning(message), highlight } }, false, {})
    end
  end)
end

local function notify(message, level)
  message = 'imagewire: ' .. characters.one_line(message)
  if debug.getinfo(vim.notify, 'S').source:match('vim/_[%w_/]*editor%.lua$') then
    return echo(message, highlights[level])
  end
  -- Of a plugin, which has room for all of it.
  vim.notify(message, level, { title = 'imagewire' })
end

function M.message(message)
  notify(message, vim.log.levels.INFO)
end

function M.warning(message)
  notify(message, vim.log.levels.WARN)
end

function M.error(message)
  notify(message, vim.log.levels.ERROR)
end

--- The message of an error of a call, unless it was said for several calls at once.
function M.failure(err)
  if not err.is_said then
    M.error(err.message)
  end
end

--- A prompt of any length on part of one line.
function M.short(prompt, limit)
  local line = characters.one_line(prompt:sub(1, limit * 8))
  if vim.fn.strchars(line) <= limit and #prompt <= limit * 8 then
    return line
  end
  return vim.fn.strcharpart(line, 0, limit - 1) .. '…'
end

return M
