vim9script
# The process: programs that do not work, its death, and its end with the editor.

import autoload 'imagewire/process.vim'
import './lib.vim' as t

const [Contains, Edit, Idle, IsImage, Message, Messages, WaitFor] =
  [t.Contains, t.Edit, t.Idle, t.IsImage, t.Message, t.Messages, t.WaitFor]

def Test_the_program_is_missing()  # [editor 43]
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

def Test_without_a_setting_the_program_is_looked_for_at_the_usual_places()
  var [named, path, folder] = [$IMAGEWIRE, $PATH, expand('~/.local/bin')]
  $IMAGEWIRE = ''
  $PATH = '/nowhere'
  unlet g:imagewire_program
  mkdir(folder, 'p')
  writefile([], folder .. '/imagewire')
  setfperm(folder .. '/imagewire', 'rwx------')
  assert_equal([folder .. '/imagewire'], process.CommandLine())
  $IMAGEWIRE = '/where/it/is'
  assert_equal(['/where/it/is'], process.CommandLine())
  g:imagewire_program = ['/of/the/setting', '--provider', 'sandbox']
  assert_equal(['/of/the/setting', '--provider', 'sandbox'], process.CommandLine())
  $IMAGEWIRE = named
  $PATH = path
  delete(folder .. '/imagewire')
  g:imagewire_program = $IMAGEWIRE
enddef

def Test_the_program_is_too_old()
  $OLD_IMAGEWIRE_LOG = tempname()
  g:imagewire_program = t.here .. '/../../Tests/Fixtures/old-imagewire'
  Edit('note.md')
  # Starts the process at once.
  process.Request('ping', {}, (_, _) => 0)
  var pid = process.Pid()
  Imagewire a fox
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
  Message('Its last message: no such library')
  process.patience = 300
  g:imagewire_program = ['sh', '-c', 'echo hello; exec sleep 100']
  Imagewire a fox
  Message('did not answer')
  process.patience = 10000
  Idle()
enddef

def Test_the_process_is_killed_in_the_middle()  # [editor 41]
  g:imagewire_input = {size: '64x64', sandbox: {delay_ms: 3000}}
  Edit('note.md')
  Imagewire a fox that survives
  Imagewire another one
  t.IsSent('another one')
  var first = process.Pid()
  system('kill -9 ' .. first)
  Idle()
  Contains(Message('the process ended (kill)'), ':ImagewireList')
  assert_equal(1, count(Messages(), 'the process ended'))
  assert_equal([''], getline(1, '$'))
  assert_equal(0, process.Pid())

  # Nothing is lost: the next process finishes it, and the list inserts it.
  ImagewireList fox that survives
  WaitFor('the end of the first prediction', () => {
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

t.Run((name) => function(name))
