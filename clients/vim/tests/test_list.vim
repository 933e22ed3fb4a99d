vim9script
# The list of earlier predictions.

import './lib.vim' as t

const [Contains, Edit, Idle, Listed, Message, WaitFor] = [t.Contains, t.Edit, t.Idle, t.Listed, t.Message, t.WaitFor]

def Test_the_list_shows_filters_inserts_and_cancels()  # [editor 33, 34]
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

# Opens the list of predictions with a text, on the first of them.
def Open(text: string)
  execute 'ImagewireList' text
  WaitFor('its lines', () => getline(2) =~ text)
  cursor(2, 1)
enddef

def Test_it_copies_the_prompt_and_changes_the_image()  # [editor 34]
  g:imagewire_ask_upload = false
  Edit('note.md', ['text'])
  cursor(1, 4)
  Imagewire a gnu "to" copy
  Idle()
  silent :%delete _
  setline(1, 'text')
  cursor(1, 4)
  var window = win_getid()
  Open('a gnu')
  feedkeys('y', 'tx')
  Message('the prompt is in the unnamed register')
  assert_equal('a gnu "to" copy', getreg('"'))
  feedkeys("c", 'tx')
  # The list has asked for the image; then it asks for the words.
  WaitFor('the words', () => {
    feedkeys("with a hat\<CR>", 't')
    sleep 20m
    return imagewire#Statusline() != ''
  })
  win_gotoid(window)
  Idle()
  assert_equal(['text![with a hat](images/with-a-hat.png)'], getline(1, '$'))
  only!
enddef

def Test_it_asks_before_it_deletes_and_the_files_stay()  # [editor 34]
  var folder = Edit('note.md')
  Imagewire a tapir to delete
  Idle()
  Open('a tapir')
  feedkeys('d', 'tx')
  Contains(join(getbufline(winbufnr(popup_list()[0]), 1, '$')), 'Delete "a tapir to delete" from the list?')
  feedkeys('n', 'tx')
  feedkeys('r', 'tx')
  assert_equal(1, len(Listed('a tapir')))
  feedkeys('d', 'tx')
  feedkeys('y', 'tx')
  WaitFor('its end', () => getline(2) =~ 'No image has these words')
  assert_equal([], Listed('a tapir'))
  t.IsImage(folder .. '/images/a-tapir-to-delete.png')
  only!
enddef

def Test_an_image_from_elsewhere_is_copied_before_it_is_linked()  # [editor 14, 34]
  Edit('note.md')
  Imagewire a stork to copy
  Idle()
  var folder = Edit('other.md')
  var window = win_getid()
  Open('a stork')
  feedkeys('i', 'tx')
  Message('inserted')
  win_gotoid(window)
  assert_equal(['![a stork to copy](images/a-stork-to-copy.png)'], getline(1, '$'))
  t.IsImage(folder .. '/images/a-stork-to-copy.png')
  # Into a folder that cannot be written, and into a buffer that cannot be changed.
  g:imagewire_folder = '/proc/images'
  Open('a stork')
  feedkeys('i', 'tx')
  Message('could not be inserted')
  win_gotoid(window)
  setlocal readonly
  ImagewireList a stork
  WaitFor('its lines', () => getline(2) =~ 'stork')
  cursor(2, 1)
  feedkeys('i', 'tx')
  Message("'readonly' is on")
  only!
enddef

def Test_the_list_opens_an_image_with_the_viewer_of_the_system()  # [editor 34]
  var folder = Edit('note.md')
  Imagewire a heron to open
  Idle()
  writefile(['#!/bin/sh', 'echo "$1" >"$OPENED"'], folder .. '/xdg-open')
  setfperm(folder .. '/xdg-open', 'rwx------')
  var path = $PATH
  $PATH = folder .. ':' .. path
  $OPENED = folder .. '/opened'
  Open('a heron')
  feedkeys("\<CR>", 'tx')
  WaitFor('the viewer', () => filereadable($OPENED) && !empty(readfile($OPENED)))
  assert_equal([folder .. '/images/a-heron-to-open.png'], readfile($OPENED))
  $PATH = path
  only!
enddef

t.Run((name) => function(name))
