vim9script
# Another editor: gives a command, prints the process id and the inserted link, and exits. With SECOND_LEAVES it does not wait
# for the link; where that is 'cancelled', it gives another command, and takes that one back at the last moment; where it is
# 'at once', it ends with that command; where it is 'unanswered', before the answer to it.

import autoload 'imagewire/process.vim'

def WaitFor(Condition: func(): bool)
  for _ in range(3000)
    if Condition()
      break
    endif
    sleep 10m
  endfor
enddef

# Whether the command before, which is sent when it has ended, has.
def HasEnded(): func(): bool
  var ended = [false]
  timer_start(0, (_) => {
    ended[0] = true
  })
  return () => ended[0]
enddef

runtime plugin/imagewire.vim
set hidden
g:imagewire_program = $IMAGEWIRE
if $SECOND_LEAVES == 'unanswered'
  # Its answers arrive some time later.
  g:imagewire_program = ['sh', '-c', '"$IMAGEWIRE" | python3 -c "$SLOWLY"']
  $SLOWLY = "import os, time\nfor piece in iter(lambda: os.read(0, 65536), b''): time.sleep(0.5); os.write(1, piece)"
endif
g:imagewire_input = {size: '64x64', sandbox: {delay_ms: str2nr($SECOND_DELAY)}}
execute 'edit' $SECOND_FOLDER .. '/second.md'
Imagewire a boat of the second editor
WaitFor(() => imagewire#Statusline() =~ 'processing' || imagewire#Statusline() == '')
var said = ['pid ' .. process.Pid()]
if $SECOND_LEAVES == ''
  WaitFor(() => imagewire#Statusline() == '')
  said->add('link ' .. getline('.'))
endif
writefile(said, $SECOND_SAYS)
if $SECOND_LEAVES == 'at once'
  Imagewire a yak that is not wanted
elseif $SECOND_LEAVES == 'unanswered'
  Imagewire a yak without an answer
  WaitFor(HasEnded())
elseif $SECOND_LEAVES == 'cancelled'
  Imagewire a yak given up
  WaitFor(HasEnded())
  ImagewireCancel
  popup_close(popup_list()[0], 2)
endif
qall!
