--- The list of predictions: a buffer with a line for each, newest first, and keys to do something with them.
local link = require('imagewire.link')
local place = require('imagewire.place')
local process = require('imagewire.process')
local say = require('imagewire.say')
local work = require('imagewire.work')
local M = {}

local count = 50
local help = '<CR> open   i insert its link   x cancel   r refresh   q close'

--- Seconds since a time such as 2026-11-23T12:34:56.789Z, in the largest unit that fits.
local function age(time)
  local year, month, day, hour, minute, second = time:match('(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
  local now = os.time(os.date('!*t'))
  local then_ = os.time({ year = year, month = month, day = day, hour = hour, min = minute, sec = second })
  local seconds = math.max(0, now - then_)
  for _, unit in ipairs({ { 86400, 'd' }, { 3600, 'h' }, { 60, 'min' } }) do
    if seconds >= unit[1] then
      return ('%d %s'):format(math.floor(seconds / unit[1]), unit[2])
    end
  end
  return ('%d s'):format(seconds)
end

local function prompt_of(prediction)
  return type(prediction.input) == 'table' and prediction.input.prompt or '(a long prompt)'
end

--- Fills the list's buffer; `view` is { buffer, text, origin (a window), predictions }.
local function fill(view, predictions, more)
  if not vim.api.nvim_buf_is_valid(view.buffer) then
    return
  end
  view.predictions = predictions
  local lines = { help }
  for _, prediction in ipairs(predictions) do
    local kinds = link.kinds(prediction.files)
    -- `%-8s` counts bytes.
    table.insert(lines, ('%-10s  %6s  %s%s  %-9s  %s'):format(
      prediction.status, age(prediction.created_at), kinds, (' '):rep(8 - vim.fn.strchars(kinds)), prediction.provider,
      say.short(prompt_of(prediction), 200)))
  end
  if #predictions == 0 then
    table.insert(lines, view.text and 'No image has these words.' or 'No images yet: try :Imagewire a red fox.')
  elseif more then
    table.insert(lines, 'These are the newest; :ImagewireList WORDS finds older ones.')
  end
  vim.bo[view.buffer].modifiable = true
  vim.api.nvim_buf_set_lines(view.buffer, 0, -1, false, lines)
  vim.bo[view.buffer].modifiable = false
  vim.bo[view.buffer].modified = false
end

--- Asks for the page, then for each of its predictions: a page comes without the prompts, and asking is cheap.
local function refresh(view)
  process.request('list', { limit = count, text = view.text }, function(err, page)
    if err then
      return say.error(err.message)
    end
    local shown, left = {}, #page.predictions
    if left == 0 then
      return fill(view, {}, false)
    end
    for index, prediction in ipairs(page.predictions) do
      shown[index] = prediction
      process.request('status', { id = prediction.id }, function(_, whole)
        shown[index] = whole or prediction
        left = left - 1
        if left == 0 then
          fill(view, shown, page.next_cursor ~= nil)
        end
      end)
    end
  end)
end

local function open_file(file)
  local path = file.path
  if not link.may_open(file) then
    return say.message(('not opened, because it is %s and may contain scripts or programs: %s'):format(file.media_type, path))
  elseif vim.ui.open then
    return vim.ui.open(path)
  end
  local opener = vim.fn.has('mac') == 1 and 'open' or 'xdg-open'
  if vim.fn.executable(opener) == 0 then
    return say.message(path)
  end
  vim.fn.jobstart({ opener, path }, { detach = true })
end

--- Calls an action with the prediction under the cursor as it is by now; `result` fetches a lost download again.
local function with_prediction(view, action)
  local prediction = view.predictions and view.predictions[vim.api.nvim_win_get_cursor(0)[1] - 1]
  if not prediction then
    return
  end
  process.request('result', { id = prediction.id, timeout_ms = 0 }, function(err, whole)
    if err then
      return say.error(err.message)
    elseif #whole.files > 0 then
      return action(whole)
    elseif whole.status == 'created' or whole.status == 'processing' then
      return say.message('this one is not finished: ' .. whole.status)
    end
    work.explain(whole, prompt_of(whole))
  end)
end

local function insert(view, prediction)
  if not vim.api.nvim_win_is_valid(view.origin) then
    return say.warning('the window from which the list was opened was closed.')
  end
  vim.api.nvim_win_call(view.origin, function()
    local here, refusal = place.at_cursor()
    if not here then
      return say.error(refusal)
    end
    local text
    text, refusal = work.links(prediction, prompt_of(prediction), here.buffer)
    if not text then
      here:forget()
      return say.error(refusal)
    end
    here:insert(text)
    say.message('inserted ' .. vim.fn.fnamemodify(prediction.files[1].path, ':~:.'))
  end)
end

--- Opens the list, with the predictions whose prompt has the text, or all.
function M.open(text)
  local view = { text = text ~= '' and text or nil, origin = vim.api.nvim_get_current_win() }
  vim.cmd('botright new')
  view.buffer = vim.api.nvim_get_current_buf()
  for name, value in pairs({ buftype = 'nofile', bufhidden = 'wipe', swapfile = false, buflisted = false }) do
    vim.bo[view.buffer][name] = value
  end
  pcall(vim.api.nvim_buf_set_name, view.buffer, 'imagewire://list/' .. view.buffer)
  vim.bo[view.buffer].filetype = 'imagewire'
  vim.wo.wrap = false
  vim.api.nvim_buf_set_lines(view.buffer, 0, -1, false, { help })
  vim.bo[view.buffer].modifiable = false

  local function key(keys, action)
    vim.keymap.set('n', keys, action, { buffer = view.buffer, nowait = true })
  end
  key('<CR>', function()
    with_prediction(view, function(prediction)
      open_file(prediction.files[1])
    end)
  end)
  key('i', function()
    with_prediction(view, function(prediction)
      insert(view, prediction)
    end)
  end)
  key('x', function()
    local prediction = view.predictions and view.predictions[vim.api.nvim_win_get_cursor(0)[1] - 1]
    if prediction then
      process.request('cancel', { id = prediction.id }, function(err)
        if err then
          say.error(err.message)
        end
        refresh(view)
      end)
    end
  end)
  key('r', function()
    refresh(view)
  end)
  key('q', '<Cmd>close<CR>')
  refresh(view)
end

return M
