vim9script
# Faults: cancelled, refused and unreadable calls, a process that ended, and errors in settings of the user.

import autoload 'imagewire/process.vim'
import './lib.vim' as t

const [Contains, Edit, Idle, Listed, Message, Messages, WaitFor] =
  [t.Contains, t.Edit, t.Idle, t.Listed, t.Message, t.Messages, t.WaitFor]

# A program that answers `initialize`, and every call after that with an error that does not say which call it was.
const unreadable = ['sh', '-c', '
  \ reply() { printf "Content-Length: %d\r\n\r\n%s" "${#1}" "$1"; };
  \ answer=''{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"name":"imagewire","version":"0.1.0"}}}'';
  \ while IFS= read -r line; do
  \   case $line in *Content-Length:*)
  \     reply "$answer";
  \     answer=''{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}'';;
  \   esac;
  \ done']

def Test_a_format_of_ones_own_that_fails_costs_the_form_and_not_the_link()
  g:imagewire_formats = {typst: (path, alt) => execute('throw "no such font"'), asciidoc: (path, alt) => 7}
  for [filetype, reason, wanted] in [
      ['typst', 'no such font', '#image("images/a-fox.png", alt: "a fox")'],
      ['asciidoc', 'it returned no text', 'image::images/a-fox.png[alt="a fox"]']]
    Edit('note')
    &filetype = filetype
    Imagewire a fox
    Idle()
    assert_equal([wanted], getline(1, '$'))
    Contains(Message('g:imagewire_formats failed: '), reason)
  endfor
  g:imagewire_formats = 'none'
  Edit('note')
  Imagewire a fox
  Idle()
  assert_equal(['![a fox](images/a-fox.png)'], getline(1, '$'))
enddef

def Test_a_buffer_that_refuses_the_change_costs_no_image()
  Edit('note.md', ['text'])
  write
  for option in ['readonly', 'nomodifiable']
    setreg('"', '')
    Imagewire a fox
    execute 'setlocal' option
    Idle()
    setlocal noreadonly modifiable
    Message('unnamed register')
    assert_equal(['text'], getline(1, '$'))
    assert_match('^!\[a fox\](images/a-fox\(_2\)\?.png)$', getreg('"'))
  endfor
enddef

def Test_a_callback_that_fails_is_reported_and_those_behind_it_are_called()
  var heard: list<string> = []
  process.Request('ping', {}, (_, _) => execute('throw "a fault of the first"'))
  process.Request('ping', {}, (_, _) => {
    heard->add('second')
  })
  WaitFor('the second', () => len(heard) == 1)
  Message('a fault of the first')
  # Neither does one keep the others from hearing of the end.
  process.Request('wait', {ids: ['none']}, (_, _) => execute('throw "a fault of the third"'))
  Message('a fault of the third')
  for name in ['fourth', 'fifth']
    process.Request('ping', {}, (_, _) => {
      heard->add(name)
      execute('throw "a fault of the ' .. name .. '"')
    })
  endfor
  system('kill -9 ' .. process.Pid())
  WaitFor('both', () => len(heard) == 3)
enddef

def Test_what_cannot_be_sent_is_refused_before_anything_is()
  var circle: dict<any> = {}
  circle.self = circle
  for [input, reason] in [
      [{seed: 0.0 / 0.0}, '"input.seed" is not a finite number'],
      [{list: [1, {bound: pow(10.0, 400)}]}, '"input.list[1].bound" is not a finite number'],
      [{size: () => '64x64'}, '"input.size" is a func'],
      [{style: "caf\xe9"}, '"input.style" contains bytes that are not text'],
      [{style: "\xed\xa0\x80"}, '"input.style" contains bytes that are not text'],
      [circle, 'is nested too deeply'],
      [{mask: repeat('x', 64 * 1024 * 1024)}, 'imagewire reads none over 67108864']]
    g:imagewire_input = input
    Edit('note.md', ['text'])
    Imagewire a fox
    Contains(Message(reason), 'Nothing was sent')
    Idle()
    assert_equal([], prop_list(1))
    messages clear
  endfor
  g:imagewire_input = {}
  execute "Imagewire a fox \xff here"
  Contains(Message('"input.prompt" contains bytes'), 'Nothing was sent')
  Idle()
  assert_equal(0, process.Pid())
  # The next one is not the worse for it.
  g:imagewire_input = {nothing: v:null, sandbox: {delay_ms: 1}, list: [1, true, 1.5, 'é狐🦊']}
  Imagewire a fox
  Idle()
  assert_equal(['text![a fox](images/a-fox.png)'], getline(1, '$'))
enddef

def Test_a_key_that_cannot_be_sent_is_in_no_message()
  g:imagewire_configuration = {wavespeed_api_key: () => "wsk_SECRET\xff"}
  Edit('note.md')
  Imagewire a fox
  Contains(Message('"wavespeed_api_key" contains bytes that are not text'), 'Nothing was sent')
  Idle()
  # Vim's own errors quote what they stumble over.
  g:imagewire_configuration = {wavespeed_api_key: () => json_decode('wsk_SECRET').key}
  Imagewire a fox
  Contains(Message('g:imagewire_configuration failed: '), 'E491: JSON decode error')
  Idle()
  assert_true(stridx(Messages(), 'SECRET') < 0)
  assert_equal(0, process.Pid())
enddef

def Test_settings_of_the_wrong_kind_leave_nothing_in_progress()
  Edit('note.md')
  g:imagewire_input = 'size'
  Imagewire a fox
  Contains(Message('E'), 'Nothing was sent')
  assert_equal('', imagewire#Statusline())
  assert_equal([], prop_list(1))
  g:imagewire_input = {}
  g:imagewire_program = []
  Imagewire a fox
  Idle()
enddef

def Test_an_error_that_does_not_say_whose_it_is()
  g:imagewire_program = unreadable
  Edit('note.md', ['text'])
  Imagewire a fox
  Message('imagewire: Parse error')
  Idle()
  # With several calls it is not known which one is meant, and none may be reported as failed.
  var answered = 0
  for _ in range(2)
    process.Request('ping', {}, (_, _) => {
      answered += 1
    })
  endfor
  Message('does not say which: Parse error')
  assert_equal(0, answered)
  system('kill -9 ' .. process.Pid())
  WaitFor('both', () => answered == 2)
enddef

def Test_a_process_that_is_stopped_or_dies_before_it_is_asked()
  var left = tempname()
  g:imagewire_program = ['sh', '-c', 'echo $$ >' .. left .. '; exec sleep 100']
  Edit('note.md')
  Imagewire a fox
  WaitFor('its start', () => filereadable(left) && !empty(readfile(left)))
  process.Stop()
  assert_equal('', imagewire#Statusline())
  Contains(Message('stopped'), 'Nothing was sent')
  system('kill ' .. readfile(left)[0])
  g:imagewire_program = ['sh', '-c', 'exit 3']
  Imagewire a fox
  Contains(Message('the process ended (code 3)'), 'Nothing was sent')
  Idle()
enddef

def Test_a_list_that_is_closed_while_it_is_asked_for()
  Imagewire a fox
  Idle()
  ImagewireList
  WaitFor('a line', () => getline(2) != '')
  cursor(2, 1)
  feedkeys('x', 'tx')
  feedkeys('q', 'tx')
  # The reply to a later call to `list` comes behind the replies to those above.
  Listed('a fox')
  assert_notmatch('\<E\d\+:', Messages())
enddef

t.Run((name) => function(name))
