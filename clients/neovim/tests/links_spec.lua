--- How a link is written in each file type, and which text it must not hold.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')
local process = require('imagewire.process')

for filetype, wanted in pairs({
  org = '#+CAPTION: a (fox) & "co"\n[[file:images/a-fox.png]]',
  rst = '.. image:: images/a-fox.png\n   :alt: a <fox> & "co"',
  asciidoc = 'image::images/a-fox.png[alt="a &lt;fox&gt; &amp; &quot;co&quot;"]',
  norg = '.image images/a-fox.png',
  python = '"images/a-fox.png"',
  css = '"images/a-fox.png"',
  ['markdown.pandoc'] = '![a &lt;fox&gt; &amp; "co"](images/a-fox.png)',
  tex = '\\includegraphics[width=\\linewidth]{images/a-fox.png}',
  typst = '#image("images/a-fox.png", alt: "a <fox> & \\"co\\"")',
  html = '<img src="images/a-fox.png" alt="a &lt;fox&gt; &amp; &quot;co&quot;">',
  markdown = '![a &lt;fox&gt; &amp; "co"](images/a-fox.png)',
  [''] = '![a &lt;fox&gt; &amp; "co"](images/a-fox.png)',
}) do
  test('the link in a buffer of filetype "' .. filetype .. '" [editor 18, 19]', function()
    t.edit('note')
    vim.bo.filetype = filetype
    vim.cmd('Imagewire a <fox> & "co"')
    t.idle()
    equal(t.lines(), vim.split(wanted:gsub('a%-fox', 'a-fox-co'), '\n'))
  end)
end

local filetypes = {
  markdown = 'markdown', html = 'html', org = 'org', latex = 'tex', typst = 'typst', restructuredtext = 'rst', asciidoc = 'asciidoc',
  norg = 'norg', code = 'python',
}

--- A place at the start of the buffer.
local function here()
  return require('imagewire.place').at_cursor()
end

test('links are written by the rules of all clients, and as their examples are [editor 21]', function()
  local link, escapes = require('imagewire.link'), require('imagewire.escapes')
  local rules = t.fixture('link-escapes.json')
  for _, name in ipairs({ 'space', 'unsafe' }) do
    equal(escapes[name], vim.tbl_map(function(range)
      return { tonumber(range[1], 16), tonumber(range[2], 16) }
    end, rules[name]))
  end
  equal(vim.fn.sort(vim.tbl_keys(escapes.formats)), vim.fn.sort(vim.tbl_keys(rules.formats)))
  for name, format in pairs(escapes.formats) do
    local examples = rules.formats[name].examples
    rules.formats[name].examples = nil
    equal({ name, format }, { name, rules.formats[name] })
    for _, example in ipairs(examples) do
      local written = link.to(example.path, example.description, filetypes[name], example.kind)
      equal({ example, written or 'refused' }, { example, example.refuse and 'refused' or example.out })
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
  local work = require('imagewire.work')
  local paths = work.paths(prediction)
  equal(work.links(prediction, paths, 'a fox', here()), 'mine: /x/a.png\n[a fox](/x/a.mp4)\nmine: /x/a.svg')
  vim.bo.filetype = 'html'
  contains(work.links(prediction, paths, 'a fox', here()), '<img src="/x/a.png" alt="a fox">\n<a href="/x/a.mp4">a fox</a>')
end)

--- The form of a link in each format, without its escapes.
local shapes = {
  markdown = { '\\[%p]', '^!%[[^%[%]`<>{}|*_$~]*%]%([%w/._~%%\128-\255-]+%)$' },
  html = { '', '^<img src="[%w/._~%%\128-\255-]+" alt="[^"<>{}\'`@]*">$' },
  org = { '\\[%[%]]', "^%[%[file:[%w /._+,@()'\128-\255-]+%]%]$" },
  latex = { '', "^\\includegraphics%[width=\\linewidth%]{[%w /._+,@()'\128-\255-]+}$" },
  typst = { '\\[\\"]', '^#image%("[^"\\]+", alt: "[^"\\]*"%)$' },
  restructuredtext = { '', '^%.%. image:: [%w/._~%%\128-\255-]+\n   :alt: [^\n]*$' },
  norg = { '\\ ', '^%.image [%w/._+,@()\128-\255-]*$' },
  code = { '', '^"[%w /._+,()\128-\255-]+"$' },
  asciidoc = { '', '^image::[%w/._~%%\128-\255-]+%[alt="[^][{}|`*_^~+\'<>"\\]*"%]$' },
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
        equal(written:gsub('\n   :alt: ', ''):match('[%z\1-\31\127]') or written:match('\194[\128-\159]') or written:match('\226\128[\168-\174]'), nil)
      end
    end
  end
  equal(refused > 100, true)
end)

test('captions of Org and LaTeX hold neither code nor markup that runs', function()
  local link = require('imagewire.link')
  t.settings({ figure = true })
  for _, string in ipairs(t.fixture('hostile-text.json').strings) do
    local ok, text = pcall(function() return string.text or vim.json.decode(string.json) end)
    text = ok and text or ''
    for filetype, shape in pairs({
      org = '^#%+CAPTION: [^\n%[%]{}<>\\]+\n%[%[file:a.png%]%]$',
      tex = '^\\begin{figure}\n  \\centering\n  \\includegraphics[^\n]*{a.png}\n  \\caption{[^\n]*}\n\\end{figure}$',
    }) do
      local written = link.with_caption(link.to('a.png', text, filetype), text, filetype)
      t.matches(written:gsub('^%[%[file:a.png%]%]$', '#+CAPTION: none\n%0'), shape)
      if filetype == 'tex' then
        local inside = written:match('\\caption{([^\n]*)}\n')
        inside = inside:gsub('\\text%l+{}', ''):gsub('\\[{}$&#%%_]', '')
        equal({ text, inside:match('[\\{}$&#%%_^~]') }, { text })
      end
    end
  end
  local nasty = 'src_sh{touch x} call_f(1) @@html:<script>@@ {{{macro}}} \\write18 [[file:x]]'
  equal(link.with_caption('[[file:a.png]]', nasty, 'org'),
    '#+CAPTION: src-sh(touch x) call-f(1) @html:(script)@ (((macro))) /write18 ((file:x))\n[[file:a.png]]')
end)

test('a figure in LaTeX, by option [editor 18]', function()
  t.settings({ figure = true })
  t.edit('note.tex', { 'before', 'after' })
  vim.bo.filetype = 'tex'
  vim.cmd('Imagewire 50% of a fox_')
  t.idle()
  equal(t.lines(), {
    'before', 'after', '', '\\begin{figure}', '  \\centering', '  \\includegraphics[width=\\linewidth]{images/50-of-a-fox.png}',
    '  \\caption{50\\% of a fox\\_}', '\\end{figure}',
  })
end)

test('a link that needs lines of its own is a paragraph below that of the cursor [editor 18]', function()
  t.edit('note.rst', { 'one', 'two', '', 'three' })
  vim.bo.filetype = 'rst'
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(t.lines(), { 'one', 'two', '', '.. image:: images/a-fox.png', '   :alt: a fox', '', 'three' })
end)

test('the text of the link is what the setting alt returns; if that fails it is the prompt [editor 20]', function()
  t.settings({ alt = function(prompt) return 'Figure: ' .. prompt:upper() end })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(t.lines(), { '![Figure: A FOX](images/a-fox.png)' })
  t.settings({ alt = function() error('no words') end })
  t.edit('note.md')
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(t.lines(), { '![a fox](images/a-fox.png)' })
  t.message('no words')
end)

test('what cannot be linked safely is refused before anything is sent, or said [editor 21]', function()
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

test('a format of one\'s own that fails: the link is that of the filetype, and nobody else waits for it', function()
  t.settings({ formats = {
    typst = function() error('no such font') end,
    asciidoc = function() end,
  } })
  for filetype, reason in pairs({ typst = 'no such font', asciidoc = 'it returned no text' }) do
    t.edit('note')
    vim.bo.filetype = filetype
    vim.cmd('Imagewire a fox')
    t.idle()
    equal(t.lines(), { filetype == 'typst' and '#image("images/a-fox.png", alt: "a fox")' or 'image::images/a-fox.png[alt="a fox"]' })
    contains(t.message('"formats" failed').text, '"' .. filetype .. '"')
    t.message(reason)
    t.messages = {}
  end
end)
