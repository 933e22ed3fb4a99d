vim9script
# The place of a link. Text properties of no width keep it while the text round it changes.
#
# A place is {buffer, id (of the property where the link goes), start (of the property where the link begins that this one
# follows; 0 for none), shape, words (the id of the text shown beside it, or 0), seen (where it was last: {lnum, col, count of
# lines in the buffer})}. Its shape is
#   'inline'     in the text, at the property
#   'below'      on a line of its own below
#   'paragraph'  a paragraph of its own below that of the property
#   'after'      behind the link from `start` on; below that, where it is alone on its lines
#   'instead'    in place of that link

import autoload 'imagewire/say.vim'

# Why a link cannot be inserted into the current buffer, or ''.
export def Refusal(): string
  if &modifiable && !&readonly
    return ''
  endif
  return printf("this buffer cannot be changed ('%s' is %s), so no link could be inserted. Nothing was sent.",
    &modifiable ? 'readonly' : 'modifiable', &modifiable ? 'on' : 'off')
enddef

const mark = 'imagewire'
const beside = 'imagewire_words'
# Text typed at the place itself comes behind the link.
prop_type_add(mark, {start_incl: true})
highlight default link ImagewireWords Comment
prop_type_add(beside, {highlight: 'ImagewireWords'})

var last_id = 0
# The places by their id.
var places: dict<dict<any>> = {}

def Mark(buffer: number, line: number, column: number): number
  last_id += 1
  prop_add(line, column, {bufnr: buffer, type: mark, id: last_id, length: 0})
  return last_id
enddef

def Unmark(buffer: number, id: number)
  if id != 0 && bufloaded(buffer)
    prop_remove({bufnr: buffer, type: mark, id: id, both: true, all: true})
  endif
enddef

def Place(line: number, column: number, shape: string, start = 0): dict<any>
  var place = {buffer: bufnr(), id: Mark(bufnr(), line, column), start: start, shape: shape, words: 0,
    seen: {lnum: line, col: column, count: line('$')}}
  places[place.id] = place
  return place
enddef

# Behind the word of the cursor, or the character under it, as `p` puts; in Insert mode where the cursor is, unless that is in
# a word. With the setting, a paragraph below.
export def AtCursor(): dict<any>
  var text = getline('.')
  var column = col('.') - 1
  var isInsert = mode() =~ '^[iR]'
  if text[column :] =~ '^\k' && (!isInsert || strpart(text, 0, column) =~ '\k$')
    column += len(matchstr(text, '^\k\+', column))
  elseif !isInsert
    column += len(matchstr(text, '.', column))
  endif
  return Place(line('.'), column + 1, get(g:, 'imagewire_own_paragraph', false) ? 'paragraph' : 'inline')
enddef

# On a new line below a line.
export def BelowLine(line: number): dict<any>
  return Place(line, len(getline(line)) + 1, 'below')
enddef

# Behind a link, as `find` returns it; with the setting, in its place.
export def AtLink(link: dict<any>): dict<any>
  var start = Mark(bufnr(), link.lnum, link.col)
  return Place(link.end_lnum, link.end_col, get(g:, 'imagewire_replace', false) ? 'instead' : 'after', start)
enddef

# {lnum, col} of a property, or empty if its line was deleted or the buffer closed.
def Find(buffer: number, id: number): dict<any>
  if id == 0 || !bufloaded(buffer)
    return {}
  endif
  return prop_find({bufnr: buffer, type: mark, id: id, both: true, lnum: 1, col: 1}, 'f')
enddef

# Where a place is by now: {lnum, col}, or empty.
export def Position(place: dict<any>): dict<any>
  if !bufloaded(place.buffer)
    return {}
  endif
  var count = getbufinfo(place.buffer)[0].linecount
  var found = Find(place.buffer, place.id)
  if empty(found) && place.seen.count == count && has_key(places, place.id)
    # Undo and reading the file again bring back a line without its properties. If there are as many lines as before, it is
    # the same line.
    var column = min([place.seen.col, len(Line(place.buffer, place.seen.lnum)) + 1])
    prop_add(place.seen.lnum, column, {bufnr: place.buffer, type: mark, id: place.id, length: 0})
    found = Find(place.buffer, place.id)
  endif
  place.seen = empty(found) ? {lnum: 0, col: 0, count: -1} : {lnum: found.lnum, col: found.col, count: count}
  return found
enddef

# After a change of the text: remembers where the places of a buffer are.
export def Follow(buffer: number)
  for place in values(places)
    if place.buffer == buffer
      Position(place)
    endif
  endfor
enddef

augroup imagewire_place
  autocmd!
  autocmd TextChanged,TextChangedI,TextChangedP,BufReadPost * call imagewire#place#Follow(str2nr(expand('<abuf>')))
augroup END

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
      {bufnr: place.buffer, type: beside, text: say.Clean(words), text_align: 'after', text_padding_left: 2})
  endif
enddef

export def Forget(place: dict<any>)
  Hide(place)
  Unmark(place.buffer, place.id)
  Unmark(place.buffer, place.start)
  if has_key(places, place.id)
    remove(places, place.id)
  endif
enddef

# Whether a key is pending that a change of the text would disturb: a selection, an operator, a completion.
export def IsBusy(): bool
  var now = mode(true)
  return now =~ "^\\(no\\|[vVsS\<C-V>\<C-S>]\\)" || now =~ '^[iR]' && state('maS') != ''
enddef

def Line(buffer: number, number: number): string
  return get(getbufline(buffer, number), 0, '')
enddef

# The text round a place, as it is by now: {position, start ({lnum, col} of the link before, or empty), isAlone (whether the
# link gets lines of its own)}; empty where the place is gone.
def Surroundings(place: dict<any>): dict<any>
  var position = Position(place)
  if empty(position)
    return {}
  endif
  var start = Find(place.buffer, place.start)
  var text = Line(place.buffer, position.lnum)
  # Without the link before, only what is there counts.
  var first = empty(start) ? {lnum: position.lnum, col: position.col} : start
  var isAlone = place.shape == 'below' || place.shape == 'paragraph'
    || strpart(Line(place.buffer, first.lnum), 0, first.col - 1) =~ '^\s*$' && strpart(text, position.col - 1) =~ '^\s*$'
  return {position: position, start: start, isAlone: isAlone}
enddef

# Whether the link of a place will be alone on its lines.
export def IsAlone(place: dict<any>): bool
  return get(Surroundings(place), 'isAlone', false)
enddef

# A change before and one behind it are undone by themselves.
def BreakUndo(buffer: number)
  setbufvar(buffer, '&undolevels', getbufvar(buffer, '&undolevels'))
enddef

# Inserts links, and forgets the place. `needsLines` says that they must stand on lines of their own. Returns whether there
# still was a place.
export def Insert(place: dict<any>, links: list<string>, needsLines: bool): bool
  var round = Surroundings(place)
  if empty(round) || !getbufvar(place.buffer, '&modifiable') || getbufvar(place.buffer, '&readonly')
    Forget(place)
    return false
  endif
  Hide(place)
  BreakUndo(place.buffer)
  var at = round.position
  if place.shape == 'instead' && !empty(round.start)
    # The link before, with the lines of its block.
    InsteadOf(place, round.start, at, links)
  elseif place.shape == 'inline' && round.isAlone
    # An empty line becomes the link.
    OnBlankLine(place, at.lnum, links, needsLines)
  elseif round.isAlone || needsLines
    var last = place.shape == 'paragraph' || !round.isAlone ? EndOfParagraph(place.buffer, at.lnum) : at.lnum
    Below(place, last, links, needsLines || place.shape == 'paragraph' || !round.isAlone)
  else
    Splice(place, at, at, split(join(links, "\n"), "\n"))
  endif
  Forget(place)
  BreakUndo(place.buffer)
  if mode() =~ '^[iR]' && place.buffer == bufnr()
    # What is typed from now on is another change.
    feedkeys("\<C-G>u", 'in')
  endif
  return true
enddef

def EndOfParagraph(buffer: number, number: number): number
  var last = number
  while Line(buffer, last) !~ '^\s*$' && Line(buffer, last + 1) !~ '^\s*$'
    last += 1
  endwhile
  return last
enddef

# Links as lines with an indent; those that need lines of their own with an empty line between two.
def Lines(links: list<string>, indent: string, needsLines: bool): list<string>
  var lines: list<string> = []
  for link in links
    if needsLines && !empty(lines)
      lines->add('')
    endif
    lines->extend(mapnew(split(link, "\n"), (_, line) => indent .. line))
  endfor
  return lines
enddef

# Inserts links below a line. As paragraphs of their own they have empty lines round them.
def Below(place: dict<any>, number: number, links: list<string>, isParagraph: bool)
  var [buffer, text] = [place.buffer, Line(place.buffer, number)]
  var indent = place.shape == 'below' ? '' : matchstr(text, '^\s*')
  var lines = Lines(links, indent, isParagraph)
  var count = len(lines)
  if isParagraph
    lines = (text =~ '^\s*$' ? [] : ['']) + lines + (Line(buffer, number + 1) =~ '^\s*$' ? [] : [''])
  endif
  appendbufline(buffer, number, lines)
  # What later commands insert here goes below this.
  var last = number + count + (lines[0] == '' ? 1 : 0)
  for property in prop_list(number, {bufnr: buffer, types: [mark]})
    var other = get(places, property.id, {})
    if property.id > place.id && !empty(other) && property.col == len(text) + 1 && other.shape == place.shape
      Unmark(buffer, other.id)
      prop_add(last, len(Line(buffer, last)) + 1, {bufnr: buffer, type: mark, id: other.id, length: 0})
    endif
  endfor
enddef

def OnBlankLine(place: dict<any>, number: number, links: list<string>, needsLines: bool)
  var text = Line(place.buffer, number)
  var lines = Lines(links, '', needsLines)
  if needsLines
    lines = (number == 1 || Line(place.buffer, number - 1) =~ '^\s*$' ? [] : ['']) + lines
      + (Line(place.buffer, number + 1) =~ '^\s*$' ? [] : [''])
  endif
  lines[0] = (lines[0] == '' ? '' : text) .. lines[0]
  Splice(place, {lnum: number, col: 1}, {lnum: number, col: len(text) + 1}, lines)
enddef

def InsteadOf(place: dict<any>, start: dict<any>, end: dict<any>, links: list<string>)
  # Of several commands on one link the first one replaces it, and the others follow.
  for other in values(places)
    var first = other.id == place.id ? {} : Find(other.buffer, other.start)
    if other.buffer == place.buffer && !empty(first) && first.lnum == start.lnum && first.col == start.col
      Unmark(other.buffer, other.start)
      other.start = 0
      other.shape = 'after'
    endif
  endfor
  Splice(place, start, end, split(join(links, "\n"), "\n"))
enddef

# Replaces the text between two points by lines, and keeps the other places and the cursors where they belong.
def Splice(place: dict<any>, start: dict<any>, end: dict<any>, lines: list<string>)
  var buffer = place.buffer
  var before = strpart(Line(buffer, start.lnum), 0, start.col - 1)
  var new = copy(lines)
  new[0] = before .. new[0]
  # Where text behind the end will be.
  var down = start.lnum + len(new) - 1 - end.lnum
  var shift = len(new[-1]) + 1 - end.col
  new[-1] ..= strpart(Line(buffer, end.lnum), end.col - 1)

  var others: list<dict<any>> = []
  for number in range(start.lnum, end.lnum)
    for property in prop_list(number, {bufnr: buffer, types: [mark]})
      others->add({id: property.id, lnum: number, col: property.col})
      Unmark(buffer, property.id)
    endfor
  endfor
  setbufline(buffer, start.lnum, new[0])
  if end.lnum > start.lnum
    deletebufline(buffer, start.lnum + 1, end.lnum)
  endif
  appendbufline(buffer, start.lnum, new[1 :])

  for other in others
    var isBefore = other.lnum == start.lnum && other.col < start.col
    # Of several at one point, the later command's link comes behind; so does all that was in between.
    var isAt = other.lnum == start.lnum && other.col == start.col
    var isBehind = other.lnum == end.lnum && other.col > end.col
    var at = isBefore || isAt && other.id < place.id ? [other.lnum, other.col]
      : isBehind ? [other.lnum + down, other.col + shift] : [end.lnum + down, end.col + shift]
    prop_add(at[0], at[1], {bufnr: buffer, type: mark, id: other.id, length: 0})
  endfor
  for window in win_findbuf(buffer)
    var cursor = getcurpos(window)
    if cursor[1] == end.lnum && cursor[2] > end.col - (mode() =~ '^[iR]' ? 1 : 0)
      win_execute(window, printf('call cursor(%d, %d)', cursor[1] + down, cursor[2] + shift))
    endif
  endfor
enddef
