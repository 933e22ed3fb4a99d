vim9script
# The help page: it has every command, mapping and setting, and its references lead somewhere.

import './lib.vim' as t

# What a pattern finds in files of the plugin, each once.
def Found(files: string, pattern: string): list<string>
  var found: list<string> = []
  for file in glob(files, true, true)
    for line in readfile(file)
      substitute(line, pattern, (match) => add(found, match[0]) == [] ? '' : '', 'g')
    endfor
  endfor
  return uniq(sort(found))
enddef

def Test_the_help_has_every_command_mapping_and_setting()
  var folder = tempname()
  mkdir(folder, 'p')
  writefile(readfile('doc/imagewire.txt'), folder .. '/imagewire.txt')
  execute 'helptags' folder
  var tags = mapnew(readfile(folder .. '/tags'), (_, line) => split(line, "\t")[0])
  var commands = Found('plugin/*.vim', '^command.*\zs\<Imagewire\w*\ze call')->mapnew((_, name) => ':' .. name)
  var mappings = Found('plugin/*.vim', '<Plug>([a-z-]*)')
  var settings = Found('autoload/**/*.vim', '\<get(g:, ''\zs[Ii]magewire_\w\+')->mapnew((_, name) => 'g:' .. name)
    + Found('autoload/**/*.vim', '\<Setting(''\zs\w\+')->mapnew((_, name) => 'g:imagewire_' .. name)
    + Found('autoload/**/*.vim', '\<g:[Ii]magewire_\w\+')
  assert_equal([11, 11], [len(commands), len(mappings)])
  assert_true(len(settings) > 12, string(settings))
  for tag in ['imagewire.txt'] + commands + mappings + settings
    assert_true(index(tags, tag) >= 0, tag)
  endfor
  # Every cross-reference leads somewhere.
  for line in readfile('doc/imagewire.txt')
    var reference = matchstr(line, '|\zs\(imagewire\|:Imagewire\|g:[Ii]magewire\)[^| ]*\ze|')
    assert_true(reference == '' || index(tags, reference) >= 0, reference)
  endfor
  assert_equal([], filter(readfile('doc/imagewire.txt'), (_, line) => strdisplaywidth(line) > 80))
enddef

t.Run((name) => function(name))
