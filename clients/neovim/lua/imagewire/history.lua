--- What an image was made from and what was made from it. A prediction that changes or repeats another one has its id in a
--- tag, `from:ID`.
local choose = require('imagewire.choose')
local facts = require('imagewire.facts')
local insert = require('imagewire.insert')
local process = require('imagewire.process')
local say = require('imagewire.say')
local under_cursor = require('imagewire.under_cursor')
local M = {}

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

--- Lists what the image under the cursor was made from and what was made from it, and inserts the chosen one.
function M.open()
  local file, here = under_cursor.image()
  if not file then
    return
  end
  under_cursor.maker_of(file, function(err, made)
    if err then
      here:forget()
      return say.failure(err)
    end
    relatives(made, function(failed, found)
      if failed or #found == 0 then
        here:forget()
        return failed and say.failure(failed) or say.message('this image was made from no other one, and none was made from it.')
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
        insert(prediction, here)
      end)
    end)
  end)
end

return M
