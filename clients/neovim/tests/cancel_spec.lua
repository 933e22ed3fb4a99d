--- Cancelling: before the submit is sent, before it is answered, in progress, and when the editor ends.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')

test('cancel: no link, and a message that says what it costs', function()
  t.settings({ input = { size = '64x64', sandbox = { never = true } } })
  t.edit('note.md', { 'text' })
  vim.cmd('ImagewireCancel')
  t.message('no image is in progress')
  vim.cmd('Imagewire a fox')
  t.wait_for('its start', function() return imagewire.statusline():match('processing') end)
  vim.cmd('ImagewireCancel')
  t.idle()
  equal(t.lines(), { 'text' })
  t.message('a fox: cancelled')
end)

test('cancel before the submit is answered', function()
  t.settings({ input = { size = '64x64', sandbox = { never = true } } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  vim.cmd('ImagewireCancel')
  t.message('a fox: cancelled')
  t.idle()
end)

test('what is cancelled before it is sent is never sent', function()
  t.edit('note.md', { 'text' })
  vim.cmd('Imagewire a fox taken back')
  vim.cmd('Imagewire a fox that goes on')
  local select = vim.ui.select
  vim.ui.select = function(items, _, choose) choose(items[1]) end
  vim.cmd('ImagewireCancel')
  vim.ui.select = select
  contains(t.message('a fox taken back: cancelled').text, 'Nothing was sent')
  t.idle()
  equal(t.lines(), { 't![a fox that goes on](images/a-fox-that-goes-on.png)ext' })
  equal(t.listed('a fox taken back'), {})
end)

test('cancel of one among several, and of all', function()
  t.settings({ input = { size = '64x64', sandbox = { never = true } } })
  t.edit('note.md')
  for _, name in ipairs({ 'one', 'two', 'three' }) do
    vim.cmd('Imagewire ' .. name)
  end
  equal(imagewire.statusline(), 'imagewire: 3 images in progress')
  local select = vim.ui.select
  vim.ui.select = function(items, options, choose)
    contains(options.format_item(items[2]), 'two')
    choose(items[2])
  end
  vim.cmd('ImagewireCancel')
  vim.ui.select = select
  t.message('two: cancelled')
  equal(imagewire.statusline(), 'imagewire: 2 images in progress')
  vim.cmd('ImagewireCancel!')
  t.idle()
  t.message('one: cancelled')
  t.message('three: cancelled')
end)

test('what was cancelled is cancelled when the editor ends at once', function()
  local job = t.second({ SECOND_FOLDER = t.edit('note.md'), SECOND_DELAY = '3000', SECOND_LEAVES = 'cancelled' }, function() end)
  vim.fn.jobwait({ job })
  local statuses = vim.tbl_map(function(prediction) return prediction.status end, t.listed('a yak given up'))
  equal(statuses, { 'cancelled' })
  -- The prediction that was not cancelled is kept on purpose.
  equal(t.listed('a boat of the second editor')[1].status ~= 'cancelled', true)
end)
