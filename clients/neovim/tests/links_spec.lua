--- How a link is written in each file type, and which text it must not hold.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')
local process = require('imagewire.process')

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

local filetypes = { markdown = 'markdown', html = 'html', org = 'org', latex = 'tex', typst = 'typst' }

test('links are written by the rules of all clients, and as their examples are', function()
  local link, escapes = require('imagewire.link'), require('imagewire.escapes')
  local rules = t.fixture('link-escapes.json')
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
      equal({ example, link.to(example.path, example.description, filetypes[name], example.kind) or 'refused' },
        { example, example.refuse and 'refused' or example.out })
    end
  end
  for _, example in ipairs(rules.lists) do
    equal(link.kinds(vim.tbl_map(function(kind) return { kind = kind } end, example.kinds)), example.out)
  end
  for _, file in ipairs(rules.opens) do
    equal({ file, link.may_open(file) }, { file, file.opens })
  end
end)

test('only images are shown in the text; a format of one\'s own writes them and nothing else', function()
  t.settings({ formats = { markdown = function(path) return 'mine: ' .. path end } })
  t.edit('note.md')
  local prediction = { files = { { path = '/x/a.png', kind = 'image' }, { path = '/x/a.mp4', kind = 'video' }, { path = '/x/a.svg' } } }
  vim.bo.filetype = 'markdown'
  equal(require('imagewire.work').links(prediction, 'a fox', 0), 'mine: /x/a.png\n[a fox](/x/a.mp4)\nmine: /x/a.svg')
  vim.bo.filetype = 'html'
  contains(require('imagewire.work').links(prediction, 'a fox', 0), '<img src="/x/a.png" alt="a fox">\n<a href="/x/a.mp4">a fox</a>')
end)

--- The form of a link in each format, without its escapes.
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
  for _, string in ipairs(t.fixture('hostile-text.json').strings) do
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
