--- The list of predictions: a buffer with a line for each, newest first, and keys to do something with them.
local change = require('imagewire.change')
local choose = require('imagewire.choose')
local facts = require('imagewire.facts')
local insert_links = require('imagewire.insert')
local link = require('imagewire.link')
local place = require('imagewire.place')
local process = require('imagewire.process')
local say = require('imagewire.say')
local show_images = require('imagewire.show')
local work = require('imagewire.work')
local M = {}

local count = 50
local help = '<CR> open  i insert  y copy prompt  c change  x cancel  d delete  r refresh  q close'

--- A text in a column of so many characters, which `%-8s` counts as bytes.
local function padded(text, width)
  return text .. (' '):rep(width - vim.fn.strdisplaywidth(text))
end

--- Fills the list's buffer; `view` is { buffer, text, origin (a window), predictions }.
local function fill(view, predictions, more)
  if not vim.api.nvim_buf_is_valid(view.buffer) then
    return
  end
  view.predictions = predictions
  local lines = { help }
  for _, prediction in ipairs(predictions) do
    table.insert(lines, ('%-10s %6s  %s %s %s'):format(
      prediction.status, facts.age(prediction.created_at), padded(facts.cost(prediction), 7), padded(link.kinds(prediction.files), 8),
      say.short(facts.prompt_of(prediction), 200)))
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
  if vim.api.nvim_win_is_valid(view.window) and vim.api.nvim_win_get_cursor(view.window)[1] == 1 then
    -- On the newest.
    vim.api.nvim_win_set_cursor(view.window, { 2, 0 })
  end
  view.thumbnail_of = nil
  view.show_thumbnail()
end

--- Asks for the page, then for each of its predictions: a page comes without the prompts, and asking is cheap.
local function refresh(view)
  process.request('list', { limit = count, text = view.text }, function(err, page)
    if err then
      return say.failure(err)
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

--- The prediction under the cursor, as the list has it.
local function selected(view)
  return view.predictions and view.predictions[vim.api.nvim_win_get_cursor(0)[1] - 1]
end

--- Calls an action with the prediction under the cursor as it is by now; `result` fetches a lost download again.
local function with_prediction(view, action)
  local prediction = selected(view)
  if not prediction then
    return
  end
  process.request('result', { id = prediction.id, timeout_ms = 0 }, function(err, whole)
    if err then
      return say.failure(err)
    elseif #whole.files > 0 then
      return action(whole)
    elseif whole.status == 'created' or whole.status == 'processing' then
      return say.message('this one is not finished: ' .. whole.status)
    end
    work.explain(whole, facts.prompt_of(whole))
  end)
end

--- Calls in the window from which the list was opened.
local function at_origin(view, action)
  if not vim.api.nvim_win_is_valid(view.origin) then
    return say.warning('the window from which the list was opened was closed.')
  end
  vim.api.nvim_win_call(view.origin, action)
end

local function insert(view, prediction)
  at_origin(view, function()
    local here, refusal = place.at_cursor()
    if not here then
      return say.error(refusal)
    end
    insert_links(prediction, here)
  end)
end

local function copy_prompt(view)
  local prediction = selected(view)
  if not prediction then
    return
  end
  process.request('status', { id = prediction.id, full = true }, function(err, whole)
    if err then
      return say.failure(err)
    end
    vim.fn.setreg('"', facts.prompt_of(whole))
    if vim.fn.has('clipboard') == 1 then
      vim.fn.setreg('+', facts.prompt_of(whole))
    end
    say.message('the prompt is in the unnamed register.')
  end)
end

--- Sends the image of a prediction with new words; the link goes where the list was opened.
local function change_it(view, prediction)
  vim.ui.input({ prompt = 'Change it how: ' }, function(words)
    if not words or vim.trim(words) == '' then
      return
    end
    at_origin(view, function()
      local here, refusal = place.at_cursor()
      if not here then
        return say.error(refusal)
      end
      change.change_file(words, prediction.files[1].path, here, prediction.id)
    end)
  end)
end

local function cancel(view)
  local prediction = selected(view)
  if prediction then
    process.request('cancel', { id = prediction.id }, function(err, cancelled)
      if err then
        say.failure(err)
      elseif cancelled.status == 'cancelled' then
        work.explain(cancelled, facts.prompt_of(prediction))
      end
      refresh(view)
    end)
  end
end

local function delete(view)
  local prediction = selected(view)
  if not prediction then
    return
  end
  local prompt = say.short(facts.prompt_of(prediction), 30)
  local choices = { 'Delete the entry, keep the files', 'Delete the entry and its files', 'No' }
  choose.one(choices, ('Delete "%s"?'):format(prompt), function(choice) return choice end, function(choice)
    if choice == choices[1] or choice == choices[2] then
      process.request('delete', { ids = { prediction.id }, files = choice == choices[2] }, function(err, result)
        if err then
          return say.failure(err)
        end
        local kept = result.kept and #result.kept > 0 and '; a file that was changed since is kept' or ''
        say.message(('deleted "%s"%s.'):format(prompt, kept))
        refresh(view)
      end)
    end
  end)
end

--- Shows a small image below the line of the cursor, where images can be shown.
local function show_thumbnail(view)
  local row = vim.api.nvim_win_get_cursor(view.window)[1] - 1
  local prediction = view.predictions and view.predictions[row]
  local id = prediction and prediction.id
  if view.thumbnail_of == id then
    return
  elseif view.thumbnail then
    view.thumbnail:close()
    view.thumbnail = nil
  end
  view.thumbnail_of = id
  local file = prediction and prediction.files[1]
  if not file or (file.kind or 'image') ~= 'image' then
    return
  end
  local limit = { columns = 24, rows = 8 }
  if file.media_type == 'image/png' then
    view.thumbnail = show_images.at(view.buffer, row, file.path, limit)
    return
  end
  process.request('thumbnail', { id = id, size = 256 }, function(_, small)
    if small and view.thumbnail_of == id and vim.api.nvim_buf_is_valid(view.buffer) then
      view.thumbnail = show_images.at(view.buffer, row, small.path, limit)
    end
  end)
end

--- Opens the list, with the predictions whose prompt has the text, or all.
function M.open(text)
  local view = { text = text ~= '' and text or nil, origin = vim.api.nvim_get_current_win() }
  -- Its keys are those of Normal mode.
  vim.cmd('stopinsert')
  vim.cmd('botright new')
  view.buffer, view.window = vim.api.nvim_get_current_buf(), vim.api.nvim_get_current_win()
  for name, value in pairs({ buftype = 'nofile', bufhidden = 'wipe', swapfile = false, buflisted = false }) do
    vim.bo[view.buffer][name] = value
  end
  pcall(vim.api.nvim_buf_set_name, view.buffer, 'imagewire://list/' .. view.buffer)
  vim.bo[view.buffer].filetype = 'imagewire'
  vim.wo.wrap, vim.wo.cursorline = false, true
  vim.api.nvim_buf_set_lines(view.buffer, 0, -1, false, { help })
  vim.bo[view.buffer].modifiable = false

  function view.show_thumbnail()
    if vim.api.nvim_win_is_valid(view.window) and vim.api.nvim_win_get_buf(view.window) == view.buffer then
      show_thumbnail(view)
    end
  end
  vim.api.nvim_create_autocmd('CursorMoved', { buffer = view.buffer, callback = view.show_thumbnail })
  vim.api.nvim_create_autocmd('BufWipeout', { buffer = view.buffer, callback = function()
    if view.thumbnail then
      view.thumbnail:close()
    end
  end })

  local function key(keys, action)
    vim.keymap.set('n', keys, action, { buffer = view.buffer, nowait = true })
  end
  local function with_files(action)
    return function() with_prediction(view, action) end
  end
  key('<CR>', with_files(function(prediction) open_file(prediction.files[1]) end))
  key('i', with_files(function(prediction) insert(view, prediction) end))
  key('c', with_files(function(prediction) change_it(view, prediction) end))
  key('y', function() copy_prompt(view) end)
  key('x', function() cancel(view) end)
  key('d', function() delete(view) end)
  key('r', function() refresh(view) end)
  key('q', '<Cmd>close<CR>')
  refresh(view)
end

return M
