vim9script
# Images as sixels, which an external program makes. The terminal puts them over the cells, so they are drawn again whenever they
# are to be elsewhere on the screen; Vim only keeps empty lines free for them.

import autoload 'imagewire/terminal.vim'

# The images: {path, stamp, columns, rows, data ('' until the program has made it)}; an image's number is its place.
var images: list<dict<any>> = []
# Where they were drawn last.
var drawn: list<list<number>> = []

# What makes room for a file: {number, lines}.
export def Cells(path: string, widest: number, highest: number): dict<any>
  var stamp = getftime(path) .. '|' .. getfsize(path)
  var number = 0
  for image in images
    if image.path == path && image.stamp == stamp && image.columns == widest && image.rows == highest
      return {number: number, lines: repeat([' '], highest)}
    endif
    number += 1
  endfor
  var image = {path: path, stamp: stamp, columns: widest, rows: highest, data: ''}
  images->add(image)
  Encode(image)
  return {number: number, lines: repeat([' '], highest)}
enddef

# The height of a cell in pixels, as far as is known.
def CellHeight(): number
  var cell: list<number> = exists('*getcellpixels') ? call('getcellpixels', []) : []
  return get(cell, 1, 0) > 0 ? cell[1] : get(g:, 'imagewire_cell_height', 16)
enddef

def Encode(image: dict<any>)
  var program = terminal.Encoder()
  var command = program == 'chafa'
    ? ['chafa', '--format=sixels', '--animate=off', printf('--size=%dx%d', image.columns, image.rows), image.path]
    : [program, '--height=' .. image.rows * CellHeight(), image.path]
  var pieces: list<string> = []
  job_start(command, {in_io: 'null', err_io: 'null', out_mode: 'raw', out_cb: (_, text) => {
    pieces->add(text)
  }, close_cb: (_) => {
    # Only what is sixels goes to the terminal.
    image.data = matchstr(join(pieces, ''), "\<Esc>P[0-9;]*q[^\<Esc>]*\<Esc>\\\\")
    drawn = []
    Draw()
  }})
enddef

# Where the images are to be: [row, column, number] for each that is wholly in its window.
def Layout(): list<list<number>>
  var found: list<list<number>> = []
  var types = range(len(images))->mapnew((_, number) => 'imagewire_image_' .. number)
    ->filter((_, name) => !empty(prop_type_get(name)))
  for window in empty(types) ? [] : getwininfo()->filter((_, info) => info.tabnr == tabpagenr())
    var lines: dict<list<number>> = {}
    for property in prop_list(window.topline, {bufnr: window.bufnr, end_lnum: window.botline, types: types})
      var number = str2nr(matchstr(property.type, '\d\+$'))
      var known = get(lines, property.lnum, [])
      lines[property.lnum] = index(known, number) < 0 ? known + [number] : known
    endfor
    for [line, numbers] in items(lines)
      var number = str2nr(line)
      var row = screenpos(window.winid, number, max([1, len(getbufline(window.bufnr, number)[0])])).row + 1
      for image in numbers
        if row > 1 && row + images[image].rows <= window.winrow + window.height
          found->add([row, window.wincol + window.textoff, image])
        endif
        row += images[image].rows
      endfor
    endfor
  endfor
  return sort(found)
enddef

# Draws what is to be elsewhere, or not at all any more.
export def Draw()
  if empty(images) && empty(drawn)
    return
  endif
  var layout = filter(Layout(), (_, at) => images[at[2]].data != '')
  if layout == drawn || mode() !~ '^[ni]'
    return
  endif
  # Removes those that are there.
  redraw!
  for [row, column, number] in layout
    terminal.Write(printf("\<Esc>7\<Esc>[%d;%dH%s\<Esc>8", row, column, images[number].data))
  endfor
  drawn = layout
enddef

export def Clear()
  images = []
  if !empty(drawn)
    drawn = []
    redraw!
  endif
enddef
