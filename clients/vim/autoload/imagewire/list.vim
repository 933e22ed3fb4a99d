vim9script
# The list of predictions: a buffer with a line for each, newest first, and keys to do something with them.

import autoload 'imagewire/link.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/process.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/work.vim'

const count = 50
const help = '<CR> open   i insert its link   x cancel   r refresh   q close'

# What a list shows: {text, origin (a window id), predictions}. It goes with its buffer; then it is empty.
def View(buffer: number): dict<any>
  return getbufvar(buffer, 'imagewire_view', {})
enddef

# The time since 2026-11-23T12:34:56.789Z, in the largest unit that fits.
def Age(time: string): string
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

def PromptOf(prediction: dict<any>): string
  return has_key(prediction, 'input') ? get(prediction.input, 'prompt', '') : '(a long prompt)'
enddef

def Fill(buffer: number, predictions: list<any>, more: bool)
  var view = View(buffer)
  if empty(view)
    return
  endif
  view.predictions = predictions
  var lines = [help] + mapnew(predictions, (_, prediction) => printf('%-10S  %6S  %-8S  %-9S  %s', prediction.status,
    Age(prediction.created_at), link.Kinds(prediction.files), prediction.provider, say.Short(PromptOf(prediction), 200)))
  if empty(predictions)
    lines->add(view.text != '' ? 'No image has these words.' : 'No images yet: try :Imagewire a red fox.')
  elseif more
    lines->add('These are the newest; :ImagewireList WORDS finds older ones.')
  endif
  setbufvar(buffer, '&modifiable', true)
  setbufline(buffer, 1, lines)
  deletebufline(buffer, len(lines) + 1, '$')
  setbufvar(buffer, '&modifiable', false)
  setbufvar(buffer, '&modified', false)
enddef

# Asks for the page, then for each of its predictions: a page comes without the prompts, and asking is cheap.
def Refresh(buffer: number)
  var view = View(buffer)
  if empty(view)
    return
  endif
  var params: dict<any> = {limit: count}
  if view.text != ''
    params.text = view.text
  endif
  process.Request('list', params, (error, page) => {
    if !empty(error)
      say.Error(error.message)
      return
    endif
    var shown: list<any> = copy(page.predictions)
    var left = len(shown)
    var more = type(page.next_cursor) == v:t_string
    if left == 0
      Fill(buffer, [], false)
    endif
    for i in range(len(shown))
      const index = i
      process.Request('status', {id: shown[index].id}, (err, whole) => {
        if empty(err)
          shown[index] = whole
        endif
        left -= 1
        if left == 0
          Fill(buffer, shown, more)
        endif
      })
    endfor
  })
enddef

def Show(file: dict<any>)
  var path = file.path
  if !link.MayOpen(file)
    say.Message(printf('not opened, because it is %s and may contain scripts or programs: %s', file.media_type, path))
    return
  endif
  var opener = has('mac') ? 'open' : 'xdg-open'
  if executable(opener)
    job_start([opener, path], {stoponexit: '', in_io: 'null', out_io: 'null', err_io: 'null'})
  else
    say.Message(path)
  endif
enddef

# The prediction under the cursor as it was when listed, or empty.
def Chosen(): dict<any>
  return get(View(bufnr()).predictions, line('.') - 2, {})
enddef

# Calls an action with the prediction under the cursor as it is by now; `result` fetches a lost download again.
def WithChosen(Action: func)
  var chosen = Chosen()
  if line('.') == 1 || empty(chosen)
    return
  endif
  process.Request('result', {id: chosen.id, timeout_ms: 0}, (error, whole) => {
    if !empty(error)
      say.Error(error.message)
    elseif !empty(whole.files)
      Action(whole)
    elseif whole.status == 'created' || whole.status == 'processing'
      say.Message('this one is not finished: ' .. whole.status)
    else
      work.Explain(whole, PromptOf(whole))
    endif
  })
enddef

export def OpenChosen()
  WithChosen((prediction) => Show(prediction.files[0]))
enddef

export def InsertChosen()
  var origin = View(bufnr()).origin
  WithChosen((prediction) => {
    if winbufnr(origin) < 0
      say.Warning('the window from which the list was opened was closed.')
      return
    endif
    var list = win_getid()
    try
      noautocmd win_gotoid(origin)
      if &modifiable
        var path = prediction.files[0].path
        var links = work.Links(prediction, PromptOf(prediction), bufnr())
        if empty(links)
          work.Refuse(path)
        else
          place.Insert(place.AtCursor(), links)
          say.Message('inserted ' .. fnamemodify(path, ':~:.'))
        endif
      else
        say.Error("that buffer cannot be changed ('modifiable' is off).")
      endif
    finally
      noautocmd win_gotoid(list)
    endtry
  })
enddef

export def CancelChosen()
  var chosen = Chosen()
  var buffer = bufnr()
  if line('.') > 1 && !empty(chosen)
    process.Request('cancel', {id: chosen.id}, (error, _) => {
      if !empty(error)
        say.Error(error.message)
      endif
      Refresh(buffer)
    })
  endif
enddef

export def RefreshHere()
  Refresh(bufnr())
enddef

# Opens the list, with the predictions whose prompt has the text, or all.
export def Open(text: string)
  var origin = win_getid()
  botright new
  setlocal buftype=nofile bufhidden=wipe noswapfile nobuflisted nowrap
  var buffer = bufnr()
  execute 'silent file imagewire://list/' .. buffer
  b:imagewire_view = {text: text, origin: origin, predictions: []}
  setline(1, help)
  setlocal filetype=imagewire nomodifiable
  nnoremap <buffer> <nowait> <CR> <ScriptCmd>OpenChosen()<CR>
  nnoremap <buffer> <nowait> i <ScriptCmd>InsertChosen()<CR>
  nnoremap <buffer> <nowait> x <ScriptCmd>CancelChosen()<CR>
  nnoremap <buffer> <nowait> r <ScriptCmd>RefreshHere()<CR>
  nnoremap <buffer> <nowait> q <Cmd>close<CR>
  Refresh(buffer)
enddef
