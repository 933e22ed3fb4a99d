--- How old a prediction is and what it cost, in a few characters, and its prompt.
local M = {}

--- The time since one such as 2026-11-23T12:34:56.789Z, in the largest unit that fits.
function M.age(time)
  local year, month, day, hour, minute, second = time:match('(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)')
  local now = os.time(os.date('!*t'))
  local moment = os.time({ year = year, month = month, day = day, hour = hour, min = minute, sec = second })
  local seconds = math.max(0, now - moment)
  for _, unit in ipairs({ { 86400, 'd' }, { 3600, 'h' }, { 60, 'min' } }) do
    if seconds >= unit[1] then
      return ('%d %s'):format(math.floor(seconds / unit[1]), unit[2])
    end
  end
  return ('%d s'):format(seconds)
end

--- What a prediction cost: `$0.04`, `~$0.04` for an estimate, `free`, or `?` where it is not known.
function M.cost(prediction)
  local cost = type(prediction.cost) == 'table' and prediction.cost or nil
  if not cost then
    return prediction.billing == 'none' and 'free' or '?'
  elseif cost.amount == 0 then
    return 'free'
  end
  local text = ('$%.4f'):format(cost.amount):gsub('(%.%d%d%d-)0+$', '%1')
  return (cost.source == 'billed' and '' or '~') .. text
end

function M.prompt_of(prediction)
  return type(prediction.input) == 'table' and prediction.input.prompt or '(a long prompt)'
end

return M
