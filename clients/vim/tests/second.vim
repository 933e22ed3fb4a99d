vim9script
# Another editor: gives a command, says the process id and what it inserted, and goes.

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
g:imagewire_input = {sandbox: {delay_ms: str2nr($SECOND_DELAY)}}
execute 'edit' $SECOND_FOLDER .. '/second.md'
Imagewire a boat of the second editor
WaitFor(() => imagewire#Statusline() =~ 'processing' || imagewire#Statusline() == '')
var said = ['pid ' .. process.Pid()]
if $SECOND_LEAVES == ''
  WaitFor(() => imagewire#Statusline() == '')
  said->add('link ' .. getline('.'))
endif
writefile(said, $SECOND_SAYS)
qall!
