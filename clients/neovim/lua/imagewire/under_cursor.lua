--- The image of the link under the cursor, and the prediction that made it.
local links_in = require('imagewire.links_in')
local place = require('imagewire.place')
local process = require('imagewire.process')
local say = require('imagewire.say')
local M = {}

--- The image of the link under the cursor: the path of its file, and the place of a new link. Nil, and the reason is said,
--- if there is none.
function M.image()
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

--- The id of the prediction that made a file; nil if none did. Several may have made the same bytes: then the one that
--- saved this file, else the newest.
function M.id_of_maker(file, callback)
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
function M.maker_of(file, callback)
  M.id_of_maker(file, function(err, id)
    if err then
      return callback(err)
    elseif not id then
      return callback({ message = 'imagewire did not make this image: ' .. vim.fn.fnamemodify(file, ':t') .. '. Nothing was sent.' })
    end
    process.request('status', { id = id, full = true }, callback)
  end)
end

return M
