vim9script
# Shows images below their links, and hides them. Virtual lines make room for an image: they are not part of the text.

import autoload 'imagewire/find.vim'
import autoload 'imagewire/kitty.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/sixel.vim'
import autoload 'imagewire/terminal.vim'

# Whether images are shown at their links.
var is_on = false
# The partial images, by the id of their place: {buffer, type, path, time}.
var previews: dict<dict<any>> = {}

const prefix = 'imagewire_image_'

# The colour of an image's placeholders is its number.
def Colour(number: number)
  execute printf('highlight ImagewireImage%d ctermfg=%d guifg=#%06x', number, number, number)
enddef

# After a colour scheme, which removes them.
export def Recolour()
  for name in prop_type_list()
    if name =~ '^imagewire_\(image\|preview\)_\d\+$'
      Colour(str2nr(matchstr(name, '\d\+$')))
    endif
  endfor
enddef

# The type of the properties of an image; those of partial images have names of their own.
def Type(number: number, name: string): string
  Colour(number)
  if empty(prop_type_get(name))
    prop_type_add(name, {highlight: 'ImagewireImage' .. number})
  endif
  return name
enddef

def Types(): list<string>
  return filter(prop_type_list(), (_, name) => stridx(name, prefix) == 0)
enddef

export def IsOn(): bool
  return is_on
enddef

# The widest image in a buffer's windows, in cells.
def Width(buffer: number): number
  return min(mapnew(win_findbuf(buffer), (_, window) => winwidth(window) - 2) + [kitty.most_columns])
enddef

def Height(): number
  return max([1, min([get(g:, 'imagewire_rows', 12), &lines / 2])])
enddef

# Puts the lines of an image below a line of a buffer. Returns the type of their properties, or ''.
def Put(buffer: number, line: number, path: string, height: number, kind = prefix): string
  var widest = max([4, Width(buffer)])
  var cells = terminal.Protocol() == 'sixel' ? sixel.Cells(path, widest, height) : kitty.Cells(path, widest, height)
  if empty(cells)
    return ''
  endif
  var name = Type(cells.number, kind .. cells.number)
  for text in cells.lines
    prop_add(line, 0, {bufnr: buffer, type: name, text: text, text_align: 'below'})
  endfor
  return name
enddef

def Remove(buffer: number)
  for name in Types()
    prop_remove({bufnr: buffer, type: name, all: true})
  endfor
enddef

# What is shown in a buffer: the number of its image for each line, as [line, type].
def Shown(buffer: number): list<list<any>>
  var types = Types()
  return empty(types) ? []
    : uniq(prop_list(1, {bufnr: buffer, end_lnum: -1, types: types})->mapnew((_, property) => [property.lnum, property.type]))
enddef

# Whether a file can be shown: by the programs for sixels every image, otherwise a PNG.
def CanShow(path: string): bool
  return filereadable(path) && (terminal.Protocol() == 'sixel' ? find.IsImage(path) : !empty(kitty.Pixels(path)))
enddef

# Shows the images at the links of a buffer as it is by now. Returns how many there are.
export def Refresh(buffer: number): number
  if !is_on || !bufloaded(buffer) || getbufvar(buffer, '&buftype') != ''
    return 0
  endif
  Remove(buffer)
  var count = 0
  for link in find.All(buffer)
    if CanShow(link.path) && Put(buffer, link.lnum, link.path, Height()) != ''
      count += 1
    endif
  endfor
  return count
enddef

# After a change of the text: only where the images are not those of the links any more.
export def Update(buffer: number)
  if !is_on || getbufvar(buffer, '&buftype') != ''
    return
  endif
  var wanted = filter(find.All(buffer), (_, link) => CanShow(link.path))
    ->mapnew((_, link) => link.lnum)
  if wanted != mapnew(Shown(buffer), (_, shown) => shown[0])
    Refresh(buffer)
  endif
enddef

export def Show(quiet: bool)
  if terminal.Protocol() == ''
    if !quiet
      say.Warning(terminal.Reason())
    endif
    return
  endif
  is_on = true
  var count = 0
  for window in getwininfo()
    count += Refresh(window.bufnr)
  endfor
  if !quiet
    say.Message(count == 0 ? 'no image that can be shown is linked here; those to come will be.'
      : printf('%d image%s shown; :ImagewireHide hides them.', count, count == 1 ? '' : 's'))
  endif
enddef

export def Hide()
  is_on = false
  for info in getbufinfo({bufloaded: true})
    Remove(info.bufnr)
  endfor
  kitty.Clear()
  sixel.Clear()
enddef

# Shows the newest partial image of what is being made below its place; '' removes it.
export def Preview(where: dict<any>, path: string)
  var shown = get(previews, where.id, {})
  if !empty(shown) && (path == '' || shown.path != path || shown.time != getftime(path) || shown.size != getfsize(path))
    if bufloaded(shown.buffer)
      prop_remove({bufnr: shown.buffer, type: shown.type, all: true})
    endif
    remove(previews, where.id)
    shown = {}
  endif
  var position = path == '' || !is_on ? {} : place.Position(where)
  if empty(shown) && !empty(position) && filereadable(path)
    var name = Put(where.buffer, position.lnum, path, Height(), 'imagewire_preview_')
    if name != ''
      previews[where.id] = {buffer: where.buffer, type: name, path: path, time: getftime(path), size: getfsize(path)}
    endif
  endif
enddef

# Shows a small image of the first file below a line of the list.
export def InList(buffer: number, line: number, files: list<any>)
  var path = get(get(files, 0, {}), 'path', '')
  if getbufvar(buffer, 'imagewire_seen', []) == [line, path]
    return
  endif
  setbufvar(buffer, 'imagewire_seen', [line, path])
  Remove(buffer)
  if path != '' && terminal.Protocol() != '' && filereadable(path)
    Put(buffer, line, path, min([8, Height()]))
  endif
enddef

augroup imagewire_see
  autocmd!
  autocmd BufWinEnter,BufReadPost * call imagewire#see#Refresh(str2nr(expand('<abuf>')))
  autocmd TextChanged,InsertLeave * call imagewire#see#Update(str2nr(expand('<abuf>')))
  autocmd ColorScheme * call imagewire#see#Recolour()
  autocmd VimResized * call imagewire#see#Refresh(bufnr())
  # When Vim waits for a key, with everything drawn.
  autocmd SafeState * call imagewire#sixel#Draw()
  autocmd VimLeavePre * call imagewire#kitty#Clear()
augroup END
