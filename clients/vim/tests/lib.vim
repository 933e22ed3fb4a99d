vim9script
# Used by all tests of the plugin. Run writes the result of each test to the file $RESULTS.

import autoload 'imagewire/process.vim'

runtime plugin/imagewire.vim
set hidden nomore encoding=utf-8

export const here = getcwd()
var failed = 0
var said: list<string> = []

# Waits for a condition; with a generous limit.
export def WaitFor(what: string, Condition: func(): any)
  for _ in range(3000)
    if Condition()
      return
    endif
    sleep 10m
  endfor
  throw printf('timed out waiting for %s; status "%s", the messages: %s', what, imagewire#Statusline(), execute('messages'))
enddef

export def Messages(): string
  # Long messages are wrapped nowhere in what `:messages` gives, only on the screen.
  return execute('messages')
enddef

export def Message(part: string): string
  WaitFor('a message with "' .. part .. '"', () => stridx(Messages(), part) >= 0)
  return Messages()
enddef

export def Idle()
  WaitFor('no image in progress', () => imagewire#Statusline() == '')
enddef

# The predictions whose prompt has a text.
export def Listed(text: string): list<any>
  var found: list<any> = [v:null]
  process.Request('list', {text: text}, (_, page) => {
    found = page.predictions
  })
  WaitFor('the list', () => found != [v:null])
  return found
enddef

export def IsSent(text: string)
  WaitFor('its submit', () => !empty(Listed(text)))
enddef

export def Contains(text: string, part: string)
  assert_true(stridx(text, part) >= 0, printf('%s is not in %s', string(part), string(text)))
enddef

export def IsImage(path: string)
  assert_equal(0z89504E470D0A1A0A, readblob(path)[0 : 7])
enddef

# Edits a new file in a folder of its own, and returns the folder.
export def Edit(name: string, lines: list<string> = []): string
  var folder = tempname()
  mkdir(folder, 'p')
  execute 'edit' folder .. '/' .. name
  setline(1, lines)
  return folder
enddef

# The contents of a fixture that the tests of all clients share.
export def Fixture(name: string): dict<any>
  return json_decode(join(readfile(here .. '/../../Tests/Fixtures/' .. name), "\n"))
enddef

# A WaveSpeed on this machine, which becomes the provider: {job, port}. `script` says what it does; see
# Tests/Fixtures/wavespeed.py.
export def Provider(script: string): dict<any>
  var line = ''
  var server = job_start(['python3', here .. '/../../Tests/Fixtures/wavespeed.py', '--script', script], {out_cb: (_, text) => {
    line = text
  }})
  WaitFor('the provider', () => line != '')
  var port = json_decode(line).port
  $WAVESPEED_BASE_URL = 'http://127.0.0.1:' .. port
  g:imagewire_configuration = {wavespeed_api_key: 'wsk_SECRETsecret0123456789'}
  g:imagewire_input = {}
  return {job: server, port: port}
enddef

# The bodies of what a provider got at an endpoint.
export def Received(provider: dict<any>, endpoint: string): list<dict<any>>
  var read = 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())'
  var log = json_decode(system(printf("python3 -c '%s' http://127.0.0.1:%d/_/log", read, provider.port)))
  return filter(log.requests, (_, request) => request.endpoint == endpoint)
    ->mapnew((_, request) => request.body == '' ? {} : json_decode(request.body))
enddef

export def EndProvider(provider: dict<any>)
  process.Stop()
  unlet $WAVESPEED_BASE_URL
  ch_close_in(provider.job)
enddef

# The command line of another Vim with the plugin and these arguments.
export def Another(arguments: list<string>): list<string>
  return [v:progpath, '-N', '-u', 'NONE', '-i', 'NONE', '-n', '--cmd', 'set runtimepath^=' .. here .. ' hidden encoding=utf-8 noruler noshowcmd',
    '--cmd', 'runtime plugin/imagewire.vim'] + arguments
enddef

# Another Vim in a terminal of so many lines and columns, which has a real pseudo-terminal. Returns its buffer.
export def Terminal(lines: number, columns: number, environment: dict<string>, arguments: list<string>): number
  var buffer = term_start(Another(arguments), {term_rows: lines, term_cols: columns, hidden: true,
    env: extend({TERM: 'xterm-256color', COLORS: '256', TERM_PROGRAM: '', TMUX: '', STY: ''}, environment)})
  WaitFor('the first screen', () => trim(Row(buffer, lines)) != '')
  return buffer
enddef

export def Row(terminal: number, row: number): string
  return term_getline(terminal, row)
enddef

export def Type(terminal: number, keys: string)
  term_sendkeys(terminal, keys)
enddef

export def Close(terminal: number)
  term_sendkeys(terminal, "\<C-\>\<C-N>:qall!\<CR>")
  WaitFor('the end of the other Vim', () => term_getstatus(terminal) =~ 'finished')
  execute 'bwipeout!' terminal
enddef

# What another Vim writes to its terminal until it ends.
export def Output(environment: dict<string>, arguments: list<string>): string
  var pieces: list<string> = []
  var job = job_start(Another(arguments), {pty: true, in_io: 'pipe', out_mode: 'raw', out_cb: (_, text) => {
    pieces->add(text)
  }, env: extend({TERM: 'xterm-256color', COLORS: '256', TERM_PROGRAM: '', TMUX: '', STY: ''}, environment)})
  WaitFor('the end of the other Vim', () => job_status(job) == 'dead' && ch_status(job) == 'closed')
  return join(pieces, '')
enddef

# The bytes of a text in Base64.
export def Decoded(text: string): blob
  var path = tempname()
  system('base64 -d >' .. path, text)
  return readblob(path)
enddef

# Starts another editor; see second.vim.
export def Second(says: string, folder: string, delay: number, leaves: string): job
  return job_start([v:progpath, '-N', '-u', 'NONE', '-i', 'NONE', '-n', '-es', '--cmd', 'set runtimepath^=' .. here,
    '-S', here .. '/tests/second.vim'], {in_io: 'null', out_io: 'null', err_io: 'null', env: {
      SECOND_SAYS: says, SECOND_FOLDER: folder, SECOND_DELAY: string(delay), SECOND_LEAVES: leaves}})
enddef

def RunOne(name: string, Test: func)
  v:errors = []
  messages clear
  for setting in keys(g:)
    if setting =~? '^imagewire_'
      remove(g:, setting)
    endif
  endfor
  # Small images are drawn soon.
  g:imagewire_input = {size: '64x64'}
  g:imagewire_program = $IMAGEWIRE
  only!
  silent! :%bwipeout!
  try
    Test()
  catch
    v:errors->add(v:exception .. ' at ' .. v:throwpoint)
  endtry
  process.Stop()
  said->add((empty(v:errors) ? 'ok     ' : 'FAILED ') .. trim(substitute(name[5 :], '_', ' ', 'g') .. ' ' .. Sentences(name)))
  if !empty(v:errors)
    failed += 1
    said->extend(v:errors)
  endif
  writefile(said, $RESULTS)
enddef

# The sentences of clients/README.md that a test holds: [editor 3] behind its name in the script.
def Sentences(name: string): string
  var script = v:argv[index(v:argv, '-S') + 1]
  return readfile(script)->filter((_, line) => line =~# '^def ' .. name .. '()')->get(0, '')->matchstr('\[editor .*\]')
enddef

# Runs each function of a script whose name begins with Test_, and ends this Vim. GetFunction gives a function of the script.
export def Run(GetFunction: func(string): func)
  try
    for line in split(execute('def'), "\n")
      var name = matchstr(line, '<SNR>\d\+_\zsTest_\w\+')
      if name != ''
        RunOne(name, GetFunction(name))
      endif
    endfor
  catch
    failed += 1
    writefile(said + [v:exception .. ' at ' .. v:throwpoint], $RESULTS)
  endtry
  execute failed > 0 ? 'cquit' : 'qall!'
enddef
