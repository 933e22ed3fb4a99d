vim9script
# Where the images of a document go, and the path by which its links lead to them.

# The path of a buffer's file, or '' where it has none on this machine.
export def Document(buffer: number): string
  var name = bufname(buffer)
  if name == '' || getbufvar(buffer, '&buftype') != '' || name =~ '^\a[[:alnum:]+.-]*://'
    return ''
  endif
  return fnamemodify(name, ':p')
enddef

def FolderOf(document: string): string
  var folder = document == '' ? '' : fnamemodify(document, ':h')
  return isdirectory(folder) ? folder : ''
enddef

# A path with the home directory in place of `~` or `~user`. A name that no user has is the name of a folder.
export def Home(path: string): string
  # Only this is expanded: `expand()` would also run text in backticks.
  var home = matchstr(path, '^\~[[:alnum:]._-]*\ze\(/\|$\)')
  return home == '' ? path : expand(home, true) .. strpart(path, len(home))
enddef

# The setting for a document: a path, or what a function returns for the document's path. Vim demands a capital for the name of
# a variable that has a function.
def Setting(document: string): string
  var path: any = exists('g:Imagewire_folder') ? call(g:Imagewire_folder, [document]) : get(g:, 'imagewire_folder', 'images')
  if type(path) != v:t_string
    throw 'it is not a path'
  endif
  return Home(path)
enddef

# Where a buffer's images go, without a slash at the end; '' for imagewire's own folder. Throws what a function throws.
export def Of(buffer: number): string
  var document = Document(buffer)
  var folder = FolderOf(document)
  if folder == ''
    return ''
  endif
  var path = Setting(document)
  if path == ''
    return ''
  endif
  return substitute(simplify(path =~ '^/' ? path : folder .. '/' .. path), '.\zs/\+$', '', '')
enddef

# Whether files can be made in a folder, which need not exist yet.
export def IsWritable(folder: string): bool
  var nearest = folder
  while nearest != '/' && getftype(nearest) == ''
    nearest = fnamemodify(nearest, ':h')
  endwhile
  return filewritable(nearest) == 2
enddef

# The top folder of the project that a folder belongs to, or ''.
def Project(folder: string): string
  var found = ''
  for name in ['.git', '.hg', '.jj', '.svn']
    # A link of a worktree or submodule is a file.
    for path in [finddir(name, fnameescape(folder) .. ';'), findfile(name, fnameescape(folder) .. ';')]
      var top = path == '' ? '' : fnamemodify(path, ':p:s?/$??:h')
      found = len(top) > len(found) ? top : found
    endfor
  endfor
  return found
enddef

def IsBelow(path: string, folder: string): bool
  return stridx(path, folder == '/' ? '/' : folder .. '/') == 0
enddef

# The path that leads from a folder to a file.
def Relative(file: string, folder: string): string
  if IsBelow(file, folder)
    return strpart(file, len(folder) + 1)
  endif
  # `..` leads to the real parent, so no part may be a symbolic link.
  var there = split(resolve(fnamemodify(file, ':h')), '/') + [fnamemodify(file, ':t')]
  var here = split(resolve(folder), '/')
  while !empty(here) && len(there) > 1 && here[0] ==# there[0]
    remove(here, 0)
    remove(there, 0)
  endwhile
  return repeat('../', len(here)) .. join(there, '/')
enddef

# The path of an image as a document's link has it: relative where the image is in `ours`, the folder of the document's
# images, or below the document's project.
export def PathFrom(document: string, file: string, ours: string): string
  if document == ''
    return file
  endif
  var folder = fnamemodify(document, ':h')
  if ours != '' && fnamemodify(file, ':h') ==# ours
    return Relative(file, folder)
  endif
  var project = Project(folder)
  return project != '' && IsBelow(resolve(file), resolve(project)) ? Relative(file, folder) : file
enddef

# The path of an image for a buffer into which it is inserted later: itself where it is in the buffer's folder or project,
# otherwise that of a copy in the folder. No file is replaced; a copy that is there already is used. Throws where that fails.
export def Adopt(buffer: number, file: string): string
  var ours = Of(buffer)
  if ours == '' || PathFrom(Document(buffer), file, ours) !~ '^/'
    return file
  endif
  mkdir(ours, 'p')
  var content = readblob(file)
  var [name, ending] = [fnamemodify(file, ':t:r'), fnamemodify(file, ':e')]
  var number = 1
  while true
    var path = printf('%s/%s%s%s', ours, name, number == 1 ? '' : '_' .. number, ending == '' ? '' : '.' .. ending)
    if getftype(path) == ''
      if writefile(content, path, 's') != 0
        throw 'the image could not be copied to ' .. path
      endif
      return path
    elseif getfsize(path) == len(content) && readblob(path) == content
      return path
    endif
    number += 1
  endwhile
  return ''
enddef
