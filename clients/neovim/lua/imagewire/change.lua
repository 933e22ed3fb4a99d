--- Commands on the image of the link under the cursor: change it, make it again, and where it came from.
local choices = require('imagewire.choices')
local choose = require('imagewire.choose')
local config = require('imagewire.config')
local folder = require('imagewire.folder')
local links_in = require('imagewire.links_in')
local place = require('imagewire.place')
local process = require('imagewire.process')
local say = require('imagewire.say')
local show_images = require('imagewire.show')
local facts = require('imagewire.facts')
local work = require('imagewire.work')
local M = {}

--- The image of the link under the cursor: the path of its file, and the place of a new link. Nil, and the reason is said,
--- if there is none.
local function under_cursor()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local found = links_in.at(0, math.max(row, 1) - 1, column)
  if not found then
    return say.error('there is no link to an image under the cursor. Nothing was sent.')
  end
  local file, refusal = links_in.file_of(0, found)
  if not file then
    return say.error(refusal .. '. Nothing was sent.')
  end
  local here
  here, refusal = place.after_link(found)
  if not here then
    return say.error(refusal)
  end
  return file, here
end

local function report(err)
  if not err.is_said then
    say.error(err.message)
  end
end

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

--- The id of the prediction that made a file; nil if none did. Several may have made the same bytes: then the one that
--- saved this file, else the newest.
local function id_of_maker(file, callback)
  process.request('list', { file = file, limit = 50 }, function(err, page)
    if err then
      return callback(err)
    end
    for _, prediction in ipairs(page.predictions) do
      for _, output in ipairs(prediction.files) do
        if output.path == file then
          return callback(nil, prediction.id)
        end
      end
    end
    callback(nil, page.predictions[1] and page.predictions[1].id)
  end)
end

--- The prediction that made a file, with its whole input; an error if none did.
local function maker_of(file, callback)
  id_of_maker(file, function(err, id)
    if err then
      return callback(err)
    elseif not id then
      return callback({ message = 'imagewire did not make this image: ' .. vim.fn.fnamemodify(file, ':t') .. '. Nothing was sent.' })
    end
    process.request('status', { id = id, full = true }, callback)
  end)
end

--- The field of a schema that takes an image, and whether it takes a list: one of the usual names, otherwise the first that is
--- named for images, a required one before others. Nil where the schema has none.
local function field_in(schema)
  local function is_list(name)
    local kind = schema.properties[name].type
    return kind == 'array' or (type(kind) == 'table' and vim.tbl_contains(kind, 'array'))
  end
  for _, name in ipairs({ 'images', 'image', 'image_urls', 'image_url', 'input_images', 'input_image' }) do
    if schema.properties[name] then
      return name, is_list(name)
    end
  end
  local others = {}
  for name in pairs(schema.properties) do
    local words = '_' .. name:lower():gsub('-', '_') .. '_'
    local is_for_images = words:match('_images?_')
    for _, use in ipairs({ 'mask', 'size', 'num', 'count', 'format', 'last', 'end', 'tail', 'negative', 'strength', 'prompt', 'type' }) do
      is_for_images = is_for_images and not words:find('_' .. use .. '_', 1, true)
    end
    if is_for_images and not words:match('_images?_style_') and not schema.properties[name].enum then
      table.insert(others, name)
    end
  end
  local required = schema.required or {}
  table.sort(others, function(one, other)
    local first, second = vim.tbl_contains(required, one), vim.tbl_contains(required, other)
    if first ~= second then
      return first
    end
    return one < other
  end)
  if others[1] then
    return others[1], is_list(others[1])
  end
end

--- The field of a model that takes an image; nil if it is known to take none. The sandbox and servers without schemas take
--- `image`.
local function image_field(model)
  local schema = model and type(model.input_schema) == 'table' and model.input_schema
  if not schema or not schema.properties or model.provider == 'sandbox' then
    return 'image', false
  end
  return field_in(schema)
end

--- Finds the model that edits for the one in use, then sends.
local function send_change(current, file)
  local function send(id, model)
    local field, is_list = image_field(model)
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
      return report(err)
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
      id_of_maker(file, function(_, id)
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
  local file, here = under_cursor()
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
  local file, here = under_cursor()
  if not file then
    return
  end
  maker_of(file, function(err, made)
    if err then
      here:forget()
      return report(err)
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

local function origin_of(prediction)
  for _, tag in ipairs(prediction.tags or {}) do
    local id = tag:match('^from:(.+)$')
    if id then
      return id
    end
  end
end

--- The predictions that one was made from, then those that were made from it, oldest first.
local function relatives(made, callback)
  local before = {}
  local function after()
    process.request('list', { tag = 'from:' .. made.id, limit = 100 }, function(err, page)
      if err then
        return callback(err)
      end
      local found, left = before, #page.predictions
      if left == 0 then
        return callback(nil, found)
      end
      local whole = {}
      for index, prediction in ipairs(page.predictions) do
        process.request('status', { id = prediction.id }, function(_, one)
          whole[index] = one or prediction
          left = left - 1
          if left == 0 then
            for place_in_page = #page.predictions, 1, -1 do
              whole[place_in_page].is_later = true
              table.insert(found, whole[place_in_page])
            end
            callback(nil, found)
          end
        end)
      end
    end)
  end
  local function back(prediction)
    local id = origin_of(prediction)
    if not id or #before >= 50 then
      return after()
    end
    process.request('status', { id = id }, function(err, earlier)
      -- It may have been deleted.
      if err then
        return after()
      end
      table.insert(before, 1, earlier)
      back(earlier)
    end)
  end
  back(made)
end

--- Inserts the links to a finished prediction, whose files are copied into the document's folder first if they are
--- elsewhere. Returns whether it did; else the reason is said.
function M.insert(prediction, here)
  local paths = {}
  for _, path in ipairs(work.paths(prediction)) do
    local own, refusal = folder.adopt(here.buffer, path)
    if not own then
      here:forget()
      return say.error(refusal)
    end
    table.insert(paths, own)
  end
  local prompt = facts.prompt_of(prediction)
  local text, is_block = work.links(prediction, paths, prompt, here, paths[1] ~= prediction.files[1].path)
  if not text then
    here:forget()
    return say.error(is_block)
  end
  if not here:insert(text, is_block) then
    return say.error('the document was closed or cannot be changed; no link was inserted.')
  end
  say.message('inserted ' .. vim.fn.fnamemodify(paths[1], ':~:.'))
  show_images.changed(here.buffer)
  return true
end

--- Lists what the image under the cursor was made from and what was made from it, and inserts the chosen one.
function M.history()
  local file, here = under_cursor()
  if not file then
    return
  end
  maker_of(file, function(err, made)
    if err then
      here:forget()
      return report(err)
    end
    relatives(made, function(failed, found)
      if failed or #found == 0 then
        here:forget()
        return failed and report(failed) or say.message('this image was made from no other one, and none was made from it.')
      end
      choose.one(found, 'History of this image:', function(prediction)
        return ('%s %s · %s ago · %s'):format(prediction.is_later and '→' or '←', say.short(facts.prompt_of(prediction), 40),
          facts.age(prediction.created_at), prediction.status)
      end, function(prediction)
        if not prediction then
          return here:forget()
        elseif #prediction.files == 0 then
          here:forget()
          return say.message(('this one has no image: %s.'):format(prediction.status))
        end
        M.insert(prediction, here)
      end)
    end)
  end)
end

return M
