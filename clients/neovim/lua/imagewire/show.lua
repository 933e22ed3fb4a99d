--- Images at their links: by snacks.image or image.nvim where they are installed, else by the terminal itself.
local choose_backend
local config = require('imagewire.config')
local links_in = require('imagewire.links_in')
local say = require('imagewire.say')
local terminal = require('imagewire.terminal')
local M = {}

--- By buffer, the images that are shown: a list of { path, row (where it was put), handle }.
local shown = {}
--- Buffers whose images are hidden, and whether all are.
local hidden = {}
local all_hidden = false
--- At most so many images in one document.
local most = 100

local function limit_of(buffer)
  local window = vim.fn.bufwinid(buffer)
  local width = window ~= -1 and vim.api.nvim_win_get_width(window) or vim.o.columns
  local height = window ~= -1 and vim.api.nvim_win_get_height(window) or vim.o.lines
  return { columns = math.max(1, math.min(60, width - 6)), rows = math.max(1, math.min(20, math.floor(height / 2))) }
end

local snacks = {}

function snacks.is_there()
  local ok, plugin = pcall(require, 'snacks')
  if ok and plugin.image and plugin.image.supports_terminal() then
    snacks.plugin = plugin
    return true
  end
end

function snacks.show(buffer, row, path, limit)
  local placement = snacks.plugin.image.placement.new(buffer, path, {
    pos = { row + 1, 0 }, inline = true, max_width = limit.columns, max_height = limit.rows,
  })
  return { close = function() placement:close() end }
end

local image_nvim = {}

function image_nvim.is_there()
  local ok, plugin = pcall(require, 'image')
  if ok and plugin.from_file then
    image_nvim.plugin = plugin
    return true
  end
end

function image_nvim.show(buffer, row, path, limit)
  local window = vim.fn.bufwinid(buffer)
  local image = window ~= -1 and image_nvim.plugin.from_file(path, {
    buffer = buffer, window = window, inline = true, with_virtual_padding = true, x = 0, y = row, width = limit.columns,
  })
  if not image then
    return nil, 'image.nvim could not show it'
  end
  image:render()
  return { close = function() image:clear() end }
end

--- Calls with what shows images; nil and why none does.
function choose_backend(callback)
  for _, plugin in ipairs({ snacks, image_nvim }) do
    local ok, is_there = pcall(plugin.is_there)
    if ok and is_there then
      return callback(plugin)
    end
  end
  terminal.ask(function(ok, reason)
    if ok then
      return callback(require('imagewire.kitty'))
    end
    callback(nil, reason .. '; snacks.image or image.nvim may show them elsewhere')
  end)
end

--- Shows a file below a row. Returns a handle with `close`, or nil and why not.
local function put(backend, buffer, row, path, limit)
  local ok, handle, reason = pcall(backend.show, buffer, row, path, limit)
  if not ok then
    return nil, tostring(handle)
  end
  return handle, reason
end

local function clear(buffer)
  for _, image in ipairs(shown[buffer] or {}) do
    pcall(image.handle.close, image.handle)
  end
  shown[buffer] = nil
end

--- What should be shown: { path, row } for each link to an image that is there.
local function wanted_in(buffer)
  local wanted = {}
  for _, found in ipairs(links_in.all(buffer)) do
    local path = #wanted < most and links_in.file_of(buffer, found)
    if path then
      local status = vim.loop.fs_stat(path)
      -- Below the whole of a figure or a directive.
      local row = (links_in.at(buffer, found.row, found.from) or found).last or found.row
      table.insert(wanted, { path = path, row = row, time = status.mtime.sec .. '.' .. status.mtime.nsec })
    end
  end
  return wanted
end

--- Whether what is shown is what should be, also where the text moved.
local function is_as_wanted(buffer, wanted)
  local now = shown[buffer] or {}
  if #now ~= #wanted then
    return false
  end
  for index, image in ipairs(now) do
    local row = image.row
    if image.handle and image.handle.row then
      row = image.handle:row()
    end
    local want = wanted[index]
    if image.path ~= want.path or image.time ~= want.time or row ~= want.row then
      return false
    end
  end
  return true
end

--- Shows the images of a buffer as its text is now. Calls with how many are shown, or nil and why none is.
local function refresh(buffer, callback)
  if not shown[buffer] and #wanted_in(buffer) == 0 then
    return callback(0)
  end
  choose_backend(function(backend, reason)
    if not backend or not vim.api.nvim_buf_is_loaded(buffer) then
      return callback(nil, reason)
    end
    local wanted = wanted_in(buffer)
    if is_as_wanted(buffer, wanted) then
      return callback(#wanted)
    end
    clear(buffer)
    local limit, last_reason = limit_of(buffer), nil
    shown[buffer] = {}
    for _, image in ipairs(wanted) do
      image.handle, reason = put(backend, buffer, image.row, image.path, limit)
      last_reason = reason or last_reason
      image.handle = image.handle or { close = function() end }
      table.insert(shown[buffer], image)
    end
    callback(#wanted, last_reason)
  end)
end

local function may_show(buffer)
  return config.values.show and not all_hidden and not hidden[buffer]
end

--- After a document was opened or a link inserted: shows its images where that is possible, without a word.
function M.changed(buffer)
  if may_show(buffer) and vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].buftype == '' then
    refresh(buffer, function() end)
  end
end

--- Shows the images of the current buffer, and says why if it cannot.
function M.show()
  local buffer = vim.api.nvim_get_current_buf()
  hidden[buffer], all_hidden = nil, false
  -- Anew, also what the terminal said.
  clear(buffer)
  terminal.forget()
  refresh(buffer, function(count, reason)
    if not count then
      say.message(('images cannot be shown: %s.'):format(reason or 'the document was closed'))
    elseif count == 0 then
      say.message('no link of this document leads to an image on this machine.')
    elseif reason then
      say.message(('some images are not shown: %s.'):format(reason))
    end
  end)
end

--- Hides the images of the current buffer, or of all; they stay hidden in this session.
function M.hide(options)
  local buffer = vim.api.nvim_get_current_buf()
  if options and options.all then
    all_hidden = true
    for other in pairs(shown) do
      clear(other)
    end
    return
  end
  hidden[buffer] = true
  clear(buffer)
end

--- Shows one file below a row of a buffer, such as a partial image. Returns a handle, or nil if it cannot be shown now.
function M.at(buffer, row, path, limit)
  local result
  if not config.values.show or all_hidden then
    return nil
  end
  choose_backend(function(backend)
    if backend and vim.api.nvim_buf_is_loaded(buffer) then
      result = put(backend, buffer, row, path, limit or limit_of(buffer))
    end
  end)
  return result
end

--- Calls with whether images can be shown, and why not: for `:checkhealth`.
function M.ability(callback)
  choose_backend(function(backend, reason)
    callback(backend ~= nil, reason)
  end)
end

local group = vim.api.nvim_create_augroup('imagewire_show', {})
local timers = {}

vim.api.nvim_create_autocmd({ 'TextChanged', 'InsertLeave' }, {
  group = group,
  callback = function(event)
    -- Only where images are shown; a moment later, for quick typing.
    if shown[event.buf] and not timers[event.buf] then
      timers[event.buf] = true
      vim.defer_fn(function()
        timers[event.buf] = nil
        M.changed(event.buf)
      end, 150)
    end
  end,
})

vim.api.nvim_create_autocmd({ 'BufUnload', 'BufWipeout' }, {
  group = group,
  callback = function(event)
    clear(event.buf)
    hidden[event.buf] = nil
  end,
})

-- The terminal keeps images until it is told.
vim.api.nvim_create_autocmd('VimLeavePre', {
  group = group,
  callback = function()
    for buffer in pairs(shown) do
      clear(buffer)
    end
  end,
})

vim.api.nvim_create_autocmd('UIEnter', { group = group, callback = terminal.forget })

return M
