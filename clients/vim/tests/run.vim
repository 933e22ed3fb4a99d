vim9script
# The plugin in a real Vim, against the real program and its sandbox.

import autoload 'imagewire/escapes.vim'
import autoload 'imagewire/folder.vim' as images
import autoload 'imagewire/link.vim'
import autoload 'imagewire/process.vim'
import './lib.vim' as t

const [Contains, Edit, Idle, IsImage] = [t.Contains, t.Edit, t.Idle, t.IsImage]
const [Message, Messages, WaitFor] = [t.Message, t.Messages, t.WaitFor]

def Test_a_link_lands_behind_the_cursor_and_the_image_is_there()
  var folder = Edit('note.md', ['Here: ', 'end'])
  cursor(1, 6)
  Imagewire a red fox in snow
  Idle()
  assert_equal(['Here: ![a red fox in snow](images/a-red-fox-in-snow.png)', 'end'], getline(1, '$'))
  IsImage(folder .. '/images/a-red-fox-in-snow.png')
  Contains(Message('a-red-fox-in-snow.png'), 'a red fox in snow: ')
enddef

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

def Fixture(name: string): dict<any>
  return json_decode(join(readfile(t.here .. '/../../Tests/Fixtures/' .. name), "\n"))
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
      assert_equal(get(example, 'out', ''), link.To(example.path, example.description, filetypes[name]), string(example))
    endfor
  endfor
enddef

# What a link of each format is, once its escapes are taken out.
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
      # What the decoder refuses cannot come.
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

def Test_a_buffer_without_a_file_gets_an_absolute_link()
  enew!
  Imagewire a fox
  Idle()
  var path = matchstr(getline(1), '^!\[a fox\](\zs/.*\.png\ze)$')
  IsImage(path)
  Contains(path, '/.local/state/imagewire/outputs/')
enddef

# Where the setting leads, seen from the document's folder or from the root, and how links begin.
def Test_where_the_setting_folder_leads()
  for [setting, directory, path] in [
      ['images', './images', 'images/'],
      ['./images/', './images', './images/'],
      ['../my images', '../my images', '../my%20images/'],
      ['~', $HOME, $HOME .. '/'],
      ['~/of the home//', $HOME .. '/of the home', $HOME .. '/of%20the%20home/'],
      ['~ not a home', './~ not a home', '~%20not%20a%20home/'],
      ['~nobody-has-this-name/a', './~nobody-has-this-name/a', '~nobody-has-this-name/a/'],
      ['`touch ran`', './`touch ran`', '%60touch%20ran%60/'],
      ['C:\images', './C:\images', 'C%3A%5Cimages/'],
      [$HOME .. '/an absolute one/', $HOME .. '/an absolute one', $HOME .. '/an%20absolute%20one/']]
    g:imagewire_folder = setting
    var document = Edit('note.md')
    Imagewire a fox
    Idle()
    var name = matchstr(getline(1), '^!\[a fox\](\V' .. path .. '\m\zsa-fox[-0-9]*\.png\ze)$')
    assert_notequal('', name, setting .. ' became ' .. getline(1))
    IsImage((directory =~ '^/' ? '' : document .. '/') .. directory .. '/' .. name)
    assert_false(filereadable('ran'))
  endfor
  g:imagewire_folder = '~root/pictures'
  Edit('note.md')
  assert_equal(expand('~root') .. '/pictures', images.Of(bufnr()))
enddef

def Test_the_buffer_is_edited_meanwhile()
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 400}}
  Edit('note.md', ['one', 'two', 'three'])
  cursor(2, 3)
  Imagewire a fox
  append(0, ['zero', 'zero and a half'])
  cursor(4, 1)
  execute "normal! Inumber \<Esc>A and more\<Esc>"
  new
  Idle()
  close!
  assert_equal(['zero', 'zero and a half', 'one', 'number two![a fox](images/a-fox.png) and more', 'three'],
    getline(1, '$'))
  # The cursor stays on its character.
  assert_equal([4, len(getline(4))], [line('.'), col('.')])
enddef

def Test_two_links_in_one_line_land_in_their_places()
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 300}}
  Edit('note.md', ['left right'])
  cursor(1, 4)
  Imagewire one
  cursor(1, 10)
  Imagewire two
  Idle()
  assert_equal(['left![one](images/one.png) right![two](images/two.png)'], getline(1, '$'))
  # At one point they come in the order of their commands.
  setline(1, 'here: ')
  cursor(1, 6)
  Imagewire three
  Imagewire four
  Idle()
  assert_equal(['here: ![three](images/three.png)![four](images/four.png)'], getline(1, '$'))
enddef

def Test_several_images_get_a_line_each()
  g:imagewire_input = {n: 2, size: '64x64'}
  Edit('note.md', ['left right'])
  cursor(1, 4)
  Imagewire one
  Idle()
  assert_equal(['left![one](images/one-1.png)', '![one](images/one-2.png) right'], getline(1, '$'))
enddef

def Test_the_place_is_gone_meanwhile()
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 300}}
  Edit('note.md', ['one', 'two'])
  Imagewire a fox
  delete _
  Idle()
  Message('unnamed register')
  assert_equal(['two'], getline(1, '$'))
  assert_equal('![a fox](images/a-fox.png)', getreg('"'))
  Imagewire a fox
  bwipeout!
  Idle()
  IsImage(getreg('"'))
enddef

def Test_a_buffer_that_cannot_be_changed_is_refused_before_anything_is_sent()
  Edit('note.md')
  setlocal nomodifiable
  Imagewire a fox
  Contains(Message('cannot be changed'), 'Nothing was sent')
  assert_equal(0, process.Pid())
enddef

def Test_quotes_newlines_emoji_and_30000_characters_go_through_unchanged()
  var folder = Edit('note.md')
  var text = ['a "fox" \ {"json": ''yes''} | bar % # <CR>', "second line\twith a tab", '', '🦊 狐 ' .. repeat('x', 30000)]
  setline(1, text)
  :%Imagewire
  Idle()
  assert_equal(5, line('$'))
  assert_match('^!\[a "fox" .*…\](images/a-fox-json-yes-bar-cr-second-line.*\.png)$', getline(5))
  IsImage(folder .. '/' .. matchstr(getline(5), '(\zs.*\ze)$'))
  var prompt = ''
  process.Request('list', {limit: 1}, (_, page) => {
    process.Request('status', {id: page.predictions[0].id, full: true}, (_, whole) => {
      prompt = whole.input.prompt
    })
  })
  WaitFor('the prompt', () => prompt != '')
  assert_equal(join(text, "\n"), prompt)
enddef

def Test_without_words_it_asks_for_them()
  Edit('note.md')
  feedkeys(":Imagewire\<CR>an asked fox\<CR>", 'tx')
  feedkeys(":Imagewire\<CR>\<CR>", 'tx')
  Idle()
  assert_equal(['![an asked fox](images/an-asked-fox.png)'], getline(1, '$'))
enddef

def Test_progress_is_told_by_the_status_line_and_beside_the_text()
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 1200}}
  Edit('note.md')
  Imagewire a fox
  assert_match('^imagewire: ', imagewire#Statusline())
  WaitFor('a report', () => imagewire#Statusline() =~ '^imagewire: processing, \d\+ s$')
  assert_equal(['imagewire', 'imagewire_words'], sort(mapnew(prop_list(1), (_, property) => property.type)))
  Idle()
  assert_equal([], prop_list(1))
enddef

def Test_cancel()
  g:imagewire_input = {size: '64x64', sandbox: {never: true}}
  Edit('note.md', ['text'])
  ImagewireCancel
  Message('nothing is under way')
  Imagewire a fox
  WaitFor('its start', () => imagewire#Statusline() =~ 'processing')
  ImagewireCancel
  Idle()
  assert_equal(['text'], getline(1, '$'))
  Message('a fox: cancelled')
  # Before the submit is answered.
  Imagewire a yak
  ImagewireCancel
  Message('a yak: cancelled')
  Idle()
enddef

def Test_cancel_of_one_among_several_and_of_all()
  g:imagewire_input = {size: '64x64', sandbox: {never: true}}
  Edit('note.md')
  Imagewire one
  Imagewire two
  Imagewire three
  assert_equal('imagewire: 3 images under way', imagewire#Statusline())
  ImagewireCancel
  assert_equal(1, len(popup_list()))
  Contains(getbufline(winbufnr(popup_list()[0]), 2)[0], 'two')
  popup_close(popup_list()[0], 2)
  Message('two: cancelled')
  assert_equal('imagewire: 2 images under way', imagewire#Statusline())
  ImagewireCancel!
  Idle()
  Message('one: cancelled')
  Message('three: cancelled')
enddef

def Test_the_list_shows_filters_inserts_and_cancels()
  Edit('note.md')
  Imagewire a zebra to be listed
  Idle()
  setline(1, 'before after')
  cursor(1, 6)
  var window = win_getid()
  g:imagewire_input = {size: '64x64', sandbox: {never: true}}
  new
  Imagewire a yak to be listed
  win_gotoid(window)

  ImagewireList to be listed
  WaitFor('two lines', () => line('$') == 3)
  Contains(getline(2), 'a yak to be listed')
  assert_match('^completed \+\d\+ s \+sandbox \+a zebra to be listed$', getline(3))
  cursor(2, 1)
  feedkeys('x', 'tx')
  WaitFor('the cancelled one', () => getline(2) =~ '^cancelled')
  cursor(3, 1)
  feedkeys('i', 'tx')
  Message('inserted')
  feedkeys('q', 'tx')
  win_gotoid(window)
  assert_equal('before![a zebra to be listed](images/a-zebra-to-be-listed.png) after', getline(1))

  ImagewireList no image has these words
  WaitFor('an empty list', () => getline(2) =~ 'no image with these words')
  only!
enddef

def Test_a_prediction_that_fails_says_why_and_inserts_nothing()
  g:imagewire_input = {size: '64x64', sandbox: {fail: 'content_refused'}}
  Edit('note.md', ['text'])
  Imagewire a fox
  Idle()
  Contains(Message('a fox: failed'), 'Nothing is billed')
  assert_equal(['text'], getline(1, '$'))
enddef

def Test_a_provider_without_a_key_says_what_to_set()
  g:imagewire_configuration = {provider: 'wavespeed'}
  Edit('note.md')
  Imagewire a fox
  Contains(Message('not configured'), 'WAVESPEED_API_KEY')
  Idle()
enddef

def Test_a_key_from_a_function_reaches_the_process_and_no_message()
  g:imagewire_configuration = {provider: () => 'sandbox', wavespeed_api_key: () => 'wsk_SECRETsecret0123456789'}
  Edit('note.md')
  Imagewire a fox
  Idle()
  Contains(getline(1), '![a fox]')
  assert_true(stridx(Messages(), 'SECRET') < 0)
  g:imagewire_configuration = {provider: function('g:NoStore')}
  process.Stop()
  Imagewire a fox
  Contains(Message('g:imagewire_configuration failed'), 'no store')
  Idle()
enddef

# Vim 9.0 demands a value after `throw`, and Vim 9.1 refuses it there as unreachable.
def g:NoStore(): string
  execute('throw "no store"')
  return ''
enddef

def Test_the_program_is_missing()
  g:imagewire_program = '/nowhere/imagewire'
  Edit('note.md', ['text'])
  Imagewire a fox
  Contains(Message('was not found'), 'let g:imagewire_program')
  Idle()
  assert_equal(['text'], getline(1, '$'))
  g:imagewire_program = $IMAGEWIRE
  Imagewire a fox
  Idle()
  Contains(getline(1), '![a fox]')
enddef

def Test_the_program_is_too_old()
  $OLD_IMAGEWIRE_LOG = tempname()
  g:imagewire_program = t.here .. '/../../Tests/Fixtures/old-imagewire'
  Edit('note.md')
  Imagewire a fox
  var pid = process.Pid()
  var text = Message('too old')
  Contains(text, '0.1.0')
  Contains(text, '0.0.9')
  Idle()
  WaitFor('its end', () => {
    system('kill -0 ' .. pid)
    return v:shell_error != 0
  })
  assert_true(!filereadable($OLD_IMAGEWIRE_LOG) || join(readfile($OLD_IMAGEWIRE_LOG)) !~ 'submit')
enddef

def Test_the_program_is_another_one_ends_at_once_or_never_answers()
  Edit('note.md')
  g:imagewire_program = ['sh', '-c', 'echo no such library >&2; exit 127']
  Imagewire a fox
  Message('It said: no such library')
  process.patience = 300
  g:imagewire_program = ['sh', '-c', 'echo hello; exec sleep 100']
  Imagewire a fox
  Message('did not answer')
  process.patience = 10000
  Idle()
enddef

def Test_the_process_is_killed_in_the_middle()
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 3000}}
  Edit('note.md')
  Imagewire a fox that survives
  Imagewire another one
  WaitFor('its start', () => process.IsReady())
  var listed = false
  process.Request('list', {limit: 1}, (_, page) => {
    listed = true
  })
  WaitFor('both submits', () => listed)
  var first = process.Pid()
  system('kill -9 ' .. first)
  Idle()
  Contains(Message('the process ended (kill)'), ':ImagewireList')
  assert_equal([''], getline(1, '$'))
  assert_equal(0, process.Pid())

  # Nothing is lost: the next process finishes it, and the list inserts it.
  ImagewireList fox that survives
  WaitFor('the end of what was under way', () => {
    feedkeys('r', 'tx')
    sleep 20m
    return getline(2) =~ '^completed'
  })
  assert_notequal(first, process.Pid())
  cursor(2, 1)
  feedkeys('i', 'tx')
  Message('inserted')
  close
  assert_equal(['![a fox that survives](images/a-fox-that-survives.png)'], getline(1, '$'))
enddef

def Test_two_editors_on_one_state_directory()
  var folder = Edit('note.md')
  var says = tempname()
  var second = t.Second(says, folder, 300, '')
  for number in range(1, 4)
    execute 'Imagewire boat' number
  endfor
  Idle()
  WaitFor('the second editor', () => job_status(second) == 'dead')
  assert_equal('link ![a boat of the second editor](images/a-boat-of-the-second-editor.png)', readfile(says)[1])
  IsImage(folder .. '/images/a-boat-of-the-second-editor.png')
  for number in range(1, 4)
    Contains(getline(1), printf('![boat %d](images/boat-%d.png)', number, number))
  endfor
  ImagewireList boat of the second editor
  WaitFor('its line', () => getline(2) =~ 'completed.*second editor')
  close
enddef

def Test_the_process_ends_with_the_editor()
  var says = tempname()
  var second = t.Second(says, Edit('note.md'), 3000000, 'leaves')
  WaitFor('the second editor', () => job_status(second) == 'dead')
  var pid = split(readfile(says)[0])[1]
  WaitFor('the end of its process', () => system('kill -0 ' .. pid .. ' 2>&1') != '')
enddef

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

# The functions above whose name begins with Test_.
var tests: dict<func> = {}
for name in split(execute('def'), "\n")->mapnew((_, line) => matchstr(line, '<SNR>\d\+_\zsTest_\w\+'))
  if name != ''
    tests[name] = function(name)
  endif
endfor
t.Run(tests)
