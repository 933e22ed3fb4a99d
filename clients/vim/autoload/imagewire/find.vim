vim9script
# Finds the links to images in a buffer, in every format that `link` writes.

import autoload 'imagewire/folder.vim'

# [pattern whose first group is the path, how the path is written]. A link to another file is found too, so that it can be
# refused with a reason.
const patterns = [
  ['!\?\[\%(\\.\|[^]\\]\)*\](\s*\(<[^>]*>\|\%([^ ()]\|([^ ()]*)\)*\)\%(\s\+["''(][^)]*\)\?)', 'percent'],
  ['\[\[\%(file:\)\?\(\%(\\.\|[^]\\]\)*\)\]\%(\[[^]]*\]\)\?\]', 'backslash'],
  ['\\includegraphics\*\?\%(\[[^]]*\]\)\?{\([^}]*\)}', 'plain'],
  ['<img\>[^>]\{-}\<src=["'']\([^"'']*\)["''][^>]*>', 'percent'],
  ['^\s*\zs\.\. \%(image\|figure\)::\s*\(\S.\{-}\)\ze\s*$', 'percent'],
  ['\<image::\?\([^[ ]\+\)\[[^]]*\]', 'percent'],
  ['#\?\<image("\(\%(\\.\|[^"\\]\)*\)"\%("\%(\\.\|[^"\\]\)*"\|[^")]\)*)', 'backslash'],
  ['^\s*\zs\.image\s\+\(\S.\{-}\)\ze\s*$', 'backslash'],
]
# Only where no other is in the line: source code, and formats of the user's own. The second group is the path.
const quoted = ['\(["'']\)\([^"'']\+\.\a[[:alnum:]]\{2,4}\)\1', 'plain']

const magic = ['^89504E47', '^FFD8FF', '^47494638', '^52494646........57454250', '^424D', '^49492A00', '^4D4D002A']

# Whether a file is an image that a provider takes, by its first bytes.
export def IsImage(path: string): bool
  try
    var hexadecimal = readblob(path, 0, 12)->blob2list()->mapnew((_, byte) => printf('%02X', byte))->join('')
    return indexof(magic, (_, pattern) => hexadecimal =~ pattern) >= 0
  catch
    return false
  endtry
enddef

# A path as it was written by `link`.
def Plain(written: string, how: string): string
  var text = substitute(written, '^<\(.*\)>$', '\1', '')
  if how == 'percent'
    # Bytes of one character are decoded together. What is evaluated are hexadecimal digits.
    text = substitute(text, '\%(%\%(00\)\@!\x\x\)\+', (match) =>
      eval('"' .. substitute(match[0], '%', '\\x', 'g') .. '"'), 'g')
    return substitute(text, '^file://', '', '')
  endif
  return how == 'backslash' ? substitute(text, '\\\(.\)', '\1', 'g') : text
enddef

# Whether a line may have a link; most lines of a document have none of these. Faster than one pattern for all.
def MayHave(line: string): bool
  return stridx(line, '](') >= 0 || stridx(line, '[[') >= 0 || stridx(line, 'image') >= 0 || stridx(line, '<img') >= 0
    || stridx(line, 'figure::') >= 0 || stridx(line, '\includegraphics') >= 0
    || line =~ '\%#=1\.\a[[:alnum:]]\{2,4}["'']'
enddef

# The links of a line: {start, end (byte columns, from 0; the end is behind), written, how}.
def InLine(line: string): list<dict<any>>
  var found: list<dict<any>> = []
  if !MayHave(line)
    return found
  endif
  for [pattern, how] in patterns
    Collect(line, pattern, how, 1, found)
  endfor
  if empty(found)
    Collect(line, quoted[0], quoted[1], 2, found)
  endif
  return found
enddef

def Collect(line: string, pattern: string, how: string, group: number, found: list<dict<any>>)
  var from = 0
  while true
    var [text, start, end] = matchstrpos(line, pattern, from)
    if start < 0
      return
    endif
    var written = matchlist(line, pattern, from)[group]
    from = max([end, from + 1])
    # A description may look like a link itself.
    if written != '' && indexof(found, (_, other) => start < other.end && end > other.start) < 0
      found->add({start: start, end: end, written: written, how: how})
    endif
  endwhile
enddef

# Where the path of a link leads from a document: {path (absolute), isRemote}.
def Target(buffer: number, link: dict<any>): dict<any>
  var path = Plain(link.written, link.how)
  if path =~ '^\a[[:alnum:]+.-]\+:'
    return {path: path, isRemote: true}
  endif
  var document = folder.Document(buffer)
  var base = document == '' ? getcwd() : fnamemodify(document, ':h')
  var absolute = ''
  for candidate in [link.written, path]
    absolute = folder.Home(candidate)
    absolute = simplify(absolute =~ '^/' ? absolute : base .. '/' .. absolute)
    if filereadable(absolute)
      break
    endif
  endfor
  return {path: absolute, isRemote: false}
enddef

# The lines of a link together with its caption or its options: [first, last].
def Block(buffer: number, number: number): list<number>
  var Line = (i: number): string => get(getbufline(buffer, i), 0, '')
  var [first, last] = [number, number]
  if Line(number) =~ '^\s*\.\. \%(image\|figure\)::'
    while Line(last + 1) =~ '^\s\+:[[:alnum:]-]\+:'
      last += 1
    endwhile
  elseif Line(number) =~ '^\s*\\includegraphics[^}]*}\s*$'
    var [above, below] = [number, number]
    while above > 1 && number - above < 10 && Line(above) !~ '^\s*\\begin{figure\*\?}\|^\s*$'
      above -= 1
    endwhile
    while below - number < 10 && Line(below) !~ '^\s*\\end{figure\*\?}\|^\s*$'
      below += 1
    endwhile
    if Line(above) =~ '^\s*\\begin{figure' && Line(below) =~ '^\s*\\end{figure'
      [first, last] = [above, below]
    endif
  elseif Line(number) =~ '^\s*\[\['
    while first > 1 && Line(first - 1) =~? '^\s*#+\%(caption\|name\|attr_\w\+\):'
      first -= 1
    endwhile
  endif
  return [first, last]
enddef

# The link at a column, or the one right behind the word at it, where a new link is after its command.
def AtColumn(links: list<dict<any>>, column: number, text: string): dict<any>
  var at = filter(copy(links), (_, link) => column >= link.start && column < link.end)
  var behind = filter(copy(links), (_, link) => column < link.start && strpart(text, column, link.start - column) !~ '\s')
  return get(at + behind, 0, {})
enddef

# The link to an image under the cursor or right behind its word, or the only one in its line: {lnum, col, end_lnum, end_col
# (behind it), path, isRemote}; empty where there is none.
export def Under(): dict<any>
  var buffer = bufnr()
  var cursor = line('.')
  # The line itself, or one near whose block has it.
  for near in [0, -1, -2, -3, 1, 2, 3]
    var number = cursor + near
    var links = number < 1 ? [] : InLine(get(getbufline(buffer, number), 0, ''))
    if empty(links)
      continue
    endif
    var [first, last] = Block(buffer, number)
    if cursor < first || cursor > last
      continue
    endif
    var link = near == 0 ? AtColumn(links, col('.') - 1, getline('.')) : {}
    if empty(link) && len(links) == 1
      link = links[0]
    endif
    if empty(link)
      return {}
    endif
    var target = Target(buffer, link)
    return first == last
      ? extend({lnum: number, col: link.start + 1, end_lnum: number, end_col: link.end + 1}, target)
      : extend({lnum: first, col: 1, end_lnum: last, end_col: len(getline(last)) + 1}, target)
  endfor
  return {}
enddef

# All links of a buffer to files of this machine: {lnum, col, path}.
export def All(buffer: number): list<dict<any>>
  var found: list<dict<any>> = []
  var number = 0
  for line in getbufline(buffer, 1, '$')
    number += 1
    for link in InLine(line)
      var target = Target(buffer, link)
      if !target.isRemote
        found->add({lnum: number, col: link.start + 1, path: target.path})
      endif
    endfor
  endfor
  return found
enddef
