if exists('g:loaded_imagewire')
  finish
endif
let g:loaded_imagewire = 1

if !has('vim9script') || v:version < 900 || !has('channel') || !has('job') || !has('textprop')
  echohl WarningMsg
  echomsg 'imagewire needs Vim 9.0 or newer with +channel, +job and +textprop (Debian: vim or vim-nox).'
  echohl None
  finish
endif

" The commands. Everything else is loaded by the first of them.
command -nargs=* -range Imagewire call imagewire#Command(<q-args>, <range>, <line1>, <line2>)
command -bang ImagewireCancel call imagewire#Cancel(<bang>0)
command -nargs=* ImagewireList call imagewire#List(<q-args>)
