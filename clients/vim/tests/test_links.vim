vim9script
# How a link is written in each file type, and which text it must not hold.

import autoload 'imagewire/escapes.vim'
import autoload 'imagewire/link.vim'
import autoload 'imagewire/process.vim'
import autoload 'imagewire/work.vim'
import './lib.vim' as t

const [Contains, Edit, Fixture, Idle, Message] = [t.Contains, t.Edit, t.Fixture, t.Idle, t.Message]

def Test_the_link_is_what_the_filetype_wants()
  for [filetype, wanted] in items({
    org: '[[file:images/a-fox-co.png]]',
    tex: '\includegraphics[width=\linewidth]{images/a-fox-co.png}',
    typst: '#image("images/a-fox-co.png", alt: "a <fox> & \"co\"")',
    html: '<img src="images/a-fox-co.png" alt="a &lt;fox&gt; &amp; &quot;co&quot;">',
    markdown: '![a &lt;fox&gt; &amp; "co"](images/a-fox-co.png)',
  })
    Edit('note')
    &filetype = filetype
    Imagewire a <fox> & "co"
    Idle()
    assert_equal([wanted], getline(1, '$'))
  endfor
enddef

const filetypes = {markdown: 'markdown', html: 'html', org: 'org', latex: 'tex', typst: 'typst'}

def Test_links_are_written_by_the_rules_of_all_clients_and_as_their_examples_are()
  var rules = Fixture('link-escapes.json')
  for [found, wanted] in [[escapes.space, rules.space], [escapes.unsafe, rules.unsafe]]
    assert_equal(mapnew(wanted, (_, range) => mapnew(range, (_, number) => str2nr(number, 16))), found)
  endfor
  for [name, format] in items(escapes.formats)
    var examples = remove(rules.formats[name], 'examples')
    assert_equal(rules.formats[name], format)
    for example in examples
      assert_equal(get(example, 'out', ''),
        link.To(example.path, example.description, filetypes[name], get(example, 'kind', 'image')), string(example))
    endfor
  endfor
  for example in rules.lists
    assert_equal(example.out, link.Kinds(mapnew(example.kinds, (_, kind) => ({kind: kind}))))
  endfor
  for file in rules.opens
    assert_equal(file.opens, link.MayOpen(file), string(file))
  endfor
enddef

def Test_only_images_are_shown_in_the_text_and_written_by_a_format_of_ones_own()
  g:imagewire_formats = {markdown: (path, _) => 'mine: ' .. path}
  Edit('note.md')
  var prediction = {files: [{path: '/x/a.png', kind: 'image'}, {path: '/x/a.mp4', kind: 'video'}, {path: '/x/a.svg'}]}
  &filetype = 'markdown'
  assert_equal(['mine: /x/a.png', '[a fox](/x/a.mp4)', 'mine: /x/a.svg'], work.Links(prediction, 'a fox', bufnr()))
  &filetype = 'html'
  assert_equal(['<img src="/x/a.png" alt="a fox">', '<a href="/x/a.mp4">a fox</a>'],
    work.Links(prediction, 'a fox', bufnr())[: 1])
enddef

# The form of a link in each format, without its escapes.
const shapes = {
  markdown: ['\\[[:punct:]]', '^!\[[^][`<>{}|*_$~]*\]([[:alnum:]/._~%\d128-\d1114111-]\+)$'],
  html: ['', '^<img src="[[:alnum:]/._~%\d128-\d1114111-]\+" alt="[^"<>{}''`@]*">$'],
  org: ['\\[][]', '^\[\[file:[[:alnum:] /._+,@()''\d128-\d1114111-]\+\]\]$'],
  latex: ['', '^\\includegraphics\[width=\\linewidth\]{[[:alnum:] /._+,@()''\d128-\d1114111-]\+}$'],
  typst: ['\\[\\"]', '^#image("[^"\\]\+", alt: "[^"\\]*")$'],
}

def Test_hostile_text_neither_breaks_a_link_nor_hides_in_it()
  var refused = 0
  for hostile in Fixture('hostile-text.json').strings
    var text = ''
    try
      text = has_key(hostile, 'text') ? hostile.text : json_decode(hostile.json)
    catch
      # A string that the decoder refuses cannot arrive.
    endtry
    text = repeat(text, get(hostile, 'times', 1))
    for [format, filetype] in items(filetypes)
      var as_path = link.To(text, 'a fox', filetype)
      refused += as_path == '' ? 1 : 0
      for written in [link.To('images/a.png', text, filetype), as_path]
        if written != ''
          var bare = shapes[format][0] == '' ? written : substitute(written, shapes[format][0], '', 'g')
          assert_match('\C' .. shapes[format][1], bare, hostile.name)
          # No controls, nor marks of direction or line ends of Unicode.
          assert_notmatch('[\d1-\d31\d127-\d159\d8232-\d8238]', written, hostile.name)
        endif
      endfor
    endfor
  endfor
  assert_true(refused > 100)
enddef

def Test_what_cannot_be_linked_safely_is_refused_before_anything_is_sent_or_said()
  g:imagewire_folder = 'a#b'
  var folder = Edit('note.org')
  &filetype = 'org'
  Imagewire a fox
  Contains(Message('would not be safe'), 'Nothing was sent')
  assert_equal(['', 0, []], [imagewire#Statusline(), process.Pid(), prop_list(1)])
  # An image that was made for a document of another kind.
  &filetype = 'markdown'
  Imagewire a fox
  &filetype = 'org'
  Idle()
  Contains(Message('no link was inserted'), folder .. '/a#b/a-fox.png')
  assert_equal([''], getline(1, '$'))
enddef

def Test_a_format_of_ones_own()
  g:imagewire_formats = {typst: (path, alt) => path .. '|' .. alt}
  Edit('note')
  &filetype = 'typst'
  Imagewire a fox
  Idle()
  assert_equal(['images/a-fox.png|a fox'], getline(1, '$'))
enddef

t.Run((name) => function(name))
