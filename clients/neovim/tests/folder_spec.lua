--- The directory of the images: the setting `folder`, and buffers without a file.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains

test('a buffer without a file gets an absolute link', function()
  vim.cmd('enew')
  vim.cmd('Imagewire a fox')
  t.idle()
  local path = t.lines()[1]:match('^!%[a fox%]%((/.*%.png)%)$')
  t.is_image(path)
  contains(path, '/.local/state/imagewire/outputs/')
end)

--- Links with as many `../` as lead to the root: the shortest way has fewer where both are in one folder.
local function relative_to_root(line, document)
  local way, rest = line:match('%(([./]*)(.*)$')
  local levels = #way:gsub('[^/]', '')
  local parts = vim.split(document, '/')
  if levels < 2 then
    return line
  end
  local kept = table.concat(vim.list_slice(parts, 2, #parts - levels), '/')
  return line:match('^[^(]*%(') .. ('../'):rep(#parts - 1) .. (kept ~= '' and kept .. '/' or '') .. rest
end

-- Where the setting leads, seen from the document's folder or from the root, and how links begin.
for setting, wanted in pairs({
  ['images'] = { './images', 'images/' },
  ['./images/'] = { './images', 'images/' },
  ['../my images'] = { '../my images', '../my%20images/' },
  ['~'] = { os.getenv('HOME'), '' },
  ['~/of the home//'] = { os.getenv('HOME') .. '/of the home', 'of%20the%20home/' },
  ['~ not a home'] = { './~ not a home', '~%20not%20a%20home/' },
  ['~nobody-has-this-name/a'] = { './~nobody-has-this-name/a', '~nobody-has-this-name/a/' },
  ['`touch ran`'] = { './`touch ran`', '%60touch%20ran%60/' },
  ['C:\\images'] = { './C:\\images', 'C%3A%5Cimages/' },
  [os.getenv('HOME') .. '/an absolute one/'] = { os.getenv('HOME') .. '/an absolute one', 'an%20absolute%20one/' },
}) do
  test('the setting folder is "' .. vim.pesc(setting:gsub(vim.pesc(os.getenv('HOME')), '$HOME')) .. '" [editor 12, 13]', function()
    t.settings({ folder = setting })
    local document = t.edit('note.md')
    vim.cmd('Imagewire a fox')
    t.idle()
    local is_elsewhere = wanted[1]:match('^/') ~= nil
    -- From the document's folder up to the root, then down to the home directory.
    local up = is_elsewhere and ('../'):rep(#document:gsub('[^/]', '')) .. os.getenv('HOME'):sub(2) .. '/' or ''
    local link = '^!%[a fox%]%((' .. vim.pesc(up .. wanted[2]) .. ')(a%-fox[_%d]*%.png)%)$'
    t.matches(relative_to_root(t.lines()[1], document), link)
    t.is_image((is_elsewhere and '' or document .. '/') .. wanted[1] .. '/' .. select(2, relative_to_root(t.lines()[1], document):match(link)))
    equal(vim.fn.filereadable('ran'), 0)
  end)
end

test('the setting folder names the home directory of a user', function()
  t.settings({ folder = '~root/pictures' })
  t.edit('note.md')
  equal(require('imagewire.folder').of(0), vim.fn.expand('~root') .. '/pictures')
end)

test('the setting folder is a function of the document [editor 12]', function()
  local seen
  t.settings({ folder = function(document)
    seen = document
    return 'pictures/' .. vim.fn.fnamemodify(document, ':t:r')
  end })
  local document = t.edit('note.md')
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(seen, document .. '/note.md')
  equal(t.lines(), { '![a fox](pictures/note/a-fox.png)' })
  t.is_image(document .. '/pictures/note/a-fox.png')
  -- One that fails sends nothing.
  t.settings({ folder = function() error('no such shelf') end })
  local before = t.count()
  vim.cmd('Imagewire a fox')
  contains(t.message('no such shelf').text, 'Nothing was sent')
  t.idle()
  equal(t.count(), before)
end)

test('a document in a path with spaces and umlauts [editor 17]', function()
  local folder = vim.fn.tempname() .. '/Füchse & "Wölfe" im Schnee'
  vim.fn.mkdir(folder, 'p')
  vim.cmd('edit ' .. vim.fn.fnameescape(folder .. '/Über Füchse.md'))
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(t.lines(), { '![a fox](images/a-fox.png)' })
  t.is_image(folder .. '/images/a-fox.png')
  -- From below a project whose path has them too, and a folder with them.
  vim.fn.mkdir(folder .. '/.git')
  vim.fn.mkdir(folder .. '/Kapitel 1')
  t.settings({ folder = '../Bilder für alle' })
  vim.cmd('edit ' .. vim.fn.fnameescape(folder .. '/Kapitel 1/eins.md'))
  vim.cmd('Imagewire a fox')
  t.idle()
  equal(t.lines(), { '![a fox](../Bilder%20für%20alle/a-fox.png)' })
end)

test('the umask decides the modes of new files and of copies [editor 15]', function()
  local outside = t.edit('other.md')
  vim.cmd('Imagewire a goat of another document')
  t.idle()
  local function mode(path)
    return ('%o'):format(vim.loop.fs_stat(path).mode % 512)
  end
  equal({ mode(outside .. '/images'), mode(outside .. '/images/a-goat-of-another-document.png') }, { '755', '644' })
  local document = t.edit('note.md')
  vim.cmd('ImagewireList a goat of another document')
  t.wait_for('its line', function() return (t.lines()[2] or ''):match('goat') end)
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  vim.loop.fs_chmod(outside .. '/images/a-goat-of-another-document.png', 384)
  vim.api.nvim_feedkeys('i', 'x', false)
  t.message('inserted')
  equal({ mode(document .. '/images'), mode(document .. '/images/a-goat-of-another-document.png') }, { '755', '644' })
end)

test('a folder that cannot be written: nothing is sent, and the message says so [editor 16]', function()
  local before = t.count()
  local document = t.edit('note.md', { 'text' })
  -- A file stands in its place; and a place where nobody can write.
  vim.fn.writefile({ 'a file' }, document .. '/images')
  for _, setting in ipairs({ 'images', '/proc/images' }) do
    t.messages = {}
    t.settings({ folder = setting })
    vim.cmd('Imagewire a fox')
    contains(t.message('cannot be used').text, 'Nothing was sent')
    t.idle()
  end
  equal(t.lines(), { 'text' })
  equal(t.count(), before)
end)

test('an image from the list is linked where it is below the project, else copied into the folder [editor 13, 14]', function()
  local project = vim.fn.tempname() .. '/a project'
  vim.fn.mkdir(project .. '/.git', 'p')
  vim.fn.mkdir(project .. '/text/one', 'p')
  vim.fn.mkdir(project .. '/text/two', 'p')
  vim.cmd('edit ' .. vim.fn.fnameescape(project .. '/text/one/note.md'))
  vim.cmd('Imagewire a bison of the project')
  t.idle()
  local made = project .. '/text/one/images/a-bison-of-the-project.png'
  t.is_image(made)
  local function inserted_into(path)
    vim.cmd('silent only | edit ' .. vim.fn.fnameescape(path))
    t.messages = {}
    vim.cmd('ImagewireList a bison of the project')
    t.wait_for('its line', function() return (t.lines()[2] or ''):match('bison') end)
    vim.api.nvim_win_set_cursor(0, { 2, 0 })
    vim.api.nvim_feedkeys('i', 'x', false)
    t.message('inserted')
    vim.cmd('close')
    return t.lines()[1]
  end
  equal(inserted_into(project .. '/text/two/note.md'), '![a bison of the project](../one/images/a-bison-of-the-project.png)')
  equal(vim.fn.isdirectory(project .. '/text/two/images'), 0)

  local other = vim.fn.tempname()
  vim.fn.mkdir(other .. '/images', 'p')
  -- A file of that name is not replaced; the same image is not copied twice.
  vim.fn.writefile({ 'mine' }, other .. '/images/a-bison-of-the-project.png')
  local link = '![a bison of the project](images/a-bison-of-the-project_2.png)'
  equal(inserted_into(other .. '/note.md'), link)
  equal(inserted_into(other .. '/second.md'), link)
  equal(vim.fn.readfile(other .. '/images/a-bison-of-the-project.png'), { 'mine' })
  t.is_image(other .. '/images/a-bison-of-the-project_2.png')
  equal(#vim.fn.readdir(other .. '/images'), 2)

  -- One whose file is gone, and a folder that cannot be written.
  vim.fn.mkdir(other .. '/third')
  vim.fn.writefile({ 'a file' }, other .. '/third/images')
  vim.cmd('silent only | edit ' .. other .. '/third/note.md')
  vim.cmd('ImagewireList a bison of the project')
  t.wait_for('its line', function() return (t.lines()[2] or ''):match('bison') end)
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  vim.api.nvim_feedkeys('i', 'x', false)
  contains(t.message('could not be copied').text, 'No link was inserted')
  os.remove(made)
  vim.api.nvim_feedkeys('i', 'x', false)
  t.message('not there any more')
  vim.cmd('close')
  equal(t.lines(), { '' })
end)
