vim9script
# The directory of the images: the setting `g:imagewire_folder`, and buffers without a file.

import autoload 'imagewire/folder.vim' as images
import autoload 'imagewire/process.vim'
import './lib.vim' as t

const [Contains, Edit, Idle, IsImage, Message] = [t.Contains, t.Edit, t.Idle, t.IsImage, t.Message]

def Test_a_buffer_without_a_file_gets_an_absolute_link()
  enew!
  Imagewire a fox
  Idle()
  var path = matchstr(getline(1), '^!\[a fox\](\zs/.*\.png\ze)$')
  IsImage(path)
  Contains(path, '/.local/state/imagewire/outputs/')
enddef

# Makes an image, and returns the path of its link.
def Linked(): string
  Imagewire a fox
  Idle()
  return matchstr(getline(1), '^!\[a fox\](\zs.*\ze)$')
enddef

# Where the setting leads, seen from the document's folder or from the root, and how links begin.
def Test_where_the_setting_folder_leads()  # [editor 12, 13]
  for [setting, directory, path] in [
      ['images', 'images', 'images/'],
      ['./images/', 'images', 'images/'],
      ['../my images', '../my images', '../my%20images/'],
      ['~', $HOME, '../'],
      ['~/of the home//', $HOME .. '/of the home', '../'],
      ['~ not a home', '~ not a home', '~%20not%20a%20home/'],
      ['~nobody-has-this-name/a', '~nobody-has-this-name/a', '~nobody-has-this-name/a/'],
      ['`touch ran`', '`touch ran`', '%60touch%20ran%60/'],
      ['C:\images', 'C:\images', 'C%3A%5Cimages/'],
      [$HOME .. '/an absolute one/', $HOME .. '/an absolute one', '../'],
      [(document) => fnamemodify(document, ':t:r') .. '-images', 'note-images', 'note-images/']]
    if type(setting) == v:t_func
      g:Imagewire_folder = setting
    else
      g:imagewire_folder = setting
    endif
    var document = Edit('note.md')
    var written = Linked()
    assert_equal(path, written[: len(path) - 1])
    var file = document .. '/' .. substitute(written, '%\(\x\x\)', (match) => nr2char(str2nr(match[1], 16)), 'g')
    IsImage(file)
    assert_equal(resolve(directory =~ '^/' ? directory : document .. '/' .. directory), resolve(fnamemodify(file, ':h')))
    assert_false(filereadable('ran'))
  endfor
  unlet g:Imagewire_folder
  g:imagewire_folder = '~root/pictures'
  Edit('note.md')
  assert_equal(expand('~root') .. '/pictures', images.Of(bufnr()))
enddef

def Test_a_function_for_the_folder_that_fails_sends_nothing()  # [editor 12]
  for [Function, reason] in [[(_) => execute('throw "no folder"'), 'no folder'], [(_) => 7, 'not a path']]
    g:Imagewire_folder = Function
    Edit('note.md')
    Imagewire a fox
    Contains(Message(reason), 'Nothing was sent')
    assert_equal(['', 0], [imagewire#Statusline(), process.Pid()])
  endfor
enddef

# A folder and a document that are reached by a symbolic link: `..` leads to the real parent.
def Test_a_link_is_relative_also_where_the_document_is_reached_by_a_symbolic_link()  # [editor 13]
  var real = tempname()
  mkdir(real .. '/deep/er', 'p')
  var short = tempname()
  system('ln -s ' .. real .. '/deep/er ' .. short)
  g:imagewire_folder = real .. '/pictures'
  execute 'edit' short .. '/note.md'
  var written = Linked()
  assert_equal('../../pictures/a-fox.png', written)
  IsImage(short .. '/' .. written)
enddef

def Test_a_path_with_spaces_and_umlauts()  # [editor 17]
  var folder = tempname() .. '/Über uns (2)/ß'
  mkdir(folder, 'p')
  execute 'edit' fnameescape(folder .. '/Ärger & Co.md')
  assert_equal('images/a-fox.png', Linked())
  IsImage(folder .. '/images/a-fox.png')
enddef

def Test_a_folder_that_cannot_be_written_is_refused_before_anything_is_sent()  # [editor 16]
  var folder = Edit('note.md')
  writefile([], folder .. '/images')
  # For root no folder is forbidden; in this one no file can be made by anyone.
  for setting in ['images', 'images/of/this', '/proc/images']
    g:imagewire_folder = setting
    Imagewire a fox
    Contains(Message('cannot be written'), 'Nothing was sent')
    messages clear
    assert_equal(['', 0, ['']], [imagewire#Statusline(), process.Pid(), getline(1, '$')])
  endfor
enddef

def Test_the_umask_decides_who_may_read_the_files()  # [editor 15]
  var folder = Edit('note.md')
  g:imagewire_program = ['sh', '-c', 'umask 027; exec "$0"', $IMAGEWIRE]
  assert_equal('images/a-fox.png', Linked())
  assert_equal(['rw-r-----', 'rwxr-x---'], [getfperm(folder .. '/images/a-fox.png'), getfperm(folder .. '/images')])
  # A copy is made by this Vim.
  var other = Edit('other.md')
  var umask = str2nr(system('umask'), 8)
  images.Adopt(bufnr(), folder .. '/images/a-fox.png')
  assert_equal(umask == 0o22 ? 'rw-r--r--' : 'rw-r-----', getfperm(other .. '/images/a-fox.png'))
enddef

def Test_an_image_from_elsewhere_is_copied_and_one_of_the_project_is_linked()  # [editor 13, 14]
  var folder = Edit('note.md')
  assert_equal('images/a-fox.png', Linked())
  var file = folder .. '/images/a-fox.png'
  # Below the same project.
  mkdir(folder .. '/.git')
  mkdir(folder .. '/chapters/one', 'p')
  execute 'edit' folder .. '/chapters/one/text.md'
  assert_equal(file, images.Adopt(bufnr(), file))
  assert_equal('../../images/a-fox.png', images.PathFrom(expand('%:p'), file, images.Of(bufnr())))
  # Elsewhere: copied once, and no other file is replaced.
  var other = Edit('other.md')
  mkdir(other .. '/images')
  writefile(['mine'], other .. '/images/a-fox.png')
  for _ in range(2)
    assert_equal(other .. '/images/a-fox_2.png', images.Adopt(bufnr(), file))
  endfor
  assert_equal(readblob(file), readblob(other .. '/images/a-fox_2.png'))
  assert_equal(['mine'], readfile(other .. '/images/a-fox.png'))
enddef

t.Run((name) => function(name))
