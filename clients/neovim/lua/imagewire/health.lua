--- :checkhealth imagewire
local config = require('imagewire.config')
local process = require('imagewire.process')
local M = {}

-- Neovim 0.10 renamed them.
local health = vim.health or require('health')
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local warn = health.warn or health.report_warn
local report_error = health.error or health.report_error

--- Calls a method and waits for it; returns the error, or nil and the result.
local function call(method, params)
  local answer
  process.request(method, params, function(err, result)
    answer = { err, result }
  end)
  vim.wait(process.patience + 1000, function()
    return answer ~= nil
  end, 10)
  return unpack(answer or { { message = 'it does not answer' } })
end

function M.check()
  start('imagewire')
  if vim.fn.has('nvim-0.7') == 1 then
    ok('Neovim is 0.7 or newer')
  else
    report_error('Neovim is older than 0.7')
  end

  local name = config.command()[1]
  if vim.fn.executable(name) == 0 then
    return report_error(('the program "%s" was not found'):format(name), {
      'Install imagewire (its README says how), or',
      "require('imagewire').setup({ program = '/path/to/imagewire' })",
    })
  end
  ok(('program: %s'):format(vim.fn.exepath(name)))

  -- Looks into the table without asking a provider for anything: a check costs no money.
  local err = call('list', { limit = 1 })
  local server = process.server()
  if server then
    local wire = server.capabilities.experimental.imagewire
    ok(('version: %s (%s or newer is needed)'):format(server.serverInfo.version, process.oldest))
    if wire.provider == 'sandbox' then
      ok('provider: sandbox, which draws without a key and without cost')
    else
      ok(('provider: %s, model: %s'):format(wire.provider, wire.model or 'its own'))
    end
  end
  if err then
    report_error(err.message)
  else
    ok('the database can be read')
  end
  local choices = require('imagewire.choices')
  if choices.model or next(choices.input) then
    ok(('chosen for this session: %s %s'):format(choices.model or '', vim.inspect(choices.input, { newline = ' ', indent = '' })))
  end
  local ability
  require('imagewire.show').ability(function(is_able, reason) ability = { is_able, reason } end)
  vim.wait(1000, function() return ability ~= nil end, 10)
  if ability and ability[1] then
    ok('images are shown at their links')
  else
    warn('no images are shown in the text: ' .. (ability and ability[2] or 'the terminal did not answer'))
  end
  if vim.fn.executable('xdg-open') == 0 and vim.fn.has('mac') == 0 then
    warn('xdg-open was not found: <CR> in :ImagewireList shows the path instead of the image')
  end
end

return M
