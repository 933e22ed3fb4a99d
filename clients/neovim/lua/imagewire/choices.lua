--- The model and the fields of its input that were chosen for this session, over the settings.
local choose = require('imagewire.choose')
local config = require('imagewire.config')
local process = require('imagewire.process')
local say = require('imagewire.say')
local M = {}

--- The id of the chosen model, or nil, and the chosen fields.
M.model = nil
M.input = {}

--- What `submit` takes of them, with a prompt.
function M.params(prompt)
  return {
    model = M.model,
    input = vim.tbl_extend('force', config.values.input, M.input, { prompt = prompt }),
    tags = { 'neovim' },
  }
end

--- The provider of requests, once the process is ready.
function M.provider()
  return process.server().capabilities.experimental.imagewire.provider or 'the provider'
end

function M.price(amount)
  if not amount then
    return 'price unknown'
  end
  return amount == 0 and 'free' or (('$%.4f'):format(amount):gsub('(%.%d%d%d-)0+$', '%1'))
end

--- All models with some words, page by page.
function M.models(words, callback)
  local found = {}
  local function page(cursor)
    process.request('models', { search = words ~= '' and words or nil, cursor = cursor }, function(err, result)
      if err then
        return callback(err)
      end
      vim.list_extend(found, result.models)
      if result.next_cursor then
        return page(result.next_cursor)
      end
      callback(nil, found)
    end)
  end
  page(nil)
end

--- The model of requests that name none, once the process is ready; nil where the provider has none.
function M.default_model()
  return process.server().capabilities.experimental.imagewire.model
end

--- The model in use, with the schema of its input.
function M.look_up(callback)
  process.ready(function(err)
    local model = not err and (M.model or M.default_model())
    if not model then
      return callback(err or { message = 'the provider has no default model; choose one by :ImagewireModel.' })
    end
    process.request('models', { model = model }, function(failed, result)
      callback(failed, result and result.models[1])
    end)
  end)
end

local function describe_model(model)
  local name = model.name and model.name ~= model.id and model.name or nil
  local description = model.description and ' · ' .. model.description or ''
  return ('%s%s · %s%s'):format(model.id, name and ' · ' .. name or '', M.price(model.price), description)
end

local function use(model)
  if M.model ~= model.id then
    -- Fields of one model are not those of another.
    M.input = {}
  end
  M.model = model.id
  say.message(('model for this session: %s, %s. :ImagewireModel! takes that back.'):format(model.id, M.price(model.price)))
end

--- Chooses a model of the provider's catalogue: the one of this id, or one of those with these words.
function M.choose_model(words)
  M.models(words, function(err, models)
    if err then
      return say.failure(err)
    end
    for _, model in ipairs(models) do
      if model.id == words then
        return use(model)
      end
    end
    if #models == 0 then
      return say.message(('no model has these words: %s'):format(words))
    end
    choose.one(models, 'Model for this session:', describe_model, function(model)
      if model then
        use(model)
      end
    end)
  end)
end

function M.reset_model()
  M.model, M.input = nil, {}
  say.message('the model is that of the settings again.')
end

function M.reset_input()
  M.input = {}
  say.message('size and other fields are those of the settings again.')
end

local function shown(value)
  return type(value) == 'string' and value or vim.inspect(value)
end

--- The fields of a schema that can be chosen: all but the prompt and those that take files. Each has name, values (for an
--- enumeration or a boolean) and the type.
function M.fields(schema)
  local fields = {}
  for name, property in pairs(type(schema) == 'table' and schema.properties or {}) do
    local values = property.enum
    if property.type == 'boolean' then
      values = { true, false }
    end
    local is_file = name:match('image') or name:match('mask') or property.format == 'uri'
    if name ~= 'prompt' and (values or (not is_file and vim.tbl_contains({ 'string', 'integer', 'number' }, property.type))) then
      table.insert(fields, { name = name, values = values, type = property.type, property = property })
    end
  end
  table.sort(fields, function(one, other)
    -- The size is what is chosen most.
    local first, second = one.name == 'size' and '' or one.name, other.name == 'size' and '' or other.name
    return first < second
  end)
  return fields
end

--- A typed value as its field wants it; nil if it does not fit.
local function typed(field, text)
  if field.values then
    for _, value in ipairs(field.values) do
      if shown(value) == text then
        return value
      end
    end
    return nil
  elseif field.type == 'integer' or field.type == 'number' then
    local number = tonumber(text)
    local property = field.property
    if not number or (field.type == 'integer' and number % 1 ~= 0) or number < (property.minimum or number)
      or number > (property.maximum or number) then
      return nil
    end
    return number
  end
  return text
end

local function set(field, text)
  local value = typed(field, text)
  if value == nil then
    return say.error(('%s cannot be %s: it is %s. Nothing was changed.'):format(field.name, text, field.values
      and 'one of ' .. table.concat(vim.tbl_map(shown, field.values), ', ') or 'a ' .. (field.type or 'text')))
  end
  M.input[field.name] = value
  say.message(('%s for this session: %s. :ImagewireInput! takes that back.'):format(field.name, shown(value)))
end

local function current(field)
  local value = M.input[field.name]
  if value == nil then
    value = config.values.input[field.name]
  end
  return value
end

local function describe_field(field)
  local value = current(field)
  local now = value ~= nil and shown(value) or field.property.default ~= nil and shown(field.property.default) .. ' (default)' or '…'
  return ('%s: %s%s'):format(field.name, now, field.property.description and ' · ' .. field.property.description or '')
end

local function choose_value(field)
  if field.values then
    return choose.one(field.values, field.name .. ':', shown, function(value)
      if value ~= nil then
        set(field, shown(value))
      end
    end)
  end
  local value = current(field)
  vim.ui.input({ prompt = field.name .. ': ', default = value ~= nil and shown(value) or '' }, function(text)
    if text and text ~= '' then
      set(field, text)
    end
  end)
end

--- Chooses a field of the model's input, such as the size, and its value; `text` may be `size` or `size=1024x1024`.
function M.choose_input(text)
  M.look_up(function(err, model)
    if err then
      return say.failure(err)
    end
    local fields = M.fields(model and model.input_schema)
    if #fields == 0 then
      -- Of providers that give no schemas.
      fields = { { name = 'size', type = 'string', property = {} }, { name = 'n', type = 'integer', property = { minimum = 1 } } }
    end
    local name, value = text:match('^([^=]+)=(.*)$')
    for _, field in ipairs(fields) do
      if field.name == (name or text) then
        return name and set(field, value) or not name and choose_value(field)
      end
    end
    if text ~= '' then
      return say.error(('%s has no field "%s". Nothing was changed.'):format(model and model.id or 'the model', name or text))
    end
    choose.one(fields, 'Field of the input:', describe_field, function(field)
      if field then
        choose_value(field)
      end
    end)
  end)
end

return M
