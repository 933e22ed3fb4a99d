vim9script
# Another editor: gives a command, prints the process id and the inserted link, and exits. With SECOND_LEAVES it does not wait
# for the link; where that is 'cancelled', it gives another command, and takes that one back at the last moment; where it is
# 'at once', it ends with that command.

import autoload 'imagewire/process.vim'

def WaitFor(Condition: func(): bool)
  for _ in range(3000)
    if Condition()
      break
    endif
    sleep 10m
  endfor
enddef

runtime plugin/imagewire.vim
set hidden
g:imagewire_program = $IMAGEWIRE
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
elseif $SECOND_LEAVES == 'cancelled'
  Imagewire a yak given up
  # It is sent when this command has ended.
  var hasEnded = false
  timer_start(0, (_) => {
    hasEnded = true
  })
  WaitFor(() => hasEnded)
  ImagewireCancel
  popup_close(popup_list()[0], 2)
endif
qall!
