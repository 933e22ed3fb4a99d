--- Several editors, and one that ends.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains

test('two editors on one state directory', function()
  local folder = t.edit('note.md')
  local link
  local job = t.second({ SECOND_FOLDER = folder, SECOND_DELAY = '300' }, function(line)
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
    vim.v.progpath, '--headless', '--clean', '--cmd', 'set runtimepath^=' .. t.directory,
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
  local job = t.second({ SECOND_FOLDER = folder, SECOND_DELAY = '3000000', SECOND_LEAVES = '1' }, function(line)
    pid = pid or tonumber(line:match('^pid (%d+)'))
  end)
  t.wait_for('the second editor', function() return pid end)
  vim.fn.jobwait({ job })
  t.wait_for('the end of its process', function() return vim.loop.kill(pid, 0) ~= 0 end)
end)
