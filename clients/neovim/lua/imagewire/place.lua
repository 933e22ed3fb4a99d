--- The place of a link. Extended marks keep it while the text round it changes.
local config = require('imagewire.config')
local links_in = require('imagewire.links_in')
local M = {}
M.__index = M

local namespace = vim.api.nvim_create_namespace('imagewire')

--- The places that wait for a link, in the order of their commands.
local waiting = {}

--- Where the link goes, seen from the mark: `here`; `below` on the next line; `paragraph`, as one of its own below that of
--- the mark; `after` another link; `instead` of one.
local function place(row, column, where)
  local buffer = vim.api.nvim_get_current_buf()
  if not vim.bo[buffer].modifiable then
    return nil, "this buffer cannot be changed, so no link could be inserted ('modifiable' is off). Nothing was sent."
  elseif vim.bo[buffer].readonly and not vim.bo[buffer].modified then
    return nil, "this buffer is read-only, so no link could be inserted ('readonly' is on). Nothing was sent."
  end
  local self = setmetatable({ buffer = buffer, where = where }, M)
  -- By these words the place is found again where all of the text was replaced, by a formatter or by reading the file again.
  self.words_before = (vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''):sub(1, column):match('%S.*$') or ''
  self.words_before = self.words_before:sub(-60)
  -- Text typed at the place itself comes behind the link.
  self.mark = vim.api.nvim_buf_set_extmark(buffer, namespace, row, column, { right_gravity = false })
  table.insert(waiting, self)
  return self
end

--- Also for one command of Insert mode, by CTRL-O.
local function is_insert_mode()
  return vim.api.nvim_get_mode().mode:match('^[iR]') ~= nil or vim.api.nvim_get_mode().mode:match('^ni[IRV]') ~= nil
end

local function line_at(buffer, row)
  return vim.api.nvim_buf_get_lines(buffer, row, row + 1, false)[1]
end

--- A word may have apostrophes and hyphens in it.
local word = "\\k\\+\\%([-'’]\\k\\+\\)*"

--- The column behind the word in which a column is, or the column itself.
local function behind_word(line, column)
  local from = 0
  while true do
    local _, first, last = unpack(vim.fn.matchstrpos(line, word, from))
    if first < 0 or first >= column then
      return column
    elseif column <= last then
      return last
    end
    from = last
  end
end

--- At the cursor: in Insert mode where it is, otherwise behind the character under it, as `p` puts. Behind the word or the
--- link that has the cursor.
function M.at_cursor()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  -- A command of the command line (-c) runs with the cursor on line 0.
  row = math.max(row, 1) - 1
  local line = line_at(0, row) or ''
  local inside = column
  if not is_insert_mode() then
    column = column + #vim.fn.matchstr(line, '.', column)
    inside = column - 1
  end
  for _, found in ipairs(links_in.on_row(0, row)) do
    if inside >= found.from and column < found.to then
      return place(row, found.to, config.values.own_paragraph and 'paragraph' or 'here')
    end
  end
  -- The end of a word at the cursor is no place inside it.
  if column > 0 and vim.fn.match(line, '\\k', column) == column or inside < column then
    column = behind_word(line, column)
  end
  return place(row, column, config.values.own_paragraph and 'paragraph' or 'here')
end

--- On a new line below line number `line`.
function M.below_line(line)
  return place(line - 1, #(line_at(0, line - 1) or ''), 'below')
end

--- Behind a link that `links_in.at` found, or instead of it.
function M.after_link(found)
  local row, column = found.last or found.row, found.to
  if found.last and found.last ~= found.row then
    column = #line_at(0, row)
  end
  local self, refusal = place(row, column, config.values.replace and 'instead' or 'after')
  if not self then
    return nil, refusal
  end
  self.has_own_line = found.first ~= nil
  if self.where == 'instead' then
    local first, from = found.first or found.row, found.from
    if found.first and found.first ~= found.row then
      from = #line_at(0, first):match('^%s*')
    end
    self.start = vim.api.nvim_buf_set_extmark(self.buffer, namespace, first, from, {})
    self.old = M.text_between(self.buffer, first, from, row, column)
  end
  return self
end

function M.text_between(buffer, row, column, last_row, last_column)
  local lines = vim.api.nvim_buf_get_lines(buffer, row, last_row + 1, false)
  if #lines == 0 then
    return ''
  end
  lines[#lines] = lines[#lines]:sub(1, last_column)
  lines[1] = lines[1]:sub(column + 1)
  return table.concat(lines, '\n')
end

local function position_of(buffer, mark)
  local position = vim.api.nvim_buf_get_extmark_by_id(buffer, namespace, mark, {})
  return position[1] and position or nil
end

--- Row and column from 0, or nil if the buffer was closed.
function M:position()
  return vim.api.nvim_buf_is_loaded(self.buffer) and position_of(self.buffer, self.mark) or nil
end

--- Shows a few words at the end of the line, which are not part of the text.
function M:show(words)
  local position = self:position()
  if position then
    self.words = words
    self:move(position[1], position[2])
  end
end

--- Moves the mark, with the words that it shows.
function M:move(row, column)
  vim.api.nvim_buf_set_extmark(self.buffer, namespace, row, column, {
    id = self.mark,
    right_gravity = false,
    virt_text = self.words and { { self.words, 'Comment' } } or nil,
  })
end

--- Whether the link stands in a line with other text, also if its format would have lines of its own.
function M:is_in_line()
  return self.where == 'instead' and not self.has_own_line
end

--- A position, or that of the words that stood before the place, if they are not before it any more and stand in one line only.
function M:found_again(position)
  local words = self.words_before
  local before = line_at(self.buffer, position[1]):sub(1, position[2])
  if #words < 3 or before:sub(-#words) == words then
    return position
  end
  local found
  for index, line in ipairs(vim.api.nvim_buf_get_lines(self.buffer, 0, -1, false)) do
    local _, last = line:find(words, 1, true)
    if last and (found or line:find(words, last + 1, true)) then
      return position
    end
    found = found or (last and { index - 1, last })
  end
  return found or position
end

local function is_blank(line)
  return not line:match('%S')
end

--- A new line of an indentation for each line of a text.
local function indented(lines, indentation)
  return vim.tbl_map(function(line)
    return line == '' and line or indentation .. line
  end, lines)
end

--- The change that makes lines a paragraph below that of a row: row, column and the lines to insert there.
local function as_paragraph(buffer, row, lines)
  local function line(number)
    return number >= 0 and line_at(buffer, number) or nil
  end
  local is_free = is_blank(line(row))
  if not is_free then
    while line(row + 1) and not is_blank(line(row + 1)) do
      row = row + 1
    end
  end
  local above, below = line(row - 1), line(row + 1)
  local result = vim.list_extend({}, lines)
  if not is_free then
    result = vim.list_extend({ '', '' }, lines)
  elseif above and not is_blank(above) then
    result = vim.list_extend({ '' }, lines)
  end
  if below and not is_blank(below) then
    table.insert(result, '')
  end
  return row, #line(row), result
end

--- Ends the change that is being typed, so that what comes next is undone by itself.
local function break_undo(buffer)
  vim.api.nvim_buf_call(buffer, function()
    vim.bo.undolevels = vim.bo.undolevels
  end)
end

--- Where the old link still stands: row, column, last row, last column.
function M:old_link(position)
  local start = self.start and position_of(self.buffer, self.start)
  if start and M.text_between(self.buffer, start[1], start[2], position[1], position[2]) == self.old then
    return start[1], start[2], position[1], position[2]
  end
end

--- What is to be replaced (nothing, except for an old link), and by which lines.
function M:change(position, text, is_block)
  local lines = vim.split(text, '\n')
  local row, column = position[1], position[2]
  local line = line_at(self.buffer, row)
  if self.where == 'instead' then
    local first, from, last, to = self:old_link(position)
    if first then
      return first, from, last, to, lines
    end
    -- The old link was changed or replaced meanwhile: then the new one follows what stands there.
    local start = position_of(self.buffer, self.start) or position
    if start[1] > row or (start[1] == row and start[2] > column) then
      row, column = start[1], start[2]
      line = line_at(self.buffer, row)
    end
  end
  if self.where == 'below' and not is_block then
    column = #line
    table.insert(lines, 1, '')
  elseif (self.where == 'after' or self.where == 'instead') and self.has_own_line and not is_block then
    column = #line
    lines = vim.list_extend({ '' }, indented(lines, line:match('^%s*')))
  elseif (self.where == 'after' or self.where == 'instead') and not is_block then
    lines[1] = ' ' .. lines[1]
  elseif self.where == 'paragraph' or is_block then
    row, column, lines = as_paragraph(self.buffer, row, lines)
  end
  return row, column, row, column, lines
end

--- Remembers the cursors of a buffer's windows before a change; the function that is returned puts each on its text again.
--- Neovim itself moves one that is in the changed line, in some versions to the next.
function M.cursors(buffer, row, column, last_row, last_column, lines)
  local before = {}
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    before[window] = vim.api.nvim_win_get_cursor(window)
  end
  local end_row, end_column = row + #lines - 1, (#lines == 1 and column or 0) + #lines[#lines]
  local types_here = is_insert_mode() and vim.api.nvim_get_current_buf() == buffer and lines[1] ~= ''
  return function()
    for window, cursor in pairs(before) do
      local at_row, at_column = cursor[1] - 1, cursor[2]
      local is_behind = at_row > last_row or (at_row == last_row and at_column > last_column)
      -- Who types at the place itself goes on behind the link.
      if is_behind or (types_here and at_row == last_row and at_column == last_column) then
        at_column = at_row == last_row and end_column + at_column - last_column or at_column
        at_row = at_row + end_row - last_row
      end
      pcall(vim.api.nvim_win_set_cursor, window, { at_row + 1, at_column })
    end
  end
end

--- Inserts a link as a change of its own, and forgets the place. Returns whether there still was one.
---
---@param is_block boolean whether it needs lines of its own
function M:insert(text, is_block)
  local position = self:position()
  if not position or not vim.bo[self.buffer].modifiable then
    return false
  end
  local marked = position
  if self.where ~= 'instead' then
    position = self:found_again(position)
  end
  local row, column, last_row, last_column, lines = self:change(position, text, is_block)
  local restore_cursors = M.cursors(self.buffer, row, column, last_row, last_column, lines)
  self:forget()
  -- Of several at one point, the later command's link comes behind.
  local later = vim.tbl_filter(function(other)
    return other.buffer == self.buffer and other.mark > self.mark and vim.deep_equal(other:position(), marked)
  end, waiting)
  break_undo(self.buffer)
  if not pcall(vim.api.nvim_buf_set_text, self.buffer, row, column, last_row, last_column, lines) then
    return false
  end
  restore_cursors()
  if is_insert_mode() and vim.api.nvim_get_current_buf() == self.buffer then
    vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes('<C-g>u', true, false, true), 'ni', false)
  else
    break_undo(self.buffer)
  end
  local last = #lines == 1 and column + #lines[1] or #lines[#lines]
  for _, other in ipairs(later) do
    other:move(row + #lines - 1, last)
    -- Now the link is before it.
    other.words_before = lines[#lines]:sub(-60)
  end
  return true
end

function M:forget()
  waiting = vim.tbl_filter(function(other) return other ~= self end, waiting)
  if vim.api.nvim_buf_is_loaded(self.buffer) then
    vim.api.nvim_buf_del_extmark(self.buffer, namespace, self.mark)
    if self.start then
      vim.api.nvim_buf_del_extmark(self.buffer, namespace, self.start)
    end
  end
end

return M
