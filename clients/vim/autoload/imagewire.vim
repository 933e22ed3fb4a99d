vim9script
# Images from prompts, as links in the buffer: the functions behind the commands, also for mappings and scripts.

import autoload 'imagewire/list.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/work.vim'

# Makes an image of a prompt; its link goes to the cursor, wherever that text is by then.
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
    prompt = input('Image of: ')
    redraw
    if trim(prompt) == ''
      return
    endif
  endif
  Generate(prompt)
enddef

# Cancels an image in progress: the only one, a chosen one, or all.
export def Cancel(all: bool = false)
  work.Cancel(all)
enddef

# Lists images, newest first; with a text only images whose prompt has it.
export def List(text: string = '')
  list.Open(text)
enddef

# The images in progress, in a few words for a status line; empty if there are none.
export def Statusline(): string
  return work.Statusline()
enddef
