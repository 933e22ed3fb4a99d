--- Messages to the user. Each is one line, so that Neovim never waits for a key.
local characters = require('imagewire.characters')
local M = {}

local highlights = { [vim.log.levels.WARN] = 'WarningMsg', [vim.log.levels.ERROR] = 'ErrorMsg' }

--- Shows a line that fits, and puts the whole message into `:messages`.
local function echo(message, highlight)
  -- Neovim shortens a message itself where 'shortmess' has T, but only outside a command that is being executed.
  vim.schedule(function()
    local shortmess = vim.o.shortmess
    vim.o.shortmess = shortmess:gsub('T', '') .. 'T'
    -- Two messages in one moment would scroll, and then wait for a key.
    vim.cmd('redraw')
    vim.cmd(('echohl %s | echomsg %s | echohl None'):format(highlight or 'None', vim.fn.string(message)))
    vim.o.shortmess = shortmess
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

--- A prompt of any length on part of one line.
function M.short(prompt, limit)
  local line = characters.one_line(prompt:sub(1, limit * 8))
  if vim.fn.strchars(line) <= limit and #prompt <= limit * 8 then
    return line
  end
  return vim.fn.strcharpart(line, 0, limit - 1) .. '…'
end

return M
