--- Progress, and a prediction that fails.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')

test('progress is told by the status line and beside the text', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 1200 } } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  t.matches(imagewire.statusline(), '^imagewire: ')
  t.wait_for('a report', function() return imagewire.statusline():match('^imagewire: processing, %d+ s$') end)
  local namespace = vim.api.nvim_get_namespaces().imagewire
  local marks = vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })
  contains(marks[1][4].virt_text[1][1], 'a fox: processing')
  t.idle()
  equal(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {}), {})
end)

test('a prediction that fails says why, and inserts nothing', function()
  t.settings({ input = { size = '64x64', sandbox = { fail = 'content_refused' } } })
  t.edit('note.md', { 'text' })
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(t.message('failed').level, vim.log.levels.ERROR)
  contains(t.message('failed').text, 'Nothing is billed')
  equal(t.lines(), { 'text' })
end)
