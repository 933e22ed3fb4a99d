vim9script
# Images in progress in this editor, from the command to the link.

import autoload 'imagewire/folder.vim'
import autoload 'imagewire/link.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/process.vim'
import autoload 'imagewire/progress.vim'
import autoload 'imagewire/say.vim'

# In the order of their commands: {prompt, place, status, eta (milliseconds; -1 where it is not known), id, call (the submit), is_cancelled}.
var in_progress: list<dict<any>> = []
var tokens = 0

const terminal = ['completed', 'failed', 'cancelled', 'unknown']

def Show(work: dict<any>, words: string)
  work.status = words
  place.Show(work.place, say.Short(work.prompt, 30) .. ': ' .. words)
  redrawstatus!
enddef

def Finish(work: dict<any>)
  filter(in_progress, (_, other) => other isnot work)
  place.Forget(work.place)
  redrawstatus!
enddef

# What to write for the files of a completed prediction in a buffer; empty where a link would not be safe.
export def Links(prediction: dict<any>, prompt: string, buffer: number): list<string>
  var links = mapnew(prediction.files,
    (_, file) => link.To(
      folder.PathFrom(buffer, file.path), prompt, getbufvar(buffer, '&filetype'), get(file, 'kind', 'image')))
  return index(links, '') < 0 ? links : []
enddef

# Says that no link to a file would be safe.
export def Refuse(path: string)
  say.Error('no link was inserted, because its path would not be safe in this kind of text. The file is ' .. path)
enddef

# Reports how a prediction without an image ended, and what it may cost.
export def Explain(prediction: dict<any>, prompt: string)
  var failure = type(prediction.failure) == v:t_dict ? prediction.failure : {}
  var reason = prediction.error != '' ? prediction.error : get(failure, 'message', prediction.status)
  var hint = get(failure, 'hint', '')
  var text = printf('%s: %s: %s', say.Short(prompt, 30), prediction.status, reason)
  if type(hint) == v:t_string && hint != '' && stridx(reason, hint) < 0
    text ..= ' ' .. hint
  endif
  if prediction.status == 'cancelled'
    say.Message(text)
  else
    say.Error(text)
  endif
enddef

def Complete(work: dict<any>, prediction: dict<any>)
  if prediction.status != 'completed' || empty(prediction.files)
    Finish(work)
    Explain(prediction, work.prompt)
    return
  endif
  var path = prediction.files[0].path
  var links = [path]
  var landed = false
  try
    if bufexists(work.place.buffer)
      links = Links(prediction, work.prompt, work.place.buffer)
    endif
    landed = !empty(links) && place.Insert(work.place, links)
  catch
    # A buffer that refuses the change must not hide the image, which was paid for.
    say.Error(v:exception)
  endtry
  Finish(work)
  if empty(links)
    Refuse(path)
  elseif landed
    say.Message(printf('%s: %s', say.Short(work.prompt, 30), fnamemodify(path, ':~:.')))
  else
    setreg('"', join(links, "\n"))
    say.Warning('the line was deleted or the buffer was closed; the link is in the unnamed register: ' .. path)
  endif
enddef

def GiveUp(work: dict<any>, error: dict<any>)
  Finish(work)
  say.Error(error.message)
enddef

# Waits until the prediction is finished, without a limit, 50 s at a time.
def Wait(work: dict<any>)
  tokens += 1
  var token = 'vim-' .. tokens
  process.Listen(token, (report) => {
    if !work.is_cancelled
      work.eta = progress.Eta(report)
      Show(work, progress.Words(report))
    endif
  })
  var params = {id: work.id, timeout_ms: 50000, workDoneToken: token}
  process.Request('result', params, (error, prediction) => {
    process.Forget(token)
    if !empty(error)
      GiveUp(work, error)
    elseif index(terminal, prediction.status) >= 0
      Complete(work, prediction)
    else
      Wait(work)
    endif
  })
enddef

def CancelOne(work: dict<any>)
  # Chosen from a menu; it may be finished by now.
  if empty(filter(copy(in_progress), (_, other) => other is work))
    return
  endif
  if work.id == '' && process.Withdraw(work.call)
    Finish(work)
    say.Message(say.Short(work.prompt, 30) .. ': cancelled. Nothing was sent.')
    return
  endif
  work.is_cancelled = true
  work.eta = -1
  Show(work, 'cancelling')
  # Without an id the reply to `submit` is still to come, and cancels.
  if work.id != ''
    process.Request('cancel', {id: work.id}, (error, _) => {
      if !empty(error)
        say.Error(error.message)
      endif
    })
  endif
enddef

# The params of `submit` for a buffer.
def Params(prompt: string, buffer: number): dict<any>
  var input = extend(copy(get(g:, 'imagewire_input', {})), {prompt: prompt})
  var params: dict<any> = {input: input, tags: ['vim']}
  var directory = folder.Of(buffer)
  if directory != ''
    params.output_dir = directory
    var name = link.NameFor(prompt)
    if name != ''
      params.output_name = name
    endif
  endif
  return params
enddef

# Submits a prompt; the link goes to the place.
export def Start(prompt: string, where: dict<any>)
  var directory = folder.Of(where.buffer)
  if directory != ''
    var path = printf('%s/%s.png', directory, link.NameFor(prompt) ?? 'image')
    if !link.IsPossible(folder.PathFrom(where.buffer, path), getbufvar(where.buffer, '&filetype'))
      place.Forget(where)
      say.Error('a link into the folder of g:imagewire_folder would not be safe in this kind of text. Nothing was sent.')
      return
    endif
  endif
  var work: dict<any> = {prompt: prompt, place: where, status: '', eta: -1, id: '', call: {}, is_cancelled: false}
  in_progress->add(work)
  try
    Show(work, 'created')
    say.Message(say.Short(prompt, 50))
    work.call = process.Request('submit', Params(prompt, where.buffer), (error, prediction) => {
      if !empty(error)
        GiveUp(work, error)
        return
      endif
      work.id = prediction.id
      if work.is_cancelled
        CancelOne(work)
      endif
      Wait(work)
    })
  catch
    # A setting of the wrong kind.
    GiveUp(work, {message: v:exception .. '. Nothing was sent.'})
  endtry
enddef

export def Cancel(all: bool)
  if empty(in_progress)
    say.Message('no image is in progress.')
  elseif all || len(in_progress) == 1
    for work in copy(in_progress)
      CancelOne(work)
    endfor
  else
    var shown = copy(in_progress)
    popup_menu(mapnew(shown, (_, work) => printf('%s (%s)', say.Short(work.prompt, 60), work.status)), {
      title: ' Cancel which image? ',
      callback: (_, chosen) => {
        if chosen > 0
          CancelOne(shown[chosen - 1])
        endif
      },
    })
  endif
enddef

# Before the editor ends, and with it the input of the process: waits for cancellations. Other predictions go on, and
# `:ImagewireList` shows them.
export def Leave()
  var start = reltime()
  while !empty(filter(copy(in_progress), (_, work) => work.is_cancelled)) && reltimefloat(reltime(start)) < 2
    sleep 10m
  endwhile
enddef

augroup imagewire
  autocmd!
  # Not after a deadly signal: Vim handles no events then.
  autocmd VimLeavePre * if v:dying == 0 | call imagewire#work#Leave() | endif
augroup END

export def Statusline(): string
  return progress.Line(in_progress)
enddef
