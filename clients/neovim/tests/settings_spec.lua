--- Settings, and the provider's key.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')
local process = require('imagewire.process')

test('a provider without a key says what to set', function()
  t.settings({ configuration = { provider = 'wavespeed' } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  contains(t.message('not configured').text, 'WAVESPEED_API_KEY')
  t.idle()
end)

test('a key from a function reaches the process and no message', function()
  t.settings({ configuration = {
    provider = function() return 'sandbox' end,
    wavespeed_api_key = function() return 'wsk_SECRETsecret0123456789' end,
  } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(#t.lines()[1] > 0, true)
  equal(vim.inspect(t.messages):find('SECRET', 1, true), nil)

  t.settings({ configuration = { provider = function() error('no store') end } })
  process.stop()
  vim.cmd('Imagewire a fox')
  contains(t.message('"configuration" failed').text, 'no store')
  t.idle()
end)

test('settings that do not exist are refused', function()
  local ok, err = pcall(imagewire.setup, { programm = 'x' })
  equal(ok, false)
  contains(err, '"programm"')
  ok, err = pcall(imagewire.setup, { folder = 5 })
  equal(ok, false)
  contains(err, 'is a string')
end)
