--- The help page and `:checkhealth`.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local process = require('imagewire.process')

test('checkhealth', function()
  vim.cmd('checkhealth imagewire')
  local text = table.concat(t.lines(), '\n')
  contains(text, 'version: 0.1.0')
  contains(text, 'provider: sandbox')
  contains(text, 'the database can be read')
  contains(text, 'no images are shown in the text: Neovim is in no terminal')
  equal(text:find('ERROR', 1, true), nil)
  process.stop()
  t.settings({ program = '/nowhere/imagewire' })
  vim.cmd('checkhealth imagewire')
  contains(table.concat(t.lines(), '\n'), 'was not found')
end)

test('help', function()
  local doc = vim.fn.tempname()
  vim.fn.mkdir(doc .. '/doc', 'p')
  vim.fn.writefile(vim.fn.readfile('doc/imagewire.txt'), doc .. '/doc/imagewire.txt')
  vim.cmd('helptags ' .. doc .. '/doc')
  local tags = table.concat(vim.fn.readfile(doc .. '/doc/tags'), '\n')
  -- Every command and every setting.
  for name in pairs(vim.api.nvim_get_commands({})) do
    if name:match('^Imagewire') then
      contains('\n' .. tags, '\n:' .. name .. '\t')
    end
  end
  local text = table.concat(vim.fn.readfile('doc/imagewire.txt'), '\n')
  for name in pairs(require('imagewire.config').values) do
    contains('\n' .. tags, '\nimagewire-' .. name .. '\t')
    contains(text, ('\n      %s = '):format(name))
  end
  for name in pairs(require('imagewire')) do
    -- `command` is what the command calls.
    equal({ name, name == 'command' or text:find(name .. '(', 1, true) ~= nil }, { name, true })
  end
  for _, map in ipairs(vim.api.nvim_get_keymap('n')) do
    if map.lhs:match('^<Plug>%(imagewire') then
      contains(text, map.lhs)
    end
  end
  -- Every cross-reference leads somewhere.
  for _, line in ipairs(vim.fn.readfile('doc/imagewire.txt')) do
    for reference in line:gmatch('|([^|%s]+)|') do
      contains('\n' .. tags, '\n' .. reference .. '\t')
    end
  end
end)

test('the mappings give the commands, in Visual mode with the selected text', function()
  t.edit('note.md', { 'a red fox', 'end' })
  vim.keymap.set({ 'n', 'x', 'i' }, '<F6>', '<Plug>(imagewire)')
  local function typed(keys)
    vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), 'xmt', false)
  end
  typed('wviw<F6>')
  t.idle()
  equal(t.lines(), { 'a red fox', '![red](images/red.png)', 'end' })
  t.answering('an owl', function() typed('gg0<F6>') end)
  t.idle()
  equal(t.lines()[1], 'a![an owl](images/an-owl.png) red fox')
end)
