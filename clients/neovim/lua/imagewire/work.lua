--- Images in progress in this editor, from the command to the link.
local config = require('imagewire.config')
local folder = require('imagewire.folder')
local link = require('imagewire.link')
local process = require('imagewire.process')
local progress = require('imagewire.progress')
local say = require('imagewire.say')
local M = {}

--- In the order of their commands: { prompt, place, status, eta_ms, id, call (the submit), is_cancelled }.
local in_progress = {}
local tokens = 0

local terminal = { completed = true, failed = true, cancelled = true, unknown = true }

local function show(work, words)
  work.status = words
  work.place:show(('  %s: %s'):format(say.short(work.prompt, 30), words))
  vim.cmd('redrawstatus')
end

local function finish(work)
  for index, other in ipairs(in_progress) do
    if other == work then
      table.remove(in_progress, index)
      break
    end
  end
  work.place:forget()
  vim.cmd('redrawstatus')
end

--- The links to the files of a completed prediction, for a buffer; nil and a message if a link would not be safe.
function M.links(prediction, prompt, buffer)
  local links = {}
  for _, file in ipairs(prediction.files) do
    local text = link.to(folder.path_from(buffer, file.path), prompt, vim.bo[buffer].filetype, file.kind)
    if not text then
      return nil, 'no link was inserted, because its path would not be safe in this kind of text. The file is ' .. file.path
    end
    table.insert(links, text)
  end
  return table.concat(links, '\n')
end

--- Reports how a prediction without an image ended, and what it may cost.
local function explain(prediction, prompt)
  local failure = prediction.failure or {}
  local reason = prediction.error ~= '' and prediction.error or failure.message or prediction.status
  local text = ('%s: %s: %s'):format(say.short(prompt, 30), prediction.status, reason)
  if failure.hint and failure.hint ~= '' and not reason:find(failure.hint, 1, true) then
    text = text .. ' ' .. failure.hint
  end
  if prediction.status == 'cancelled' then
    say.message(text)
  else
    say.error(text)
  end
end

local function complete(work, prediction)
  local place = work.place
  if prediction.status ~= 'completed' or #prediction.files == 0 then
    explain(prediction, work.prompt)
    return finish(work)
  end
  local path = prediction.files[1].path
  local text, refusal = path, nil
  if vim.api.nvim_buf_is_valid(place.buffer) then
    text, refusal = M.links(prediction, work.prompt, place.buffer)
  end
  if refusal then
    say.error(refusal)
  elseif place:insert(text) then
    say.message(('%s: %s'):format(say.short(work.prompt, 30), vim.fn.fnamemodify(path, ':~:.')))
  else
    vim.fn.setreg('"', text)
    say.warning(('the buffer was closed or cannot be changed; the link is in the unnamed register: %s'):format(path))
  end
  finish(work)
end

local function give_up(work, err)
  say.error(err.message)
  finish(work)
end

--- Waits until the prediction is finished, without a limit, 50 s at a time.
local function wait(work)
  tokens = tokens + 1
  local token = 'neovim-' .. tokens
  process.listen(token, function(report)
    if not work.is_cancelled then
      work.eta_ms = report.eta_ms
      show(work, progress.words(report))
    end
  end)
  process.request('result', { id = work.id, timeout_ms = 50000, workDoneToken = token }, function(err, prediction)
    process.forget(token)
    if err then
      give_up(work, err)
    elseif terminal[prediction.status] then
      complete(work, prediction)
    else
      wait(work)
    end
  end)
end

local function cancel(work)
  -- Chosen from a menu; it may be finished by now.
  if not vim.tbl_contains(in_progress, work) then
    return
  end
  if not work.id and process.withdraw(work.call) then
    finish(work)
    return say.message(say.short(work.prompt, 30) .. ': cancelled. Nothing was sent.')
  end
  work.is_cancelled, work.eta_ms = true, nil
  show(work, 'cancelling')
  -- Without an id the reply to `submit` is still to come, and cancels.
  if work.id then
    process.request('cancel', { id = work.id }, function(err)
      if err then
        say.error(err.message)
      end
    end)
  end
end

--- Submits a prompt; the link goes to the place.
function M.start(prompt, place)
  local directory, name = folder.of(place.buffer), link.name_for(prompt)
  local path = directory and folder.path_from(place.buffer, ('%s/%s.png'):format(directory, name or 'image'))
  if path and not link.is_possible(path, vim.bo[place.buffer].filetype) then
    place:forget()
    return say.error('a link into the folder of the setting "folder" would not be safe in this kind of text. Nothing was sent.')
  end
  local work = { prompt = prompt, place = place, status = 'created' }
  table.insert(in_progress, work)
  show(work, 'created')
  say.message(say.short(prompt, 50))

  local params = { input = vim.tbl_extend('force', config.values.input, { prompt = prompt }), tags = { 'neovim' } }
  if directory then
    params.output_dir, params.output_name = directory, name
  end
  work.call = process.request('submit', params, function(err, prediction)
    if err then
      return give_up(work, err)
    end
    work.id = prediction.id
    if work.is_cancelled then
      cancel(work)
    end
    wait(work)
  end)
end

function M.cancel(options)
  if #in_progress == 0 then
    return say.message('no image is in progress.')
  end
  if (options and options.all) or #in_progress == 1 then
    for _, work in ipairs(vim.list_extend({}, in_progress)) do
      cancel(work)
    end
    return
  end
  vim.ui.select(vim.list_extend({}, in_progress), {
    prompt = 'Cancel which image?',
    format_item = function(work)
      return ('%s (%s)'):format(say.short(work.prompt, 60), work.status)
    end,
  }, function(work)
    if work then
      cancel(work)
    end
  end)
end

--- Before the editor ends, and with it the input of the process: waits at most two seconds for cancellations. The
--- rest goes on, and `:ImagewireList` shows it.
function M.leave()
  vim.wait(2000, function()
    for _, work in ipairs(in_progress) do
      if work.is_cancelled then
        return false
      end
    end
    return true
  end, 10)
end

vim.api.nvim_create_autocmd('VimLeavePre', {
  group = vim.api.nvim_create_augroup('imagewire_work', {}),
  callback = function()
    -- Not after a deadly signal: Neovim handles no events then.
    if vim.v.dying == 0 then
      M.leave()
    end
  end,
})

function M.statusline()
  return progress.line(in_progress)
end

M.explain = explain

return M
