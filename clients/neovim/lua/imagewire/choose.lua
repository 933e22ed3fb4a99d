--- Questions and choices, by `vim.ui.select`, so that they look as the user's other ones do.
local say = require('imagewire.say')
local M = {}

--- Whether `vim.ui.select` is Neovim's own, which would page a long list and wait for a key.
local function is_plain()
  return debug.getinfo(vim.ui.select, 'S').source:match('/vim/ui%.lua$') ~= nil
end

--- A list that is too long for the command line, in a window of its own.
local function in_window(items, options, choose)
  vim.cmd('stopinsert')
  vim.cmd('botright ' .. math.min(#items + 1, math.floor(vim.o.lines / 2)) .. 'new')
  local buffer = vim.api.nvim_get_current_buf()
  for name, value in pairs({ buftype = 'nofile', bufhidden = 'wipe', swapfile = false, buflisted = false }) do
    vim.bo[buffer][name] = value
  end
  local lines = { options.prompt .. '   (<CR> chooses, / searches, q closes)' }
  for _, item in ipairs(items) do
    table.insert(lines, options.format_item(item))
  end
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.wo.wrap, vim.wo.cursorline = false, true
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  local function close(item)
    vim.cmd('close')
    choose(item)
  end
  vim.keymap.set('n', '<CR>', function()
    close(items[vim.api.nvim_win_get_cursor(0)[1] - 1])
  end, { buffer = buffer, nowait = true })
  for _, key in ipairs({ 'q', '<Esc>' }) do
    vim.keymap.set('n', key, function() close(nil) end, { buffer = buffer, nowait = true })
  end
end

--- Lets choose one of several items; calls with it, or with nil where none is chosen.
---
---@param describe function(item) that returns a text for it
function M.one(items, prompt, describe, choose)
  local function format_item(item)
    return say.short(describe(item), math.max(20, vim.o.columns - 6))
  end
  if is_plain() and #items > vim.o.lines - 4 then
    return in_window(items, { prompt = prompt, format_item = format_item }, choose)
  end
  if is_plain() then
    -- Below the words that were asked for before, there is no line end.
    vim.cmd('redraw')
  end
  vim.ui.select(items, { prompt = prompt, format_item = format_item, kind = 'imagewire' }, choose)
end

--- Asks a question; calls with whether the answer is yes.
function M.yes(question, action, choose)
  M.one({ action, 'No' }, say.short(question, math.max(20, vim.o.columns * 2 - 10)), function(item) return item end, function(item)
    choose(item == action)
  end)
end

return M
