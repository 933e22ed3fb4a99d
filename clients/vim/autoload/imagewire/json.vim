vim9script
# Checks values before they are sent as JSON. Vim would write NaN as it is, replace bytes that are not text, and leave out
# functions; and the program cannot name the call when it refuses a message that it could not read.

# The longest message that the program reads, in bytes, and the part of it that is reserved for the envelope.
const maximum = 64 * 1024 * 1024
const envelope = 256
# Far below the program's limit and far above any real input; a value that contains itself is deeper than any limit.
const deepest = 100

def IsText(text: string): bool
  # A text that is too long is refused for its length; one of another 'encoding' is converted when it is sent.
  if &encoding != 'utf-8' || len(text) > maximum || text !~ '[^\x01-\x7f]'
    return true
  endif
  var characters = str2list(text, true)
  for character in characters
    if character > 0x10ffff || character >= 0xd800 && character <= 0xdfff
      return false
    endif
  endfor
  return list2str(characters, true) ==# text
enddef

# The fault of a value, or ''. The text does not quote the value: it may be a key.
def FaultOf(value: any): string
  var kind = type(value)
  if kind == v:t_string
    return IsText(value) ? '' : 'contains bytes that are not text'
  elseif kind == v:t_float
    return isnan(value) || isinf(value) != 0 ? 'is not a finite number' : ''
  elseif kind == v:t_dict
    for name in keys(value)
      if !IsText(name)
        return 'contains a name with bytes that are not text'
      endif
    endfor
  elseif index([v:t_list, v:t_number, v:t_bool, v:t_none, v:t_blob], kind) < 0
    return 'is a ' .. typename(value)
  endif
  return ''
enddef

# Why a call cannot be sent, or ''.
export def Fault(method: string, params: dict<any>): string
  # [path, value, depth]; a list instead of recursion, which 'maxfuncdepth' ends.
  var left: list<list<any>> = [['', params, 0]]
  while !empty(left)
    var [path, value, depth] = remove(left, -1)
    var fault = depth > deepest ? 'is nested too deeply' : FaultOf(value)
    if fault != ''
      return printf('%s cannot be sent: "%s" %s. Nothing was sent.', method, strcharpart(path, 0, 100), fault)
    endif
    if type(value) == v:t_dict
      for [name, member] in items(value)
        left->add([path == '' ? name : path .. '.' .. name, member, depth + 1])
      endfor
    elseif type(value) == v:t_list
      for index in range(len(value))
        left->add([printf('%s[%d]', path, index), value[index], depth + 1])
      endfor
    endif
  endwhile
  var size = len(json_encode(params)) + envelope
  return size <= maximum ? '' : printf('%s cannot be sent: it would be a message of %d bytes, and imagewire reads none '
    .. 'over %d. Nothing was sent.', method, size, maximum)
enddef
