if exists('g:loaded_imagewire')
  finish
endif
let g:loaded_imagewire = 1

if !has('vim9script') || !has('patch-9.0.1000') || !has('channel') || !has('job') || !has('textprop')
  echohl WarningMsg
  echomsg 'imagewire needs Vim 9.0.1000 or newer with +channel, +job and +textprop (Debian: vim or vim-nox).'
  echohl None
  finish
endif

" The commands. Everything else is loaded by the first of them.
command -nargs=* -range Imagewire call imagewire#Command(<q-args>, <range>, <line1>, <line2>)
command -bang ImagewireCancel call imagewire#Cancel(<bang>0)
command -nargs=* ImagewireChange call imagewire#Change(<q-args>)
command ImagewireVary call imagewire#Vary()
command ImagewireAgain call imagewire#Again()
command ImagewireHistory call imagewire#History()
command -bang -nargs=* -complete=customlist,imagewire#CompleteModel ImagewireModel call imagewire#Model(<q-args>, <bang>0)
command -bang -nargs=* -complete=customlist,imagewire#CompleteInput ImagewireInput call imagewire#Input(<q-args>, <bang>0)
command -nargs=* ImagewireList call imagewire#List(<q-args>)
command ImagewireShow call imagewire#Show()
command ImagewireHide call imagewire#Hide()

nnoremap <Plug>(imagewire) <Cmd>Imagewire<CR>
inoremap <Plug>(imagewire) <Cmd>Imagewire<CR>
xnoremap <Plug>(imagewire) <Cmd>call imagewire#Selected()<CR>
nnoremap <Plug>(imagewire-cancel) <Cmd>ImagewireCancel<CR>
nnoremap <Plug>(imagewire-change) <Cmd>ImagewireChange<CR>
nnoremap <Plug>(imagewire-vary) <Cmd>ImagewireVary<CR>
nnoremap <Plug>(imagewire-again) <Cmd>ImagewireAgain<CR>
nnoremap <Plug>(imagewire-history) <Cmd>ImagewireHistory<CR>
nnoremap <Plug>(imagewire-model) <Cmd>ImagewireModel<CR>
nnoremap <Plug>(imagewire-input) <Cmd>ImagewireInput<CR>
nnoremap <Plug>(imagewire-list) <Cmd>ImagewireList<CR>
nnoremap <Plug>(imagewire-show) <Cmd>ImagewireShow<CR>
nnoremap <Plug>(imagewire-hide) <Cmd>ImagewireHide<CR>

" With the setting images are shown from the start.
autocmd VimEnter * ++once if get(g:, 'imagewire_show', 0) | call imagewire#Show(1) | endif
