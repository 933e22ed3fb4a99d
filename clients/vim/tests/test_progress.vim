vim9script
# Progress, cancelling, and a prediction that fails.

import './lib.vim' as t

const [Contains, Edit, Idle, Message, WaitFor] = [t.Contains, t.Edit, t.Idle, t.Message, t.WaitFor]

def Test_progress_is_told_by_the_status_line_and_beside_the_text()
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 1200}}
  Edit('note.md')
  Imagewire a fox
  assert_match('^imagewire: ', imagewire#Statusline())
  WaitFor('a report', () => imagewire#Statusline() =~ '^imagewire: processing, \d\+ s$')
  assert_equal(['imagewire', 'imagewire_words'], sort(mapnew(prop_list(1), (_, property) => property.type)))
  Idle()
  assert_equal([], prop_list(1))
enddef

def Test_cancel()
  g:imagewire_input = {size: '64x64', sandbox: {never: true}}
  Edit('note.md', ['text'])
  ImagewireCancel
  Message('no image is in progress')
  Imagewire a fox
  WaitFor('its start', () => imagewire#Statusline() =~ 'processing')
  ImagewireCancel
  Idle()
  assert_equal(['text'], getline(1, '$'))
  Message('a fox: cancelled')
  # Before the submit is answered.
  Imagewire a yak
  ImagewireCancel
  Message('a yak: cancelled')
  Idle()
enddef

def Test_cancel_of_one_among_several_and_of_all()
  g:imagewire_input = {size: '64x64', sandbox: {never: true}}
  Edit('note.md')
  Imagewire one
  Imagewire two
  Imagewire three
  assert_equal('imagewire: 3 images in progress', imagewire#Statusline())
  ImagewireCancel
  assert_equal(1, len(popup_list()))
  Contains(getbufline(winbufnr(popup_list()[0]), 2)[0], 'two')
  popup_close(popup_list()[0], 2)
  Message('two: cancelled')
  assert_equal('imagewire: 2 images in progress', imagewire#Statusline())
  ImagewireCancel!
  Idle()
  Message('one: cancelled')
  Message('three: cancelled')
enddef

def Test_a_prediction_that_fails_says_why_and_inserts_nothing()
  g:imagewire_input = {size: '64x64', sandbox: {fail: 'content_refused'}}
  Edit('note.md', ['text'])
  Imagewire a fox
  Idle()
  Contains(Message('a fox: failed'), 'Nothing is billed')
  assert_equal(['text'], getline(1, '$'))
enddef

t.Run((name) => function(name))
