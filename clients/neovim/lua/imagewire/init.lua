--- Images from prompts, as links in the buffer: the functions behind the commands, also for mappings and scripts.
local M = {}

--- Changes settings; optional. |imagewire-settings| lists them.
function M.setup(settings)
  require('imagewire.config').setup(settings)
end

--- Makes an image of a prompt; its link goes to the cursor, wherever that text is by then.
---
---@param prompt string
function M.generate(prompt)
  local place, refusal = require('imagewire.place').at_cursor()
  if not place then
    return require('imagewire.say').error(refusal)
  end
  require('imagewire.work').start(prompt, place)
end

--- `:[range]Imagewire [words]`: the words, then the lines of the range; asks where there is neither.
function M.command(given)
  local place, refusal
  local prompt = given.args
  if given.range > 0 then
    local lines = vim.api.nvim_buf_get_lines(0, given.line1 - 1, given.line2, false)
    prompt = vim.trim(prompt .. '\n' .. table.concat(lines, '\n'))
    place, refusal = require('imagewire.place').below_line(given.line2)
  else
    place, refusal = require('imagewire.place').at_cursor()
  end
  if not place then
    return require('imagewire.say').error(refusal)
  end
  if vim.trim(prompt) ~= '' then
    return require('imagewire.work').start(prompt, place)
  end
  vim.ui.input({ prompt = 'Image of: ' }, function(words)
    if words and vim.trim(words) ~= '' then
      require('imagewire.work').start(words, place)
    else
      place:forget()
    end
  end)
end

--- Cancels an image in progress: the only one, a chosen one, or with `all` all.
---@param options? { all: boolean }
function M.cancel(options)
  require('imagewire.work').cancel(options)
end

--- Lists images, newest first.
---@param text? string only images whose prompt has it
function M.list(text)
  require('imagewire.list').open(text)
end

--- The images in progress, in a few words for a status line; empty if there are none.
---@return string
function M.statusline()
  return require('imagewire.work').statusline()
end

return M
