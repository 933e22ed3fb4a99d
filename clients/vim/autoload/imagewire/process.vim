vim9script
# The process of this editor: started by the first call, and again by the first call after it ended. When the editor ends, its
# input ends; it answers the calls it has read and exits.
#
# Channels of mode 'lsp' speak JSON-RPC 2.0 with Content-Length headers. Nothing here waits: `ch_evalexpr()` would hold
# up the editor, and give up after two seconds.

import autoload 'imagewire/json.vim'
import autoload 'imagewire/say.vim'

# The oldest version this plugin can speak to.
export const oldest = '0.1.0'
# How long a process may take to answer `initialize`, in milliseconds.
export var patience = 10000

# The process as it is now, or empty: command, job, pending (request id to function), unsent (functions of calls made
# while it was ending), queue (calls that wait until the version is known), is_ready, server (its `serverInfo`), log
# (last line of stderr).
var current: dict<any> = {}
# workDoneToken to function(report), which gets the `value` of a report.
var listeners: dict<func> = {}

def Setting(name: string, default: any): any
  return get(g:, 'imagewire_' .. name, default)
enddef

# Where programs are that shells find and an editor started by a desktop may not.
const usual_places = ['~/.local/bin', '/usr/local/bin', '/opt/homebrew/bin']

# The program where no setting names it: the variable IMAGEWIRE, else the one on the path, else one at a usual place.
def Found(): string
  if !empty($IMAGEWIRE)
    return $IMAGEWIRE
  endif
  if !executable('imagewire')
    for folder in usual_places
      var path = expand(folder) .. '/imagewire'
      if executable(path)
        return path
      endif
    endfor
  endif
  return 'imagewire'
enddef

# The command line, as a list.
export def CommandLine(): list<string>
  var program = Setting('program', 'imagewire')
  if type(program) == v:t_string && program == 'imagewire'
    program = Found()
  endif
  return type(program) == v:t_list ? program : [program]
enddef

# The configuration for `initialize`, with functions replaced by the values that they return.
def Configuration(): dict<any>
  return mapnew(Setting('configuration', {}), (_, Value) => type(Value) == v:t_func ? Value() : Value)
enddef

def Number(version: string): number
  var parts = matchlist(version, '\v^(\d+)\.(\d+)\.(\d+)')
  return empty(parts) ? -1 : str2nr(parts[1]) * 1000000 + str2nr(parts[2]) * 1000 + str2nr(parts[3])
enddef

# Calls back. An error in the callback is reported and ends nothing else.
def Call(Callback: func, arguments: list<any>)
  try
    call(Callback, arguments)
  catch
    say.Error(v:exception)
  endtry
enddef

# Ends a process: all calls to it fail now, with this message.
def Fail(process: dict<any>, message: string)
  if current is process
    current = {}
  endif
  var failed = values(process.pending) + process.unsent + mapnew(process.queue, (_, call) => call.Callback)
  process.pending = {}
  process.unsent = []
  process.queue = []
  for Callback in failed
    Call(Callback, [{message: message, type: 'process_ended'}, {}])
  endfor
enddef

def Answered(process: dict<any>, id: string, message: dict<any>)
  if !has_key(process.pending, id)
    return
  endif
  var Callback = remove(process.pending, id)
  if has_key(message, 'error')
    var data = get(message.error, 'data', {})
    var hint = get(data, 'hint', '')
    var text = message.error.message .. (hint == '' ? '' : ' ' .. hint)
    Call(Callback, [{message: text, type: get(data, 'type', ''), code: message.error.code}, {}])
  else
    Call(Callback, [{}, message.result])
  endif
enddef

# Takes messages that are not the reply to a call known by its id.
def Heard(process: dict<any>, message: any)
  if type(message) != v:t_dict
    return
  endif
  if get(message, 'method', '') == '$/progress'
    var params = message.params
    if params.value.kind == 'report' && has_key(listeners, params.token)
      Call(listeners[params.token], [params.value])
    endif
  elseif has_key(message, 'error') && type(get(message, 'id', v:null)) == v:t_none
    # The program could not read its id, and only one call is in flight.
    if len(process.pending) == 1
      Answered(process, keys(process.pending)[0], message)
    else
      # Which call it was is not known, and an accepted submit must not be reported as failed: it may cost money.
      say.Warning('a call could not be read, and the error does not say which: ' .. message.error.message)
    endif
  endif
enddef

def Send(process: dict<any>, method: string, params: dict<any>, Callback: func)
  try
    var sent = ch_sendexpr(job_getchannel(process.job), {method: method, params: params},
      {callback: (_, message) => Answered(process, string(message.id), message)})
    process.pending[string(sent.id)] = Callback
  catch
    # It is ending; its exit callback answers.
    process.unsent->add(Callback)
  endtry
enddef

# Checks the program's name and version, then sends the waiting calls.
def Introduce(process: dict<any>, configuration: dict<any>)
  var version = printf('%d.%d.%d', v:version / 100, v:version % 100, v:versionlong % 10000)
  var params = {clientInfo: {name: 'vim', version: version}, configuration: configuration}
  Send(process, 'initialize', params, (error, result) => {
    if get(error, 'type', '') == 'process_ended'
      return
    endif
    if get(error, 'type', '') == 'invalid_params'
      job_stop(process.job)
      Fail(process, error.message)
      return
    endif
    var server = empty(error) ? get(result, 'serverInfo', {}) : {}
    var found = get(server, 'version', 'something else')
    if get(server, 'name', '') != 'imagewire' || Number(found) < Number(oldest)
      job_stop(process.job)
      Fail(process, printf('%s is too old: this plugin needs imagewire %s or newer, and this is %s. Nothing was sent.',
        process.command[0], oldest, found))
      return
    endif
    process.is_ready = true
    process.server = result
    var queue = process.queue
    process.queue = []
    for call in queue
      Send(process, call.method, call.params, call.Callback)
    endfor
  })
  timer_start(patience, (_) => {
    if !process.is_ready && current is process
      job_stop(process.job)
      Fail(process, printf('%s did not answer within %d s. Is it imagewire? Nothing was sent.',
        process.command[0], patience / 1000))
    endif
  })
enddef

# Reads the rest of standard error. With a limit: a child of the process may keep it open.
def ReadLastMessage(process: dict<any>)
  var channel = job_getchannel(process.job)
  while index(['open', 'buffered'], ch_status(channel, {part: 'err'})) >= 0
    var line = ch_read(channel, {part: 'err', timeout: 100})
    if line == ''
      return
    endif
    process.log = line
  endwhile
enddef

def Ended(process: dict<any>, code: number)
  ReadLastMessage(process)
  var how = code >= 0 ? 'code ' .. code : job_info(process.job).termsig
  var left = process.is_ready ? 'Accepted predictions are kept and are not paid for twice: :ImagewireList shows them'
    : 'Nothing was sent'
  Fail(process, printf('the process ended (%s).%s %s, and the next command starts the process again.',
    how, process.log == '' ? '' : ' Its last message: ' .. process.log, left))
enddef

# Starts the program. Returns an error message, or an empty string.
def Start(): string
  var command = CommandLine()
  if !executable(command[0])
    var tried = command[0] == 'imagewire' ? ' on the path or in ' .. join(usual_places, ', ') : ''
    return printf('the program "%s" was not found%s. Install imagewire, or say where it is: '
      .. "let g:imagewire_program = '/path/to/imagewire'", command[0], tried)
  endif
  var configuration: dict<any>
  try
    configuration = Configuration()
  catch
    # Vim's own errors quote the value that caused them, which may be a key.
    var reason = v:exception =~ '^Vim' ? substitute(v:exception, '[''"].*', '…', '') : v:exception
    return printf('a function in g:imagewire_configuration failed: %s. Nothing was sent.', reason)
  endtry
  var fault = json.Fault('g:imagewire_configuration', configuration)
  if fault != ''
    return fault
  endif
  var process: dict<any> = {command: command, pending: {}, unsent: [], queue: [], is_ready: false, server: {}, log: ''}
  process.job = job_start(command, {
    in_mode: 'lsp',
    out_mode: 'lsp',
    err_mode: 'nl',
    noblock: 1,
    # Not stopped by a signal with the editor: the end of its input lets it finish a request that may cost money.
    stoponexit: '',
    out_cb: (_, message) => Heard(process, message),
    err_cb: (_, line) => {
      process.log = line
    },
    # Later, since `job_status()` below calls this where the program has ended at once.
    exit_cb: (_, code) => timer_start(0, (_) => Ended(process, code)),
  })
  if job_status(process.job) == 'fail'
    return printf('the program "%s" could not be started.', command[0])
  endif
  current = process
  Introduce(process, configuration)
  return ''
enddef

# Calls a method. The function gets an error ({message, type, code}; empty where there is none) and the result, always
# later. Returns what `Withdraw` takes.
export def Request(method: string, params: dict<any>, Callback: func): dict<any>
  var call = {method: method, params: params, Callback: Callback}
  # Checked before the call is registered: a message that cannot be sent gets no reply.
  var refusal = json.Fault(method, params)
  if refusal == '' && empty(current)
    refusal = Start()
  endif
  if refusal != ''
    timer_start(0, (_) => Call(Callback, [{message: refusal, type: 'not_sent'}, {}]))
  elseif current.is_ready
    Send(current, method, params, Callback)
  else
    current.queue->add(call)
  endif
  return call
enddef

# Takes back a call that still waits to be sent; its function is not called. Returns whether it could be.
export def Withdraw(call: dict<any>): bool
  var waiting = len(get(current, 'queue', []))
  return waiting > 0 && len(filter(current.queue, (_, other) => other isnot call)) < waiting
enddef

# Hears `$/progress` of a token until `Forget`.
export def Listen(token: string, Listener: func)
  listeners[token] = Listener
enddef

export def Forget(token: string)
  if has_key(listeners, token)
    remove(listeners, token)
  endif
enddef

# Ends the input of the process, which answers the calls it has read and exits. The next call starts another.
export def Stop()
  if !empty(current)
    var process = current
    current = {}
    # A process that has just ended has no open channel, and `Ended` comes later.
    if ch_status(process.job) == 'open'
      ch_close_in(process.job)
    endif
    # Calls that were sent are still answered; the others fail now.
    var queue = remove(process, 'queue')
    process.queue = []
    var error = {message: 'the process was stopped. Nothing was sent.', type: 'not_sent'}
    for call in queue
      Call(call.Callback, [error, {}])
    endfor
  endif
enddef

# The process id, or 0.
export def Pid(): number
  return empty(current) ? 0 : job_info(current.job).process
enddef

# The provider and the model of the process, once it is ready: {provider, model}.
export def Offer(): dict<any>
  return get(current, 'server', {})->get('capabilities', {})->get('experimental', {})->get('imagewire', {})
enddef

# Whether the process has answered `initialize`.
export def IsReady(): bool
  return !empty(current) && current.is_ready
enddef
