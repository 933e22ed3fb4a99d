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
