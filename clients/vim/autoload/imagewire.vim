vim9script
# Images from prompts, as links in the buffer: the functions behind the commands, also for mappings and scripts.

import autoload 'imagewire/change.vim'
import autoload 'imagewire/choose.vim'
import autoload 'imagewire/history.vim'
import autoload 'imagewire/list.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/request.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/see.vim'
import autoload 'imagewire/work.vim'

def Make(prompt: string, where: dict<any>)
  work.Start(prompt, where, (_, Next) => Next(request.For(prompt)))
enddef

# Makes an image of a prompt; its link goes to the cursor, wherever that text is by then.
export def Generate(prompt: string)
  var refusal = place.Refusal()
  if refusal != ''
    say.Error(refusal)
  else
    Make(prompt, place.AtCursor())
  endif
enddef

# The prompt of words and a text; asks where both are empty. '' where the answer is empty too.
def Asked(words: string, text: string): string
  var prompt = words
  if trim(words .. text) == ''
    prompt = input('Image of: ')
    redraw
  endif
  return trim(prompt .. "\n" .. text)
enddef

# The selected text, as lines.
def Selection(): list<string>
  var register = getreginfo('z')
  var view = winsaveview()
  noautocmd silent normal! gv"zy
  var lines = getreg('z', true, true)
  setreg('z', register)
  winrestview(view)
  return lines
enddef

# `:[range]Imagewire [words]`: the words, then the lines of the range, or what of them was selected; asks where there is neither.
export def Command(words: string, range: number, line1: number, line2: number)
  var refusal = place.Refusal()
  if refusal != ''
    say.Error(refusal)
    return
  endif
  var lines: list<string> = []
  if range > 0
    # A range that was typed as numbers means whole lines. A command of a mapping is not in the history.
    var typed = histget(':')
    var isSelection = [line1, line2] == [line("'<"), line("'>")] && visualmode() !=# 'V'
      && (typed !~# 'Imagewire' || typed =~ "^[: ]*'<,'>")
    lines = isSelection ? Selection() : getline(line1, line2)
  endif
  var prompt = Asked(words, join(lines, "\n"))
  if prompt != ''
    Make(prompt, range > 0 ? place.BelowLine(line2) : place.AtCursor())
  endif
enddef

# For a mapping in Visual mode: the prompt is the selected text.
export def Selected()
  var last = max([line('v'), line('.')])
  execute "normal! \<Esc>"
  var refusal = place.Refusal()
  if refusal != ''
    say.Error(refusal)
    return
  endif
  var prompt = Asked('', join(Selection(), "\n"))
  if prompt != ''
    Make(prompt, place.BelowLine(last))
  endif
enddef

# Cancels an image in progress: the only one, a chosen one, or all.
export def Cancel(all: bool = false)
  work.Cancel(all)
enddef

# Changes the image whose link is under the cursor.
export def Change(words: string = '')
  change.Under(words)
enddef

# Makes it once more with another seed, or with the same.
export def Vary()
  change.Vary()
enddef

export def Again()
  change.Again()
enddef

# Lists what it was made from and what was made from it.
export def History()
  history.Open()
enddef

# Chooses the model for this session, or goes back to that of the settings.
export def Model(words: string = '', reset: bool = false)
  if reset
    choose.ResetModel()
  else
    choose.ChooseModel(words)
  endif
enddef

# Chooses fields of its input, such as the size.
export def Input(words: string = '', reset: bool = false)
  if reset
    choose.ResetInput()
  else
    choose.ChooseInput(words)
  endif
enddef

# Shows images at their links, and hides them. `quiet` says nothing, also where the terminal shows none.
export def Show(quiet: bool = false)
  see.Show(quiet)
enddef

export def Hide()
  see.Hide()
enddef

# Lists images, newest first; with a text only images whose prompt has it.
export def List(text: string = '')
  list.Open(text)
enddef

# The images in progress, in a few words for a status line; empty if there are none.
export def Statusline(): string
  return work.Statusline()
enddef

# Completion of the arguments of commands.
export def CompleteModel(lead: string, _: string, _: number): list<string>
  return choose.CompleteModel(lead)
enddef

export def CompleteInput(lead: string, _: string, _: number): list<string>
  return choose.CompleteInput(lead)
enddef
