--- Used by all tests: a new buffer and default settings for each test, its messages, and waiting with a limit.
local M = { messages = {}, program = os.getenv('IMAGEWIRE'), directory = vim.fn.getcwd() }

vim.notify = function(message, level)
  table.insert(M.messages, { text = message, level = level })
end

local tests = {}

function M.test(name, body)
  table.insert(tests, { name = name, body = body })
end

--- Waits for a condition; with a generous limit.
function M.wait_for(what, condition)
  if not vim.wait(30000, condition, 5) then
    error(('timed out waiting for %s; status "%s", process %s, the messages: %s'):format(
      what, require('imagewire').statusline(), tostring(require('imagewire.process').pid()), vim.inspect(M.messages)), 2)
  end
end

--- Waits for a message with a text in it, and returns it.
function M.message(part)
  local found
  M.wait_for('a message with "' .. part .. '"', function()
    for _, message in ipairs(M.messages) do
      if message.text:find(part, 1, true) then
        found = message
        return true
      end
    end
  end)
  return found
end

function M.idle()
  M.wait_for('no image in progress', function()
    return require('imagewire').statusline() == ''
  end)
end

function M.equal(found, wanted)
  if not vim.deep_equal(found, wanted) then
    error(('found  %s\nwanted %s'):format(vim.inspect(found), vim.inspect(wanted)), 2)
  end
end

function M.matches(text, pattern)
  if not text:match(pattern) then
    error(('%s does not match %s'):format(vim.inspect(text), pattern), 2)
  end
end

function M.contains(text, part)
  if not text:find(part, 1, true) then
    error(('%s is not in %s'):format(vim.inspect(part), vim.inspect(text)), 2)
  end
end

function M.lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

function M.is_image(path)
  local file = assert(io.open(path, 'rb'), 'there is no file ' .. path)
  local head = file:read(8)
  file:close()
  M.equal(head, '\137PNG\r\n\26\n')
end

--- Small images are drawn soon.
function M.settings(changes)
  require('imagewire').setup(vim.tbl_extend('force', { program = M.program, input = { size = '64x64' } }, changes or {}))
end

--- Edits a new file in a folder of its own, and returns the folder.
function M.edit(name, lines)
  local folder = vim.fn.tempname()
  vim.fn.mkdir(folder, 'p')
  vim.cmd('edit ' .. folder .. '/' .. name)
  vim.api.nvim_buf_set_lines(0, 0, -1, false, lines or {})
  return folder
end

--- The predictions whose prompt contains a text.
function M.listed(text)
  local found
  require('imagewire.process').request('list', { text = text }, function(_, page) found = page.predictions end)
  M.wait_for('the list', function() return found end)
  return found
end

--- The contents of a fixture that the tests of all clients share.
function M.fixture(name)
  local path = M.directory .. '/../../Tests/Fixtures/' .. name
  return vim.json.decode(table.concat(vim.fn.readfile(path), '\n'))
end

--- Starts another Neovim, which runs second.lua, and returns its job.
function M.second(variables, on_line)
  return vim.fn.jobstart({
    vim.v.progpath, '--headless', '--clean', '--cmd', 'set runtimepath^=' .. M.directory, '-c', 'luafile tests/second.lua',
  }, {
    env = variables,
    cwd = M.directory,
    stdout_buffered = false,
    on_stdout = function(_, lines) vim.tbl_map(on_line, lines) end,
  })
end

function M.run()
  local failed = 0
  for _, test in ipairs(tests) do
    M.messages = {}
    M.settings()
    vim.cmd('silent! %bwipeout!')
    local ok, err = xpcall(test.body, debug.traceback)
    require('imagewire.process').stop()
    io.stdout:write(('%s %s\n'):format(ok and 'ok    ' or 'FAILED', test.name))
    if not ok then
      failed = failed + 1
      io.stdout:write(err .. '\n')
    end
  end
  io.stdout:write(('Neovim: %d tests, %d failed\n'):format(#tests, failed))
  vim.cmd(failed == 0 and 'qall!' or 'cquit 1')
end

return M
