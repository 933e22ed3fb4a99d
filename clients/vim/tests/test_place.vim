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

def Test_the_buffer_is_edited_meanwhile()
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

def Test_the_place_is_gone_meanwhile()
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
  IsImage(getreg('"'))
enddef

def Test_a_buffer_that_cannot_be_changed_is_refused_before_anything_is_sent()
  Edit('note.md')
  setlocal nomodifiable
  Imagewire a fox
  Contains(Message('cannot be changed'), 'Nothing was sent')
  assert_equal(0, process.Pid())
enddef

t.Run((name) => function(name))
