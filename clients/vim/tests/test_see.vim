vim9script
# Images in the terminal: another Vim in a terminal of this one, whose screen and whose output are looked at.

import './lib.vim' as t

const [Contains, Edit, Idle, Message, WaitFor] = [t.Contains, t.Edit, t.Idle, t.Message, t.WaitFor]

const placeholder = nr2char(0x10EEEE)

# A document with a link to an image of 128 by 64 pixels, which is there.
def Document(): string
  g:imagewire_input = {size: '128x64'}
  var folder = Edit('note.md', ['text', '', 'end'])
  cursor(2, 1)
  Imagewire a fox
  Idle()
  silent write
  return folder
enddef

# Whether a row of a terminal begins with a cell of an image.
def HasImage(terminal: number, row: number): bool
  return char2nr(t.Row(terminal, row)) == 0x10EEEE
enddef

def Test_images_are_shown_at_their_links_also_when_a_document_is_opened_again()  # [editor 35]
  var folder = Document()
  var terminal = t.Terminal(20, 60, {KITTY_WINDOW_ID: '1'}, [folder .. '/note.md'])
  t.Type(terminal, ":ImagewireShow\<CR>")
  WaitFor('the image', () => HasImage(terminal, 3))
  # Below the link, and no part of the text: the next line of the document is behind it.
  Contains(t.Row(terminal, 2), '![a fox]')
  var rows = range(3, 20)->filter((_, row) => HasImage(terminal, row))
  assert_equal([3, 12], [rows[0], len(rows) + 2])
  assert_equal('end', trim(t.Row(terminal, rows[-1] + 1)))
  # The marks above each placeholder say its row and its column.
  assert_equal(placeholder .. "\u030d\u030e", term_scrape(terminal, 4)[2].chars)
  Contains(t.Row(terminal, 20), '1 image shown')
  # Opened again.
  t.Type(terminal, ":edit!\<CR>")
  t.Type(terminal, ":echo 'opened again'\<CR>")
  WaitFor('the answer', () => t.Row(terminal, 20) =~ 'opened again')
  assert_true(HasImage(terminal, 3))
  # A link that goes takes its image with it, and one that comes brings it.
  t.Type(terminal, "2Gdd")
  WaitFor('the image to go', () => trim(t.Row(terminal, 2)) == 'end')
  t.Type(terminal, "u")
  WaitFor('the image', () => HasImage(terminal, 3))
  t.Type(terminal, ":call setline(1, '![b](images/a-fox.png)')\<CR>")
  WaitFor('its image', () => HasImage(terminal, 2))
  # A command hides them.
  t.Type(terminal, ":ImagewireHide\<CR>")
  WaitFor('the images to go', () => empty(filter(range(1, 20), (_, row) => HasImage(terminal, row))))
  t.Close(terminal)
enddef

def Test_an_image_is_sent_to_the_terminal_once_and_removed_at_the_end()  # [editor 35]
  var folder = Document()
  for [far, way] in [['', 't=f'], ['1', 't=d']]
    var output = t.Output({KITTY_WINDOW_ID: '1', SSH_TTY: far}, [folder .. '/note.md', '-c', 'ImagewireShow', '-c', 'edit!', '-c', 'redraw', '-c', 'qall!'])
    assert_equal(1, count(output, 'a=T'))
    var sent = matchlist(output, "\<Esc>_Ga=T,U=1,q=2,f=100,i=\\(\\d\\+\\),c=48,r=12," .. way .. ',m=[01];')
    assert_notequal([], sent)
    # The placeholders have the colour of this number.
    Contains(output, "\<Esc>[38;5;" .. get(sent, 1, '') .. 'm')
    var data = split(output, "\<Esc>_G[^;]*m=[01];")[1 :]->mapnew((_, piece) => matchstr(piece, "^[^\<Esc>]*"))->join('')
    var path = folder .. '/images/a-fox.png'
    assert_equal(far == '' ? str2list(path)->list2blob() : readblob(path), t.Decoded(data))
    Contains(output, "\<Esc>_Ga=d,d=A,q=2\<Esc>\\")
  endfor
enddef

def Test_a_terminal_without_images_is_told_why()  # [editor 36]
  for [environment, settings, reason] in [
      [{TERM: 'xterm-256color'}, '', 'xterm-256color shows no images'],
      [{TERM: 'xterm', COLORS: '8', KITTY_WINDOW_ID: '1'}, '', '256 colours is needed'],
      [{TERM: 'xterm-256color', KITTY_WINDOW_ID: '1', TMUX: 'x'}, '', 'inside tmux'],
      [{TERM: 'xterm-256color', KITTY_WINDOW_ID: '1'}, 'let g:imagewire_graphics = "none"', "is 'none'"],
      [{TERM: 'xterm-256color', PATH: '/nowhere'}, 'let g:imagewire_graphics = "sixel"', 'img2sixel or chafa']]
    var folder = Edit('note.md')
    var answer = folder .. '/answer'
    t.Output(environment, ['-c', settings, '-c', 'ImagewireShow', '-c', 'redir! >' .. answer, '-c', 'messages', '-c', 'redir END', '-c', 'qall!'])
    Contains(join(readfile(answer)), reason)
  endfor
enddef

def Test_sixels_are_drawn_below_the_link_again_after_scrolling_and_removed()  # [editor 35]
  var folder = Document()
  # Stands for the program that makes them: its output says what it was called with.
  writefile(['#!/bin/sh', 'printf "noise\033Pq%s %s\033\\\\noise" "$1" "$(basename "$2")"'], folder .. '/img2sixel')
  setfperm(folder .. '/img2sixel', 'rwx------')
  var text = ''
  var vim = job_start(t.Another(['--cmd', 'let g:imagewire_graphics = "sixel"', '--cmd', 'let g:imagewire_rows = 5',
    '--cmd', 'let g:imagewire_cell_height = 20', folder .. '/note.md', '-c', 'ImagewireShow']), {pty: true, out_mode: 'raw',
    out_cb: (_, piece) => {
      text ..= piece
    }, env: {TERM: 'xterm-256color', COLORS: '256', PATH: folder .. ':' .. $PATH}})
  # Only the sixels, at the third line.
  var height = exists('*getcellpixels') ? '\d\+' : '100'
  WaitFor('the sixels', () => text =~ "\<Esc>7\<Esc>\\[3;1H\<Esc>Pq--height=" .. height .. " a-fox.png\<Esc>\\\\\<Esc>8")
  assert_equal(1, count(text, "\<Esc>Pq"))
  assert_true(stridx(text, 'noise') < 0)
  text = ''
  ch_sendraw(vim, "\<C-E>")
  WaitFor('the sixels a line above', () => stridx(text, "\<Esc>7\<Esc>[2;1H\<Esc>Pq") >= 0)
  # The screen was cleared before.
  assert_true(stridx(text, "\<Esc>[2J") >= 0 && stridx(text, "\<Esc>[2J") < stridx(text, "\<Esc>Pq"))
  text = ''
  ch_sendraw(vim, ":ImagewireHide\<CR>")
  WaitFor('the clear screen', () => stridx(text, "\<Esc>[2J") >= 0)
  ch_sendraw(vim, ":qall!\<CR>")
  WaitFor('the end of the other Vim', () => job_status(vim) == 'dead')
  assert_true(stridx(text, "\<Esc>Pq") < 0)
enddef

# A server that streams: it sends the next event for each line that it reads.
const streaming = "
  \ import sys; sys.path.insert(0, sys.argv[1]); from openai import LoopbackOpenAI\n
  \with LoopbackOpenAI() as server:\n
  \    server.script({'steps': ['partial', 'completed', 'done']}); print(server.url, flush=True)\n
  \    for _ in sys.stdin: server.step()\n"

def Test_partial_images_are_shown_on_the_way()  # [editor 32]
  var url = ''
  var server = job_start(['python3', '-c', trim(streaming), t.here .. '/../../Tests/Fixtures'], {out_cb: (_, text) => {
    url = text
  }})
  WaitFor('the provider', () => url != '')
  var folder = Edit('note.md', ['text', 'end'])
  silent write
  var terminal = t.Terminal(20, 60, {KITTY_WINDOW_ID: '1', IMAGEWIRE: $IMAGEWIRE, OPENAI_BASE_URL: url}, ['--cmd',
    'let g:imagewire_configuration = {"provider": "openai", "openai_api_key": "sk-SECRETsecret0123456789"}', '--cmd',
    'let g:imagewire_input = {"stream": v:true, "partial_images": 1}', '--cmd', 'let g:imagewire_show = 1', folder .. '/note.md'])
  t.Type(terminal, ":Imagewire a fox\<CR>")
  ch_sendraw(server, "\n")
  # Below the line of the command, before there is a link.
  WaitFor('the partial image', () => HasImage(terminal, 2))
  assert_match('^text  a fox: ', t.Row(terminal, 1))
  ch_sendraw(server, "\n\n")
  WaitFor('the link', () => t.Row(terminal, 1) =~ '^text!\[a fox\](images/a-fox.png) *$')
  WaitFor('the image', () => HasImage(terminal, 2))
  t.Close(terminal)
  ch_close_in(server)
enddef

t.Run((name) => function(name))
