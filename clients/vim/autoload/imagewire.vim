vim9script
# Pictures from words, as links in the buffer. The commands call what is here; mappings and scripts may too.

import autoload 'imagewire/list.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/work.vim'

# Makes a picture of a prompt; its link goes to the cursor, wherever that text is by then.
export def Generate(prompt: string)
  if !&modifiable
    say.Error(place.refusal)
  else
    work.Start(prompt, place.AtCursor())
  endif
enddef

# `:[range]Imagewire [words]`: the words, then the lines of the range; asks where there is neither.
export def Command(words: string, range: number, line1: number, line2: number)
  if range > 0 && &modifiable
    work.Start(trim(words .. "\n" .. join(getline(line1, line2), "\n")), place.BelowLine(line2))
    return
  endif
  var prompt = words
  if trim(prompt) == '' && &modifiable
    prompt = input('Picture of: ')
    redraw
    if trim(prompt) == ''
      return
    endif
  endif
  Generate(prompt)
enddef

# Cancels what is under way: the only one, one that is chosen, or every one.
export def Cancel(all: bool = false)
  work.Cancel(all)
enddef

# Lists pictures, newest first; with a text only those whose prompt has it.
export def List(text: string = '')
  list.Open(text)
enddef

# What is under way, in a few words for a status line; empty where nothing is.
export def Statusline(): string
  return work.Statusline()
enddef
