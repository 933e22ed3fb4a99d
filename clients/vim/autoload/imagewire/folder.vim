vim9script
# Where the images of a document go, and the path by which its links lead to them.

# The folder of a buffer's file, or '' where it has none on this machine.
def FolderOf(buffer: number): string
  var name = bufname(buffer)
  if name == '' || getbufvar(buffer, '&buftype') != '' || name =~ '^\a[[:alnum:]+.-]*://'
    return ''
  endif
  var folder = fnamemodify(name, ':p:h')
  return isdirectory(folder) ? folder : ''
enddef

# The setting with the home directory in place of `~` or `~user`. A name that no user has is the name of a folder.
def Setting(): string
  var setting = get(g:, 'imagewire_folder', 'images')
  # Of the setting only this is expanded: `expand()` would also run text in backticks.
  var home = matchstr(setting, '^\~[[:alnum:]._-]*\ze\(/\|$\)')
  return home == '' ? setting : expand(home, true) .. strpart(setting, len(home))
enddef

# Where a buffer's images go, without a slash at the end; '' for imagewire's own folder.
export def Of(buffer: number): string
  var document = FolderOf(buffer)
  var path = Setting()
  if document == '' || path == ''
    return ''
  endif
  return substitute(simplify(path =~ '^/' ? path : document .. '/' .. path), '.\zs/\+$', '', '')
enddef

# The path of an image as a buffer's link has it: relative where the setting is and the file is in that folder.
export def PathFrom(buffer: number, file: string): string
  var path = Setting()
  if path =~ '^/' || fnamemodify(file, ':h') != Of(buffer)
    return file
  endif
  return simplify(path .. '/' .. fnamemodify(file, ':t'))
enddef
