vim9script
# The directory of the images: the setting `g:imagewire_folder`, and buffers without a file.

import autoload 'imagewire/folder.vim' as images
import './lib.vim' as t

const [Contains, Edit, Idle, IsImage] = [t.Contains, t.Edit, t.Idle, t.IsImage]

def Test_a_buffer_without_a_file_gets_an_absolute_link()
  enew!
  Imagewire a fox
  Idle()
  var path = matchstr(getline(1), '^!\[a fox\](\zs/.*\.png\ze)$')
  IsImage(path)
  Contains(path, '/.local/state/imagewire/outputs/')
enddef

# Where the setting leads, seen from the document's folder or from the root, and how links begin.
def Test_where_the_setting_folder_leads()
  for [setting, directory, path] in [
      ['images', './images', 'images/'],
      ['./images/', './images', './images/'],
      ['../my images', '../my images', '../my%20images/'],
      ['~', $HOME, $HOME .. '/'],
      ['~/of the home//', $HOME .. '/of the home', $HOME .. '/of%20the%20home/'],
      ['~ not a home', './~ not a home', '~%20not%20a%20home/'],
      ['~nobody-has-this-name/a', './~nobody-has-this-name/a', '~nobody-has-this-name/a/'],
      ['`touch ran`', './`touch ran`', '%60touch%20ran%60/'],
      ['C:\images', './C:\images', 'C%3A%5Cimages/'],
      [$HOME .. '/an absolute one/', $HOME .. '/an absolute one', $HOME .. '/an%20absolute%20one/']]
    g:imagewire_folder = setting
    var document = Edit('note.md')
    Imagewire a fox
    Idle()
    var name = matchstr(getline(1), '^!\[a fox\](\V' .. path .. '\m\zsa-fox[-0-9]*\.png\ze)$')
    assert_notequal('', name, setting .. ' became ' .. getline(1))
    IsImage((directory =~ '^/' ? '' : document .. '/') .. directory .. '/' .. name)
    assert_false(filereadable('ran'))
  endfor
  g:imagewire_folder = '~root/pictures'
  Edit('note.md')
  assert_equal(expand('~root') .. '/pictures', images.Of(bufnr()))
enddef

t.Run((name) => function(name))
