--- Progress, and a prediction that fails.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')

test('progress is told by the status line and beside the text', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 2500 } } })
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

test('images in progress have the words of all editors', function()
  local progress = require('imagewire.progress')
  local cases = t.fixture('progress-words.json')
  local function known(value)
    return value ~= vim.NIL and value or nil
  end
  for _, case in ipairs(cases.reports) do
    equal(progress.words({ message = case.message, progress = case.progress, eta_ms = known(case.eta_ms) }), case.words)
  end
  for _, case in ipairs(cases.durations) do
    equal(progress.words({ progress = 0.5, eta_ms = case.eta_ms }), '50% · about ' .. case.words .. ' left')
  end
  for _, case in ipairs(cases.several) do
    local works = vim.tbl_map(function(eta)
      return { eta_ms = known(eta) }
    end, case.eta_ms)
    equal(progress.line(works), case.words)
  end
end)

test("a remote provider's image has a share and an estimate; several have the next one's [editor 32]", function()
  t.wavespeed('{"poll": [{"do": "running", "times": "forever"}]}', function()
    t.edit('note.md')
    vim.cmd('Imagewire a fox')
    t.wait_for('an estimate', function() return imagewire.statusline():match('^imagewire: %d+%% · about %d+ s left$') end)
    -- A status line that is evaluated once takes the % as it is.
    vim.o.statusline = "%{v:lua.require'imagewire'.statusline()}"
    t.matches(vim.api.nvim_eval_statusline(vim.o.statusline, {}).str, '^imagewire: %d+%% · about %d+ s left$')
    vim.o.statusline = ''
    local namespace = vim.api.nvim_get_namespaces().imagewire
    local marks = vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })
    t.matches(marks[1][4].virt_text[1][1], 'a fox: %d+%% · about %d+ s left$')
    vim.cmd('Imagewire a yak')
    t.matches(imagewire.statusline(), '^imagewire: 2 images · next in about %d+ s$')
    -- The submit is written in the next tick.
    vim.wait(1)
    vim.cmd('ImagewireCancel!')
    equal(imagewire.statusline(), 'imagewire: 2 images in progress')
    t.idle()
  end)
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
