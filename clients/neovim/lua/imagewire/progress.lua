--- The words for images in progress. The share and the time left are estimates from earlier predictions of the model.
local M = {}

--- A time in milliseconds, such as `12 s` or `3 min`.
local function duration(milliseconds)
  local seconds = math.max(1, math.ceil(milliseconds / 1000))
  if seconds < 120 then
    return ('%d s'):format(seconds)
  elseif seconds < 7200 then
    return ('%d min'):format(math.floor(seconds / 60 + 0.5))
  end
  return ('%d h'):format(math.floor(seconds / 3600 + 0.5))
end

--- For one image, from the value of a report: its share and the time left, or its status where nothing is expected.
function M.words(report)
  if not report.progress then
    return report.message
  end
  local left = report.eta_ms and ('about %s left'):format(duration(report.eta_ms)) or 'longer than usual'
  return ('%d%% · %s'):format(math.floor(report.progress * 100), left)
end

--- For the status line: one image by its status, several by their number and the shortest time left.
---@param works table[] each with `status`, and `eta_ms` where it is known
---@return string
function M.line(works)
  if #works == 0 then
    return ''
  elseif #works == 1 then
    return 'imagewire: ' .. works[1].status
  end
  local nearest = math.huge
  for _, work in ipairs(works) do
    nearest = math.min(nearest, work.eta_ms or math.huge)
  end
  local rest = nearest < math.huge and ('· next in about %s'):format(duration(nearest)) or 'in progress'
  return ('imagewire: %d images %s'):format(#works, rest)
end

return M
