vim9script
# The list of predictions: a buffer with a line for each, newest first, and keys to do something with them.

import autoload 'imagewire/ask.vim'
import autoload 'imagewire/change.vim'
import autoload 'imagewire/earlier.vim'
import autoload 'imagewire/link.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/process.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/see.vim'
import autoload 'imagewire/work.vim'

const count = 50
const help = '<CR> open  i insert  y copy  c change  x cancel  d delete  r refresh  q close'

# What a list shows: {text, origin (a window id), predictions}. It goes with its buffer; then it is empty.
def View(buffer: number): dict<any>
  return getbufvar(buffer, 'imagewire_view', {})
enddef

# What a prediction costs, in a few characters.
def Cost(prediction: dict<any>): string
  var cost: any = prediction.cost
  return type(cost) != v:t_dict ? '?' : cost.amount == 0 ? 'free' : say.Dollars(cost.amount)
enddef

def Fill(buffer: number, predictions: list<any>, more: bool)
  var view = View(buffer)
  if empty(view)
    return
  endif
  view.predictions = predictions
  # The prompt stands early, so that it is seen in a narrow window.
  var lines = [help] + mapnew(predictions, (_, prediction) => printf('%-10S %6S %-6S %-7S  %s  (%s)', prediction.status,
    earlier.Age(prediction.created_at), Cost(prediction), link.Kinds(prediction.files),
    say.Short(earlier.PromptOf(prediction), 200), prediction.provider))
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
  # The image of the line of the cursor, once there are lines.
  var window = bufwinid(buffer)
  if window > 0
    if line('.', window) == 1 && !empty(predictions)
      win_execute(window, 'call cursor(2, 1)')
    endif
    setbufvar(buffer, 'imagewire_seen', [])
    win_execute(window, 'call imagewire#list#SeeChosen()')
  endif
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
  return line('.') == 1 ? {} : get(View(bufnr())->get('predictions', []), line('.') - 2, {})
enddef

# Calls an action with the prediction under the cursor as it is by now; `result` fetches a lost download again.
def WithChosen(Action: func)
  var chosen = Chosen()
  if empty(chosen)
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
      work.Explain(whole, earlier.PromptOf(whole))
    endif
  })
enddef

export def OpenChosen()
  WithChosen((prediction) => Show(prediction.files[0]))
enddef

# Calls an action with the prediction under the cursor and the place of the cursor in the window where the list was opened.
def WithPlace(Action: func)
  var origin = View(bufnr()).origin
  WithChosen((prediction) => {
    var list = win_getid()
    if winbufnr(origin) < 0
      say.Warning('the window from which the list was opened was closed.')
      return
    endif
    var refusal = ''
    var where: dict<any>
    noautocmd win_gotoid(origin)
    try
      refusal = place.Refusal()
      if refusal == ''
        where = place.AtCursor()
      endif
    finally
      noautocmd win_gotoid(list)
    endtry
    if refusal != ''
      say.Error(refusal)
    else
      Action(prediction, where)
    endif
  })
enddef

export def InsertChosen()
  WithPlace((prediction, where) => earlier.Insert(prediction, where))
enddef

# The prompt, for `p`.
export def CopyChosen()
  var chosen = Chosen()
  if !empty(chosen)
    process.Request('status', {id: chosen.id, full: true}, (error, whole) => {
      if empty(error)
        setreg('"', earlier.PromptOf(whole))
        say.Message('the prompt is in the unnamed register: ' .. say.Short(earlier.PromptOf(whole), 40))
      else
        say.Error(error.message)
      endif
    })
  endif
enddef

# Sends the image with new words; the link goes where the list was opened.
export def ChangeChosen()
  WithPlace((prediction, where) => {
    var path = prediction.files[0].path
    var refusal = change.FileRefusal(path)
    var words = refusal == '' ? input(printf('Change %s how? ', say.Short(fnamemodify(path, ':t'), &columns / 2))) : ''
    redraw
    if refusal != '' || trim(words) == ''
      place.Forget(where)
    endif
    if refusal != ''
      say.Error(refusal)
    elseif trim(words) != ''
      change.Change(words, path, where)
    endif
  })
enddef

export def CancelChosen()
  var chosen = Chosen()
  var buffer = bufnr()
  if !empty(chosen)
    process.Request('cancel', {id: chosen.id}, (error, prediction) => {
      if !empty(error)
        say.Error(error.message)
      else
        work.Explain(prediction, earlier.PromptOf(chosen))
      endif
      Refresh(buffer)
    })
  endif
enddef

# Deletes the record of a prediction, after a question; its files stay.
export def DeleteChosen()
  var chosen = Chosen()
  var buffer = bufnr()
  if empty(chosen)
    return
  endif
  ask.YesOrNo(printf('Delete "%s" from the list? Its files stay.', say.Short(earlier.PromptOf(chosen), 40)), (isYes) => {
    if isYes
      process.Request('delete', {ids: [chosen.id]}, (error, _) => {
        if !empty(error)
          say.Error(error.message)
        endif
        Refresh(buffer)
      })
    endif
  })
enddef

# Shows a small image of the prediction under the cursor, where the terminal can.
export def SeeChosen()
  see.InList(bufnr(), line('.'), get(Chosen(), 'files', []))
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
  nnoremap <buffer> <nowait> y <ScriptCmd>CopyChosen()<CR>
  nnoremap <buffer> <nowait> c <ScriptCmd>ChangeChosen()<CR>
  nnoremap <buffer> <nowait> x <ScriptCmd>CancelChosen()<CR>
  nnoremap <buffer> <nowait> d <ScriptCmd>DeleteChosen()<CR>
  nnoremap <buffer> <nowait> r <ScriptCmd>RefreshHere()<CR>
  nnoremap <buffer> <nowait> q <Cmd>close<CR>
  autocmd CursorMoved <buffer> call imagewire#list#SeeChosen()
  Refresh(buffer)
enddef
