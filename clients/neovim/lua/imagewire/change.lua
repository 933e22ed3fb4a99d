--- Changes the image of the link under the cursor, or makes it once more.
local choices = require('imagewire.choices')
local choose = require('imagewire.choose')
local config = require('imagewire.config')
local image_field = require('imagewire.image_field')
local process = require('imagewire.process')
local say = require('imagewire.say')
local under_cursor = require('imagewire.under_cursor')
local work = require('imagewire.work')
local M = {}

--- Asks whether files may be sent to the provider, unless the setting `ask_upload` is off.
local function may_upload(files, provider, callback)
  if not config.values.ask_upload then
    return callback(true)
  end
  local names = vim.tbl_map(function(file) return vim.fn.fnamemodify(file, ':t') end, files)
  choose.yes(('Send %s to %s?'):format(table.concat(names, ', '), provider), 'Send', callback)
end

local function not_sent(here)
  here:forget()
  say.message('Nothing was sent.')
end

--- Finds the model that edits for the one in use, then sends.
local function send_change(current, file)
  local function send(id, model)
    local field, is_list = image_field.of(model)
    if not field then
      return work.refuse(current, ('%s takes no image; choose one that does by :ImagewireModel edit. Nothing was sent.'):format(id))
    end
    local params = choices.params(current.prompt)
    local image = '@' .. file
    params.model, params.upload = id, true
    params.input[field] = is_list and { image } or image
    if current.from then
      table.insert(params.tags, 'from:' .. current.from)
    end
    work.send(current, params)
  end
  local usual = choices.model or choices.default_model()
  if not usual then
    return send(nil, nil)
  end
  work.ask(current, 'looking up the model', 'models', { model = usual }, function(result)
    local model = result.models[1]
    local editor = model and model.edit_model or usual
    if editor == usual then
      return send(usual, model)
    end
    work.ask(current, 'looking up the model', 'models', { model = editor }, function(other)
      send(editor, other.models[1])
    end)
  end)
end

--- Sends a file with words to the model; the link goes to the place.
---
---@param from? string the id of the prediction that made the file, where it is known
function M.change_file(prompt, file, here, from)
  process.ready(function(err)
    if err then
      here:forget()
      return say.failure(err)
    end
    may_upload({ file }, choices.provider(), function(is_allowed)
      if not is_allowed then
        return not_sent(here)
      end
      local current = work.begin(prompt, here)
      if not current then
        return
      end
      say.message(say.short(prompt, 50))
      current.from = from
      if from then
        return send_change(current, file)
      end
      -- For the history only: an image from elsewhere can be changed as well.
      under_cursor.id_of_maker(file, function(_, id)
        current.from = id
        if not current.is_over then
          send_change(current, file)
        end
      end)
    end)
  end)
end

--- Sends the image under the cursor with words to the model; asks for the words where there are none.
function M.change(words)
  local file, here = under_cursor.image()
  if not file then
    return
  end
  if vim.trim(words) ~= '' then
    return M.change_file(words, file, here)
  end
  vim.ui.input({ prompt = 'Change it how: ' }, function(answer)
    if answer and vim.trim(answer) ~= '' then
      M.change_file(answer, file, here)
    else
      here:forget()
    end
  end)
end

--- The local files that an input names for an upload.
local function files_of(input, files)
  for name, value in pairs(input) do
    if type(value) == 'table' then
      files_of(value, files)
    elseif name ~= 'prompt' and type(value) == 'string' and value:match('^@/') then
      table.insert(files, (value:sub(2):gsub('#.*$', '')))
    end
  end
  return files
end

--- Makes the image under the cursor once more, with the input that `rewrite` leaves.
local function repeated(rewrite)
  local file, here = under_cursor.image()
  if not file then
    return
  end
  under_cursor.maker_of(file, function(err, made)
    if err then
      here:forget()
      return say.failure(err)
    end
    if type(made.input) ~= 'table' then
      here:forget()
      return say.error('the input of this image cannot be read any more. Nothing was sent.')
    end
    local input = rewrite(vim.deepcopy(made.input))
    local files = files_of(input, {})
    local function go()
      local current = work.begin(type(input.prompt) == 'string' and input.prompt or 'image', here)
      if not current then
        return
      end
      say.message(say.short(current.prompt, 50))
      work.send(current, {
        input = input, model = made.model, provider = made.provider, upload = #files > 0 or nil,
        tags = { 'neovim', 'from:' .. made.id },
      })
    end
    if #files == 0 then
      return go()
    end
    may_upload(files, made.provider, function(is_allowed)
      if is_allowed then
        go()
      else
        not_sent(here)
      end
    end)
  end)
end

local is_seeded = false

--- Once more, with the same prompt and input and another seed.
function M.vary()
  repeated(function(input)
    if not is_seeded then
      local seconds, microseconds = vim.loop.gettimeofday()
      math.randomseed(seconds * 1000 + microseconds + vim.fn.getpid())
      is_seeded = true
    end
    local seed
    repeat
      seed = math.random(0, 2147483647)
    until seed ~= input.seed
    input.seed = seed
    return input
  end)
end

--- Once more, with the same prompt and the same input.
function M.again()
  repeated(function(input) return input end)
end

return M
