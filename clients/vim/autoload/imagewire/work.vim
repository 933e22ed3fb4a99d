vim9script
# Images in progress in this editor, from the command to the link.

import autoload 'imagewire/ask.vim'
import autoload 'imagewire/folder.vim'
import autoload 'imagewire/link.vim'
import autoload 'imagewire/pick.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/process.vim'
import autoload 'imagewire/progress.vim'
import autoload 'imagewire/request.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/see.vim'

# In the order of their commands: {prompt, place, directory (where the files go; '' for imagewire's own), filetype, document,
# from (the prediction that it is made from, or ''), status, eta (milliseconds; -1 where it is not known), id, call (the
# submit; empty before it is sent), question (that waits for an answer), is_cancelled, is_again (whether the files were asked for
# once more)}.
var in_progress: list<dict<any>> = []
var tokens = 0
var told_of_end = false

const terminal = ['completed', 'failed', 'cancelled', 'unknown']

def Show(work: dict<any>, words: string)
  work.status = words
  place.Show(work.place, say.Short(work.prompt, 30) .. ': ' .. words)
  redrawstatus!
enddef

def Finish(work: dict<any>)
  filter(in_progress, (_, other) => other isnot work)
  ask.Withdraw(work.question)
  see.Preview(work.place, '')
  place.Forget(work.place)
  redrawstatus!
enddef

def IsUnderWay(work: dict<any>): bool
  return !empty(filter(copy(in_progress), (_, other) => other is work))
enddef

# The links to the files of a prediction, alone on their lines or not; empty where one would not be safe.
export def Links(prediction: dict<any>, prompt: string, document: string, filetype: string, ours: string,
    isAlone = false): list<string>
  var links = mapnew(prediction.files, (_, file) =>
    link.To(folder.PathFrom(document, file.path, ours), prompt, filetype, get(file, 'kind', 'image'), isAlone))
  return index(links, '') < 0 ? links : []
enddef

# Whether one of the files of a prediction needs a link on lines of its own.
export def NeedLines(prediction: dict<any>, filetype: string): bool
  return !empty(filter(copy(prediction.files), (_, file) => link.NeedsLines(filetype, get(file, 'kind', 'image'))))
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
    if prediction.billing == 'none' && text !~ 'Nothing was spent'
      text ..= ' Nothing was spent.'
    endif
    say.Message(text)
  else
    say.Error(text)
  endif
enddef

# Inserts the links of a completed prediction where its command was given, as soon as that disturbs no key.
def Land(work: dict<any>, prediction: dict<any>)
  if place.IsBusy()
    timer_start(50, (_) => Land(work, prediction))
    return
  endif
  var buffer = work.place.buffer
  var path = prediction.files[0].path
  var links: list<string> = [path]
  var landed = false
  try
    if bufexists(buffer)
      work.document = folder.Document(buffer)
      work.filetype = getbufvar(buffer, '&filetype')
    endif
    var needs_lines = NeedLines(prediction, work.filetype)
    links = Links(prediction, work.prompt, work.document, work.filetype, work.directory,
      needs_lines || place.IsAlone(work.place))
    landed = !empty(links) && place.Insert(work.place, links, needs_lines)
  catch
    # A buffer that refuses the change must not hide the image, which was paid for.
    say.Error(v:exception)
  endtry
  Finish(work)
  if empty(links)
    Refuse(path)
  elseif landed
    say.Message(printf('%s: %s', say.Short(work.prompt, 30), fnamemodify(path, ':~:.')))
    see.Refresh(buffer)
  else
    setreg('"', join(links, "\n"))
    say.Warning('its place was deleted, closed or locked; the link is in the unnamed register: ' .. fnamemodify(path, ':~:.'))
  endif
enddef

def Complete(work: dict<any>, prediction: dict<any>)
  if prediction.status == 'completed' && !empty(prediction.files)
    Land(work, prediction)
  elseif prediction.status == 'completed' && !work.is_again
    # Its files could not be saved, as where the folder was just deleted. Asking for the result tries once more.
    work.is_again = true
    Wait(work)
  else
    Finish(work)
    Explain(prediction, work.prompt)
  endif
enddef

def GiveUp(work: dict<any>, message: string, kind = '')
  Finish(work)
  # The end of the process ends all images in progress at once; one message says so.
  if kind == 'process_ended'
    if told_of_end
      return
    endif
    told_of_end = true
    timer_start(0, (_) => {
      told_of_end = false
    })
  endif
  say.Error(message)
enddef

# Shows the share that is done, and a partial image where there is one.
def Report(work: dict<any>, report: dict<any>)
  if work.is_cancelled
    return
  endif
  work.eta = progress.Eta(report)
  Show(work, progress.Words(report))
  if see.IsOn()
    process.Request('status', {id: work.id}, (error, prediction) => {
      if empty(error) && has_key(prediction, 'preview') && IsUnderWay(work)
        see.Preview(work.place, prediction.preview.path)
      endif
    })
  endif
enddef

# Waits until the prediction is finished, without a limit, 50 s at a time.
def Wait(work: dict<any>)
  tokens += 1
  var token = 'vim-' .. tokens
  process.Listen(token, (report) => Report(work, report))
  var params = {id: work.id, timeout_ms: 50000, workDoneToken: token}
  process.Request('result', params, (error, prediction) => {
    process.Forget(token)
    if !empty(error)
      GiveUp(work, error.message, error.type)
    elseif index(terminal, prediction.status) >= 0
      Complete(work, prediction)
    else
      Wait(work)
    endif
  })
enddef

def CancelOne(work: dict<any>)
  # Chosen from a list; it may be finished by now.
  if !IsUnderWay(work)
    return
  endif
  if work.id == '' && (empty(work.call) || process.Withdraw(work.call))
    Finish(work)
    say.Message(say.Short(work.prompt, 30) .. ': cancelled. Nothing was spent.')
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

# The steps before an image is sent. Each ends without a trace where the image was cancelled meanwhile, and with a message where
# it fails.

# Goes on with an image that is still in progress.
export def Continue(work: dict<any>, Step: func)
  if IsUnderWay(work)
    try
      Step()
    catch
      GiveUp(work, substitute(v:exception, '\.$', '', '') .. '. Nothing was sent.')
    endtry
  endif
enddef

# Calls a method that costs nothing, and goes on with its result.
export def Learn(work: dict<any>, method: string, params: dict<any>, Next: func)
  process.Request(method, params, (error, result) => Continue(work, () => {
    if empty(error)
      Next(result)
    elseif error.message =~ 'Nothing was sent' || error.type == 'process_ended'
      GiveUp(work, error.message, error.type)
    else
      throw error.message
    endif
  }))
enddef

# Asks, and goes on where the answer is yes.
export def Confirm(work: dict<any>, question: string, Next: func)
  Show(work, 'waits for an answer')
  work.question = ask.YesOrNo(question, (isYes) => Continue(work, () => {
    work.question = {}
    if isYes
      Next()
    else
      Finish(work)
      say.Message(say.Short(work.prompt, 30) .. ': not made. Nothing was spent.')
    endif
  }))
enddef

# Asks for the price above the limit of the setting, then sends.
def Price(work: dict<any>, params: dict<any>)
  var limit: any = get(g:, 'imagewire_ask_above', v:null)
  if index([v:t_number, v:t_float], type(limit)) < 0
    Submit(work, params)
    return
  endif
  # `submit` takes what `quote` does, and more.
  var asked = filter(copy(params), (name, _) => index(['input', 'model', 'provider'], name) >= 0)
  process.Request('quote', asked, (error, price) => Continue(work, () => {
    if !empty(error)
      Confirm(work, 'The price is not known. Make it?', () => Submit(work, params))
    elseif price.amount > limit
      var question = printf('%s %s. Make it?', price.exact ? 'It costs' : 'about', say.Dollars(price.amount))
      Confirm(work, question, () => Submit(work, params))
    else
      Submit(work, params)
    endif
  }))
enddef

def Submit(work: dict<any>, params: dict<any>)
  Show(work, 'created')
  # Later, so that nothing is sent where the editor ends with this command.
  timer_start(0, (_) => Continue(work, () => {
    var whole = request.Saved(params, work.prompt, work.directory, work.from)
    work.call = process.Request('submit', whole, (error, prediction) => {
      if !empty(error)
        GiveUp(work, error.message, error.type)
        return
      endif
      work.id = prediction.id
      if work.is_cancelled
        CancelOne(work)
      endif
      Wait(work)
    })
  }))
enddef

# Makes an image whose link goes to the place. Prepare gets the work and a function that takes the params of `submit`, which it
# calls when it has them.
export def Start(prompt: string, where: dict<any>, Prepare: func)
  var directory = ''
  var refusal = ''
  try
    directory = folder.Of(where.buffer)
    refusal = request.Refusal(prompt, where.buffer, directory)
  catch
    refusal = printf('the folder of the settings cannot be used: %s. Nothing was sent.', v:exception)
  endtry
  if refusal != ''
    place.Forget(where)
    say.Error(refusal)
    return
  endif
  var work: dict<any> = {prompt: prompt, place: where, directory: directory, filetype: getbufvar(where.buffer, '&filetype'),
    document: folder.Document(where.buffer), from: '', status: '', eta: -1, id: '', call: {}, question: {},
    is_cancelled: false, is_again: false}
  in_progress->add(work)
  Show(work, 'created')
  say.Message(say.Short(prompt, 50))
  Continue(work, () => Prepare(work, (params) => Price(work, params)))
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
    pick.One('Cancel which image?', mapnew(shown, (_, work) => printf('%s (%s)', say.Short(work.prompt, 60), work.status)),
      (index) => {
        if index >= 0
          CancelOne(shown[index])
        endif
      })
  endif
enddef

# Before the editor ends, and with it the input of the process: takes back what has no answer yet, and waits for cancellations.
# Accepted predictions go on, and `:ImagewireList` shows them.
export def Leave()
  for work in filter(copy(in_progress), (_, work) => work.id == '' && !work.is_cancelled)
    CancelOne(work)
  endfor
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
