vim9script
# Cancelling, before and after an image is sent, and with the end of the editor.

import './lib.vim' as t

const [Contains, Edit, Idle, Listed, Message, WaitFor] = [t.Contains, t.Edit, t.Idle, t.Listed, t.Message, t.WaitFor]

def Test_what_is_cancelled_before_it_is_sent_is_never_sent()  # [editor 9]
  Edit('note.md', ['text'])
  Imagewire a fox taken back
  Imagewire a fox that goes on
  ImagewireCancel
  popup_close(popup_list()[0], 1)
  Contains(Message('a fox taken back: cancelled'), 'Nothing was spent.')
  Idle()
  assert_equal(['text![a fox that goes on](images/a-fox-that-goes-on.png)'], getline(1, '$'))
  assert_equal([], Listed('a fox taken back'))
enddef

def Test_what_was_cancelled_is_cancelled_when_the_editor_ends()
  var says = tempname()
  var second = t.Second(says, Edit('note.md'), 3000, 'cancelled')
  WaitFor('the second editor', () => job_status(second) == 'dead')
  assert_equal(['cancelled'], mapnew(Listed('a yak given up'), (_, prediction) => prediction.status))
  # The prediction that was not cancelled is kept on purpose.
  assert_notequal('cancelled', Listed('a boat of the second editor')[0].status)
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
  # The sandbox bills nothing, also for what it has begun.
  Contains(Message('a fox: cancelled'), 'Nothing was spent.')
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

def Test_what_the_editor_gets_in_its_last_command_is_not_sent()  # [editor 10]
  var says = tempname()
  var before = len(Listed('boat of the second editor'))
  var second = t.Second(says, Edit('note.md'), 3000000, 'at once')
  WaitFor('the second editor', () => job_status(second) == 'dead')
  # The process was ready: its first image was being made.
  assert_match('^pid \d\+$', readfile(says)[0])
  assert_equal(before + 1, len(Listed('boat of the second editor')))
  assert_equal([], Listed('a yak that is not wanted'))
enddef

def Test_after_it_is_sent_cancelling_says_what_it_may_cost()  # [editor 11]
  var provider = t.Provider('{"poll": [{"do": "running", "times": "forever"}]}')
  g:imagewire_configuration.model = 'acme/painter'
  Edit('note.md', ['text'])
  Imagewire a fox
  WaitFor('its start', () => imagewire#Statusline() =~ '%')
  ImagewireCancel
  Idle()
  Contains(Message('a fox: cancelled'), 'may still finish and bill it')
  assert_true(stridx(Message('a fox: cancelled'), 'Nothing was spent') < 0)
  assert_equal(['text'], getline(1, '$'))
  t.EndProvider(provider)
enddef

def Test_an_image_is_cancelled_while_its_price_is_asked()  # [editor 9, 31]
  var provider = t.Provider('{"price": [{"do": "hang", "times": "forever"}]}')
  g:imagewire_configuration.model = 'acme/painter'
  g:imagewire_ask_above = 0
  Edit('note.md', ['text'])
  Imagewire a fox that is not wanted
  WaitFor('the question', () => !empty(t.Received(provider, 'price')))
  ImagewireCancel
  Contains(Message('cancelled'), 'Nothing was spent.')
  assert_equal(['', []], [imagewire#Statusline(), Listed('a fox that is not wanted')])
  t.EndProvider(provider)
enddef

def Test_what_has_no_answer_yet_is_taken_back_when_the_editor_ends()  # [editor 10]
  var second = t.Second(tempname(), Edit('note.md'), 3000, 'unanswered')
  WaitFor('the second editor', () => job_status(second) == 'dead')
  WaitFor('its cancelling', () => mapnew(Listed('a yak without an answer'), (_, one) => one.status) == ['cancelled'])
enddef

t.Run((name) => function(name))
