vim9script
# The place of a link. A text property of no width keeps it while the text round it changes.
#
# A place is {buffer, id, below (on a line of its own below), words (the id of the text shown beside it, or 0)}.

export const refusal = "this buffer cannot be changed, so no link could be inserted ('modifiable' is off). Nothing was sent."

const mark = 'imagewire'
const beside = 'imagewire_words'
# Text typed at the place itself comes behind the link.
prop_type_add(mark, {start_incl: true})
highlight default link ImagewireWords Comment
prop_type_add(beside, {highlight: 'ImagewireWords'})

var last_id = 0

def Place(line: number, column: number, below: bool): dict<any>
  last_id += 1
  prop_add(line, column, {type: mark, id: last_id, length: 0})
  return {buffer: bufnr(), id: last_id, below: below, words: 0}
enddef

# Behind the character under the cursor, as `p` puts; in Insert mode where the cursor is.
export def AtCursor(): dict<any>
  var column = col('.')
  if mode() !~ '^i'
    column += len(matchstr(getline('.'), '.', column - 1))
  endif
  return Place(line('.'), column, false)
enddef

# On a new line below a line.
export def BelowLine(line: number): dict<any>
  return Place(line, len(getline(line)) + 1, true)
enddef

# {lnum, col}, or empty if the line was deleted or the buffer closed.
def Position(place: dict<any>): dict<any>
  if !bufloaded(place.buffer)
    return {}
  endif
  return prop_find({bufnr: place.buffer, type: mark, id: place.id, both: true, lnum: 1, col: 1}, 'f')
enddef

def Hide(place: dict<any>)
  if place.words != 0 && bufloaded(place.buffer)
    prop_remove({bufnr: place.buffer, type: beside, id: place.words, both: true, all: true})
  endif
  place.words = 0
enddef

# Shows a few words at the end of the line, which are not part of the text.
export def Show(place: dict<any>, words: string)
  Hide(place)
  var position = Position(place)
  if !empty(position)
    place.words = prop_add(position.lnum, 0,
      {bufnr: place.buffer, type: beside, text: words, text_align: 'after', text_padding_left: 2})
  endif
enddef

export def Forget(place: dict<any>)
  Hide(place)
  if bufloaded(place.buffer)
    prop_remove({bufnr: place.buffer, type: mark, id: place.id, both: true, all: true})
  endif
enddef

# Inserts lines of text, and forgets the place. Returns whether there still was one.
export def Insert(place: dict<any>, lines: list<string>): bool
  var position = Position(place)
  Forget(place)
  if empty(position) || !getbufvar(place.buffer, '&modifiable')
    return false
  endif
  if place.below
    return appendbufline(place.buffer, position.lnum, lines) == 0
  endif

  var before = position.col - 1
  var text = getbufline(place.buffer, position.lnum)[0]
  var others = prop_list(position.lnum, {bufnr: place.buffer, types: [mark]})
  var new = copy(lines)
  new[0] = strpart(text, 0, before) .. new[0]
  var shift = len(new[-1]) - before
  new[-1] ..= strpart(text, before)
  setbufline(place.buffer, position.lnum, new[0])
  appendbufline(place.buffer, position.lnum, new[1 :])

  # Setting a line does not move the other places in it, nor the cursor.
  var down = len(new) - 1
  for other in others
    prop_remove({bufnr: place.buffer, type: mark, id: other.id, both: true, all: true})
    # Of several at one point, the later command's link comes behind.
    var moves = other.col > position.col || other.col == position.col && other.id > place.id
    prop_add(position.lnum + (moves ? down : 0), other.col + (moves ? shift : 0),
      {bufnr: place.buffer, type: mark, id: other.id, length: 0})
  endfor
  for window in win_findbuf(place.buffer)
    var cursor = getcurpos(window)
    if cursor[1] == position.lnum && cursor[2] > position.col - (mode() =~ '^i' ? 1 : 0)
      win_execute(window, printf('call cursor(%d, %d)', cursor[1] + down, cursor[2] + shift))
    endif
  endfor
  return true
enddef
