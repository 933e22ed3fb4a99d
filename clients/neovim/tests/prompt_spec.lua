--- The prompt: which text goes through, and where it comes from.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')
local process = require('imagewire.process')

test('quotes, newlines, emoji and 30,000 characters go through unchanged [editor 8]', function()
  local folder = t.edit('note.md')
  local text = { 'a "fox" \\ {"json": \'yes\'} | bar % # <CR>', 'second line\twith a tab', '', '🦊 狐 שועל ثعلب ' .. ('x'):rep(30000) }
  vim.api.nvim_buf_set_lines(0, 0, -1, false, text)
  vim.cmd('%Imagewire')
  t.idle()
  equal(#t.lines(), 5)
  t.matches(t.lines()[5], '^!%[a "fox" .*…%]%(images/a%-fox%-json%-yes%-bar%-cr%-second%-line.*%.png%)$')
  t.is_image(folder .. '/' .. t.lines()[5]:match('%((.*)%)$'))
  local prompt
  process.request('list', { limit = 1 }, function(_, page)
    process.request('status', { id = page.predictions[1].id, full = true }, function(_, whole)
      prompt = whole.input.prompt
    end)
  end)
  t.wait_for('the prompt', function() return prompt end)
  equal(prompt, table.concat(text, '\n'))
end)

test('bytes that are no text are refused, and the conversation goes on', function()
  t.edit('note.md')
  imagewire.generate('a fox \255\254 here')
  contains(t.message('not UTF-8 text').text, 'Nothing was sent')
  t.idle()
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(t.lines(), { '![a fox](images/a-fox.png)' })
end)

test('without words it asks for them [editor 7]', function()
  t.edit('note.md')
  local input = vim.ui.input
  vim.ui.input = function(_, answer) answer('an asked fox') end
  vim.cmd('Imagewire')
  vim.ui.input = function(_, answer) answer(nil) end
  vim.cmd('Imagewire')
  vim.ui.input = input
  t.idle()
  equal(t.lines(), { '![an asked fox](images/an-asked-fox.png)' })
end)

test('selected text is a part of the prompt, and the link goes on a line of its own below it [editor 6]', function()
  for keys, wanted in pairs({
    -- A word, umlauts included; a block; whole lines.
    ['w' .. 'viw'] = { 'in the style of\nfüchse', 'füchse-' },
    ['v$j0'] = { 'in the style of\nrote füchse, zwei\nu', nil },
    ['<C-v>jl'] = { 'in the style of\nro\nun', nil },
    ['V'] = { 'in the style of\nrote füchse, zwei', nil },
  }) do
    t.edit('note.md', { 'rote füchse, zwei', 'und schnee', 'end' })
    vim.api.nvim_win_set_cursor(0, { 1, 0 })
    t.type(keys .. ':Imagewire in the style of<CR>')
    local last = vim.fn.line("'>")
    t.idle()
    local found = t.call('status', { id = t.call('list', { limit = 1 }).predictions[1].id, full = true })
    equal({ keys, found.input.prompt }, { keys, wanted[1] })
    equal(#t.lines(), 4)
    contains(t.lines()[last + 1], '![in the style of')
  end
end)

test('a range that was typed is whole lines, also where something else was selected before', function()
  t.edit('note.md', { 'one two', 'three' })
  t.type('viw<Esc>')
  vim.cmd('2Imagewire')
  t.idle()
  equal(t.lines(), { 'one two', 'three', '![three](images/three.png)' })
end)

test('hostile text is shown on one line, without control characters and marks of direction', function()
  local say = require('imagewire.say')
  for _, string in ipairs(t.fixture('hostile-text.json').strings) do
    -- The decoder refuses some that JSON allows.
    local ok, text = pcall(function() return string.text or vim.json.decode(string.json) end)
    text = ok and text:rep(string.times or 1) or ''
    t.messages = {}
    say.error(text)
    for _, shown in ipairs({ say.short(text, 60), t.messages[1].text }) do
      equal(shown:match('[%z\1-\31\127]') or shown:match('\194[\128-\159]') or shown:match('\226\128[\168-\174]'), nil)
    end
    equal(vim.fn.strchars(say.short(text, 60)) <= 60, true)
  end
end)
