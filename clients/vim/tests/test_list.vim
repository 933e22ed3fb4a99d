vim9script
# The list of earlier predictions.

import './lib.vim' as t

const [Contains, Edit, Idle, Message, WaitFor] = [t.Contains, t.Edit, t.Idle, t.Message, t.WaitFor]

def Test_the_list_shows_filters_inserts_and_cancels()
  Edit('note.md')
  Imagewire a zebra to be listed
  Idle()
  setline(1, 'before after')
  cursor(1, 6)
  var window = win_getid()
  g:imagewire_input = {size: '64x64', sandbox: {never: true}}
  new
  Imagewire a yak to be listed
  t.IsSent('a yak to be listed')
  win_gotoid(window)

  ImagewireList to be listed
  WaitFor('two lines', () => line('$') == 3)
  Contains(getline(2), 'a yak to be listed')
  assert_match('^completed \+\d\+ s free \+image \+a zebra to be listed  (sandbox)$', getline(3))
  cursor(2, 1)
  feedkeys('x', 'tx')
  WaitFor('the cancelled one', () => getline(2) =~ '^cancelled')
  cursor(3, 1)
  feedkeys('i', 'tx')
  Message('inserted')
  feedkeys('q', 'tx')
  win_gotoid(window)
  assert_equal('before![a zebra to be listed](images/a-zebra-to-be-listed.png) after', getline(1))

  ImagewireList no image has these words
  WaitFor('an empty list', () => getline(2) =~ 'No image has these words')
  only!
enddef

t.Run((name) => function(name))
