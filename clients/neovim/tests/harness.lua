--- Used by all tests: a new buffer and default settings for each test, its messages, and waiting with a limit.
local M = { messages = {}, program = os.getenv('IMAGEWIRE'), directory = vim.fn.getcwd() }

vim.notify = function(message, level)
  table.insert(M.messages, { text = message, level = level })
end

--- Neovim's own, which would wait for a key.
M.select = vim.ui.select

vim.ui.select = function(_, options)
  table.insert(M.messages, { text = 'an unexpected question: ' .. options.prompt })
end

local tests = {}

function M.test(name, body)
  table.insert(tests, { name = name, body = body })
end

--- Waits for a condition; with a generous limit.
function M.wait_for(what, condition)
  if not vim.wait(tonumber(os.getenv("PATIENCE")) or 30000, condition, 5) then
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

--- Calls with an answer to all choices: a function of the items and the options that returns the chosen item.
function M.choosing(answer, body)
  local select = vim.ui.select
  vim.ui.select = function(items, options, choose) choose(answer(items, options)) end
  local ok, err = pcall(body)
  vim.ui.select = select
  if not ok then
    error(err, 0)
  end
end

--- Calls with an answer to all questions for words.
function M.answering(words, body)
  local input = vim.ui.input
  vim.ui.input = function(_, answer) answer(words) end
  local ok, err = pcall(body)
  vim.ui.input = input
  if not ok then
    error(err, 0)
  end
end

--- Calls a method and returns its result.
function M.call(method, params)
  local answer
  require('imagewire.process').request(method, params, function(err, result) answer = { err, result } end)
  M.wait_for(method, function() return answer end)
  return assert(answer[2], vim.inspect(answer[1]))
end

--- Types keys as a user does, and waits until they have been handled.
function M.type(keys)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), 'xt', false)
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
  return M.call('list', { text = text }).predictions
end

--- How many predictions there are, to see that nothing was sent.
function M.count()
  return #M.call('list', { limit = 500 }).predictions
end

--- Calls with a provider on this machine that plays WaveSpeedAI by a script.
function M.wavespeed(script, body)
  local port
  local server = vim.fn.jobstart({ 'python3', M.directory .. '/../../Tests/Fixtures/wavespeed.py', '--script', script }, {
    on_stdout = function(_, lines) port = port or lines[1]:match('"port": (%d+)') end,
  })
  M.wait_for('the provider', function() return port end)
  vim.env.WAVESPEED_BASE_URL = 'http://127.0.0.1:' .. port
  require('imagewire.process').stop()
  M.settings({
    configuration = { model = 'openai/gpt-image-1-high-fidelity', wavespeed_api_key = 'wsk_SECRETsecret0123456789' }, input = {},
  })
  local ok, err = xpcall(body, debug.traceback)
  vim.env.WAVESPEED_BASE_URL = nil
  require('imagewire').cancel({ all = true })
  require('imagewire.process').stop()
  vim.fn.chanclose(server, 'stdin')
  M.equal(vim.fn.jobwait({ server }), { 0 })
  if not ok then
    error(err, 0)
  end
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
    -- Only after an error in it.
    '-c', 'cquit 1',
  }, {
    env = variables,
    cwd = M.directory,
    stdout_buffered = false,
    on_stdout = function(_, lines) vim.tbl_map(on_line, lines) end,
  })
end

--- A Neovim in a terminal that the test plays, of 60 columns and 20 lines: `output` are the bytes that it wrote, `screen`
--- the lines that a real terminal would show.
---
---@param options { files?: string[], env?: table, lua?: string, on_output?: function(terminal) }
function M.terminal(options)
  local terminal = { output = '' }
  local env = vim.tbl_extend('force', {
    TERM = 'xterm-256color', KITTY_WINDOW_ID = '', TERM_PROGRAM = '', TMUX = '', HOME = os.getenv('HOME'), IMAGEWIRE = M.program,
  }, options.env or {})
  local command = { 'env' }
  for _, name in ipairs({ 'KITTY_WINDOW_ID', 'TERM_PROGRAM', 'TMUX' }) do
    if env[name] == '' then
      vim.list_extend(command, { '-u', name })
      env[name] = nil
    end
  end
  vim.list_extend(command, {
    vim.v.progpath, '--clean', '-n', '--cmd', 'set runtimepath^=' .. M.directory,
    '--cmd', "lua require('imagewire').setup({ input = { size = '64x64' } }) " .. (options.lua or ''),
  })
  vim.list_extend(command, options.files or {})
  -- A terminal buffer of this Neovim interprets the bytes. An old one would take graphics commands for text.
  vim.o.columns, vim.o.lines = 60, 22
  vim.cmd('silent only | enew')
  terminal.buffer = vim.api.nvim_get_current_buf()
  local channel, held = vim.api.nvim_open_term(terminal.buffer, {}), ''
  terminal.job = vim.fn.jobstart(command, {
    env = env, pty = true, width = 60, height = 20,
    on_stdout = function(_, chunks)
      local bytes = table.concat(chunks, '\n')
      terminal.output = terminal.output .. bytes
      held = (held .. bytes):gsub('\27_G[^\27]*\27\\', '')
      local whole = held:match('^(.*)\27_G[^\27]*\27?$') or held
      held = held:sub(#whole + 1)
      vim.api.nvim_chan_send(channel, whole)
      if options.on_output then
        options.on_output(terminal)
      end
    end,
  })
  function terminal.screen()
    local lines = vim.api.nvim_buf_get_lines(terminal.buffer, 0, -1, false)
    return table.concat(vim.list_slice(lines, math.max(1, #lines - 19), #lines), '\n')
  end
  function terminal.type(keys)
    vim.fn.chansend(terminal.job, vim.api.nvim_replace_termcodes(keys, true, false, true))
  end
  function terminal.shows(text)
    if not vim.wait(tonumber(os.getenv('PATIENCE')) or 30000, function() return terminal.screen():find(text, 1, true) ~= nil end, 10) then
      error(('timed out waiting for "%s" on the screen:\n%s'):format(text, terminal.screen()), 2)
    end
  end
  --- Waits for a text that may be on several lines.
  function terminal.says(text)
    M.wait_for('"' .. text .. '" on the screen', function()
      return terminal.screen():gsub('%s', ''):find(text:gsub('%s', ''), 1, true)
    end)
  end
  function terminal.wrote(pattern)
    M.wait_for('the bytes ' .. pattern, function() return terminal.output:match(pattern) end)
    return terminal.output:match(pattern)
  end
  function terminal.close()
    vim.fn.jobstop(terminal.job)
    vim.fn.jobwait({ terminal.job })
    vim.cmd('bwipeout! ' .. terminal.buffer)
    vim.o.columns, vim.o.lines = 80, 24
  end
  return terminal
end

function M.run()
  local failed = 0
  -- TESTS is a pattern for the names of those to run.
  tests = vim.tbl_filter(function(test) return test.name:match(os.getenv('TESTS') or '') ~= nil end, tests)
  for _, test in ipairs(tests) do
    M.messages = {}
    M.settings()
    require('imagewire.choices').model, require('imagewire.choices').input = nil, {}
    vim.cmd('silent! only!')
    vim.cmd('silent! %bwipeout!')
    local ok, err = xpcall(test.body, debug.traceback)
    -- A test that fails leaves nothing to the next one.
    require('imagewire').cancel({ all = true })
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
