vim9script
# The image under the cursor: changed, varied, made again, and its history.

import autoload 'imagewire/change.vim'
import autoload 'imagewire/find.vim'
import autoload 'imagewire/process.vim'
import './lib.vim' as t

const [Contains, Edit, Idle, IsImage, Listed, Message, Messages, WaitFor] =
  [t.Contains, t.Edit, t.Idle, t.IsImage, t.Listed, t.Message, t.Messages, t.WaitFor]

# Answers the question that is shown, which must have a text.
def Answer(text: string, key: string)
  WaitFor('the question', () => !empty(popup_list()))
  Contains(join(getbufline(winbufnr(popup_list()[0]), 1, '$')), text)
  feedkeys(key, 'tx')
enddef

# Chooses the entry of the list that is shown that has a text.
def Choose(text: string)
  WaitFor('the list', () => !empty(popup_list()))
  feedkeys(text .. "\<CR>", 'tx')
enddef

# A document with an image, made just now, and the cursor on its link.
def WithImage(name: string): string
  var folder = Edit(name)
  Imagewire a fox
  Idle()
  cursor(line('$'), 3)
  return folder
enddef

# The newest prediction, whole.
def Newest(): dict<any>
  var found: dict<any> = {}
  process.Request('list', {limit: 1}, (_, page) => {
    process.Request('status', {id: page.predictions[0].id, full: true}, (_, whole) => {
      found = whole
    })
  })
  WaitFor('the newest', () => !empty(found))
  return found
enddef

def Test_change_sends_the_image_after_a_question_that_names_file_and_provider()  # [editor 22, 23]
  var folder = WithImage('note.md')
  var first = Newest()
  ImagewireChange add snow
  Answer('Send images/a-fox.png to sandbox?', 'y')
  Idle()
  assert_equal(['![a fox](images/a-fox.png)', '![add snow](images/add-snow.png)'], getline(1, '$'))
  IsImage(folder .. '/images/add-snow.png')
  var sent = Newest()
  assert_equal('@' .. folder .. '/images/a-fox.png', sent.input.image)
  assert_equal(['vim', 'from:' .. first.id], sent.tags)
  # In the middle of a line the new link follows the old one.
  setline(1, 'before ![a fox](images/a-fox.png) after')
  cursor(1, 12)
  g:imagewire_ask_upload = false
  ImagewireChange a hat
  Idle()
  assert_equal('before ![a fox](images/a-fox.png)![a hat](images/a-hat.png) after', getline(1))
enddef

def Test_what_is_not_to_be_sent_is_not()  # [editor 9, 22]
  WithImage('note.md')
  ImagewireChange not wanted at all
  Answer('Send images/a-fox.png', 'n')
  Contains(Message('not made'), 'Nothing was spent.')
  assert_equal('', imagewire#Statusline())
  # Cancelled while the question waits, which goes.
  ImagewireChange not wanted at all
  WaitFor('the question', () => !empty(popup_list()))
  ImagewireCancel
  assert_equal([], popup_list())
  Contains(Message('not wanted at all: cancelled'), 'Nothing was spent.')
  # Cancelled before there is a question.
  process.Stop()
  ImagewireChange not wanted at all
  ImagewireCancel
  assert_equal([], Listed('not wanted at all'))
  assert_equal([], popup_list())
  assert_equal(['![a fox](images/a-fox.png)'], getline(1, '$'))
enddef

def Test_questions_come_one_after_another_and_a_killed_process_ends_none()
  WithImage('note.md')
  ImagewireChange add snow
  ImagewireChange a hat
  WaitFor('the question', () => !empty(popup_list()))
  assert_equal(1, len(popup_list()))
  feedkeys('n', 'tx')
  Message('add snow: not made')
  # The second one waits, and its answer starts the process again.
  system('kill -9 ' .. process.Pid())
  WaitFor('its end', () => process.Pid() == 0)
  Answer('Send images/a-fox.png', 'y')
  Idle()
  assert_equal(['![a fox](images/a-fox.png)', '![a hat](images/a-hat.png)'], getline(1, '$'))
enddef

def Test_a_question_leaves_all_other_keys_alone()  # [editor 1]
  WithImage('note.md')
  setline(2, 'text')
  ImagewireChange add snow
  WaitFor('the question', () => !empty(popup_list()))
  # What is typed in Insert mode is text, also y and n.
  feedkeys("2GAyny\<Esc>0x", 'tx')
  assert_equal('extyny', getline(2))
  assert_equal(1, len(popup_list()))
  feedkeys('n', 'tx')
  Message('not made')
enddef

def Test_the_provider_gets_the_image_in_the_field_of_the_model_that_edits()  # [editor 22]
  var provider = t.Provider('{"catalogue": [' .. join(mapnew(['', '/edit'], (_, ending) => json_encode({
    model_id: 'acme/painter' .. ending, name: 'painter', type: ending == '' ? 'text-to-image' : 'image-to-image', base_price: 0.05,
    api_schema: {api_schemas: [{type: 'model_run', method: 'POST', server: '', api_path: '/api/v3/acme/painter' .. ending,
      request_schema: {type: 'object', required: ['prompt'], properties: ending == '' ? {prompt: {type: 'string'}} :
        {prompt: {type: 'string'}, images: {type: 'array', items: {type: 'string'}}}}}]}})), ',') .. ']}')
  g:imagewire_configuration.model = 'acme/painter'
  WithImage('note.md')
  ImagewireChange add snow
  Answer('Send images/a-fox.png to wavespeed?', 'y')
  Idle()
  assert_equal('![add snow](images/add-snow.png)', getline('$'))
  var sent = t.Received(provider, 'submit')
  assert_equal(['a fox', 'add snow'], mapnew(sent, (_, body) => body.prompt))
  assert_match('^https\?://', sent[1].images[0])
  t.EndProvider(provider)
enddef

def Test_with_the_setting_the_new_link_takes_the_place_of_the_old_one()  # [editor 23, 28]
  g:imagewire_replace = true
  g:imagewire_ask_upload = false
  WithImage('note.md')
  setline(1, 'before ![a fox](images/a-fox.png) after')
  cursor(1, 12)
  ImagewireChange add snow
  ImagewireChange a hat
  execute "normal! 0ilong \<Esc>"
  Idle()
  # In the order in which they are finished.
  var links = ['![add snow](images/add-snow.png)', '![a hat](images/a-hat.png)']
  assert_true(index([join(links, ''), join(reverse(copy(links)), '')],
    matchstr(getline(1), '^long before \zs.*\ze after$')) >= 0, getline(1))
  # A link of several lines.
  for [filetype, wanted] in items({
    rst: ['.. image:: images/add-snow_N.png', '   :alt: add snow'], org: ['#+CAPTION: add snow', '[[file:images/add-snow_N.png]]']})
    WithImage('note')
    silent :%delete _
    &filetype = filetype
    Imagewire a yak
    Idle()
    cursor(2, 1)
    ImagewireChange add snow
    Idle()
    assert_equal(wanted, mapnew(getline(1, '$'), (_, line) => substitute(line, 'snow\(_\d\)\?\.png', 'snow_N.png', '')))
  endfor
enddef

def Test_two_commands_on_one_image_give_two_links()  # [editor 28]
  g:imagewire_ask_upload = false
  WithImage('note.md')
  ImagewireChange add snow
  ImagewireChange a hat
  ImagewireAgain
  Idle()
  assert_equal(['![a fox](images/a-fox.png)', '![add snow](images/add-snow.png)', '![a hat](images/a-hat.png)',
    '![a fox](images/a-fox_2.png)'], sort(getline(1, '$'), (a, b) => index(['a-fox.png', 'add-snow.png', 'a-hat.png',
    'a-fox_2.png'], matchstr(a, '/\zs.*\ze)')) - index(['a-fox.png', 'add-snow.png', 'a-hat.png', 'a-fox_2.png'], matchstr(b, '/\zs.*\ze)'))))
enddef

def Test_vary_and_again_make_it_once_more()  # [editor 24, 25]
  g:imagewire_input = {size: '64x64', seed: 7}
  var folder = WithImage('note.md')
  var first = Newest()
  g:imagewire_input = {size: '80x80'}
  ImagewireAgain
  Idle()
  var again = Newest()
  assert_equal([first.input, first.model], [again.input, again.model])
  assert_equal(['vim', 'from:' .. first.id], again.tags)
  assert_equal(readblob(folder .. '/images/a-fox.png'), readblob(folder .. '/images/a-fox_2.png'))
  ImagewireVary
  Idle()
  var varied = Newest()
  assert_equal([v:t_number, true], [type(varied.input.seed), varied.input.seed != 7])
  remove(varied.input, 'seed')
  assert_equal({prompt: 'a fox', size: '64x64'}, varied.input)
  assert_equal(3, line('$'))
  # A change, once more: the file is sent again, so there is a question again.
  g:imagewire_ask_upload = false
  ImagewireChange add snow
  Idle()
  var changed = Newest()
  g:imagewire_ask_upload = true
  search('add-snow', 'w')
  ImagewireAgain
  Answer('Send images/a-fox.png to sandbox?', 'y')
  Idle()
  assert_equal(changed.input, Newest().input)
enddef

def Test_an_image_that_imagewire_did_not_make_is_not_made_again()  # [editor 24, 25]
  var folder = Edit('note.md', ['![x](mine.png)'])
  # A PNG of its own: another image with other words behind it.
  Imagewire a fox
  Idle()
  writefile(readblob(folder .. '/images/a-fox.png') + 0z00, folder .. '/mine.png')
  silent :%delete _
  setline(1, '![x](mine.png)')
  for command in ['ImagewireVary', 'ImagewireAgain', 'ImagewireHistory']
    execute command
    Message('imagewire did not make this image')
    messages clear
  endfor
  assert_equal('', imagewire#Statusline())
  assert_equal(['![x](mine.png)'], getline(1, '$'))
enddef

def Test_the_history_of_an_image()  # [editor 26]
  g:imagewire_ask_upload = false
  WithImage('note.md')
  ImagewireHistory
  Message('made from no other')
  ImagewireChange add snow
  Idle()
  cursor(2, 3)
  ImagewireChange add a hat
  Idle()
  # Of the one in the middle: one before, one that was made from it.
  execute 'edit' Edit('other.md') .. '/other.md'
  var there = bufnr('#')
  execute 'buffer' there
  cursor(2, 3)
  ImagewireHistory
  WaitFor('the list', () => !empty(popup_list()))
  var entries = getbufline(winbufnr(popup_list()[0]), 1, '$')
  assert_match('^a fox  before, .* ago, completed$', entries[0])
  assert_match('^add a hat  made from it, .* ago, completed$', entries[1])
  Choose('hat')
  Message('inserted')
  assert_equal('![add a hat](images/add-a-hat.png)', getline(3))
  # Given up: nothing is left behind.
  ImagewireHistory
  WaitFor('the list', () => !empty(popup_list()))
  feedkeys("\<Esc>", 'tx')
  assert_equal([], popup_list())
  assert_equal([], prop_list(1, {end_lnum: -1}))
enddef

def Test_a_link_whose_file_cannot_be_used_sends_nothing()  # [editor 27]
  var folder = Edit('note.md')
  writefile(['no image'], folder .. '/text.png')
  for [text, reason] in [
      ['![gone](images/gone.png)', 'does not exist'],
      ['![far](https://example.org/a.png)', 'not a file of this machine'],
      ['![text](text.png)', 'not an image'],
      ['no link here', 'no link to an image']]
    setline(1, text)
    cursor(1, 3)
    for command in ['ImagewireChange add snow', 'ImagewireVary', 'ImagewireAgain', 'ImagewireHistory']
      execute command
      Contains(Message(reason), 'Nothing was sent')
      messages clear
    endfor
  endfor
  assert_equal(['', 0], [imagewire#Statusline(), process.Pid()])
enddef

def Test_links_are_found_in_every_format()
  var folder = Edit('note')
  mkdir(folder .. '/my images')
  writefile(0z89504E470D0A1A0A, folder .. '/my images/ä (1).png')
  for [lines, cursor, from, to] in [
      [['a ![x \] (y)](my%20images/%C3%A4%20%281%29.png) b'], [1, 5], [1, 3], [1, 48]],
      [['![x](<my images/ä (1).png>)'], [1, 5], [1, 1], [1, 29]],
      [['[[file:my images/ä (1).png]]'], [1, 5], [1, 1], [1, 30]],
      [['#+CAPTION: x', '[[file:my images/ä (1).png]]'], [1, 2], [1, 1], [2, 30]],
      [['\includegraphics[width=1cm]{my images/ä (1).png}'], [1, 5], [1, 1], [1, 50]],
      [['<p><img src="my%20images/ä (1).png" alt="x"></p>'], [1, 9], [1, 4], [1, 46]],
      [['.. image:: my%20images/ä%20%281%29.png', '   :alt: x', '   :width: 3'], [2, 4], [1, 1], [3, 13]],
      [['image::my%20images/ä%20%281%29.png[alt="x"]'], [1, 5], [1, 1], [1, 45]],
      [['#image("my images/ä (1).png", alt: "a (b) \"c\"")'], [1, 5], [1, 1], [1, 51]],
      [['.image my\ images/ä (1).png'], [1, 5], [1, 1], [1, 29]],
      [['x = "my images/ä (1).png"'], [1, 9], [1, 5], [1, 27]]]
    silent :%delete _
    setline(1, lines)
    cursor(cursor)
    var found = find.Under()
    assert_equal(folder .. '/my images/ä (1).png', get(found, 'path', ''), lines[0])
    if !empty(found)
      assert_equal([from, to], [[found.lnum, found.col], [found.end_lnum, found.end_col]], lines[0])
    endif
  endfor
  # Of several in a line the one under the cursor.
  silent :%delete _
  setline(1, '![a](a.png) and ![b](b.png)')
  cursor(1, 20)
  assert_equal(folder .. '/b.png', find.Under().path)
  cursor(1, 14)
  assert_equal({}, find.Under())
  # Right behind the word of the cursor.
  setline(1, '![a](a.png) word![b](b.png)')
  cursor(1, 14)
  assert_equal(folder .. '/b.png', find.Under().path)
enddef

t.Run((name) => function(name))
