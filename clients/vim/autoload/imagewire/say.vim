vim9script
# Messages to the user.

export def Message(text: string)
  # Replaces the message before: two lines would ask the user to press Enter.
  redraw
  echomsg 'imagewire: ' .. text
enddef

export def Warning(text: string)
  echohl WarningMsg
  echomsg 'imagewire: ' .. text
  echohl None
enddef

export def Error(text: string)
  echohl ErrorMsg
  echomsg 'imagewire: ' .. text
  echohl None
enddef

# A prompt of any length on part of one line.
export def Short(prompt: string, limit: number): string
  var line = trim(substitute(prompt, '\_s\+', ' ', 'g'))
  return strcharlen(line) <= limit ? line : strcharpart(line, 0, limit - 1) .. '…'
enddef
