vim9script
# Messages to the user: one line each, which needs no key. Of a line that was shortened `:messages` has the whole text.

# Messages that came while the command line was in use: {text, group}.
var waiting: list<dict<string>> = []
# The popup with the last one that did not fit, or 0.
var whole = 0

# A text on the part of the last line that needs no key; of a longer one its beginning and its end.
def Fitting(text: string): string
  var space = v:echospace
  if strdisplaywidth(text) <= space
    return text
  endif
  var half = (space - 1) / 2
  var end = strcharpart(text, max([0, strcharlen(text) - half]))
  while strdisplaywidth(end) > half
    end = strcharpart(end, 1)
  endwhile
  return printf('%.*S…%s', half, text, end)
enddef

def Echo(text: string, group: string)
  var more = &more
  noautocmd set nomore
  execute 'echohl' group
  # The whole text is for `:messages` only: what does not fit would ask for a key.
  redraw
  echomsg text
  redraw
  var fitting = Fitting(text)
  echo fitting
  echohl None
  noautocmd &more = more
  popup_close(whole)
  if fitting != text && group != 'None'
    # What went wrong is shown whole, for some seconds; no key is needed, and none is taken.
    whole = popup_create(text, {
      line: &lines - &cmdheight - 1, col: 1, pos: 'botleft', maxwidth: &columns - 4, padding: [0, 1, 0, 1], border: [],
      highlight: group, borderhighlight: [group], time: 8000, zindex: 150, close: 'click', tabpage: -1,
    })
    setwinvar(whole, '&linebreak', true)
  endif
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
  var line = 'imagewire: ' .. Clean(substitute(text, '\_s\+', ' ', 'g'))
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

# Characters that a terminal may obey instead of showing them: controls, marks of direction, and what is invisible. In virtual
# text Vim writes them as they are.
const unsafe = '[\x01-\x1f\x7f\u0080-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb'
  .. '\U000e0000-\U000e007f]'

# A text without them.
export def Clean(text: string): string
  return substitute(text, unsafe, '', 'g')
enddef

# A prompt of any length on part of one line.
export def Short(prompt: string, limit: number): string
  # No more than what can be shown: the rest of a long prompt costs time.
  var line = Clean(trim(substitute(strcharpart(prompt, 0, 4 * limit), '\_s\+', ' ', 'g')))
  return strcharlen(line) <= limit ? line : strcharpart(line, 0, limit - 1) .. '…'
enddef
