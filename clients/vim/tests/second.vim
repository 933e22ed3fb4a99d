vim9script
# Another editor: gives a command, prints the process id and the inserted link, and exits. With SECOND_LEAVES it does not wait
# for the link; where that is 'cancelled', it gives another command, and takes that one back at the last moment.

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
if $SECOND_LEAVES == 'cancelled'
  Imagewire a yak given up
  ImagewireCancel
  popup_close(popup_list()[0], 2)
endif
qall!
