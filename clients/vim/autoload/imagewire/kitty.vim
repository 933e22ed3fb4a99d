vim9script
# Images by the graphics protocol of kitty, with Unicode placeholders: the image is sent once under a number, and wherever the
# placeholder character stands in the colour of that number, the terminal shows a cell of it. So Vim moves, cuts and removes images
# with the text.

import autoload 'imagewire/terminal.vim'

const placeholder = nr2char(0x10EEEE, true)
# Marks above a placeholder say its row and its column, by their place in this list of the protocol.
const marks = [
  0x305, 0x30D, 0x30E, 0x310, 0x312, 0x33D, 0x33E, 0x33F, 0x346, 0x34A, 0x34B, 0x34C, 0x350, 0x351, 0x352, 0x357, 0x35B, 0x363,
  0x364, 0x365, 0x366, 0x367, 0x368, 0x369, 0x36A, 0x36B, 0x36C, 0x36D, 0x36E, 0x36F, 0x483, 0x484, 0x485, 0x486, 0x487, 0x592,
  0x593, 0x594, 0x595, 0x597, 0x598, 0x599, 0x59C, 0x59D, 0x59E, 0x59F, 0x5A0, 0x5A1, 0x5A8, 0x5A9, 0x5AB, 0x5AC, 0x5AF, 0x5C4,
  0x610, 0x611, 0x612, 0x613, 0x614, 0x615]->mapnew((_, number) => nr2char(number, true))
export const most_columns = len(marks)

# Numbers are colours of the palette behind those that a terminal may write in another way.
const numbers = range(17, 255)
# The images that the terminal has: path and time and size to {number, columns, rows}; in the order in which they were sent.
var sent: dict<dict<any>> = {}
var order: list<string> = []
# More than this is not sent over a network, byte by byte.
const most_bytes = 4 * 1024 * 1024

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

def Base64(bytes: blob): string
  if exists('*base64_encode')
    return call('base64_encode', [bytes])
  endif
  var pieces: list<string> = []
  var length = len(bytes)
  for i in range(0, length - 1, 3)
    var triple = bytes[i] * 65536 + (i + 1 < length ? bytes[i + 1] * 256 : 0) + (i + 2 < length ? bytes[i + 2] : 0)
    pieces->add(alphabet[triple / 262144] .. alphabet[triple / 4096 % 64]
      .. (i + 1 < length ? alphabet[triple / 64 % 64] : '=') .. (i + 2 < length ? alphabet[triple % 64] : '='))
  endfor
  return join(pieces, '')
enddef

# The width and the height of a PNG in pixels, or [] for another file.
export def Pixels(path: string): list<number>
  var head = readblob(path, 0, 24)
  if len(head) < 24 || head[0 : 7] != 0z89504E470D0A1A0A
    return []
  endif
  var Number = (from: number): number => head[from] * 16777216 + head[from + 1] * 65536 + head[from + 2] * 256 + head[from + 3]
  return [Number(16), Number(20)]
enddef

# Sends a file under a number, to be shown on so many cells.
def Send(path: string, number: number, columns: number, rows: number)
  var controls = printf('a=T,U=1,q=2,f=100,i=%d,c=%d,r=%d', number, columns, rows)
  # A terminal on this machine reads the file itself.
  var isFar = $SSH_CONNECTION != '' || $SSH_TTY != ''
  var data = Base64(isFar ? readblob(path) : Bytes(path))
  controls ..= isFar ? ',t=d' : ',t=f'
  var from = 0
  while from < len(data)
    var piece = strpart(data, from, 4096)
    from += 4096
    terminal.Write(printf("\<Esc>_G%s,m=%d;%s\<Esc>\\", controls, from < len(data) ? 1 : 0, piece))
    controls = 'q=2'
  endwhile
enddef

# The bytes of a text.
def Bytes(text: string): blob
  return list2blob(range(len(text))->mapnew((_, index) => char2nr(strpart(text, index, 1), false) % 256))
enddef

# What shows a file on at most so many cells: {number, lines}; empty where it cannot be shown.
export def Cells(path: string, widest: number, highest: number): dict<any>
  var pixels = Pixels(path)
  if empty(pixels) || pixels[0] == 0 || pixels[1] == 0 || getfsize(path) > most_bytes && ($SSH_CONNECTION != '' || $SSH_TTY != '')
    return {}
  endif
  # A cell is about twice as high as it is wide.
  var [columns, rows] = [max([1, 2 * highest * pixels[0] / pixels[1]]), highest]
  var limit = min([widest, most_columns])
  if columns > limit
    [columns, rows] = [limit, max([1, limit * pixels[1] / pixels[0] / 2])]
  endif
  var key = join([path, getftime(path), getfsize(path), columns, rows], '|')
  if !has_key(sent, key)
    var used = mapnew(values(sent), (_, one) => one.number)
    var free = filter(copy(numbers), (_, number) => index(used, number) < 0)
    var number = empty(free) ? remove(sent, remove(order, 0)).number : free[0]
    sent[key] = {number: number, columns: columns, rows: rows}
    order->add(key)
    Send(path, number, columns, rows)
  endif
  return {number: sent[key].number, lines: range(rows)->mapnew((_, row) =>
    range(columns)->mapnew((_, column) => placeholder .. marks[row] .. marks[column])->join(''))}
enddef

# Removes all images from the terminal.
export def Clear()
  if !empty(sent)
    terminal.Write("\<Esc>_Ga=d,d=A,q=2\<Esc>\\")
  endif
  sent = {}
  order = []
enddef
