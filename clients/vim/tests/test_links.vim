vim9script
# How a link is written in each file type, and which text it must not hold.

import autoload 'imagewire/escapes.vim'
import autoload 'imagewire/link.vim'
import autoload 'imagewire/process.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/work.vim'
import './lib.vim' as t

const [Contains, Edit, Fixture, Idle, Message] = [t.Contains, t.Edit, t.Fixture, t.Idle, t.Message]

# What the link is alone on its lines, and in a line of text.
def Test_the_link_is_what_the_filetype_wants()  # [editor 18]
  for [filetype, wanted] in items({
    org: "#+CAPTION: a fox co\n[[file:images/a-fox-co.png]]",
    tex: '\includegraphics[width=\linewidth]{images/a-fox-co.png}',
    typst: '#image("images/a-fox-co.png", alt: "a <fox> & \"co\"")',
    html: '<img src="images/a-fox-co.png" alt="a &lt;fox&gt; &amp; &quot;co&quot;">',
    markdown: '![a &lt;fox&gt; &amp; "co"](images/a-fox-co.png)',
    rst: ".. image:: images/a-fox-co.png\n   :alt: a <fox> & \"co\"",
    asciidoc: 'image::images/a-fox-co.png[alt="a &lt;fox&gt; &amp; &quot;co&quot;"]',
    norg: '.image images/a-fox-co.png',
    'markdown.pandoc': '![a &lt;fox&gt; &amp; "co"](images/a-fox-co.png)',
  })
    Edit('note')
    &filetype = filetype
    Imagewire a <fox> & "co"
    Idle()
    assert_equal(split(wanted, "\n"), getline(1, '$'))
  endfor
  # An inline link of Org has no caption, and those that need lines of their own get them below the paragraph.
  for [filetype, wanted] in items({
    org: ['some[[file:images/a-fox.png]] text', 'goes on', 'here'],
    asciidoc: ['some text', 'goes on', 'here', '', 'image::images/a-fox.png[alt="a fox"]'],
  })
    Edit('note', ['some text', 'goes on', 'here'])
    &filetype = filetype
    Imagewire a fox
    Idle()
    assert_equal(wanted, getline(1, '$'))
  endfor
enddef

def Test_LaTeX_gets_a_figure_where_the_setting_says_so()  # [editor 18]
  g:imagewire_figure = true
  Edit('note', ['some text', '', 'more'])
  &filetype = 'tex'
  Imagewire 100% {fox} & \co_1
  Idle()
  assert_equal(['some text', '', '\begin{figure}', '  \centering', '  \includegraphics[width=\linewidth]{images/100-fox-co-1.png}',
    '  \caption{100\% \{fox\} \& \textbackslash{}co\_1}', '\end{figure}', '', 'more'], getline(1, '$'))
enddef

def Test_in_source_code_the_link_is_the_path_in_quotes()  # [editor 19]
  for filetype in ['lua', 'css', 'python', 'vim', 'c']
    Edit('code', ['x = '])
    &filetype = filetype
    cursor(1, 4)
    Imagewire a fox
    Idle()
    assert_equal(['x = "images/a-fox.png"'], getline(1, '$'))
  endfor
  # Nothing that the language would run or replace in a string.
  g:imagewire_folder = '$(touch ran)'
  Edit('code', [''])
  &filetype = 'sh'
  Imagewire a fox
  Contains(Message('would not be safe'), 'Nothing was sent')
  assert_equal('', imagewire#Statusline())
enddef

def Test_the_text_of_a_link_is_the_prompt_unless_the_setting_says_otherwise()  # [editor 20]
  g:Imagewire_alt = (prompt) => toupper(prompt) .. ' [x]'
  Edit('note.md')
  Imagewire a fox
  Idle()
  assert_equal(['![A FOX \[x\]](images/a-fox.png)'], getline(1, '$'))
  g:Imagewire_alt = (prompt) => execute('throw "no words"')
  Edit('note.md')
  Imagewire a fox
  Idle()
  Contains(Message('g:Imagewire_alt failed'), 'no words')
  assert_equal(['![a fox](images/a-fox.png)'], getline(1, '$'))
enddef

def Test_a_caption_of_Org_runs_nothing()
  var link_ = link.To('a.png', 'src_sh{touch ran} {{{eval}}} @@html:<b>@@ [[x]] $x$ é', 'org', 'image', true)
  assert_equal("#+CAPTION: src sh touch ran eval html: b x x é\n[[file:a.png]]", link_)
enddef

const filetypes = {markdown: 'markdown', html: 'html', org: 'org', latex: 'tex', typst: 'typst', restructuredtext: 'rst',
  asciidoc: 'asciidoc', norg: 'norg', code: 'python'}

def Test_links_are_written_by_the_rules_of_all_clients_and_as_their_examples_are()  # [editor 21]
  var rules = Fixture('link-escapes.json')
  for [found, wanted] in [[escapes.space, rules.space], [escapes.unsafe, rules.unsafe]]
    assert_equal(mapnew(wanted, (_, range) => mapnew(range, (_, number) => str2nr(number, 16))), found)
  endfor
  for [name, format] in items(escapes.formats)
    var examples = remove(rules.formats[name], 'examples')
    assert_equal(rules.formats[name], format)
    # A format that is not in the table above would not be tested below.
    assert_true(has_key(filetypes, name) && has_key(shapes, name), name)
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
  assert_equal(['mine: /x/a.png', '[a fox](/x/a.mp4)', 'mine: /x/a.svg'], work.Links(prediction, 'a fox', '', 'markdown', ''))
  &filetype = 'html'
  assert_equal(['<img src="/x/a.png" alt="a fox">', '<a href="/x/a.mp4">a fox</a>'],
    work.Links(prediction, 'a fox', '', 'html', '')[: 1])
enddef

# The form of a link in each format, without its escapes.
const shapes = {
  markdown: ['\\[[:punct:]]', '^!\[[^][`<>{}|*_$~]*\]([[:alnum:]/._~%\d128-\d1114111-]\+)$'],
  html: ['', '^<img src="[[:alnum:]/._~%\d128-\d1114111-]\+" alt="[^"<>{}''`@]*">$'],
  org: ['\\[][]', '^\[\[file:[[:alnum:] /._+,@()''\d128-\d1114111-]\+\]\]$'],
  latex: ['', '^\\includegraphics\[width=\\linewidth\]{[[:alnum:] /._+,@()''\d128-\d1114111-]\+}$'],
  restructuredtext: ['', '^\.\. image:: [[:alnum:]/._~%\d128-\d1114111-]\+\n   :alt: \?[^\n]*$'],
  asciidoc: ['', '^image::[[:alnum:]/._~%\d128-\d1114111-]\+\[alt="[^]"[{}<>|`*_^~+\\'']*"\]$'],
  norg: ['\\ ', '^\.image [[:alnum:]/._+,@()\d128-\d1114111-]*$'],
  code: ['', '^"[[:alnum:] /._+,()\d128-\d1114111-]\+"$'],
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
          assert_notmatch('[\d1-\d9\d11-\d31\d127-\d159\d8232-\d8238]', written, hostile.name)
        endif
      endfor
    endfor
  endfor
  assert_true(refused > 100)
enddef

def Test_hostile_text_reaches_the_terminal_as_text_only()
  for hostile in Fixture('hostile-text.json').strings
    var text = get(hostile, 'text', '')
    assert_notmatch('[\d1-\d31\d127-\d159\d8232-\d8238]', say.Short(text, 200), hostile.name)
  endfor
  # Beside the place, in a message and in a question.
  var output = t.Output({IMAGEWIRE: $IMAGEWIRE}, ['-c', 'execute "Imagewire a\u202e red\u009b31m\u0085 fox\x1b]52;c;eA==\x07"',
    '-c', 'redraw', '-c', 'qall!'])
  Contains(output, 'a red31m fox]52;c;eA==: created')
  assert_notmatch('[\u202e\u009b\u0085]\|\e]52', output)
enddef

def Test_what_cannot_be_linked_safely_is_refused_before_anything_is_sent_or_said()  # [editor 21]
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
