--- The process: programs that do not work, messages that cannot be sent, replies that name no call, its death and its end.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')
local process = require('imagewire.process')

test('a callback that fails is reported, and those behind it are called', function()
  local heard = {}
  process.request('ping', {}, function() error('a fault of the first') end)
  process.request('ping', {}, function() table.insert(heard, 'second') end)
  t.wait_for('the second', function() return #heard == 1 end)
  equal(t.message('a fault of the first').level, vim.log.levels.ERROR)
  -- Neither does one keep the others from hearing of the end.
  process.request('no_such_method', {}, function() error('a fault of the third') end)
  t.message('a fault of the third')
  process.request('wait', { ids = {} }, function() error('a fault of the fourth') end)
  process.request('ping', {}, function() table.insert(heard, 'fifth') end)
  vim.loop.kill(process.pid(), 'sigkill')
  t.wait_for('the fifth', function() return #heard == 2 end)
  t.message('a fault of the fourth')
end)

test('the program is missing [editor 43]', function()
  t.settings({ program = '/nowhere/imagewire' })
  t.edit('note.md', { 'text' })
  vim.cmd('Imagewire a fox')
  contains(t.message('was not found').text, 'setup({ program')
  t.idle()
  equal(t.lines(), { 'text' })
  t.settings()
  vim.cmd('Imagewire a fox')
  t.idle()
  contains(t.lines()[1], '![a fox]')
end)

test('without a setting the program is looked for at the usual places', function()
  local config = require('imagewire.config')
  local named, path, folder = vim.env.IMAGEWIRE, vim.env.PATH, vim.fn.expand('~/.local/bin')
  vim.env.IMAGEWIRE, vim.env.PATH = '', '/nowhere'
  t.settings({ program = 'imagewire' })
  vim.fn.mkdir(folder, 'p')
  vim.loop.fs_symlink(t.program, folder .. '/imagewire')
  equal(config.command(), { folder .. '/imagewire' })
  vim.env.IMAGEWIRE = '/where/it/is'
  equal(config.command(), { '/where/it/is' })
  t.settings({ program = { '/of/the/setting', '--provider', 'sandbox' } })
  equal(config.command(), { '/of/the/setting', '--provider', 'sandbox' })
  vim.env.IMAGEWIRE, vim.env.PATH = named, path
  vim.fn.delete(folder .. '/imagewire')
  t.settings()
end)

test('the program is too old: it is told nothing more', function()
  local log = vim.fn.tempname()
  vim.env.OLD_IMAGEWIRE_LOG = log
  t.settings({ program = t.directory .. '/../../Tests/Fixtures/old-imagewire' })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  t.wait_for('its process', process.pid)
  local pid = process.pid()
  local text = t.message('too old').text
  contains(text, '0.1.0')
  contains(text, '0.0.9')
  t.idle()
  t.wait_for('its end', function() return vim.loop.kill(pid, 0) ~= 0 end)
  equal(vim.fn.filereadable(log) == 1 and table.concat(vim.fn.readfile(log), '\n'):find('submit') or nil, nil)
end)

test('the program is another one, ends at once, or never answers', function()
  t.edit('note.md')
  t.settings({ program = { 'echo', 'hello' } })
  vim.cmd('Imagewire a fox')
  t.message('does not speak JSON-RPC')
  t.settings({ program = { 'sh', '-c', 'echo no such library >&2; exit 127' } })
  vim.cmd('Imagewire a fox')
  t.message('Its last message: no such library')
  local patience = process.patience
  process.patience = 300
  t.settings({ program = { 'sleep', '100' } })
  vim.cmd('Imagewire a fox')
  t.message('did not answer')
  process.patience = patience
  t.idle()
end)

test('a message over 64 MiB is refused before it is sent, and the process continues', function()
  t.edit('note.md')
  t.settings({ input = { image = ('x'):rep(process.maximum) } })
  vim.cmd('Imagewire a fox')
  contains(t.message('Nothing was sent').text, 'imagewire reads none over 67108864')
  t.idle()
  local pid = process.pid()
  t.settings()
  vim.cmd('Imagewire a fox')
  t.idle()
  contains(t.lines()[1], '![a fox]')
  equal(process.pid(), pid)
end)

test('an error without an id fails the one call in flight, and none of several', function()
  -- Answers `initialize`, and every call after it with an error that does not say which call it was.
  t.settings({ program = { 'sh', '-c', [[
    answer='{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"name":"imagewire","version":"0.1.0"}}}'
    while IFS= read -r line; do
      printf '%s\n' "$answer"
      answer='{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}'
    done]] } })
  t.edit('note.md', { 'text' })
  vim.cmd('Imagewire a fox')
  t.message('imagewire: Parse error')
  t.idle()
  equal(t.lines(), { 'text' })
  local failed = 0
  for _ = 1, 2 do
    process.request('ping', {}, function() failed = failed + 1 end)
  end
  equal(t.message('does not say which: Parse error').level, vim.log.levels.WARN)
  equal(failed, 0)
  process.stop()
  t.wait_for('both calls to fail', function() return failed == 2 end)
end)

test('the process is killed in the middle: everything fails at once, and the next command starts it again [editor 41]', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 3000 } } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox that survives')
  vim.cmd('Imagewire another one')
  t.wait_for('its start', function() return process.server() end)
  local listed
  process.request('list', { limit = 1 }, function(_, page) listed = page end)
  t.wait_for('both submits', function() return listed end)
  local first = process.pid()
  vim.loop.kill(first, 'sigkill')
  t.idle()
  equal(t.message('the process ended').level, vim.log.levels.ERROR)
  -- One line for both, with the way to them in its first 80 characters.
  contains(t.message('the process ended').text:sub(1, 80), 'accepted images go on: see :ImagewireList')
  equal(#vim.tbl_filter(function(message) return message.level == vim.log.levels.ERROR end, t.messages), 1)
  equal(t.lines(), { '' })
  equal(process.pid(), nil)

  -- Nothing is lost: the next process finishes it, and the list inserts it.
  vim.cmd('ImagewireList fox that survives')
  local function finished()
    vim.api.nvim_feedkeys('r', 'x', false)
    vim.wait(20)
    return (t.lines()[2] or ''):match('^completed')
  end
  t.wait_for('the end of the first prediction', finished)
  equal(process.pid() ~= first, true)
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  vim.api.nvim_feedkeys('i', 'x', false)
  t.message('inserted')
  vim.cmd('close')
  equal(t.lines(), { '![a fox that survives](images/a-fox-that-survives.png)' })
end)

test('a process that is stopped before it is asked says that nothing was sent', function()
  t.settings({ program = { 'sleep', '100' } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  t.wait_for('its process', process.pid)
  local pid = process.pid()
  process.stop()
  equal(imagewire.statusline(), '')
  contains(t.message('stopped').text, 'Nothing was sent')
  vim.loop.kill(pid, 'sigkill')
end)
