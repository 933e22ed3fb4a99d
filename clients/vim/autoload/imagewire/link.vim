vim9script
# Links to a file, as each kind of text writes them, and names for it.

import autoload 'imagewire/escapes.vim'
import autoload 'imagewire/say.vim'

# By filetype. Every other one is source code, where the link is the path in quotes.
const filetypes = {
  org: 'org', norg: 'norg', rst: 'restructuredtext', asciidoc: 'asciidoc', asciidoctor: 'asciidoc', adoc: 'asciidoc',
  tex: 'latex', plaintex: 'latex', latex: 'latex',
  typst: 'typst', typ: 'typst',
  html: 'html', xhtml: 'html', htmldjango: 'html', php: 'html', vue: 'html', svelte: 'html', astro: 'html',
  markdown: 'markdown', mkd: 'markdown', ghmarkdown: 'markdown', pandoc: 'markdown', rmd: 'markdown', rmarkdown: 'markdown',
  quarto: 'markdown', mdx: 'markdown', vimwiki: 'markdown', telekasten: 'markdown', djot: 'markdown',
  mail: 'markdown', gitcommit: 'markdown', text: 'markdown', '': 'markdown',
}

def FormatOf(filetype: string): string
  return get(filetypes, get(split(filetype, '\.'), 0, ''), 'code')
enddef

def Rules(format: string): dict<any>
  return copy(escapes.formats[format])
enddef

def IsImage(kind: string): bool
  return index(['image', 'vector'], kind) >= 0
enddef

def IsIn(ranges: list<list<number>>, number: number): bool
  for [first, last] in ranges
    if number >= first && number <= last
      return true
    endif
  endfor
  return false
enddef

# A path as a format writes it; '' where it cannot be written safely.
def Written(path: string, rules: dict<any>): string
  var numbers = str2list(path, true)
  # Bytes that are not UTF-8 do not come back.
  if empty(numbers) || len(numbers) > 2000 || list2str(numbers, true) !=# path
    return ''
  endif
  var map = get(rules, 'map', {})
  var keep = get(rules, 'keep', '')
  var written = ''
  for number in numbers
    var character = nr2char(number, true)
    if IsIn(escapes.unsafe, number)
      return ''
    elseif has_key(map, character)
      written ..= map[character]
    elseif number > 0x7F || character =~# '^[[:alnum:]]$' || stridx(keep, character) >= 0 || rules.other == 'keep'
      written ..= character
    elseif rules.other == 'percent'
      written ..= printf('%%%02X', number)
    else
      return ''
    endif
  endfor
  return substitute(written, '^/\+', '/', '')
enddef

# A prompt as a description: on one line, without invisible characters, of at most 100 characters. As a list of them.
def DescriptionOf(prompt: string): list<string>
  var text = str2list(prompt, true)
    ->mapnew((_, number) => IsIn(escapes.space, number) ? 0x20 : number)
    ->filter((_, number) => !IsIn(escapes.unsafe, number))
    ->list2str(true)
  var characters = str2list(trim(substitute(text, ' \+', ' ', 'g'), ' '), true)
    ->mapnew((_, number) => nr2char(number, true))
  return len(characters) <= 100 ? characters : characters[: 98] + ['…']
enddef

# Whether the user has a format for a filetype.
def HasOwn(filetype: string): bool
  var own: any = get(g:, 'imagewire_formats', {})
  return type(own) == v:t_dict && has_key(own, filetype)
enddef

# Whether a link to a path can be written in a filetype.
export def IsPossible(path: string, filetype: string): bool
  return Written(path, HasOwn(filetype) ? {other: 'keep'} : Rules(FormatOf(filetype)).path) != ''
enddef

# Whether the link to a file of a kind must stand on lines of its own.
export def NeedsLines(filetype: string, kind = 'image'): bool
  var format = FormatOf(filetype)
  return !HasOwn(filetype) && IsImage(kind) && (index(['restructuredtext', 'asciidoc', 'norg'], format) >= 0
    || format == 'latex' && get(g:, 'imagewire_figure', false) && kind == 'image')
enddef

# What the prompt is in a link: a function of the user may return another text.
def Alternative(prompt: string): string
  var Alt: any = get(g:, 'Imagewire_alt', v:null)
  if type(Alt) != v:t_func
    return prompt
  endif
  var reason = 'it returned no text'
  try
    var text: any = Alt(prompt)
    if type(text) == v:t_string
      return text
    endif
  catch
    reason = v:exception
  endtry
  say.Error(printf('the function g:Imagewire_alt failed: %s. The link has the prompt.', reason))
  return prompt
enddef

# A description in a caption of Org: export would run a macro or a piece of code in it, and nothing escapes them.
def OrgCaption(description: list<string>): string
  var safe = mapnew(description, (_, character) =>
    character =~# '^[[:alnum:] .,;:!?''()-]$' || char2nr(character) > 0x7F ? character : ' ')
  return trim(substitute(join(safe, ''), ' \+', ' ', 'g'))
enddef

# The link with its caption, on lines of its own.
def Captioned(link: string, format: string, description: list<string>): string
  if format == 'org'
    var caption = OrgCaption(description)
    return caption == '' ? link : '#+CAPTION: ' .. caption .. "\n" .. link
  elseif format == 'latex' && get(g:, 'imagewire_figure', false)
    var caption = mapnew(description, (_, character) => get(escapes.caption, character, character))->join('')
    return join(['\begin{figure}', '  \centering', '  ' .. link]
      + (caption == '' ? [] : ['  \caption{' .. caption .. '}']) + ['\end{figure}'], "\n")
  endif
  return link
enddef

# The link to a file of a kind, for a filetype, alone on its lines or not; '' where none can be written safely. A format of
# the user's writes the images only; one that fails costs its form, never the link.
export def To(path: string, prompt: string, filetype: string, kind = 'image', isAlone = false): string
  var isOwn = HasOwn(filetype) && IsImage(kind)
  var name = FormatOf(filetype)
  var format = Rules(name)
  var isShown = index(format.shown, kind) >= 0
  if !isShown
    extend(format, format.file)
  endif
  if Written(path, isOwn ? {other: 'keep'} : format.path) == ''
    return ''
  endif
  var description = DescriptionOf(Alternative(prompt))
  if isOwn
    var reason = 'it returned no text'
    try
      var text: any = call(g:imagewire_formats[filetype], [path, join(description, '')])
      if type(text) == v:t_string
        return text
      endif
    catch
      reason = v:exception
    endtry
    say.Error(printf('the function for "%s" in g:imagewire_formats failed: %s', filetype, reason))
  endif
  if !isShown && empty(description)
    description = DescriptionOf(substitute(path, '^.*/', '', ''))
  endif
  var map = get(format, 'description', {})
  var values = {
    PATH: Written(path, format.path),
    DESCRIPTION: mapnew(description, (_, character) => get(map, character, character))->join(''),
  }
  # Where the function of the user failed, this format may refuse the path.
  if values.PATH == ''
    return ''
  endif
  var text = substitute(format.link, '\CPATH\|DESCRIPTION', (match) => values[match[0]], 'g')
  return isAlone && isShown ? Captioned(text, name, description) : text
enddef

# A word for the files of a prediction in a list: `image`, `4×image`, `3 files`; '' where there are none.
export def Kinds(files: list<any>): string
  var kinds = mapnew(files, (_, file) => get(file, 'kind', 'image'))
  if len(uniq(sort(copy(kinds)))) > 1
    return len(kinds) .. ' files'
  endif
  return len(kinds) > 1 ? len(kinds) .. '×' .. kinds[0] : get(kinds, 0, '')
enddef

# Media types of texts and models that a viewer only shows. Pages, drawings in SVG and archives may contain more.
const viewed = [
  'text/plain', 'text/markdown', 'text/csv', 'text/vtt', 'text/srt', 'model/gltf-binary', 'model/gltf+json', 'model/obj',
  'model/stl', 'model/ply']

# Whether the system's viewer may open a file: nothing that it might run.
export def MayOpen(file: dict<any>): bool
  return index(['image', 'video', 'audio', 'json'], get(file, 'kind', 'image')) >= 0 || index(viewed, file.media_type) >= 0
enddef

# A file name made of the first words of a prompt, or '' where it has none of ASCII.
export def NameFor(prompt: string): string
  var name = trim(substitute(tolower(strpart(prompt, 0, 400)), '[^a-z0-9]\+', '-', 'g'), '-')
  if len(name) > 40
    name = trim(substitute(strpart(name, 0, 40), '-[^-]*$', '', ''), '-')
  endif
  return name
enddef
