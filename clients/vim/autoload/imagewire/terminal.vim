vim9script
# What images the terminal can show, and why not.

# The way to show images: 'kitty', 'sixel' or ''. The setting decides; otherwise what the terminal says of itself.
export def Protocol(): string
  var setting: any = get(g:, 'imagewire_graphics', '')
  if setting == 'none' || has('gui_running') || &encoding != 'utf-8' || !exists('*echoraw')
    return ''
  elseif setting == 'kitty' || setting == 'sixel'
    return Lacks(setting) == '' ? setting : ''
  elseif $TMUX != '' || $STY != ''
    # What these pass on is known to the user only.
    return ''
  endif
  var found = IsKitty() ? 'kitty' : IsSixel() ? 'sixel' : ''
  return found != '' && Lacks(found) == '' ? found : ''
enddef

# Terminals that show images in the cells of a placeholder character.
def IsKitty(): bool
  return &term =~ 'kitty\|ghostty' || $KITTY_WINDOW_ID != '' || $TERM_PROGRAM == 'ghostty'
enddef

# A terminal that says so in its answer to a request for its attributes, which newer versions of Vim keep, or one that is known.
def IsSixel(): bool
  var attributes = exists('v:termda1') ? eval('v:termda1') : ''
  return attributes =~ '[?;]4[;c]' || &term =~ '^\(foot\|mlterm\|contour\)'
    || index(['WezTerm', 'mintty'], $TERM_PROGRAM) >= 0 || $KONSOLE_VERSION != ''
enddef

# The program that makes sixels of a file, or ''.
export def Encoder(): string
  return filter(['img2sixel', 'chafa'], (_, name) => executable(name) == 1)->get(0, '')
enddef

# What a protocol needs and is not there, or ''.
def Lacks(protocol: string): string
  if protocol == 'kitty'
    return &termguicolors || str2nr(&t_Co) >= 256 ? '' : '256 colours'
  endif
  return Encoder() != '' ? '' : 'the program img2sixel or chafa (Debian: libsixel-bin, chafa)'
enddef

# Why no image can be shown.
export def Reason(): string
  var setting: any = get(g:, 'imagewire_graphics', '')
  var wanted = setting != '' ? setting : IsKitty() ? 'kitty' : IsSixel() ? 'sixel' : ''
  return has('gui_running') ? 'GVim shows no images in a text.'
    : &encoding != 'utf-8' ? "images need 'encoding' to be utf-8."
    : setting == 'none' ? "g:imagewire_graphics is 'none', so no image is shown."
    : setting == '' && ($TMUX != '' || $STY != '')
    ? "inside tmux or screen images are shown only if g:imagewire_graphics is 'kitty' or 'sixel'."
    : wanted != '' && Lacks(wanted) != '' ? printf('to show images here, %s is needed.', Lacks(wanted))
    : printf('%s shows no images, as far as is known; kitty, Ghostty and terminals with sixels do. See g:imagewire_graphics.',
      &term)
enddef

# Writes an escape sequence to the terminal, through tmux where Vim runs in it.
export def Write(sequence: string)
  echoraw($TMUX == '' ? sequence : "\<Esc>Ptmux;" .. substitute(sequence, "\<Esc>", "\<Esc>\<Esc>", 'g') .. "\<Esc>\\")
enddef
