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

--- The text of a range: of a selection only what is selected, else whole lines.
local function text_of(first, last)
  local lines = vim.api.nvim_buf_get_lines(0, first - 1, last, false)
  local from, to = vim.fn.getpos("'<"), vim.fn.getpos("'>")
  local mode = vim.fn.visualmode()
  if from[2] ~= first or to[2] ~= last or mode == 'V' or mode == '' then
    return lines
  end
  if vim.o.selection ~= 'exclusive' then
    -- The mark is at the first byte of the last character.
    to[3] = to[3] + math.max(0, #vim.fn.matchstr(lines[#lines], '.', to[3] - 1) - 1)
  else
    to[3] = to[3] - 1
  end
  if mode == 'v' then
    lines[#lines] = lines[#lines]:sub(1, to[3])
    lines[1] = lines[1]:sub(from[3])
    return lines
  end
  -- A block: the same columns of the screen in each line.
  local left = math.min(vim.fn.virtcol("'<"), vim.fn.virtcol("'>"))
  local right = math.max(vim.fn.virtcol("'<"), vim.fn.virtcol("'>"))
  return vim.tbl_map(function(line)
    return vim.fn.matchstr(line, ('\\%%>%dv.*\\%%<%dv.'):format(left - 1, right + 1))
  end, lines)
end

--- `:[range]Imagewire [words]`: the words, then the text of the range; asks where there is neither.
function M.command(given)
  local place, refusal
  local prompt = given.args
  if given.range > 0 then
    local lines = text_of(given.line1, given.line2)
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
  require('imagewire.list').open(text or '')
end

--- Sends the image of the link under the cursor with words to the model; asks for them where there are none.
---@param words? string
function M.change(words)
  require('imagewire.change').change(words or '')
end

--- Makes the image under the cursor once more, with another seed.
function M.vary()
  require('imagewire.change').vary()
end

--- Makes the image under the cursor once more, with the same input.
function M.again()
  require('imagewire.change').again()
end

--- Lists what the image under the cursor was made from and what was made from it.
function M.history()
  require('imagewire.history').open()
end

--- Chooses a model for this session; with `reset` that of the settings again.
---@param words? string
---@param options? { reset: boolean }
function M.choose_model(words, options)
  local choices = require('imagewire.choices')
  if options and options.reset then
    return choices.reset_model()
  end
  choices.choose_model(words or '')
end

--- Chooses the size or another field of the model's input for this session; with `reset` those of the settings again.
---@param text? string a field, or `size=1024x1024`
---@param options? { reset: boolean }
function M.choose_input(text, options)
  local choices = require('imagewire.choices')
  if options and options.reset then
    return choices.reset_input()
  end
  choices.choose_input(text or '')
end

--- Shows the images of the current buffer at their links.
function M.show()
  require('imagewire.show').show()
end

--- Hides them; with `all` those of every buffer.
---@param options? { all: boolean }
function M.hide(options)
  require('imagewire.show').hide(options)
end

--- The images in progress, in a few words for a status line; empty if there are none.
---@return string
function M.statusline()
  return require('imagewire.work').statusline()
end

return M
