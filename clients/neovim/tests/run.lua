--- The plugin in a real Neovim, against the real program and its sandbox.
package.path = 'tests/?.lua;' .. package.path
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')
local process = require('imagewire.process')
local tests_folder = vim.fn.getcwd()

test('a link lands behind the cursor, and the image is there', function()
  local folder = t.edit('note.md', { 'Here: ', 'end' })
  vim.api.nvim_win_set_cursor(0, { 1, 5 })
  vim.cmd('Imagewire a red fox in snow')
  t.idle()
  equal(t.lines(), { 'Here: ![a red fox in snow](images/a-red-fox-in-snow.png)', 'end' })
  t.is_image(folder .. '/images/a-red-fox-in-snow.png')
  contains(t.message('a-red-fox-in-snow.png').text, 'a red fox in snow')
end)

for filetype, wanted in pairs({
  org = '[[file:images/a-fox.png]]',
  tex = '\\includegraphics[width=\\linewidth]{images/a-fox.png}',
  typst = '#image("images/a-fox.png", alt: "a <fox> & \\"co\\"")',
  html = '<img src="images/a-fox.png" alt="a &lt;fox&gt; &amp; &quot;co&quot;">',
  markdown = '![a &lt;fox&gt; &amp; "co"](images/a-fox.png)',
  [''] = '![a &lt;fox&gt; &amp; "co"](images/a-fox.png)',
}) do
  test('the link in a buffer of filetype "' .. filetype .. '"', function()
    t.edit('note')
    vim.bo.filetype = filetype
    vim.cmd('Imagewire a <fox> & "co"')
    t.idle()
    equal(t.lines(), { (wanted:gsub('a%-fox', 'a-fox-co')) })
  end)
end

local function fixture(name)
  local path = tests_folder .. '/../../Tests/Fixtures/' .. name
  return vim.json.decode(table.concat(vim.fn.readfile(path), '\n'))
end

local filetypes = { markdown = 'markdown', html = 'html', org = 'org', latex = 'tex', typst = 'typst' }
test('links are written by the rules of all clients, and as their examples are', function()
  local link, escapes = require('imagewire.link'), require('imagewire.escapes')
  local rules = fixture('link-escapes.json')
  for _, name in ipairs({ 'space', 'unsafe' }) do
    equal(escapes[name], vim.tbl_map(function(range)
      return { tonumber(range[1], 16), tonumber(range[2], 16) }
    end, rules[name]))
  end
  for name, format in pairs(escapes.formats) do
    local examples = rules.formats[name].examples
    rules.formats[name].examples = nil
    equal({ name, format }, { name, rules.formats[name] })
    for _, example in ipairs(examples) do
      equal({ example, link.to(example.path, example.description, filetypes[name]) or 'refused' },
        { example, example.refuse and 'refused' or example.out })
    end
  end
end)

--- What a link of each format is, once its escapes are taken out.
local shapes = {
  markdown = { '\\[%p]', '^!%[[^%[%]`<>{}|*_$~]*%]%([%w/._~%%\128-\255-]+%)$' },
  html = { '', '^<img src="[%w/._~%%\128-\255-]+" alt="[^"<>{}\'`@]*">$' },
  org = { '\\[%[%]]', "^%[%[file:[%w /._+,@()'\128-\255-]+%]%]$" },
  latex = { '', "^\\includegraphics%[width=\\linewidth%]{[%w /._+,@()'\128-\255-]+}$" },
  typst = { '\\[\\"]', '^#image%("[^"\\]+", alt: "[^"\\]*"%)$' },
}

test('hostile text neither breaks a link nor hides in it, as a prompt and as a path', function()
  local link = require('imagewire.link')
  local refused = 0
  for _, string in ipairs(fixture('hostile-text.json').strings) do
    -- The decoder refuses some that JSON allows.
    local ok, text = pcall(function() return string.text or vim.json.decode(string.json) end)
    text = ok and text:rep(string.times or 1) or ''
    for format, filetype in pairs(filetypes) do
      local as_path = link.to(text, 'a fox', filetype)
      refused = refused + (as_path and 0 or 1)
      for _, written in pairs({ link.to('images/a.png', text, filetype), as_path }) do
        t.matches(written:gsub(shapes[format][1], ''), shapes[format][2])
        -- No controls, nor marks of direction or line ends of Unicode.
        equal(written:match('[%z\1-\31\127]') or written:match('\194[\128-\159]') or written:match('\226\128[\168-\174]'), nil)
      end
    end
  end
  equal(refused > 100, true)
end)

test('what cannot be linked safely is refused before anything is sent, or said', function()
  t.settings({ folder = 'a#b' })
  local document = t.edit('note.org')
  vim.bo.filetype = 'org'
  vim.cmd('Imagewire a fox')
  contains(t.message('would not be safe').text, 'Nothing was sent')
  equal({ imagewire.statusline(), process.pid() }, { '' })
  -- An image that was made for a document of another kind.
  vim.bo.filetype = 'markdown'
  vim.cmd('Imagewire a fox')
  vim.bo.filetype = 'org'
  t.idle()
  contains(t.message('no link was inserted').text, document .. '/a#b/a-fox.png')
  equal(t.lines(), { '' })
end)

test('a format of one\'s own', function()
  t.settings({ formats = { typst = function(path, alt) return path .. '|' .. alt end } })
  t.edit('note')
  vim.bo.filetype = 'typst'
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(t.lines(), { 'images/a-fox.png|a fox' })
end)

test('a format of one\'s own that fails: the link is Markdown, and nobody else waits for it', function()
  t.settings({ formats = {
    typst = function() error('no such font') end,
    asciidoc = function() end,
  } })
  for filetype, reason in pairs({ typst = 'no such font', asciidoc = 'it returned no text' }) do
    t.edit('note')
    vim.bo.filetype = filetype
    vim.cmd('Imagewire a fox')
    t.idle()
    equal(t.lines(), { '![a fox](images/a-fox.png)' })
    contains(t.message('"formats" failed').text, '"' .. filetype .. '"')
    t.message(reason)
    t.messages = {}
  end
end)

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

test('a buffer without a file gets an absolute link', function()
  vim.cmd('enew')
  vim.cmd('Imagewire a fox')
  t.idle()
  local path = t.lines()[1]:match('^!%[a fox%]%((/.*%.png)%)$')
  t.is_image(path)
  contains(path, '/.local/state/imagewire/outputs/')
end)

-- Where the setting leads, seen from the document's folder or from the root, and how links begin.
for setting, wanted in pairs({
  ['images'] = { './images', 'images/' },
  ['./images/'] = { './images', './images/' },
  ['../my images'] = { '../my images', '../my%20images/' },
  ['~'] = { os.getenv('HOME'), os.getenv('HOME') .. '/' },
  ['~/of the home//'] = { os.getenv('HOME') .. '/of the home', os.getenv('HOME') .. '/of%20the%20home/' },
  ['~ not a home'] = { './~ not a home', '~%20not%20a%20home/' },
  ['~nobody-has-this-name/a'] = { './~nobody-has-this-name/a', '~nobody-has-this-name/a/' },
  ['`touch ran`'] = { './`touch ran`', '%60touch%20ran%60/' },
  ['C:\\images'] = { './C:\\images', 'C%3A%5Cimages/' },
  [os.getenv('HOME') .. '/an absolute one/'] = { os.getenv('HOME') .. '/an absolute one', os.getenv('HOME') .. '/an%20absolute%20one/' },
}) do
  test('the setting folder is "' .. setting:gsub(os.getenv('HOME'), '$HOME') .. '"', function()
    t.settings({ folder = setting })
    local document = t.edit('note.md')
    vim.cmd('Imagewire a fox')
    t.idle()
    local link = '^!%[a fox%]%(' .. vim.pesc(wanted[2]) .. '(a%-fox[-%d]*%.png)%)$'
    t.matches(t.lines()[1], link)
    t.is_image((wanted[1]:match('^/') and '' or document .. '/') .. wanted[1] .. '/' .. t.lines()[1]:match(link))
    equal(vim.fn.filereadable('ran'), 0)
  end)
end

test('the setting folder names the home directory of a user', function()
  t.settings({ folder = '~root/pictures' })
  t.edit('note.md')
  equal(require('imagewire.folder').of(0), vim.fn.expand('~root') .. '/pictures')
end)

test('the buffer is edited meanwhile: the link lands where the command was given', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 400 } } })
  t.edit('note.md', { 'one', 'two', 'three' })
  vim.api.nvim_win_set_cursor(0, { 2, 2 })
  vim.cmd('Imagewire a fox')
  vim.api.nvim_buf_set_lines(0, 0, 0, false, { 'zero', 'zero and a half' })
  vim.api.nvim_buf_set_text(0, 3, 0, 3, 0, { 'number ' })
  vim.api.nvim_buf_set_text(0, 3, 10, 3, 10, { ' and more' })
  vim.cmd('new')
  t.idle()
  vim.cmd('close!')
  equal(t.lines(), { 'zero', 'zero and a half', 'one', 'number two![a fox](images/a-fox.png) and more', 'three' })
end)

test('two links at one point come in the order of their commands', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 200 } } })
  t.edit('note.md', { 'here: ' })
  vim.api.nvim_win_set_cursor(0, { 1, 5 })
  vim.cmd('Imagewire one')
  vim.cmd('Imagewire two')
  t.idle()
  equal(t.lines(), { 'here: ![one](images/one.png)![two](images/two.png)' })
end)

test('the buffer is gone meanwhile: the link is in the unnamed register', function()
  t.settings({ input = { size = '64x64', sandbox = { delay_ms = 300 } } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  vim.cmd('bwipeout!')
  t.idle()
  t.is_image(vim.fn.getreg('"'))
  t.message('unnamed register')
end)

test('a buffer that cannot be changed is refused before anything is sent', function()
  t.edit('note.md')
  vim.bo.modifiable = false
  vim.cmd('Imagewire a fox')
  contains(t.message('cannot be changed').text, 'Nothing was sent')
  equal(process.pid(), nil)
end)

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
  contains(t.message('no UTF-8 text').text, 'Nothing was sent')
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

test('cancel: no link, and a message that says what it costs', function()
  t.settings({ input = { size = '64x64', sandbox = { never = true } } })
  t.edit('note.md', { 'text' })
  vim.cmd('ImagewireCancel')
  t.message('nothing is under way')
  vim.cmd('Imagewire a fox')
  t.wait_for('its start', function() return imagewire.statusline():match('processing') end)
  vim.cmd('ImagewireCancel')
  t.idle()
  equal(t.lines(), { 'text' })
  t.message('a fox: cancelled')
end)

test('cancel before the submit is answered', function()
  t.settings({ input = { size = '64x64', sandbox = { never = true } } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  vim.cmd('ImagewireCancel')
  t.message('a fox: cancelled')
  t.idle()
end)

--- The predictions whose prompt has a text.
local function listed(text)
  local found
  process.request('list', { text = text }, function(_, page) found = page.predictions end)
  t.wait_for('the list', function() return found end)
  return found
end
test('what is cancelled before it is sent is never sent', function()
  t.edit('note.md', { 'text' })
  vim.cmd('Imagewire a fox taken back')
  vim.cmd('Imagewire a fox that goes on')
  local select = vim.ui.select
  vim.ui.select = function(items, _, choose) choose(items[1]) end
  vim.cmd('ImagewireCancel')
  vim.ui.select = select
  contains(t.message('a fox taken back: cancelled').text, 'Nothing was sent')
  t.idle()
  equal(t.lines(), { 't![a fox that goes on](images/a-fox-that-goes-on.png)ext' })
  equal(listed('a fox taken back'), {})
end)

test('cancel of one among several, and of all', function()
  t.settings({ input = { size = '64x64', sandbox = { never = true } } })
  t.edit('note.md')
  for _, name in ipairs({ 'one', 'two', 'three' }) do
    vim.cmd('Imagewire ' .. name)
  end
  equal(imagewire.statusline(), 'imagewire: 3 images under way')
  local select = vim.ui.select
  vim.ui.select = function(items, options, choose)
    contains(options.format_item(items[2]), 'two')
    choose(items[2])
  end
  vim.cmd('ImagewireCancel')
  vim.ui.select = select
  t.message('two: cancelled')
  equal(imagewire.statusline(), 'imagewire: 2 images under way')
  vim.cmd('ImagewireCancel!')
  t.idle()
  t.message('one: cancelled')
  t.message('three: cancelled')
end)

test('the list shows, filters, inserts and cancels', function()
  t.edit('note.md', { 'before after' })
  vim.api.nvim_win_set_cursor(0, { 1, 5 })
  vim.cmd('Imagewire a zebra to be listed')
  t.idle()
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'before after' })
  vim.api.nvim_win_set_cursor(0, { 1, 5 })
  t.settings({ input = { size = '64x64', sandbox = { never = true } } })
  vim.cmd('new')
  vim.cmd('Imagewire a yak to be listed')
  vim.cmd('wincmd p')

  vim.cmd('ImagewireList to be listed')
  t.wait_for('two lines', function() return #t.lines() == 3 end)
  contains(t.lines()[2], 'a yak to be listed')
  t.matches(t.lines()[3], '^completed +%d+ s +sandbox +a zebra to be listed$')
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  vim.api.nvim_feedkeys('x', 'x', false)
  t.wait_for('the cancelled one', function() return t.lines()[2]:match('^cancelled') end)
  vim.api.nvim_win_set_cursor(0, { 3, 0 })
  vim.api.nvim_feedkeys('i', 'x', false)
  t.message('inserted')
  vim.api.nvim_feedkeys('q', 'x', false)
  t.matches(t.lines()[1], '^before!%[a zebra to be listed%]%(/?.*a%-zebra%-to%-be%-listed%.png%) after$')

  vim.cmd('ImagewireList no image has these words')
  t.wait_for('an empty list', function() return (t.lines()[2] or ''):match('no image with these words') end)
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

test('the program is missing', function()
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

test('the program is too old: it is told nothing more', function()
  local log = vim.fn.tempname()
  vim.env.OLD_IMAGEWIRE_LOG = log
  t.settings({ program = tests_folder .. '/../../Tests/Fixtures/old-imagewire' })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
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
  t.message('It said: no such library')
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

test('the process is killed in the middle: everything fails at once, and the next command starts it again', function()
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
  contains(t.message('the process ended').text, ':ImagewireList')
  equal(t.lines(), { '' })
  equal(process.pid(), nil)

  -- Nothing is lost: the next process finishes it, and the list inserts it.
  vim.cmd('ImagewireList fox that survives')
  local function finished()
    vim.api.nvim_feedkeys('r', 'x', false)
    vim.wait(20)
    return (t.lines()[2] or ''):match('^completed')
  end
  t.wait_for('the end of what was under way', finished)
  equal(process.pid() ~= first, true)
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  vim.api.nvim_feedkeys('i', 'x', false)
  t.message('inserted')
  vim.cmd('close')
  equal(t.lines(), { '![a fox that survives](images/a-fox-that-survives.png)' })
end)

local function second(variables, on_line)
  return vim.fn.jobstart({
    vim.v.progpath, '--headless', '--clean', '--cmd', 'set runtimepath^=' .. tests_folder, '-c', 'luafile tests/second.lua',
  }, {
    env = variables,
    cwd = tests_folder,
    stdout_buffered = false,
    on_stdout = function(_, lines) vim.tbl_map(on_line, lines) end,
  })
end

test('two editors on one state directory', function()
  local folder = t.edit('note.md')
  local link
  local job = second({ SECOND_FOLDER = folder, SECOND_DELAY = '300' }, function(line)
    link = link or line:match('^link (.*)')
  end)
  for number = 1, 4 do
    vim.cmd('Imagewire boat ' .. number)
  end
  t.idle()
  t.wait_for('the second editor', function() return link end)
  vim.fn.jobwait({ job })
  equal(link, '![a boat of the second editor](images/a-boat-of-the-second-editor.png)')
  t.is_image(folder .. '/images/a-boat-of-the-second-editor.png')
  for number = 1, 4 do
    contains(t.lines()[1], ('![boat %d](images/boat-%d.png)'):format(number, number))
  end
  vim.cmd('ImagewireList boat of the second editor')
  t.wait_for('its line', function() return (t.lines()[2] or ''):match('completed.*second editor') end)
end)

test('a command of the command line inserts a link into a new file', function()
  local folder = vim.fn.tempname()
  vim.fn.mkdir(folder, 'p')
  local job = vim.fn.jobstart({
    vim.v.progpath, '--headless', '--clean', '--cmd', 'set runtimepath^=' .. tests_folder,
    '--cmd', "lua require('imagewire').setup({ program = os.getenv('IMAGEWIRE') })", 'note.md',
    -- The first of them finds the cursor on line 0.
    '-c', 'Imagewire a red fox in snow',
    '-c', "lua vim.wait(30000, function() return require('imagewire').statusline() == '' end, 5)", '-c', 'wqall',
  }, { cwd = folder })
  equal(vim.fn.jobwait({ job }, 40000), { 0 })
  equal(vim.fn.readfile(folder .. '/note.md'), { '![a red fox in snow](images/a-red-fox-in-snow.png)' })
end)

test('the process ends with the editor', function()
  local folder = t.edit('note.md')
  local pid
  local job = second({ SECOND_FOLDER = folder, SECOND_DELAY = '3000000', SECOND_LEAVES = '1' }, function(line)
    pid = pid or tonumber(line:match('^pid (%d+)'))
  end)
  t.wait_for('the second editor', function() return pid end)
  vim.fn.jobwait({ job })
  t.wait_for('the end of its process', function() return vim.loop.kill(pid, 0) ~= 0 end)
end)
test('what was cancelled is cancelled when the editor ends at once', function()
  local job = second({ SECOND_FOLDER = t.edit('note.md'), SECOND_DELAY = '3000', SECOND_LEAVES = 'cancelled' }, function() end)
  vim.fn.jobwait({ job })
  local statuses = vim.tbl_map(function(prediction) return prediction.status end, listed('a yak given up'))
  equal(statuses, { 'cancelled' })
  -- What was not is kept on purpose.
  equal(listed('a boat of the second editor')[1].status ~= 'cancelled', true)
end)

test('a process that is stopped before it is asked says that nothing was sent', function()
  t.settings({ program = { 'sleep', '100' } })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  local pid = process.pid()
  process.stop()
  equal(imagewire.statusline(), '')
  contains(t.message('stopped').text, 'Nothing was sent')
  vim.loop.kill(pid, 'sigkill')
end)

test('settings that do not exist are refused', function()
  local ok, err = pcall(imagewire.setup, { programm = 'x' })
  equal(ok, false)
  contains(err, '"programm"')
  ok, err = pcall(imagewire.setup, { folder = 5 })
  equal(ok, false)
  contains(err, 'is a string')
end)

test('checkhealth', function()
  vim.cmd('checkhealth imagewire')
  local text = table.concat(t.lines(), '\n')
  contains(text, 'version: 0.1.0')
  contains(text, 'provider: sandbox')
  contains(text, 'the table of images can be read')
  equal(text:find('ERROR', 1, true), nil)
  process.stop()
  t.settings({ program = '/nowhere/imagewire' })
  vim.cmd('checkhealth imagewire')
  contains(table.concat(t.lines(), '\n'), 'was not found')
end)

test('help', function()
  local doc = vim.fn.tempname()
  vim.fn.mkdir(doc .. '/doc', 'p')
  vim.fn.writefile(vim.fn.readfile('doc/imagewire.txt'), doc .. '/doc/imagewire.txt')
  vim.cmd('helptags ' .. doc .. '/doc')
  local tags = table.concat(vim.fn.readfile(doc .. '/doc/tags'), '\n')
  for _, tag in ipairs({ ':Imagewire', ':ImagewireCancel', ':ImagewireList', 'imagewire-settings', 'imagewire.txt' }) do
    contains(tags, tag .. '\t')
  end
  -- Every cross-reference leads somewhere.
  for _, line in ipairs(vim.fn.readfile('doc/imagewire.txt')) do
    for reference in line:gmatch('|([^|%s]+)|') do
      contains('\n' .. tags, '\n' .. reference .. '\t')
    end
  end
end)

t.run()
