--- Images below lines of a buffer, by kitty's graphics protocol: the image is sent once and placed virtually; the cells of
--- virtual lines, in the colour that is the image's number, show its parts. So they scroll and are covered as text.
local terminal = require('imagewire.terminal')
local M = {}

local namespace = vim.api.nvim_create_namespace('imagewire_images')

--- A row or a column is told by a combining character: the first 64 of the protocol's list.
local diacritics = {}
for number in ([[
  0305 030D 030E 0310 0312 033D 033E 033F 0346 034A 034B 034C 0350 0351 0352 0357 035B 0363 0364 0365 0366 0367 0368 0369
  036A 036B 036C 036D 036E 036F 0483 0484 0485 0486 0487 0592 0593 0594 0595 0597 0598 0599 059C 059D 059E 059F 05A0 05A1
  05A8 05A9 05AB 05AC 05AF 05C4 0610 0611 0612 0613 0614 0615 0616 0617 0657 0658
]]):gmatch('%x+') do
  table.insert(diacritics, vim.fn.nr2char(tonumber(number, 16)))
end
local cell = vim.fn.nr2char(0x10EEEE)

--- Path, size and time of a file to the number of its image in the terminal, and how many marks show it.
local images = {}
local last = 0

--- Another number. In 256 colours there are few; with all colours they tell the images of several editors in one terminal apart.
local function next_number()
  last = last + 1
  if vim.o.termguicolors then
    return (vim.fn.getpid() % 0xFFF + 1) * 0x1000 + last % 0x1000
  end
  return 16 + (last - 1) % 240
end

--- Width and height of a PNG in pixels, or nil.
local function size_of(path)
  local file = io.open(path, 'rb')
  local head = file and file:read(24) or ''
  if file then
    file:close()
  end
  if head:sub(1, 8) ~= '\137PNG\r\n\26\n' or #head < 24 then
    return nil
  end
  local function number(at)
    local a, b, c, d = head:byte(at, at + 3)
    return ((a * 256 + b) * 256 + c) * 256 + d
  end
  return number(17), number(21)
end

local alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

--- `vim.base64` came with 0.10.
local function base64(bytes)
  if vim.base64 then
    return vim.base64.encode(bytes)
  end
  local parts = {}
  for at = 1, #bytes, 3 do
    local a, b, c = bytes:byte(at, at + 2)
    local number = a * 0x10000 + (b or 0) * 0x100 + (c or 0)
    for place = 3, 0, -1 do
      local index = math.floor(number / 64 ^ place) % 64 + 1
      local is_padding = (place == 0 and not c) or (place == 1 and not b)
      table.insert(parts, is_padding and '=' or alphabet:sub(index, index))
    end
  end
  return table.concat(parts)
end

local function command(keys, data)
  terminal.write(('\27_G%s%s\27\\'):format(keys, data and ';' .. data or ''))
end

--- Sends an image: its path where the terminal is on this machine, else its bytes in pieces.
local function transmit(number, path)
  if not (vim.env.SSH_CONNECTION or vim.env.SSH_TTY) then
    return command(('a=t,f=100,t=f,i=%d,q=2'):format(number), base64(path))
  end
  local file = assert(io.open(path, 'rb'))
  local data = base64(file:read('*a'))
  file:close()
  for at = 1, #data, 4096 do
    local more = at + 4096 <= #data and 1 or 0
    command(at == 1 and ('a=t,f=100,t=d,i=%d,q=2,m=%d'):format(number, more) or ('m=%d,q=2'):format(more), data:sub(at, at + 4095))
  end
end

local function image_of(path)
  local status = vim.loop.fs_stat(path)
  local key = ('%s %d %d.%d'):format(path, status.size, status.mtime.sec, status.mtime.nsec)
  local image = images[key]
  if not image then
    image = { number = next_number(), key = key, uses = 0 }
    images[key] = image
    transmit(image.number, path)
    local group = 'ImagewireImage' .. image.number
    vim.cmd(('highlight %s guifg=#%06x ctermfg=%d'):format(group, image.number, image.number % 256))
    image.group = group
  end
  return image
end

--- How many columns and rows an image takes; a cell is about twice as high as it is wide.
local function cells_of(width, height, limit)
  local columns = math.max(1, math.min(limit.columns, math.ceil(width / 10)))
  local rows = math.max(1, math.floor(columns * height / width / 2 + 0.5))
  if rows > limit.rows then
    rows = limit.rows
    columns = math.max(1, math.min(columns, math.floor(rows * 2 * width / height + 0.5)))
  end
  return columns, rows
end

--- The virtual lines that show an image.
local function lines_of(image, columns, rows)
  local lines = {}
  for row = 1, rows do
    local parts = {}
    for column = 1, columns do
      table.insert(parts, cell .. diacritics[row] .. diacritics[column])
    end
    table.insert(lines, { { table.concat(parts), image.group } })
  end
  return lines
end

local handle = {}
handle.__index = handle

--- Shows a PNG below a row (from 0) of a buffer. Returns what `close` takes away again; nil and why not if it cannot.
function M.show(buffer, row, path, limit)
  local width, height = size_of(path)
  if not width or width == 0 or height == 0 then
    return nil, 'the terminal shows only PNG'
  end
  local image = image_of(path)
  local columns, rows = cells_of(width, height, limit)
  -- Placed again each time: the size may be another one.
  command(('a=p,U=1,i=%d,c=%d,r=%d,q=2'):format(image.number, columns, rows))
  image.uses = image.uses + 1
  local mark = vim.api.nvim_buf_set_extmark(buffer, namespace, row, 0, { virt_lines = lines_of(image, columns, rows) })
  return setmetatable({ buffer = buffer, mark = mark, image = image }, handle)
end

--- The row that the image stands below by now, or nil.
function handle:row()
  if vim.api.nvim_buf_is_loaded(self.buffer) then
    return vim.api.nvim_buf_get_extmark_by_id(self.buffer, namespace, self.mark, {})[1]
  end
end

function handle:close()
  if vim.api.nvim_buf_is_loaded(self.buffer) then
    vim.api.nvim_buf_del_extmark(self.buffer, namespace, self.mark)
  end
  self.image.uses = self.image.uses - 1
  if self.image.uses == 0 then
    images[self.image.key] = nil
    command(('a=d,d=I,i=%d,q=2'):format(self.image.number))
  end
end

-- A colour scheme clears the colours that name the images.
vim.api.nvim_create_autocmd('ColorScheme', {
  group = vim.api.nvim_create_augroup('imagewire_kitty', {}),
  callback = function()
    for _, image in pairs(images) do
      vim.cmd(('highlight %s guifg=#%06x ctermfg=%d'):format(image.group, image.number, image.number % 256))
    end
  end,
})

M.name = 'kitty'

return M
