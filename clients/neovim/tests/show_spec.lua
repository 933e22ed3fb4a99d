--- Images at their links, in a terminal that the test plays.
local t = require('harness')
local test, equal, contains, matches = t.test, t.equal, t.contains, t.matches

local cell = vim.fn.nr2char(0x10EEEE)

--- A document with links and an image of 96 x 64 pixels.
local function document(lines, name)
  local folder = t.edit(name or 'note.md')
  t.settings({ input = { size = '96x64' } })
  vim.cmd('Imagewire a fox')
  t.idle()
  t.settings()
  vim.fn.writefile(lines, folder .. '/' .. (name or 'note.md'))
  vim.cmd('bwipeout!')
  return folder
end

local kitty = { TERM = 'xterm-kitty', KITTY_WINDOW_ID = '1' }

local function decoded(text)
  return vim.fn.system({ 'base64', '-d' }, text)
end

--- The number of the image that was sent last, and its path.
local function transmitted(terminal)
  local number, path = terminal.wrote('\27_Ga=t,f=100,t=f,i=(%d+),q=2;([%w+/=]+)\27\\')
  return tonumber(number), decoded(path)
end

--- How many cells of images the screen has.
local function cells(terminal)
  return select(2, terminal.screen():gsub(cell, ''))
end

test('an image is shown below its link when the document is opened, and hidden by a command [editor 35]', function()
  local folder = document({ 'above', '![a fox](images/a-fox.png) text', 'below' })
  local terminal = t.terminal({ files = { folder .. '/note.md' }, env = kitty })
  local number, path = transmitted(terminal)
  equal(path, folder .. '/images/a-fox.png')
  local columns, rows = terminal.wrote('\27_Ga=p,U=1,i=' .. number .. ',c=(%d+),r=(%d+),q=2\27\\')
  equal({ columns, rows }, { '10', '3' })
  terminal.shows(cell)
  t.wait_for('all cells', function() return cells(terminal) == 30 end)
  -- The cells are in the colour that is the image's number, and tell row and column.
  contains(terminal.output, ('38;5;%dm'):format(number))
  contains(terminal.output, cell .. vim.fn.nr2char(0x305) .. vim.fn.nr2char(0x305))
  contains(terminal.output, cell .. vim.fn.nr2char(0x30E) .. vim.fn.nr2char(0x30D))
  -- Between its line and the next.
  local lines = vim.split(terminal.screen(), '\n')
  matches(lines[2], '^!%[a fox%]')
  equal({ lines[3]:find(cell, 1, true), lines[5]:find(cell, 1, true), lines[6] }, { 1, 1, 'below' })
  terminal.type(':ImagewireHide<CR>')
  terminal.wrote('\27_Ga=d,d=I,i=' .. number .. ',q=2\27\\')
  t.wait_for('no cells', function() return cells(terminal) == 0 end)
  -- It stays hidden, until it is to be shown.
  terminal.type('Go![a fox](images/a-fox.png)<Esc>')
  terminal.shows('below\n![a fox]')
  vim.wait(400)
  equal(cells(terminal), 0)
  terminal.type(':w<CR>:enew<CR>:buffer #<CR>')
  terminal.shows('below\n![a fox]')
  vim.wait(400)
  equal(cells(terminal), 0)
  terminal.type(':ImagewireShow<CR>')
  t.wait_for('both images', function() return cells(terminal) == 60 end)
  -- Opened again.
  terminal.type(':w<CR>:enew<CR>')
  t.wait_for('no cells', function() return cells(terminal) == 0 end)
  terminal.type(':edit #<CR>')
  t.wait_for('both images', function() return cells(terminal) == 60 end)
  -- A link that is deleted takes its image away.
  terminal.type('Gdd')
  t.wait_for('one image', function() return cells(terminal) == 30 end)
  terminal.type('ggjccno link any more<Esc>')
  t.wait_for('no image', function() return cells(terminal) == 0 end)
  terminal.type('u')
  t.wait_for('one image', function() return cells(terminal) == 30 end)
  terminal.close()
end)

test('a new image is shown as soon as its link is there, and in the list [editor 33, 35]', function()
  local folder = document({ 'above', '' })
  local terminal = t.terminal({ files = { folder .. '/note.md' }, env = kitty })
  terminal.shows('above')
  terminal.type('G:Imagewire a newly drawn owl<CR>')
  t.wait_for('its image', function() return cells(terminal) > 0 end)
  terminal.type(':ImagewireHide!<CR>')
  t.wait_for('no cells', function() return cells(terminal) == 0 end)
  terminal.type(':ImagewireShow<CR>:ImagewireList newly drawn owl<CR>')
  terminal.shows('completed')
  -- One in the text, and a small one in the list.
  t.wait_for('both images', function() return cells(terminal) > 40 end)
  terminal.type('q')
  t.wait_for('one image', function() return cells(terminal) > 0 and cells(terminal) <= 40 end)
  terminal.close()
end)

test('over ssh the bytes are sent, in pieces of at most 4096', function()
  local folder = document({ '![a fox](images/a-fox.png)' })
  local terminal = t.terminal({ files = { folder .. '/note.md' }, env = vim.tbl_extend('force', kitty, { SSH_CONNECTION = '1 2 3 4' }) })
  terminal.shows(cell)
  local number, first = terminal.wrote('\27_Ga=t,f=100,t=d,i=(%d+),q=2,m=[01];([%w+/=]+)\27\\')
  equal(#first <= 4096, true)
  local data = first
  for piece in terminal.output:gmatch('\27_Gm=[01],q=2;([%w+/=]+)\27\\') do
    equal(#piece <= 4096, true)
    data = data .. piece
  end
  local copy = vim.fn.tempname()
  vim.fn.system({ 'sh', '-c', 'base64 -d >' .. copy }, data)
  equal(vim.fn.readfile(copy, 'b'), vim.fn.readfile(folder .. '/images/a-fox.png', 'b'))
  equal(tonumber(number) > 0, true)
  terminal.close()
end)

test('a terminal that names itself when it is asked [editor 35, 36]', function()
  if vim.fn.has('nvim-0.10') == 0 then
    -- Older ones pass no answer on: nothing is asked, so that nothing comes as typed keys.
    local folder = document({ '![a fox](images/a-fox.png)' })
    local terminal = t.terminal({ files = { folder .. '/note.md' } })
    terminal.shows('![a fox]')
    equal(terminal.output:find('\27[>q', 1, true), nil)
    return terminal.close()
  end
  for name, count in pairs({ ['ghostty 1.1.0'] = 30, ['WezTerm 20240203'] = 0 }) do
    local folder = document({ '![a fox](images/a-fox.png)' })
    local is_answered = false
    local terminal = t.terminal({ files = { folder .. '/note.md' }, on_output = function(terminal)
      if not is_answered and terminal.output:find('\27[>q', 1, true) then
        is_answered = true
        vim.fn.chansend(terminal.job, '\27P>|' .. name .. '\27\\')
      end
    end })
    terminal.shows('![a fox]')
    t.wait_for('the question', function() return is_answered end)
    if count > 0 then
      t.wait_for('its cells', function() return cells(terminal) == count end)
    else
      vim.wait(400)
      equal({ cells(terminal), terminal.output:find('\27_G', 1, true) }, { 0 })
    end
    terminal.close()
  end
end)

test('a terminal that shows no images: nothing is written, and the command says why [editor 36]', function()
  local folder = document({ '![a fox](images/a-fox.png)' })
  for _, case in ipairs({
    { { TERM = 'xterm-256color' }, 'did not say that it shows images' },
    { { TERM = 'screen-256color', STY = '1.pts' }, 'screen and Zellij pass no images on' },
    { { TERM = 'tmux-256color', TMUX = '/nowhere,1,0', TMUX_PANE = '%0' }, 'neither kitty nor Ghostty' },
  }) do
    local terminal = t.terminal({ files = { folder .. '/note.md' }, env = case[1] })
    terminal.shows('![a fox]')
    terminal.type(':ImagewireShow<CR>')
    terminal.shows('images cannot be shown')
    equal(terminal.output:find('\27_G', 1, true), nil)
    terminal.type(':messages<CR>')
    terminal.says(case[2])
    terminal.close()
  end
  -- Without a terminal.
  vim.cmd('edit ' .. folder .. '/note.md')
  vim.cmd('ImagewireShow')
  t.message('images cannot be shown: Neovim is in no terminal')
end)

test('the setting show = false shows nothing until the command', function()
  local folder = document({ '![a fox](images/a-fox.png)' })
  local terminal = t.terminal({ files = { folder .. '/note.md' }, env = kitty, lua = "require('imagewire').setup({ show = false })" })
  terminal.shows('![a fox]')
  vim.wait(300)
  equal(terminal.output:find('\27_G', 1, true), nil)
  terminal.type(':ImagewireShow<CR>')
  t.wait_for('its cells', function() return cells(terminal) == 30 end)
  terminal.close()
end)

test('what is no PNG is not shown, and the command says so', function()
  local folder = document({ '![x](notes.png) ![y](x.gif) ![z](gone.png)' })
  vim.fn.writefile({ 'text' }, folder .. '/notes.png')
  vim.fn.writefile({ 'GIF89a of another program' }, folder .. '/x.gif', 'b')
  local terminal = t.terminal({ files = { folder .. '/note.md' }, env = kitty })
  terminal.shows('![x]')
  terminal.type(':ImagewireShow<CR>')
  terminal.shows('some images are not shown')
  equal(terminal.output:find('\27_G', 1, true), nil)
  terminal.close()
end)

test('images are shown by snacks.image or image.nvim where they are installed [editor 35]', function()
  local show = require('imagewire.show')
  local folder = document({ 'above', '![a fox](images/a-fox.png)' })
  local calls = {}
  package.loaded.snacks = { image = {
    supports_terminal = function() return true end,
    placement = { new = function(buffer, path, options)
      table.insert(calls, { 'snacks', buffer, path, options.pos })
      return { close = function() table.insert(calls, { 'closed' }) end }
    end },
  } }
  vim.cmd('edit ' .. folder .. '/note.md')
  local path, buffer = folder .. '/images/a-fox.png', vim.api.nvim_get_current_buf()
  equal(calls, { { 'snacks', buffer, path, { 2, 0 } } })
  vim.cmd('ImagewireHide')
  equal(calls[2], { 'closed' })
  package.loaded.snacks, calls = nil, {}
  package.loaded.image = { from_file = function(file, options)
    table.insert(calls, { 'image.nvim', file, options.buffer, options.y })
    return { render = function() table.insert(calls, { 'rendered' }) end, clear = function() table.insert(calls, { 'cleared' }) end }
  end }
  vim.cmd('ImagewireShow')
  vim.cmd('bwipeout!')
  package.loaded.image = nil
  equal(calls, { { 'image.nvim', path, buffer, 1 }, { 'rendered' }, { 'cleared' } })
  show.ability(function(is_able) equal(is_able, false) end)
end)

test('partial images are shown where the link will be, until it is there [editor 32]', function()
  local folder = document({ 'above', 'below' })
  local program = [[
import sys
sys.path.insert(0, sys.argv[1])
import openai
with openai.LoopbackOpenAI() as server:
    server.script({"steps": ["partial", "completed", "done"]})
    print(server.url, flush=True)
    for line in sys.stdin:
        server.step()
]]
  local url
  local server = vim.fn.jobstart({ 'python3', '-c', program, t.directory .. '/../../Tests/Fixtures' }, {
    on_stdout = function(_, lines) url = url or (lines[1] ~= '' and lines[1] or nil) end,
  })
  t.wait_for('the provider', function() return url end)
  local terminal = t.terminal({
    files = { folder .. '/note.md' },
    env = vim.tbl_extend('force', kitty, { OPENAI_BASE_URL = url, OPENAI_API_KEY = 'sk-SECRETsecret0123456789' }),
    lua = "require('imagewire').setup({ configuration = { provider = 'openai' }, input = { stream = true, partial_images = 1 } })",
  })
  terminal.shows('above')
  terminal.type(':Imagewire a fox<CR>')
  terminal.shows('processing')
  vim.fn.chansend(server, 'next\n')
  t.wait_for('the partial image', function() return cells(terminal) > 0 end)
  local _, path = transmitted(terminal)
  contains(path, '/previews/')
  equal(terminal.screen():find('![a fox]', 1, true), nil)
  vim.fn.chansend(server, 'next\nnext\n')
  terminal.shows('![a fox](images/a-fox')
  -- Now the finished one, and only that.
  t.wait_for('the image', function() return cells(terminal) > 0 and not terminal.screen():find('processing') end)
  local shown = terminal.output:match('.*\27_Ga=t,f=100,t=f,i=%d+,q=2;([%w+/=]+)')
  contains(decoded(shown), folder .. '/images/a-fox')
  terminal.close()
  vim.fn.jobstop(server)
end)

test('inside tmux the commands are wrapped, if it passes them on to kitty or Ghostty [editor 35, 36]', function()
  local folder = document({ '![a fox](images/a-fox.png)' })
  local bin = folder .. '/bin'
  vim.fn.mkdir(bin)
  -- A tmux that answers what the plugin asks.
  vim.fn.writefile({ '#!/bin/sh', 'case "$*" in', '*client_termname*) echo xterm-kitty ;;', '*allow-passthrough*) echo "$PASS" ;;', 'esac' },
    bin .. '/tmux')
  vim.loop.fs_chmod(bin .. '/tmux', 493)
  for pass, count in pairs({ on = 30, off = 0 }) do
    local terminal = t.terminal({ files = { folder .. '/note.md' }, env = {
      TERM = 'tmux-256color', TMUX = '/nowhere,1,0', PASS = pass, PATH = bin .. ':' .. os.getenv('PATH'),
    } })
    terminal.shows('![a fox]')
    if count > 0 then
      terminal.wrote('\27Ptmux;\27\27_Ga=t,f=100,t=f,i=%d+,q=2;[%w+/=]+\27\27\\\27\\')
      terminal.wrote('\27Ptmux;\27\27_Ga=p,U=1,i=%d+,c=10,r=3,q=2\27\27\\\27\\')
      contains(terminal.output, cell .. vim.fn.nr2char(0x305) .. vim.fn.nr2char(0x30D))
    else
      terminal.type(':ImagewireShow<CR>')
      terminal.shows('images cannot be shown')
      terminal.type(':messages<CR>')
      terminal.says('tmux set -g allow-passthrough on')
      equal(terminal.output:find('_G', 1, true), nil)
    end
    terminal.close()
  end
end)
