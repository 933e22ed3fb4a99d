--- The place of a link. An extended mark keeps it while the text round it changes.
local M = {}
M.__index = M

local namespace = vim.api.nvim_create_namespace('imagewire')

local function place(row, column, is_below)
  local buffer = vim.api.nvim_get_current_buf()
  if not vim.bo[buffer].modifiable then
    return nil, "this buffer cannot be changed, so no link could be inserted ('modifiable' is off). Nothing was sent."
  end
  local self = setmetatable({ buffer = buffer, is_below = is_below }, M)
  -- Text typed at the place itself comes behind the link.
  self.mark = vim.api.nvim_buf_set_extmark(buffer, namespace, row, column, { right_gravity = false })
  return self
end

--- Behind the character under the cursor, as `p` puts; in Insert mode where the cursor is.
function M.at_cursor()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  -- A command of the command line (-c) runs with the cursor on line 0.
  row = math.max(row, 1)
  if not vim.api.nvim_get_mode().mode:match('^i') then
    local line = vim.api.nvim_buf_get_lines(0, row - 1, row, false)[1] or ''
    column = column + #vim.fn.matchstr(line, '.', column)
  end
  return place(row - 1, column, false)
end

--- On a new line below line number `line`.
function M.below_line(line)
  local text = vim.api.nvim_buf_get_lines(0, line - 1, line, false)[1] or ''
  return place(line - 1, #text, true)
end

--- Shows a few words at the end of the line, which are not part of the text.
function M:show(words)
  local position = self:position()
  if position then
    vim.api.nvim_buf_set_extmark(self.buffer, namespace, position[1], position[2], {
      id = self.mark,
      right_gravity = false,
      virt_text = { { words, 'Comment' } },
    })
  end
end

--- Row and column from 0, or nil if the buffer was closed.
function M:position()
  if not vim.api.nvim_buf_is_loaded(self.buffer) then
    return nil
  end
  local position = vim.api.nvim_buf_get_extmark_by_id(self.buffer, namespace, self.mark, {})
  return position[1] and position or nil
end

--- Inserts text, and forgets the place. Returns whether there still was one.
function M:insert(text)
  local position = self:position()
  if not position then
    return false
  end
  local lines = vim.split(text, '\n')
  local row, column = unpack(position)
  if self.is_below then
    table.insert(lines, 1, '')
    column = #vim.api.nvim_buf_get_lines(self.buffer, row, row + 1, false)[1]
  end
  self:forget()
  -- Of several at one point, the later command's link comes behind.
  local here = { row, column }
  local others = vim.api.nvim_buf_get_extmarks(self.buffer, namespace, here, here, { details = true })
  if not pcall(vim.api.nvim_buf_set_text, self.buffer, row, column, row, column, lines) then
    return false
  end
  local last = #lines == 1 and column + #lines[1] or #lines[#lines]
  for _, other in ipairs(others) do
    if other[1] > self.mark then
      vim.api.nvim_buf_set_extmark(self.buffer, namespace, row + #lines - 1, last, {
        id = other[1], right_gravity = false, virt_text = other[4].virt_text,
      })
    end
  end
  return true
end

function M:forget()
  if vim.api.nvim_buf_is_loaded(self.buffer) then
    vim.api.nvim_buf_del_extmark(self.buffer, namespace, self.mark)
  end
end

return M
