--- Images in progress in this editor, from the command to the link.
local choices = require('imagewire.choices')
local choose = require('imagewire.choose')
local config = require('imagewire.config')
local folder = require('imagewire.folder')
local link = require('imagewire.link')
local process = require('imagewire.process')
local progress = require('imagewire.progress')
local say = require('imagewire.say')
local show_images = require('imagewire.show')
local M = {}

--- In the order of their commands: { prompt, place, status, eta_ms, id, call (the submit), is_cancelled, is_over }.
local in_progress = {}
local tokens = 0

local terminal = { completed = true, failed = true, cancelled = true, unknown = true }

local function show(work, words)
  work.status = words
  work.place:show(('  %s: %s'):format(say.short(work.prompt, 30), words))
  vim.cmd('redrawstatus')
end

local function finish(work)
  work.is_over = true
  for index, other in ipairs(in_progress) do
    if other == work then
      table.remove(in_progress, index)
      break
    end
  end
  work.place:forget()
  if work.preview then
    work.preview:close()
  end
  vim.cmd('redrawstatus')
end

--- The links to the files of a completed prediction at a place, and whether they need lines of their own; nil and a message
--- if a link would not be safe.
---
---@param paths string[] of its files
---@param is_own boolean whether it was made for this document
function M.links(prediction, paths, prompt, place, is_own)
  local links, is_block = {}, false
  local filetype, text = vim.bo[place.buffer].filetype, link.text_of(prompt)
  for index, file in ipairs(prediction.files) do
    local path = folder.path_from(place.buffer, paths[index], is_own)
    local one, needs_lines = link.to(path, text, filetype, file.kind)
    if not one then
      return nil, 'no link was inserted, because its path would not be safe in this kind of text. The file is ' .. paths[index]
    end
    if not place:is_in_line() then
      local is_captioned
      one, is_captioned = link.with_caption(one, text, filetype, file.kind)
      is_block = is_block or needs_lines or is_captioned
    end
    table.insert(links, one)
  end
  return table.concat(links, is_block and '\n\n' or '\n'), is_block
end

function M.paths(prediction)
  return vim.tbl_map(function(file) return file.path end, prediction.files)
end

--- The prompt is last, so that the rest is seen in a narrow window too.
function M.say_cancelled(prompt)
  say.message(('cancelled. Nothing was spent. (%s)'):format(say.short(prompt, 30)))
end

--- Reports how a prediction without an image ended, and what it may cost.
function M.explain(prediction, prompt)
  local failure = prediction.failure or {}
  local reason = prediction.error ~= '' and prediction.error or failure.message or prediction.status
  if prediction.status == 'cancelled' and prediction.billing == 'none' then
    return M.say_cancelled(prompt)
  end
  -- In a narrow window the prompt leaves room for what happened.
  local text = ('%s: %s: %s'):format(say.short(prompt, vim.o.columns < 80 and 15 or 30), prediction.status, reason)
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
    M.explain(prediction, work.prompt)
    return finish(work)
  end
  local path = prediction.files[1].path
  local text, is_block = path, false
  if vim.api.nvim_buf_is_valid(place.buffer) then
    text, is_block = M.links(prediction, M.paths(prediction), work.prompt, place, work.has_folder)
  end
  if not text then
    say.error(is_block)
  elseif place:insert(text, is_block) then
    say.message(('%s: %s'):format(say.short(work.prompt, 30), vim.fn.fnamemodify(path, ':~:.')))
    show_images.changed(place.buffer)
  else
    vim.fn.setreg('"', text)
    say.warning(('the document was closed or cannot be changed; the link is in the unnamed register: %s'):format(path))
  end
  finish(work)
end

local function give_up(work, err)
  say.failure(err)
  finish(work)
end

--- Shows a partial image below the line of the link, where the provider sends one and images can be shown.
local function preview(work)
  if not work.streams or work.asks_preview then
    return
  end
  work.asks_preview = true
  process.request('status', { id = work.id }, function(_, prediction)
    work.asks_preview = false
    local partial = prediction and prediction.preview
    local position = work.place:position()
    if not work.is_over and partial and position and partial.index ~= work.preview_index then
      if work.preview then
        work.preview:close()
      end
      work.preview_index = partial.index
      work.preview = show_images.at(work.place.buffer, position[1], partial.path)
    end
  end)
end

--- Waits until the prediction is finished, without a limit, 50 s at a time.
local function wait(work)
  tokens = tokens + 1
  local token = 'neovim-' .. tokens
  process.listen(token, function(report)
    if not work.is_cancelled then
      work.eta_ms = report.eta_ms
      show(work, progress.words(report))
      preview(work)
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
  if work.is_over then
    return
  end
  if not work.is_sent or (not work.id and process.withdraw(work.call)) then
    finish(work)
    return M.say_cancelled(work.prompt)
  end
  work.is_cancelled, work.eta_ms = true, nil
  show(work, 'cancelling')
  -- Without an id the reply to `submit` is still to come, and cancels.
  if work.id then
    process.request('cancel', { id = work.id }, function(err)
      if err then
        say.failure(err)
      end
    end)
  end
end

--- Begins an image whose link goes to the place: checks the folder and shows it in the text. Returns it, or nil if nothing
--- can be sent.
function M.begin(prompt, place)
  local name = link.name_for(prompt)
  local directory, refusal = folder.of(place.buffer)
  local path = directory and folder.path_from(place.buffer, ('%s/%s.png'):format(directory, name or 'image'), true)
  if path and not link.is_possible(path, vim.bo[place.buffer].filetype) then
    refusal = 'a link into the folder of the setting "folder" would not be safe in this kind of text. Nothing was sent.'
  end
  if refusal then
    place:forget()
    return say.error(refusal)
  end
  local work = { prompt = prompt, place = place, status = 'created', directory = directory, name = name, has_folder = directory ~= nil }
  table.insert(in_progress, work)
  show(work, 'created')
  return work
end

--- Calls a method on the way to the submit. What it answers is dropped if the image was cancelled meanwhile.
function M.ask(work, words, method, params, callback)
  show(work, words)
  process.request(method, params, function(err, result)
    if work.is_over then
      return
    elseif err then
      return give_up(work, err)
    end
    callback(result)
  end)
end

--- Ends an image that is not sent, with a message.
function M.refuse(work, message)
  if not work.is_over then
    say.error(message)
    finish(work)
  end
end

local function submit(work, params)
  if work.is_over then
    return
  end
  if work.directory then
    params.output_dir, params.output_name = work.directory, work.name
  end
  work.streams = params.input.stream == true
  show(work, 'created')
  -- Later, so that an editor that ends with the command sends nothing.
  vim.schedule(function()
    if work.is_over then
      return
    end
    work.is_sent = true
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
  end)
end

--- Sends an image that was begun, after its price was asked where the setting `ask_above` wants it.
function M.send(work, params)
  local limit = config.values.ask_above
  if not limit then
    return submit(work, params)
  end
  local about = { input = params.input, model = params.model, provider = params.provider }
  show(work, 'asking the price')
  process.request('quote', about, function(err, quote)
    if work.is_over then
      return
    elseif err and (err.is_said or err.type == 'invalid_params' or err.type == 'not_started') then
      return give_up(work, err)
    end
    local amount = quote and quote.amount
    if amount and amount <= limit and #quote.missing == 0 then
      return submit(work, params)
    end
    local price = amount and ('about %s%s'):format(choices.price(amount), #quote.missing > 0 and ' or more' or '') or 'an unknown price'
    choose.yes(('%s costs %s. Make it?'):format(say.short(work.prompt, 30), price), 'Make it', function(is_wanted)
      if is_wanted then
        submit(work, params)
      else
        cancel(work)
      end
    end)
  end)
end

--- Makes an image of a prompt; the link goes to the place.
function M.start(prompt, place)
  local work = M.begin(prompt, place)
  if work then
    say.message(say.short(prompt, 50))
    M.send(work, choices.params(prompt))
  end
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
  choose.one(vim.list_extend({}, in_progress), 'Cancel which image?', function(work)
    return ('%s (%s)'):format(say.short(work.prompt, 60), work.status)
  end, function(work)
    if work then
      cancel(work)
    end
  end)
end

--- Before the editor ends, and with it the input of the process: withdraws what is not sent, and waits at most two seconds
--- for cancellations. The rest goes on, and `:ImagewireList` shows it.
function M.leave()
  for _, work in ipairs(vim.list_extend({}, in_progress)) do
    if not work.is_sent or (not work.id and process.withdraw(work.call)) then
      finish(work)
    end
  end
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

return M
