--- Commands on the image of the link under the cursor.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')
local process = require('imagewire.process')

--- A document with an image that was made for it. Returns its folder.
local function with_fox(lines)
  local folder = t.edit('note.md', { '' })
  vim.cmd('Imagewire a fox')
  t.idle()
  t.is_image(folder .. '/images/a-fox.png')
  vim.api.nvim_buf_set_lines(0, 0, -1, false, lines or { 'before ![a fox](images/a-fox.png) after' })
  vim.api.nvim_win_set_cursor(0, { 1, 12 })
  t.messages = {}
  return folder
end

local function newest()
  return t.call('status', { id = t.call('list', { limit = 1 }).predictions[1].id, full = true })
end

local function maker(path)
  return t.call('list', { file = path, limit = 1 }).predictions[1].id
end

local function send(_, options)
  contains(options.prompt, 'Send a-fox.png to sandbox?')
  return 'Send'
end

test('change sends the image with new words after a question, and the link follows the old one [editor 22, 23]', function()
  local folder = with_fox()
  t.choosing(send, function()
    vim.cmd('ImagewireChange add a "hat", 100% red')
    t.idle()
  end)
  equal(t.lines(), { 'before ![a fox](images/a-fox.png) ![add a "hat", 100% red](images/add-a-hat-100-red.png) after' })
  t.is_image(folder .. '/images/add-a-hat-100-red.png')
  local made = newest()
  equal(made.input.image, '@' .. folder .. '/images/a-fox.png')
  equal(made.input.prompt, 'add a "hat", 100% red')
  equal(made.tags, { 'neovim', 'from:' .. maker(folder .. '/images/a-fox.png') })
end)

test('change: if the answer is no, nothing is sent; without words it asks for them [editor 22]', function()
  with_fox()
  local before = t.count()
  t.choosing(function(items) return items[2] end, function()
    vim.cmd('ImagewireChange add a hat')
    t.message('Nothing was sent')
  end)
  t.answering(nil, function() vim.cmd('ImagewireChange') end)
  equal(imagewire.statusline(), '')
  equal(t.count(), before)
  equal(vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_get_namespaces().imagewire, 0, -1, {}), {})
  t.settings({ ask_upload = false })
  t.answering('add a scarf', function() vim.cmd('ImagewireChange') end)
  t.message('add a scarf: ')
  t.idle()
  contains(t.lines()[1], '![add a scarf](images/add-a-scarf.png)')
end)

test('right after a command the cursor is before the link, which counts as under it', function()
  t.settings({ ask_upload = false })
  with_fox({ 'rote Füchse![a fox](images/a-fox.png) ![a fox](images/a-fox.png)' })
  vim.api.nvim_win_set_cursor(0, { 1, 11 })
  vim.cmd('ImagewireChange snow')
  t.message('snow: ')
  equal(t.lines(), { 'rote Füchse![a fox](images/a-fox.png) ![snow](images/snow.png) ![a fox](images/a-fox.png)' })
end)

test('a link alone on its line is followed on the next line; in lists with their indentation [editor 23]', function()
  t.settings({ ask_upload = false })
  with_fox({ '  ![a fox](images/a-fox.png)', 'after' })
  vim.cmd('ImagewireChange snow')
  t.message('snow: ')
  equal(t.lines(), { '  ![a fox](images/a-fox.png)', '  ![snow](images/snow.png)', 'after' })
end)

test('with the option replace the new link takes the place of the old one [editor 23]', function()
  t.settings({ replace = true, ask_upload = false })
  local folder = with_fox()
  vim.cmd('ImagewireChange snow')
  -- The text round it changes meanwhile.
  vim.api.nvim_buf_set_text(0, 0, 0, 0, 0, { 'long ' })
  t.message('snow: ')
  equal(t.lines(), { 'long before ![snow](images/snow.png) after' })
  t.is_image(folder .. '/images/a-fox.png')
  vim.cmd('silent undo')
  equal(t.lines(), { 'long before ![a fox](images/a-fox.png) after' })
  -- With its caption in Org, and as a whole figure.
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'text', '', '#+CAPTION: a fox', '[[file:images/a-fox.png]]', '', 'more' })
  vim.bo.filetype = 'org'
  vim.api.nvim_win_set_cursor(0, { 3, 0 })
  vim.cmd('ImagewireChange rain')
  t.message('rain: ')
  equal(t.lines(), { 'text', '', '#+CAPTION: rain', '[[file:images/rain.png]]', '', 'more' })
  -- A link that was edited meanwhile is not replaced.
  t.settings({ replace = true, ask_upload = false, input = { size = '64x64', sandbox = { delay_ms = 300 } } })
  vim.bo.filetype = 'markdown'
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { '![a fox](images/a-fox.png)' })
  vim.api.nvim_win_set_cursor(0, { 1, 3 })
  vim.cmd('ImagewireChange wind')
  t.wait_for('its start', function() return imagewire.statusline() ~= '' end)
  vim.api.nvim_buf_set_text(0, 0, 2, 0, 7, { 'my own words' })
  t.message('wind: ')
  equal(t.lines(), { '![my own words](images/a-fox.png)', '![wind](images/wind.png)' })
end)

test('two commands on one image give two links [editor 28]', function()
  for _, replace in ipairs({ false, true }) do
    t.settings({ ask_upload = false, replace = replace, input = { size = '64x64', sandbox = { delay_ms = 200 } } })
    with_fox()
    vim.cmd('ImagewireChange one')
    vim.cmd('ImagewireChange two')
    t.message('one: ')
    t.message('two: ')
    t.idle()
    local line = t.lines()[1]
    contains(line, '![one](images/one.png)')
    contains(line, '![two](images/two.png)')
    equal(line:find('a fox', 1, true) ~= nil, not replace)
    t.matches(line, '^before !.* after$')
    t.messages = {}
  end
end)

test('vary makes it once more with another seed [editor 24]', function()
  local folder = with_fox()
  local first = maker(folder .. '/images/a-fox.png')
  vim.cmd('ImagewireVary')
  t.message('a fox: ')
  local made = newest()
  equal({ made.input.prompt, made.input.size, type(made.input.seed) }, { 'a fox', '64x64', 'number' })
  equal(made.tags, { 'neovim', 'from:' .. first })
  equal(t.lines(), { 'before ![a fox](images/a-fox.png) ![a fox](images/a-fox_2.png) after' })
  vim.api.nvim_win_set_cursor(0, { 1, 40 })
  t.messages = {}
  vim.cmd('ImagewireVary')
  t.message('a fox: ')
  equal(newest().input.seed ~= made.input.seed, true)
end)

test('again makes it once more with the same input [editor 25]', function()
  t.settings({ input = { size = '96x64', seed = 7 } })
  local folder = with_fox()
  local first = maker(folder .. '/images/a-fox.png')
  -- The settings of now are not those of then.
  t.settings({ input = { size = '64x64' } })
  vim.cmd('ImagewireAgain')
  t.message('a fox: ')
  local made = newest()
  equal(made.input, { prompt = 'a fox', size = '96x64', seed = 7 })
  equal(made.id ~= first, true)
  equal(t.lines(), { 'before ![a fox](images/a-fox.png) ![a fox](images/a-fox_2.png) after' })
end)

test('again of a changed image asks before its file is sent once more [editor 25]', function()
  t.settings({ ask_upload = false })
  with_fox({ '![a fox](images/a-fox.png)' })
  vim.cmd('ImagewireChange snow')
  t.message('snow: ')
  t.settings()
  vim.api.nvim_win_set_cursor(0, { 2, 3 })
  local before = t.count()
  t.choosing(function(items, options)
    contains(options.prompt, 'Send a-fox.png to sandbox?')
    return items[2]
  end, function()
    vim.cmd('ImagewireAgain')
    t.message('Nothing was sent')
  end)
  equal(t.count(), before)
  t.choosing(function(items) return items[1] end, function()
    t.messages = {}
    vim.cmd('ImagewireAgain')
    t.message('snow: ')
  end)
  equal(t.lines()[3], '![snow](images/snow_2.png)')
end)

test('history lists what it was made from and what was made from it, and inserts the chosen one [editor 26]', function()
  t.settings({ ask_upload = false })
  with_fox({ '![a fox](images/a-fox.png)' })
  vim.cmd('ImagewireChange snow')
  t.message('snow: ')
  vim.api.nvim_win_set_cursor(0, { 2, 3 })
  vim.cmd('ImagewireChange rain')
  t.message('rain: ')
  vim.api.nvim_win_set_cursor(0, { 2, 3 })
  t.messages = {}
  vim.cmd('ImagewireVary')
  t.message('snow: ')
  t.idle()
  equal(#t.lines(), 4)
  local entries
  t.choosing(function(items, options)
    entries = vim.tbl_map(options.format_item, items)
    return items[1]
  end, function()
    vim.cmd('ImagewireHistory')
    t.message('inserted')
  end)
  t.matches(entries[1], '^← a fox · %d+ s ago · completed$')
  t.matches(entries[2], '^→ rain · %d+ s ago · completed$')
  t.matches(entries[3], '^→ snow · %d+ s ago · completed$')
  equal(#entries, 3)
  equal(t.lines()[3], '![a fox](images/a-fox.png)')
end)

test('an image that imagewire did not make: one line says so, and nothing is sent; it can be changed all the same', function()
  local folder = with_fox()
  vim.fn.writefile({ 'GIF89a of another program' }, folder .. '/images/other.gif', 'b')
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { '![other](images/other.gif)' })
  local before = t.count()
  for _, command in ipairs({ 'Vary', 'Again', 'History' }) do
    t.messages = {}
    vim.cmd('Imagewire' .. command)
    contains(t.message('did not make this image').text, 'Nothing was sent')
  end
  equal(t.count(), before)
  equal(t.lines(), { '![other](images/other.gif)' })
end)

test('a link whose file is gone, remote or no image: one line, and nothing is sent [editor 27]', function()
  local folder = with_fox()
  vim.fn.writefile({ 'text' }, folder .. '/notes.png')
  local before = t.count()
  for line, wanted in pairs({
    ['![x](images/gone.png)'] = 'is gone', ['![x](https://example.org/a.png)'] = 'another machine',
    ['![x](data:image/png;base64,AAAA)'] = 'another machine', ['![x](notes.png)'] = 'not an image', ['![x](images)'] = 'not an image',
    ['no link'] = 'no link to an image', [''] = 'no link to an image', ['![x](/dev/zero)'] = 'not an image',
    ['![a](images/a-fox.png) between ![b](images/a-fox.png)'] = 'no link to an image',
  }) do
    vim.api.nvim_buf_set_lines(0, 0, -1, false, { line })
    vim.api.nvim_win_set_cursor(0, { 1, line:match('between') and 26 or math.min(2, #line) })
    for _, command in ipairs({ 'Change add a hat', 'Vary', 'Again', 'History' }) do
      t.messages = {}
      vim.cmd('Imagewire' .. command)
      local text = t.message(wanted).text
      contains(text, 'Nothing was sent')
      equal({ text:find('\n'), #t.messages }, { nil, 1 })
    end
    equal(t.lines(), { line })
  end
  equal(t.count(), before)
end)

test('links of each format are found under the cursor [editor 22]', function()
  local folder = with_fox()
  local links_in = require('imagewire.links_in')
  local link = require('imagewire.link')
  local name = folder .. '/images/a fox (1) & zwei_Füchse.png'
  vim.fn.writefile(vim.fn.readfile(folder .. '/images/a-fox.png', 'b'), name, 'b')
  for filetype in pairs({ markdown = 1, html = 1, org = 1, tex = 1, rst = 1, asciidoc = 1, typst = 1, norg = 1, python = 1, svelte = 1 }) do
    for _, path in ipairs({ 'images/a-fox.png', 'images/a fox (1) & zwei_Füchse.png', name }) do
      local written = link.to(path, 'a "fox" [x] \\ (y) > & \'', filetype)
      if written then
        vim.bo.filetype = filetype
        local is_block = written:match('^%.%. ') or written:match('^%.image')
        vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(is_block and written or 'see ' .. written .. ' here', '\n'))
        local found = links_in.at(0, 0, 6)
        equal({ filetype, found and (links_in.file_of(0, found)) },
          { filetype, path:match('^/') and path or folder .. '/' .. path })
      end
    end
  end
  -- By hand: titles, references to the home directory, angle brackets, attributes in another order.
  vim.env.HOME, folder = folder, vim.env.HOME
  for filetype, lines in pairs({
    markdown = { '![x](<images/a fox (1) & zwei_Füchse.png> "title")', '![x](images/a-fox.png "a (title)")', '[![x](images/a-fox.png)](b.html)' },
    html = { "<img alt='a' width=3 src='images/a-fox.png'>" },
    org = { '[[~/images/a-fox.png]]', '[[./images/a-fox.png][a fox]]' },
    rst = { '.. figure:: images/a-fox.png', '.. |x| image:: images/a-fox.png' },
    tex = { '\\includegraphics{images/a-fox.png}' },
    asciidoc = { 'text image:images/a-fox.png[] text' },
    typst = { '#figure(image("images/a-fox.png"), caption: [x])' },
  }) do
    vim.bo.filetype = filetype
    for _, line in ipairs(lines) do
      vim.api.nvim_buf_set_lines(0, 0, -1, false, { line })
      local found = links_in.at(0, 0, 12)
      t.matches(found and links_in.file_of(0, found) or 'none: ' .. line, 'images/a.fox')
    end
  end
  vim.env.HOME = folder
end)

test('the model that edits and its field are the provider\'s [editor 22]', function()
  local field = { type = 'string' }
  local function listed(id, properties)
    local schema = { type = 'object', properties = vim.tbl_extend('force', { prompt = field }, properties) }
    return { model_id = id, name = id, type = 'text-to-image', base_price = 0.04, api_schema = { api_schemas = {
      { type = 'model_run', server = '', api_path = '/' .. id, method = 'POST', request_schema = schema },
    } } }
  end
  local script = vim.json.encode({ catalogue = {
    listed('acme/painter', { size = field, image_style = field }), listed('acme/painter/edit', { images = { type = 'array', items = field } }),
  } })
  local folder = with_fox()
  t.wavespeed(script, function()
    t.settings({ ask_upload = true, configuration = { model = 'acme/painter', wavespeed_api_key = 'wsk_SECRETsecret0123456789' } })
    t.choosing(function(items, options)
      contains(options.prompt, 'Send a-fox.png to wavespeed?')
      return items[1]
    end, function()
      vim.cmd('ImagewireChange snow')
      t.message('snow: ')
    end)
    local made = newest()
    equal({ made.model, made.input.images }, { 'acme/painter/edit', { '@' .. folder .. '/images/a-fox.png' } })
  end)
end)

test('a change is cancelled before it is sent, and while the model is looked up [editor 9]', function()
  t.settings({ ask_upload = false })
  with_fox()
  local before = t.count()
  process.stop()
  vim.cmd('ImagewireChange a changed fox')
  t.wait_for('the question to the provider', function() return imagewire.statusline() ~= '' end)
  vim.cmd('ImagewireCancel')
  contains(t.message('cancelled. Nothing was spent. (a changed fox)').text, 'Nothing was spent.')
  vim.wait(100)
  equal(t.count(), before)
  equal(t.lines(), { 'before ![a fox](images/a-fox.png) after' })
end)

test('the image of a read-only buffer or of one that is closed meanwhile', function()
  t.settings({ ask_upload = false, input = { size = '64x64', sandbox = { delay_ms = 200 } } })
  with_fox()
  vim.bo.modifiable = false
  vim.cmd('ImagewireChange snow')
  contains(t.message('cannot be changed').text, 'Nothing was sent')
  vim.bo.modifiable = true
  vim.cmd('ImagewireChange snow')
  t.wait_for('its start', function() return imagewire.statusline() ~= '' end)
  vim.cmd('bwipeout!')
  t.message('unnamed register')
  t.is_image(vim.fn.getreg('"'))
end)
