vim9script
# The help page.

import './lib.vim' as t

def Test_help()
  var folder = tempname()
  mkdir(folder, 'p')
  writefile(readfile('doc/imagewire.txt'), folder .. '/imagewire.txt')
  execute 'helptags' folder
  var tags = mapnew(readfile(folder .. '/tags'), (_, line) => split(line, "\t")[0])
  for tag in ['imagewire.txt', ':Imagewire', ':ImagewireCancel', ':ImagewireList', 'g:imagewire_program']
    assert_true(index(tags, tag) >= 0, tag)
  endfor
  # Every cross-reference leads somewhere.
  for line in readfile('doc/imagewire.txt')
    var reference = matchstr(line, '|\zs\(imagewire\|:Imagewire\|g:imagewire\)[^| ]*\ze|')
    assert_true(reference == '' || index(tags, reference) >= 0, reference)
  endfor
enddef

t.Run((name) => function(name))
