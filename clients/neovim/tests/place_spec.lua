--- Where the link lands, also when the buffer has changed.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local process = require('imagewire.process')

test('a link lands behind the cursor, and the image is there', function()
  local folder = t.edit('note.md', { 'Here: ', 'end' })
  vim.api.nvim_win_set_cursor(0, { 1, 5 })
  vim.cmd('Imagewire a red fox in snow')
  t.idle()
  equal(t.lines(), { 'Here: ![a red fox in snow](images/a-red-fox-in-snow.png)', 'end' })
  t.is_image(folder .. '/images/a-red-fox-in-snow.png')
  contains(t.message('a-red-fox-in-snow.png').text, 'a red fox in snow')
end)

test('the buffer is edited meanwhile: the link lands where the command was given [editor 2]', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 400 } } })
  t.edit('note.md', { 'one', 'two', 'three' })
  vim.api.nvim_win_set_cursor(0, { 2, 2 })
  vim.cmd('Imagewire a fox')
  vim.api.nvim_buf_set_lines(0, 0, 0, false, { 'zero', 'zero and a half' })
  vim.api.nvim_buf_set_text(0, 3, 0, 3, 0, { 'number ' })
  vim.api.nvim_buf_set_text(0, 3, 10, 3, 10, { ' and more' })
  vim.cmd('new')
  t.idle()
  vim.cmd('close!')
  equal(t.lines(), { 'zero', 'zero and a half', 'one', 'number two![a fox](images/a-fox.png) and more', 'three' })
end)

test('two links at one point come in the order of their commands', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 200 } } })
  t.edit('note.md', { 'here: ' })
  vim.api.nvim_win_set_cursor(0, { 1, 5 })
  vim.cmd('Imagewire one')
  vim.cmd('Imagewire two')
  t.idle()
  equal(t.lines(), { 'here: ![one](images/one.png)![two](images/two.png)' })
end)

test('the buffer is gone meanwhile: the link is in the unnamed register [editor 37]', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 300 } } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  vim.cmd('bwipeout!')
  t.idle()
  t.is_image(vim.fn.getreg('"'))
  t.message('unnamed register')
end)

test('a buffer that cannot be changed is refused before anything is sent [editor 40]', function()
  t.edit('note.md')
  vim.bo.modifiable = false
  vim.cmd('Imagewire a fox')
  contains(t.message('cannot be changed').text, 'Nothing was sent')
  vim.bo.modifiable, vim.bo.readonly = true, true
  vim.bo.modified = false
  vim.cmd('Imagewire a fox')
  contains(t.message('read-only').text, 'Nothing was sent')
  vim.wait(50)
  equal(process.pid(), nil)
end)

--- Gives the command with the cursor at a place of a line, and returns the line.
local function line_after(line, column, keys)
  t.edit('note.md', { line })
  vim.api.nvim_win_set_cursor(0, { 1, column })
  t.type(keys or ':Imagewire fox<CR>')
  t.idle()
  return t.lines()[1]:gsub('!%[fox%]%(images/fox%.png%)', 'LINK')
end

test('the link follows the word of the cursor, and a link that has it [editor 4]', function()
  for _, case in ipairs({
    { 'one two three', 5, 'one twoLINK three' }, { 'one two', 0, 'oneLINK two' }, { 'one two', 3, 'one LINKtwo' },
    { "I don't know", 3, "I don'tLINK know" }, { 'a well-known fox', 4, 'a well-knownLINK fox' },
    { 'rote Füchse, zwei', 6, 'rote FüchseLINK, zwei' }, { '', 0, 'LINK' }, { 'end.', 3, 'end.LINK' },
    { 'see ![x y](a.png) here', 7, 'see ![x y](a.png)LINK here' },
  }) do
    equal({ case[1], (line_after(case[1], case[2])) }, { case[1], case[3] })
  end
  -- In Insert mode at the cursor, except inside a word.
  equal((line_after('one two', 0, 'ea <C-o>:Imagewire fox<CR>')), 'one LINK two')
  equal((line_after('one two', 4, 'a<Cmd>Imagewire fox<CR>')), 'one twoLINK')
end)

test('one undo removes the link and nothing else, also in Insert mode [editor 3]', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 100 } } })
  t.edit('note.md', { 'first' })
  local done = false
  -- Typed in one go; the link lands between two of the words.
  vim.keymap.set('i', '<F5>', function()
    t.idle()
    done = true
  end, { buffer = true })
  t.type('obefore <Cmd>Imagewire a fox<CR>typed meanwhile <F5>typed later<Esc>')
  equal(done, true)
  local whole = t.lines()
  equal(whole, { 'first', 'before ![a fox](images/a-fox.png)typed meanwhile typed later' })
  vim.cmd('silent undo')
  equal(t.lines(), { 'first', 'before ![a fox](images/a-fox.png)typed meanwhile ' })
  vim.cmd('silent undo')
  equal(t.lines(), { 'first', 'before typed meanwhile ' })
  vim.cmd('silent undo')
  equal(t.lines(), { 'first' })
  vim.cmd('silent redo | silent redo | silent redo')
  equal(t.lines(), whole)
  -- In Normal mode too, where a change came right before it.
  t.edit('note.md', { 'text' })
  t.type('A more<Esc>:Imagewire a fox<CR>')
  t.idle()
  equal(t.lines(), { 'text more![a fox](images/a-fox.png)' })
  vim.cmd('silent undo')
  equal(t.lines(), { 'text more' })
end)

test('with own_paragraph the link is a paragraph below that of the cursor [editor 5]', function()
  t.settings({ own_paragraph = true })
  local link = '![fox](images/fox.png)'
  for _, case in ipairs({
    { { 'one', 'two', '', 'three' }, 1, { 'one', 'two', '', link, '', 'three' } },
    { { 'one' }, 1, { 'one', '', link } },
    { { '' }, 1, { link } },
    { { 'one', '', 'two' }, 2, { 'one', '', link, '', 'two' } },
    { { 'one', '', '', 'two' }, 3, { 'one', '', link, '', 'two' } },
  }) do
    t.edit('note.md', case[1])
    vim.api.nvim_win_set_cursor(0, { case[2], 0 })
    vim.cmd('Imagewire fox')
    t.idle()
    equal(t.lines(), case[3])
  end
  -- Two commands in one paragraph come in their order.
  t.settings({ own_paragraph = true, input = { size = '64x64', sandbox = { delay_ms = 200 } } })
  t.edit('note.md', { 'text' })
  vim.cmd('Imagewire one')
  vim.cmd('Imagewire two')
  t.idle()
  equal(t.lines(), { 'text', '', '![one](images/one.png)', '', '![two](images/two.png)' })
end)

test('the document is saved under another name meanwhile: the link is relative to that [editor 38]', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 300 } } })
  local document = t.edit('note.md', { 'text' })
  vim.fn.mkdir(document .. '/other')
  vim.cmd('Imagewire a fox')
  vim.cmd('silent saveas ' .. document .. '/other/renamed.md')
  t.idle()
  equal(t.lines(), { 'text![a fox](../images/a-fox.png)' })
  t.is_image(document .. '/images/a-fox.png')
end)

test('the document is deleted on the disk meanwhile: the image and the link are there [editor 39]', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 300 } } })
  local document = t.edit('note.md', { 'text' })
  vim.cmd('silent write')
  vim.cmd('Imagewire a fox')
  vim.fn.delete(document, 'rf')
  equal(vim.fn.isdirectory(document), 0)
  t.idle()
  equal(t.lines(), { 'text![a fox](images/a-fox.png)' })
  t.is_image(document .. '/images/a-fox.png')
end)

test('the cursor stays on its text, and typing at the place goes on behind the link', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 100 } } })
  for _, case in ipairs({ { 2, 0 }, { 2, 3 }, { 2, 6 }, { 3, 1 }, { 1, 1 } }) do
    t.edit('note.md', { 'one', 'two three', 'four' })
    vim.api.nvim_win_set_cursor(0, { 2, 2 })
    vim.cmd('Imagewire fox')
    vim.api.nvim_win_set_cursor(0, case)
    t.idle()
    equal(t.lines()[2], 'two![fox](images/fox.png) three')
    local moved = case[1] == 2 and case[2] > 3 and #'![fox](images/fox.png)' or 0
    equal({ case, vim.api.nvim_win_get_cursor(0) }, { case, { case[1], case[2] == 3 and case[1] == 2 and 3 or case[2] + moved } })
  end
  -- With a paragraph of its own, who types at the end of the line goes on there.
  t.settings({ own_paragraph = true, input = { size = '64x64', sandbox = { delay_ms = 100 } } })
  t.edit('note.md', { 'one' })
  vim.keymap.set('i', '<F5>', t.idle, { buffer = true })
  t.type('A two<Cmd>Imagewire fox<CR><F5> three<Esc>')
  equal(t.lines(), { 'one two three', '', '![fox](images/fox.png)' })
end)

test('the place is found again where all of the text was replaced, or the file was read again [editor 2]', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 200 } } })
  local link = '![a fox](images/a-fox.png)'
  for _, case in ipairs({
    { { 'zero', 'first line', 'the second line', 'third' }, 3, { 'zero', 'first line', 'the second' .. link .. ' line', 'third' } },
    -- The words are gone, or stand in two lines: then nobody knows, and the link is there all the same.
    { { 'nothing of it' }, 1, nil }, { { 'second x', 'y second' }, 1, nil },
  }) do
    local document = t.edit('note.md', { 'first line', 'second line', 'third' })
    vim.api.nvim_win_set_cursor(0, { 2, 2 })
    vim.cmd('Imagewire a fox')
    vim.api.nvim_buf_set_lines(0, 0, -1, false, case[1])
    t.idle()
    if case[3] then
      equal(t.lines(), case[3])
    else
      contains(table.concat(t.lines(), '\n'), link)
    end
    t.is_image(document .. '/images/a-fox.png')
  end
  local document = t.edit('note.md', { 'first line', 'second line' })
  vim.cmd('silent write')
  vim.api.nvim_win_set_cursor(0, { 2, 2 })
  vim.cmd('Imagewire a fox')
  vim.fn.writefile({ 'zero', 'first line', 'second line' }, document .. '/note.md')
  vim.cmd('silent edit!')
  t.idle()
  equal(t.lines(), { 'zero', 'first line', 'second' .. link .. ' line' })
  -- Two at one place keep their order.
  t.edit('note.md', { 'first line', 'second line' })
  vim.api.nvim_win_set_cursor(0, { 2, 2 })
  vim.cmd('Imagewire one')
  vim.cmd('Imagewire two')
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'zero', 'first line', 'second line' })
  t.idle()
  equal(t.lines(), { 'zero', 'first line', 'second![one](images/one.png)![two](images/two.png) line' })
end)
