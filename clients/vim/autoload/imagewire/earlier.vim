vim9script
# Inserts images that were made before: from the list, or from the history of an image.

import autoload 'imagewire/folder.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/see.vim'
import autoload 'imagewire/work.vim'

# The time since 2026-11-23T12:34:56.789Z, in the largest unit that fits.
export def Age(time: string): string
  # Both are read as local times, so their difference is right.
  var now = strptime('%Y-%m-%dT%H:%M:%S', strftime('%Y-%m-%dT%H:%M:%S', localtime() - Offset()))
  var seconds = max([0, now - strptime('%Y-%m-%dT%H:%M:%S', time)])
  for [size, unit] in [[86400, 'd'], [3600, 'h'], [60, 'min']]
    if seconds >= size
      return printf('%d %s', seconds / size, unit)
    endif
  endfor
  return printf('%d s', seconds)
enddef

# Local time minus UTC, in seconds.
def Offset(): number
  var zone = strftime('%z')
  var seconds = str2nr(zone[1 : 2]) * 3600 + str2nr(zone[3 : 4]) * 60
  return zone[0] == '-' ? -seconds : seconds
enddef

export def PromptOf(prediction: dict<any>): string
  return has_key(prediction, 'input') ? get(prediction.input, 'prompt', '') : '(a long prompt)'
enddef

# Inserts the links to the files of a prediction at a place; images from elsewhere are copied into the folder of the document first.
export def Insert(prediction: dict<any>, where: dict<any>)
  var refusal = getbufvar(where.buffer, '&modifiable') && !getbufvar(where.buffer, '&readonly') ? ''
    : "that buffer cannot be changed ('modifiable' is off, or 'readonly' is on)."
  if refusal == ''
    try
      var files = mapnew(prediction.files, (_, file) => extend({path: folder.Adopt(where.buffer, file.path)}, file, 'keep'))
      var filetype = getbufvar(where.buffer, '&filetype')
      var needs_lines = work.NeedLines(prediction, filetype)
      var links = work.Links({files: files}, PromptOf(prediction), folder.Document(where.buffer), filetype, folder.Of(where.buffer),
        needs_lines || place.IsAlone(where))
      if empty(links)
        work.Refuse(files[0].path)
      elseif place.Insert(where, links, needs_lines)
        say.Message('inserted ' .. fnamemodify(files[0].path, ':~:.'))
        see.Refresh(where.buffer)
      endif
    catch
      refusal = printf('the image could not be inserted: %s. It is %s', v:exception, prediction.files[0].path)
    endtry
  endif
  place.Forget(where)
  if refusal != ''
    say.Error(refusal)
  endif
enddef
