vim9script
# Messages to the user: one line each, which needs no key. `:messages` has the whole text of a line that was shortened.

# Messages that came while the command line was in use: {text, group}.
var waiting: list<dict<string>> = []

def Echo(text: string, group: string)
  # The flag T shortens the middle of what does not fit; otherwise Vim would ask for a key.
  var saved = &shortmess
  noautocmd set shortmess+=T
  # Replaces the message before: two lines would ask for a key too.
  redraw
  execute 'echohl' group
  echomsg text
  echohl None
  noautocmd &shortmess = saved
enddef

# Says what waits, once the command line is free.
def Later(_: number)
  if mode() =~ '^[cr]'
    timer_start(100, Later)
    return
  endif
  var messages = waiting
  waiting = []
  for message in messages
    Echo(message.text, message.group)
  endfor
enddef

def Say(text: string, group: string)
  var line = 'imagewire: ' .. substitute(text, '\_s\+', ' ', 'g')
  if mode() !~ '^[cr]'
    Echo(line, group)
    return
  endif
  waiting->add({text: line, group: group})
  if len(waiting) == 1
    timer_start(100, Later)
  endif
enddef

export def Message(text: string)
  Say(text, 'None')
enddef

export def Warning(text: string)
  Say(text, 'WarningMsg')
enddef

export def Error(text: string)
  Say(text, 'ErrorMsg')
enddef

# Dollars with two to four decimals.
export def Dollars(amount: any): string
  return '$' .. substitute(printf('%.4f', amount + 0.0), '\(\.\d\d\d\{-}\)0*$', '\1', '')
enddef

# A prompt of any length on part of one line.
export def Short(prompt: string, limit: number): string
  # No more than what can be shown: the rest of a long prompt costs time.
  var line = trim(substitute(strcharpart(prompt, 0, 4 * limit), '\_s\+', ' ', 'g'))
  return strcharlen(line) <= limit ? line : strcharpart(line, 0, limit - 1) .. '…'
enddef
