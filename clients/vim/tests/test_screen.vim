vim9script
# What a user sees and types: another Vim in a terminal of 60 columns and 20 lines, with its real modes and its real screen.

import './lib.vim' as t

const [Contains, Edit, Message, WaitFor] = [t.Contains, t.Edit, t.Message, t.WaitFor]

const slow = 'let g:imagewire_input = {"size": "64x64", "sandbox": {"delay_ms": 700}}'

# A document with some lines in a terminal.
def Start(lines: list<string>, settings = slow): number
  var folder = Edit('note.md', lines)
  silent write
  return t.Terminal(20, 60, {IMAGEWIRE: $IMAGEWIRE}, ['--cmd', settings, folder .. '/note.md'])
enddef

def Screen(terminal: number): string
  return join(mapnew(range(1, 20), (_, row) => t.Row(terminal, row)), "\n")
enddef

# Text without what wraps it on the screen: spaces, and the border of a popup.
def Bare(text: string): string
  return substitute(text, '[[:space:]│║|~]', '', 'g')
enddef

def Sees(terminal: number, text: string)
  try
    WaitFor(text, () => stridx(Bare(Screen(terminal)), Bare(text)) >= 0)
  catch
    throw printf('%s is not on the screen: %s', text, substitute(Screen(terminal), '\( *\n\~\?\)\+', ' / ', 'g'))
  endtry
enddef

# Types a command, and then text, which arrives only if no message waits for a key.
def NeedsNoKey(terminal: number, command: string, message: string)
  t.Type(terminal, ":" .. command .. "\<CR>")
  Sees(terminal, message)
  assert_notmatch('Press ENTER\|-- More --', Screen(terminal))
  t.Type(terminal, "Gotyped\<Esc>:echo 'heard'\<CR>")
  Sees(terminal, 'heard')
  assert_equal('typed', trim(t.Row(terminal, 2)))
  t.Type(terminal, "Gdd")
enddef

def Test_no_message_needs_a_key_in_a_small_terminal()  # [editor 1, 42]
  var terminal = Start(['text'], slow .. ' | set showcmd ruler')
  NeedsNoKey(terminal, 'Imagewire ' .. repeat('a fox in snow, ', 40), 'imagewire: a fo')
  Sees(terminal, '![a fox in')
  t.Type(terminal, ":%delete | call setline(1, 'text')\<CR>")
  NeedsNoKey(terminal, 'ImagewireCancel', 'imagewire: no i')
  NeedsNoKey(terminal, 'ImagewireChange add snow', 'no link to an image')
  NeedsNoKey(terminal, 'ImagewireShow', 'xterm-256color shows no images')
  NeedsNoKey(terminal, 'let g:imagewire_folder = "/proc/a folder that no one can write, with a long name" | Imagewire a fox', 'no one can write')
  NeedsNoKey(terminal, 'unlet g:imagewire_folder | setlocal readonly | execute "Imagewire a fox" | setlocal noreadonly', 'this buffer cannot be changed')
  NeedsNoKey(terminal, 'call imagewire#process#Stop() | let g:imagewire_program = "/nowhere/with/a/long/name/imagewire" | Imagewire a fox', 'was not found')
  NeedsNoKey(terminal, 'let g:imagewire_program = ["sh", "-c", "echo a long last message, ' .. repeat('and so on ', 12) .. ' >&2; exit 3"] | Imagewire a fox', 'the process ended (code 3)')
  NeedsNoKey(terminal, 'let g:imagewire_program = $IMAGEWIRE | let g:imagewire_input = {"sandbox": {"fail": "content_refused"}} | Imagewire a yak', 'a yak: failed')
  # Several at once.
  NeedsNoKey(terminal, 'execute "Imagewire one" | execute "Imagewire two" | execute "Imagewire three" | ImagewireCancel!', 'imagewire: thre')
  t.Close(terminal)
enddef

def Test_typing_in_Insert_mode_goes_on_and_one_undo_removes_only_the_link()  # [editor 1, 2, 3]
  var terminal = Start(['start: '])
  t.Type(terminal, "A\<C-O>:Imagewire a fox\<CR>")
  Sees(terminal, 'a fox: ')
  t.Type(terminal, 'before ')
  Sees(terminal, '![a fox](images/a-fox.png)')
  t.Type(terminal, "behind")
  Sees(terminal, 'behind')
  t.Type(terminal, "\<Esc>")
  Sees(terminal, 'start: ![a fox](images/a-fox.png)before behind')
  t.Type(terminal, 'u')
  WaitFor('the undo', () => trim(t.Row(terminal, 1)) == 'start: ![a fox](images/a-fox.png)before')
  t.Type(terminal, 'u')
  WaitFor('the undo', () => trim(t.Row(terminal, 1)) == 'start: before')
  t.Type(terminal, "\<C-R>\<C-R>")
  WaitFor('the redo', () => trim(t.Row(terminal, 1)) == 'start: ![a fox](images/a-fox.png)before behind')
  t.Close(terminal)
enddef

def Test_a_key_that_is_pending_and_a_command_that_is_typed_are_not_disturbed()  # [editor 1]
  var terminal = Start(['text'])
  t.Type(terminal, ":let @q = 'from q'\<CR>:Imagewire a fox of the pending key\<CR>")
  Sees(terminal, 'imagewire: a fox of')
  # A register is to be named when the image is there.
  t.Type(terminal, "A\<C-R>")
  WaitFor('the image', () => get(get(t.Listed('the pending key'), 0, {}), 'status', '') == 'completed')
  t.Type(terminal, 'q')
  Sees(terminal, 'from q')
  Sees(terminal, 'text![a fox of the pending key](images/a-fox-of-the-pending-key.png)from q')
  t.Type(terminal, "\<Esc>:%delete | call setline(1, 'text')\<CR>")
  # A command line that is half typed.
  t.Type(terminal, ":Imagewire a yak\<CR>")
  Sees(terminal, 'imagewire: a yak')
  t.Type(terminal, ":echo 'half ")
  Sees(terminal, '![a yak]')
  assert_match("^:echo 'half", t.Row(terminal, 20))
  t.Type(terminal, "typed'\<CR>")
  Sees(terminal, 'half typed')
  # The message comes when the line is free.
  Sees(terminal, 'imagewire: a yak: ')
  t.Close(terminal)
enddef

def Test_a_question_and_a_list_fit_a_small_terminal()  # [editor 42]
  var terminal = Start(['text'])
  t.Type(terminal, ":Imagewire a fox\<CR>")
  Sees(terminal, '![a fox]')
  t.Type(terminal, ":ImagewireChange add snow\<CR>")
  Sees(terminal, 'Send images/a-fox.png to sandbox?')
  Sees(terminal, 'Press y for yes, n for no.')
  t.Type(terminal, 'n')
  Sees(terminal, 'not made. Nothing was spent.')
  t.Type(terminal, ":ImagewireInput\<CR>")
  Sees(terminal, 'size · default')
  # A value that the model does not take: the message comes after a question, and needs no key either.
  t.Type(terminal, "\<CR>")
  Sees(terminal, 'n (1 to 10')
  assert_true(stridx(Screen(terminal), 'size · default') < 0)
  t.Type(terminal, "\<C-U>80x80 and so on for quite a while\<CR>")
  Sees(terminal, 'its type is integer')
  assert_notmatch('Press ENTER', Screen(terminal))
  t.Type(terminal, ":ImagewireList\<CR>")
  Sees(terminal, 'completed')
  Sees(terminal, 'a fox')
  t.Close(terminal)
enddef

def Test_the_list_has_a_small_image_where_the_terminal_can()  # [editor 33]
  var folder = Edit('note.md', ['text'])
  g:imagewire_input = {size: '128x64'}
  Imagewire a marmot for the list
  t.Idle()
  var terminal = t.Terminal(20, 60, {IMAGEWIRE: $IMAGEWIRE, KITTY_WINDOW_ID: '1'}, [folder .. '/note.md'])
  t.Type(terminal, ":ImagewireList a marmot\<CR>")
  var IsImage = (row: number): bool => char2nr(t.Row(terminal, row)) == 0x10EEEE
  WaitFor('the image', () => !empty(filter(range(1, 20), (_, row) => IsImage(row))))
  var rows = filter(range(1, 20), (_, row) => IsImage(row))
  assert_match('a marmot for the list', t.Row(terminal, rows[0] - 1))
  assert_equal(8, len(rows))
  t.Close(terminal)
enddef

t.Run((name) => function(name))
