--- Messages to the user.
local M = {}

local function notify(message, level)
  vim.notify('imagewire: ' .. message, level, { title = 'imagewire' })
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
  local line = vim.trim((prompt:gsub('%s+', ' ')))
  if vim.fn.strchars(line) <= limit then
    return line
  end
  return vim.fn.strcharpart(line, 0, limit - 1) .. '…'
end

return M
