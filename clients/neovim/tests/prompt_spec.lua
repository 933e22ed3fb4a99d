--- The prompt: which text goes through, and where it comes from.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')
local process = require('imagewire.process')

test('quotes, newlines, emoji and 30,000 characters go through unchanged', function()
  local folder = t.edit('note.md')
  local text = { 'a "fox" \\ {"json": \'yes\'} | bar % # <CR>', 'second line\twith a tab', '', '🦊 狐 ' .. ('x'):rep(30000) }
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

test('without words it asks for them', function()
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
