--- Completion of the commands' arguments. The program is asked, for at most a second.
local choices = require('imagewire.choices')
local facts = require('imagewire.facts')
local M = {}

--- What an asynchronous call brings, or nil if that takes too long.
local function waited(ask)
  local answer
  ask(function(err, result)
    answer = { result = not err and result or nil }
  end)
  vim.wait(1000, function() return answer ~= nil end, 5)
  return answer and answer.result
end

local function beginning_with(candidates, lead)
  return vim.tbl_filter(function(candidate)
    return candidate:sub(1, #lead) == lead
  end, candidates)
end

--- The names of models.
function M.models(lead)
  local models = waited(function(callback) choices.models('', callback) end)
  return beginning_with(vim.tbl_map(function(model) return model.id end, models or {}), lead)
end

--- Fields of the model's input, and behind `=` their values.
function M.input(lead)
  local model = waited(choices.look_up)
  local candidates = {}
  for _, field in ipairs(choices.fields(model and model.input_schema)) do
    if lead:sub(1, #field.name + 1) == field.name .. '=' then
      for _, value in ipairs(field.values or {}) do
        table.insert(candidates, ('%s=%s'):format(field.name, tostring(value)))
      end
    else
      table.insert(candidates, field.name .. '=')
    end
  end
  return beginning_with(candidates, lead)
end

--- Prompts of earlier images: the rest of the line, from the word at the cursor.
function M.prompts(lead, line, position)
  local process = require('imagewire.process')
  local typed = line:sub(1, position):match('^%S+%s+(.*)$') or ''
  local before = typed:sub(1, #typed - #lead)
  local page = waited(function(callback)
    process.request('list', { limit = 20, text = typed ~= '' and typed or nil }, callback)
  end)
  local candidates, seen = {}, {}
  for _, prediction in ipairs(page and page.predictions or {}) do
    local whole = waited(function(callback) process.request('status', { id = prediction.id }, callback) end)
    local prompt = whole and facts.prompt_of(whole)
    -- A line end cannot be typed on the command line.
    if prompt and #prompt < 500 and not prompt:find('%c') and prompt:sub(1, #typed) == typed and not seen[prompt] then
      seen[prompt] = true
      table.insert(candidates, prompt:sub(#before + 1))
    end
  end
  return candidates
end

return M
