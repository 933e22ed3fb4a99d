--- Where the images of a document go, and the path by which its links lead to them.
local config = require('imagewire.config')
local M = {}

--- The folder of a buffer's file, or nil where it has none on this machine.
local function folder_of(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  if name == '' or vim.bo[buffer].buftype ~= '' or name:match('^%a[%w+.-]*://') then
    return nil
  end
  local folder = vim.fn.fnamemodify(name, ':p:h')
  return vim.fn.isdirectory(folder) == 1 and folder or nil
end

--- The setting with the home directory in place of `~` or `~user`. A name that no user has is the name of a folder.
local function setting()
  -- Of the setting only this is expanded: `expand()` would also run text in backticks.
  local home = (config.values.folder .. '/'):match('^(~[%w._-]*)/')
  return (home and vim.fn.expand(home, true) or '') .. config.values.folder:sub(#(home or '') + 1)
end

--- Where a buffer's images go, without a slash at the end; nil for imagewire's own folder.
function M.of(buffer)
  local document = vim.api.nvim_buf_is_valid(buffer) and folder_of(buffer)
  local path = setting()
  if not document or path == '' then
    return nil
  end
  path = vim.fn.simplify(path:match('^/') and path or document .. '/' .. path)
  return (path:gsub('(.)/+$', '%1'))
end

--- The path of an image as a buffer's link has it: relative where the setting is and the file is in that folder.
function M.path_from(buffer, file)
  local path = setting()
  if path:match('^/') or vim.fn.fnamemodify(file, ':h') ~= M.of(buffer) then
    return file
  end
  return vim.fn.simplify(path .. '/' .. vim.fn.fnamemodify(file, ':t'))
end

return M
