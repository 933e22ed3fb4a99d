vim9script
# Where the link lands, also when the buffer has changed.

import autoload 'imagewire/process.vim'
import './lib.vim' as t

const [Contains, Edit, Idle, IsImage, Message] = [t.Contains, t.Edit, t.Idle, t.IsImage, t.Message]

def Test_a_link_lands_behind_the_cursor_and_the_image_is_there()
  var folder = Edit('note.md', ['Here: ', 'end'])
  cursor(1, 6)
  Imagewire a red fox in snow
  Idle()
  assert_equal(['Here: ![a red fox in snow](images/a-red-fox-in-snow.png)', 'end'], getline(1, '$'))
  IsImage(folder .. '/images/a-red-fox-in-snow.png')
  Contains(Message('a-red-fox-in-snow.png'), 'a red fox in snow: ')
enddef

def Test_the_buffer_is_edited_meanwhile()  # [editor 2]
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 400}}
  Edit('note.md', ['one', 'two', 'three'])
  cursor(2, 3)
  Imagewire a fox
  append(0, ['zero', 'zero and a half'])
  cursor(4, 1)
  execute "normal! Inumber \<Esc>A and more\<Esc>"
  new
  Idle()
  close!
  assert_equal(['zero', 'zero and a half', 'one', 'number two![a fox](images/a-fox.png) and more', 'three'],
    getline(1, '$'))
  # The cursor stays on its character.
  assert_equal([4, len(getline(4))], [line('.'), col('.')])
enddef

def Test_undo_and_reading_again_keep_the_place()  # [editor 2]
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 800}}
  Edit('note.md', ['one', 'two', 'three'])
  silent write
  # This option ends what was one change.
  &undolevels = &undolevels
  execute "normal! 2GA and more\<Esc>"
  &undolevels = &undolevels
  Imagewire a fox
  silent undo
  assert_equal('two', getline(2))
  silent edit!
  Idle()
  assert_equal(['one', 'two![a fox](images/a-fox.png)', 'three'], getline(1, '$'))
  # A deleted line comes back with it.
  cursor(3, 1)
  Imagewire a yak
  &undolevels = &undolevels
  delete _
  doautocmd TextChanged
  silent undo
  Idle()
  assert_equal('three![a yak](images/a-yak.png)', getline(3))
enddef

def Test_two_links_in_one_line_land_in_their_places()
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 300}}
  Edit('note.md', ['left right'])
  cursor(1, 4)
  Imagewire one
  cursor(1, 10)
  Imagewire two
  Idle()
  assert_equal(['left![one](images/one.png) right![two](images/two.png)'], getline(1, '$'))
  # At one point they come in the order of their commands.
  setline(1, 'here: ')
  cursor(1, 6)
  Imagewire three
  Imagewire four
  Idle()
  assert_equal(['here: ![three](images/three.png)![four](images/four.png)'], getline(1, '$'))
enddef

def Test_several_images_get_a_line_each()
  g:imagewire_input = {n: 2, size: '64x64'}
  Edit('note.md', ['left right'])
  cursor(1, 4)
  Imagewire one
  Idle()
  assert_equal(['left![one](images/one-1.png)', '![one](images/one-2.png) right'], getline(1, '$'))
enddef

def Test_the_link_is_a_change_of_its_own()  # [editor 3]
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 300}}
  Edit('note.md', ['one', 'two'])
  # This option ends what was one change.
  &undolevels = &undolevels
  cursor(1, 1)
  Imagewire a fox
  execute "normal! jA and more\<Esc>"
  Idle()
  execute "normal! A.\<Esc>"
  assert_equal(['one![a fox](images/a-fox.png)', 'two and more.'], getline(1, '$'))
  silent undo
  assert_equal(['one![a fox](images/a-fox.png)', 'two and more'], getline(1, '$'))
  silent undo
  assert_equal(['one', 'two and more'], getline(1, '$'))
  silent undo
  assert_equal(['one', 'two'], getline(1, '$'))
  # In a buffer that is not the current one.
  var buffer = bufnr()
  Imagewire a yak
  new
  Idle()
  execute 'buffer' buffer
  silent undo
  assert_equal(['one', 'two'], getline(1, '$'))
enddef

def Test_in_a_word_the_link_follows_the_word()  # [editor 4]
  for [text, column, wanted] in [
      ['left right', 2, 'left# right'],
      ['left right', 5, 'left #right'],
      ['left right', 10, 'left right#'],
      ['Füchse, rot', 2, 'Füchse#, rot'],
      ['Füchse, rot', 8, 'Füchse,# rot'],
      ['', 1, '#']]
    Edit('note.md', [text])
    cursor(1, column)
    Imagewire a fox
    Idle()
    assert_equal(substitute(wanted, '#', '![a fox](images/a-fox.png)', ''), getline(1))
  endfor
enddef

def Test_with_the_setting_the_link_is_a_paragraph_below()  # [editor 5]
  g:imagewire_own_paragraph = true
  const link = '![a fox](images/a-fox.png)'
  for [lines, line, wanted] in [
      [['one', 'two', '', 'three'], 1, ['one', 'two', '', link, '', 'three']],
      [['one'], 1, ['one', '', link]],
      [['', 'one'], 1, ['', link, '', 'one']],
      [[''], 1, ['', link]]]
    Edit('note.md', lines)
    cursor(line, 1)
    Imagewire a fox
    Idle()
    assert_equal(wanted, getline(1, '$'))
  endfor
enddef

def Test_selected_text_is_the_prompt_and_the_link_is_below()  # [editor 6]
  Edit('note.md', ['a red fox runs', 'in the snow', 'end'])
  cursor(1, 3)
  execute "normal! vee:Imagewire a drawing of\<CR>"
  Idle()
  assert_equal(['a red fox runs', '![a drawing of red fox](images/a-drawing-of-red-fox.png)', 'in the snow', 'end'],
    getline(1, '$'))
  # A block, whole lines, and lines that were named by their numbers.
  Edit('note.md', ['a red fox', 'a yak here', 'end'])
  cursor(1, 3)
  execute "normal! \<C-V>j2l:Imagewire\<CR>"
  Idle()
  assert_equal('![red yak](images/red-yak.png)', getline(3))
  execute "normal! 1GVj:Imagewire\<CR>"
  Idle()
  assert_equal('![a red fox a yak here](images/a-red-fox-a-yak-here.png)', getline(3))
  cursor(1, 3)
  execute "normal! viw\<Esc>"
  # As it is typed.
  histadd(':', ':1Imagewire')
  :1Imagewire
  Idle()
  assert_equal('![a red fox](images/a-red-fox.png)', getline(2))
  # By a mapping.
  xmap gi <Plug>(imagewire)
  feedkeys('1Gwviwgi', 'tx')
  Idle()
  assert_equal('![red](images/red.png)', getline(2))
  # A selection without words: they are asked for.
  Edit('note.md', ['', '  ', 'end'])
  feedkeys("1GVjgia heron\<CR>", 'tx')
  Idle()
  assert_equal(['', '  ', '![a heron](images/a-heron.png)', 'end'], getline(1, '$'))
  xunmap gi
enddef

def Test_the_document_is_saved_under_another_name_meanwhile()  # [editor 38]
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 300}}
  var folder = Edit('note.md')
  Imagewire a fox
  mkdir(folder .. '/deeper/still', 'p')
  execute 'saveas' folder .. '/deeper/still/text.html'
  &filetype = 'html'
  Idle()
  assert_equal(['<img src="../../images/a-fox.png" alt="a fox">'], getline(1, '$'))
  IsImage(folder .. '/images/a-fox.png')
enddef

def Test_the_document_is_deleted_on_the_disk_meanwhile()  # [editor 39]
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 800}}
  var folder = Edit('note.md')
  write
  Imagewire a puma
  t.IsSent('a puma')
  delete(folder, 'rf')
  Idle()
  assert_equal(['![a puma](images/a-puma.png)'], getline(1, '$'))
  IsImage(folder .. '/images/a-puma.png')
enddef

def Test_the_line_is_deleted_or_the_document_closed_meanwhile()  # [editor 37]
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 300}}
  Edit('note.md', ['one', 'two'])
  Imagewire a fox
  delete _
  Idle()
  Message('unnamed register')
  assert_equal(['two'], getline(1, '$'))
  assert_equal('![a fox](images/a-fox.png)', getreg('"'))
  Imagewire a fox
  bwipeout!
  Idle()
  assert_equal('![a fox](images/a-fox_2.png)', getreg('"'))
enddef

def Test_a_buffer_that_cannot_be_changed_is_refused_before_anything_is_sent()  # [editor 40]
  Edit('note.md')
  setlocal nomodifiable
  Imagewire a fox
  Contains(Message('cannot be changed'), 'Nothing was sent')
  setlocal modifiable readonly
  Imagewire a yak
  Contains(Message("'readonly' is on"), 'Nothing was sent')
  setlocal noreadonly
  assert_equal([0, ['']], [process.Pid(), getline(1, '$')])
enddef

t.Run((name) => function(name))
