--- The process of this editor: started by the first call, and again by the first call after it ended. When the editor ends, its
--- input ends; it answers the calls it has read and exits.
---
--- JSON-RPC 2.0, one message a line: `chansend` and `on_stdout` suffice.
local config = require('imagewire.config')
local say = require('imagewire.say')
local M = {}

--- The oldest version this plugin can speak to.
M.oldest = '0.1.0'
--- How long a process may take to answer `initialize`, in milliseconds.
M.patience = 10000
--- The longest message that the program reads, in bytes. It refuses a longer one without the id of the call.
M.maximum = 64 * 1024 * 1024

--- The process as it is now, or nil: job, number (of the last request), pending (request number to callback), queue
--- (calls that wait until the version is known), is_ready, partial (a line that is not complete yet), log (last
--- line of stderr).
local current = nil
--- workDoneToken to function(report), which gets the `value` of a report.
local listeners = {}

local function version_of(text)
  local major, minor, patch = tostring(text):match('^(%d+)%.(%d+)%.(%d+)')
  if major then
    return tonumber(major) * 1e6 + tonumber(minor) * 1e3 + tonumber(patch)
  end
end

--- Calls back. An error in the callback is reported and ends nothing else.
local function call(callback, ...)
  local ok, err = pcall(callback, ...)
  if not ok then
    say.error(tostring(err))
  end
end

--- Ends a process: all calls to it fail now, with this message, which is said once for all of them.
local function fail(process, message)
  if current == process then
    current = nil
  end
  local failed = {}
  for _, callback in pairs(process.pending) do
    table.insert(failed, callback)
  end
  for _, call in ipairs(process.queue) do
    table.insert(failed, call.callback)
  end
  process.pending, process.queue = {}, {}
  if #failed > 0 then
    say.error(message)
  end
  for _, callback in ipairs(failed) do
    call(callback, { message = message, type = 'process_ended', is_said = true })
  end
end

local function receive(process, line)
  local ok, message = pcall(vim.json.decode, line, { luanil = { object = true, array = true } })
  if not ok or type(message) ~= 'table' then
    pcall(vim.fn.jobstop, process.job)
    return fail(process, ('%s does not speak JSON-RPC; is it imagewire?'):format(process.command[1]))
  end
  if message.method then
    local params = message.params or {}
    local listener = message.method == '$/progress' and listeners[params.token]
    if listener and params.value.kind == 'report' then
      call(listener, params.value)
    end
    return
  end
  local error = message.error
  local id = message.id
  if error and id == nil then
    -- The program could not read the id. If only one call is in flight, it is that one.
    id = next(process.pending)
    if id == nil or next(process.pending, id) ~= nil then
      -- With several, none fails: an accepted submit that is reported as failed would be paid for again.
      return say.warning('a call could not be read, and the error does not say which: ' .. error.message)
    end
  end
  local callback = id and process.pending[id]
  if not callback then
    return
  end
  process.pending[id] = nil
  if error then
    local data = type(error.data) == 'table' and error.data or {}
    local text = data.hint and (error.message .. ' ' .. data.hint) or error.message
    return call(callback, { message = text, type = data.type, code = error.code })
  end
  call(callback, nil, message.result)
end

local function send(process, method, params, callback)
  process.number = process.number + 1
  local request = { jsonrpc = '2.0', id = process.number, method = method, params = params }
  -- `vim.json.encode` would let bytes through that are not UTF-8 and therefore not JSON.
  local ok, line = pcall(vim.fn.json_encode, request)
  if not ok then
    return vim.schedule(function()
      callback({ message = 'the call contains bytes that are not UTF-8 text. Nothing was sent.', type = 'not_text' })
    end)
  end
  if #line + 1 > M.maximum then
    return vim.schedule(function()
      callback({
        message = ('%s cannot be sent: it would be a message of %d bytes, and imagewire reads none over %d. Nothing was sent.')
          :format(method, #line + 1, M.maximum),
        type = 'too_long',
      })
    end)
  end
  process.pending[process.number] = callback
  -- If it cannot be written the process is ending, and `on_exit` answers.
  pcall(vim.fn.chansend, process.job, line .. '\n')
end

--- Checks the program's name and version, then sends the waiting calls.
local function introduce(process, configuration)
  local version = vim.version()
  local params = {
    clientInfo = { name = 'neovim', version = ('%d.%d.%d'):format(version.major, version.minor, version.patch) },
    configuration = configuration,
  }
  send(process, 'initialize', params, function(err, result)
    if err and err.type == 'process_ended' then
      return
    end
    local info = result and result.serverInfo or {}
    local found = info.name == 'imagewire' and version_of(info.version)
    if err and err.type == 'invalid_params' then
      vim.fn.jobstop(process.job)
      return fail(process, err.message)
    end
    if not found or found < version_of(M.oldest) then
      vim.fn.jobstop(process.job)
      return fail(process, ('%s is too old: this plugin needs imagewire %s or newer, and this is %s. Nothing was sent.')
        :format(process.command[1], M.oldest, info.version or 'something else'))
    end
    process.is_ready, process.server = true, result
    local queue = process.queue
    process.queue = {}
    for _, call in ipairs(queue) do
      send(process, call.method, call.params, call.callback)
    end
  end)
  vim.defer_fn(function()
    if not process.is_ready and current == process then
      vim.fn.jobstop(process.job)
      fail(process, ('%s did not answer within %d s. Nothing was sent.'):format(process.command[1], M.patience / 1000))
    end
  end, M.patience)
end

--- Starts the program. Returns nil and a message if it cannot be started.
local function start()
  local command = config.command()
  local name = command[1]
  if vim.fn.executable(name) == 0 then
    local tried = name == 'imagewire' and (' on the path or in ' .. table.concat(config.usual_places, ', ')) or ''
    return nil, ('the program "%s" was not found%s. Install imagewire, or say where it is: '):format(name, tried)
      .. "require('imagewire').setup({ program = '/path/to/imagewire' })"
  end
  local ok, configuration = pcall(config.configuration)
  if not ok then
    return nil, 'a function in the setting "configuration" failed: ' .. tostring(configuration)
  end
  local process = { command = command, number = 0, pending = {}, queue = {}, partial = '', log = '' }
  local started, job = pcall(vim.fn.jobstart, command, {
    -- Not stopped by a signal with the editor: the end of its input lets it finish a request that may cost money.
    detach = true,
    on_stdout = function(_, chunks)
      -- The first item continues the last one of the call before.
      chunks[1] = process.partial .. chunks[1]
      process.partial = table.remove(chunks)
      for _, line in ipairs(chunks) do
        if line ~= '' then
          receive(process, line)
        end
      end
    end,
    on_stderr = function(_, chunks)
      for _, line in ipairs(chunks) do
        if line ~= '' then
          process.log = line
        end
      end
    end,
    on_exit = function(_, code)
      local log = process.log ~= '' and (' Its last message: ' .. process.log) or ''
      -- The most important words are in the first 60 columns.
      fail(process, process.is_ready
        and ('the process ended; accepted images go on: see :ImagewireList. Nothing is paid for twice (code %d).%s'):format(code, log)
        or ('the process ended (code %d). Nothing was sent.%s The next command starts it again.'):format(code, log))
    end,
  })
  if not started or job <= 0 then
    return nil, ('the program "%s" could not be started: %s'):format(name, started and 'it is not executable' or job)
  end
  process.job = job
  current = process
  introduce(process, configuration)
  return true
end

--- Calls a method. The callback gets an error ({ message, type, code }) or nil, and the result; always later. Returns what
--- `withdraw` takes, or nil where the program could not be started.
function M.request(method, params, callback)
  if not current then
    local started, message = start()
    if not started then
      return vim.schedule(function()
        callback({ message = message, type = 'not_started' })
      end)
    end
  end
  local call = { method = method, params = params, callback = callback }
  if current.is_ready then
    send(current, method, params, callback)
  else
    table.insert(current.queue, call)
  end
  return call
end

--- Calls back when the version and the provider are known: at once, or after the process was started. With an error if not.
function M.ready(callback)
  if current and current.is_ready then
    return callback(nil)
  end
  M.request('ping', {}, callback)
end

--- Takes back a call that still waits to be sent; its callback is not called. Returns whether it could be.
function M.withdraw(call)
  for index, other in ipairs(current and current.queue or {}) do
    if other == call then
      table.remove(current.queue, index)
      return true
    end
  end
  return false
end

--- Hears `$/progress` of a token until `forget`.
function M.listen(token, listener)
  listeners[token] = listener
end

function M.forget(token)
  listeners[token] = nil
end

--- Ends the input of the process, which answers the calls it has read and exits. The next call starts another.
function M.stop()
  local process = current
  if not process then
    return
  end
  current = nil
  pcall(vim.fn.chanclose, process.job, 'stdin')
  local queue = process.queue
  process.queue = {}
  for _, waiting in ipairs(queue) do
    call(waiting.callback, { message = 'the process was stopped. Nothing was sent.', type = 'not_sent' })
  end
end

--- The result of `initialize`, once the process is ready.
function M.server()
  return current and current.server
end

--- The process id, or nil.
function M.pid()
  return current and vim.fn.jobpid(current.job)
end

-- After VimLeavePre, when work.lua has sent the cancellations.
vim.api.nvim_create_autocmd('VimLeave', {
  group = vim.api.nvim_create_augroup('imagewire_process', {}),
  callback = M.stop,
})

return M
