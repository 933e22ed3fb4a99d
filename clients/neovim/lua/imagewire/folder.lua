--- Where the images of a document go, and the path by which its links lead to them.
local config = require('imagewire.config')
local M = {}

--- The path of a buffer's document, or nil where it has none on this machine.
function M.document(buffer)
  if not vim.api.nvim_buf_is_valid(buffer) then
    return nil
  end
  local name = vim.api.nvim_buf_get_name(buffer)
  if name == '' or vim.bo[buffer].buftype ~= '' or name:match('^%a[%w+.-]*://') then
    return nil
  end
  return vim.fn.fnamemodify(name, ':p')
end

local function parent(path)
  return vim.fn.fnamemodify(path, ':h')
end

--- The setting for a document, with the home directory in place of `~` or `~user`; nil and a message if its function
--- fails. A name that no user has is the name of a folder.
local function setting(document)
  local path = config.values.folder
  if type(path) == 'function' then
    if not document then
      return ''
    end
    local ok, answer = pcall(path, document)
    if not ok or (answer ~= nil and type(answer) ~= 'string') then
      return nil, ('the function in the setting "folder" failed: %s. Nothing was sent.'):format(
        ok and 'it returned no text' or tostring(answer))
    end
    path = answer or ''
  end
  -- Of the setting only this is expanded: `expand()` would also run text in backticks.
  local home = (path .. '/'):match('^(~[%w._-]*)/')
  return (home and vim.fn.expand(home, true) or '') .. path:sub(#(home or '') + 1)
end

--- Where a buffer's images go, without a slash at the end; nil for imagewire's own folder. Nil and a message if that
--- cannot be told.
function M.of(buffer)
  local document = M.document(buffer)
  local path, refusal = setting(document)
  if not path then
    return nil, refusal
  elseif path == '' or not (document or path:match('^/')) then
    return nil
  end
  path = vim.fn.simplify(path:match('^/') and path or parent(document) .. '/' .. path)
  return (path:gsub('(.)/+$', '%1'))
end

--- The folder under version control that holds a document, or that of the document itself.
local function project_of(document)
  local folder = parent(document)
  for _, mark in ipairs({ '.git', '.hg', '.jj', '.svn' }) do
    -- A comma or a space would separate two folders.
    local from = vim.fn.escape(folder, ' ,;\\') .. ';'
    local found = vim.fn.finddir(mark, from)
    found = found ~= '' and found or vim.fn.findfile(mark, from)
    if found ~= '' then
      return parent(vim.fn.fnamemodify(found, ':p'):gsub('/$', ''))
    end
  end
  return folder
end

local function is_below(path, folder)
  return folder == '/' or path:sub(1, #folder + 1) == folder .. '/'
end

--- A folder without symbolic links, as far as it exists: `..` leads out of the real one.
local function real(folder)
  return vim.loop.fs_realpath(folder) or folder
end

--- The path from a folder to a file.
local function relative(folder, file)
  if is_below(file, folder) then
    return folder == '/' and file:sub(2) or file:sub(#folder + 2)
  end
  folder = real(folder)
  file = real(parent(file)):gsub('/$', '') .. '/' .. vim.fn.fnamemodify(file, ':t')
  local up = ''
  while not is_below(file, folder) do
    folder, up = parent(folder), up .. '../'
  end
  return up .. (folder == '/' and file:sub(2) or file:sub(#folder + 2))
end

--- Whether a file is in the folder of a buffer's images or below its project.
function M.has(buffer, file)
  local document = M.document(buffer)
  return document ~= nil and (parent(file) == M.of(buffer) or is_below(file, project_of(document)))
end

--- The path of an image as a buffer's link has it: relative to the document. Absolute where the document has no path, and
--- where the image is in a folder that is not of the document's.
---
---@param is_own boolean whether the image was made for this document: then it is relative wherever it is
function M.path_from(buffer, file, is_own)
  local document = M.document(buffer)
  if document and (is_own or M.has(buffer, file)) then
    return relative(parent(document), file)
  end
  return file
end

local function contents(path)
  local file = io.open(path, 'rb')
  local bytes = file and file:read('*a')
  if file then
    file:close()
  end
  return bytes
end

--- Copies an image from elsewhere into the folder of a buffer's images, without replacing anything. Returns the path of
--- the copy, or of the image itself where the folder is imagewire's own; nil and a message if it cannot be copied.
function M.adopt(buffer, file)
  local folder, refusal = M.of(buffer)
  if refusal then
    return nil, refusal
  elseif not folder or M.has(buffer, file) then
    return file
  end
  local bytes = contents(file)
  if not bytes then
    return nil, ('the file %s is not there any more. No link was inserted.'):format(file)
  end
  -- The umask decides the modes of both.
  pcall(vim.fn.mkdir, folder, 'p', 511)
  local name, extension = vim.fn.fnamemodify(file, ':t:r'), vim.fn.fnamemodify(file, ':e')
  for number = 1, 1000 do
    local copy = ('%s/%s%s.%s'):format(folder, name, number > 1 and '_' .. number or '', extension)
    local handle, _, code = vim.loop.fs_open(copy, 'wx', 438)
    if handle then
      local written = vim.loop.fs_write(handle, bytes, 0)
      vim.loop.fs_close(handle)
      if written == #bytes then
        return copy
      end
      vim.loop.fs_unlink(copy)
      return nil, ('the image could not be copied to %s: the disk is full. No link was inserted.'):format(folder)
    elseif code ~= 'EEXIST' then
      return nil, ('the image could not be copied to %s: %s. No link was inserted.'):format(folder, code)
    elseif contents(copy) == bytes then
      return copy
    end
  end
  return nil, ('the image could not be copied to %s. No link was inserted.'):format(folder)
end

return M
