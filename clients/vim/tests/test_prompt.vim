vim9script
# The prompt: which text goes through, and where it comes from.

import autoload 'imagewire/process.vim'
import './lib.vim' as t

const [Edit, Idle, IsImage, WaitFor] = [t.Edit, t.Idle, t.IsImage, t.WaitFor]

def Test_quotes_newlines_emoji_and_30000_characters_go_through_unchanged()  # [editor 8]
  var folder = Edit('note.md')
  var text = ['a "fox" \ {"json": ''yes''} | bar % # <CR> ثعلب أحمر', "second line\twith a tab", '', '🦊 狐 ' .. repeat('x', 30000)]
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

def Test_without_words_it_asks_for_them()  # [editor 7]
  Edit('note.md')
  feedkeys(":Imagewire\<CR>an asked fox\<CR>", 'tx')
  feedkeys(":Imagewire\<CR>\<CR>", 'tx')
  Idle()
  assert_equal(['![an asked fox](images/an-asked-fox.png)'], getline(1, '$'))
enddef

t.Run((name) => function(name))
