--- Inserts the links to an image that was made earlier.
local facts = require('imagewire.facts')
local folder = require('imagewire.folder')
local say = require('imagewire.say')
local show_images = require('imagewire.show')
local work = require('imagewire.work')

--- Inserts the links to a finished prediction, whose files are copied into the document's folder first if they are
--- elsewhere. Returns whether it did; else the reason is said.
local function insert(prediction, here)
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

return insert
