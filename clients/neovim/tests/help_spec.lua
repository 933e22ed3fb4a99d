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
  for _, tag in ipairs({ ':Imagewire', ':ImagewireCancel', ':ImagewireList', 'imagewire-settings', 'imagewire.txt' }) do
    contains(tags, tag .. '\t')
  end
  -- Every cross-reference leads somewhere.
  for _, line in ipairs(vim.fn.readfile('doc/imagewire.txt')) do
    for reference in line:gmatch('|([^|%s]+)|') do
      contains('\n' .. tags, '\n' .. reference .. '\t')
    end
  end
end)
