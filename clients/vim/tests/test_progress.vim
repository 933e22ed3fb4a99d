vim9script
# Progress, and a prediction that fails.

import autoload 'imagewire/progress.vim'
import './lib.vim' as t

const [Contains, Edit, Idle, Message, WaitFor] = [t.Contains, t.Edit, t.Idle, t.Message, t.WaitFor]

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

def Test_images_in_progress_have_the_words_of_all_editors()
  var cases = t.Fixture('progress-words.json')
  for report in cases.reports
    assert_equal(report.words, progress.Words(report))
  endfor
  for case in cases.durations
    assert_equal('50% · about ' .. case.words .. ' left', progress.Words({progress: 0.5, eta_ms: case.eta_ms}))
  endfor
  for case in cases.several
    assert_equal(case.words, progress.Line(mapnew(case.eta_ms, (_, eta) => ({eta: progress.Eta({eta_ms: eta})}))))
  endfor
enddef

def Test_a_remote_image_has_a_share_and_an_estimate_and_several_have_that_of_the_next()  # [editor 32]
  var provider = t.Provider('{"poll": [{"do": "running", "times": "forever"}]}')
  g:imagewire_configuration.model = 'openai/gpt-image-1-high-fidelity'
  Edit('note.md')
  Imagewire a fox
  WaitFor('an estimate', () => imagewire#Statusline() =~ '^imagewire: \d\+% · about \d\+ s left$')
  Imagewire a yak
  assert_match('^imagewire: 2 images · next in about \d\+ s$', imagewire#Statusline())
  t.IsSent('a yak')
  ImagewireCancel!
  assert_equal('imagewire: 2 images in progress', imagewire#Statusline())
  Idle()
  t.EndProvider(provider)
enddef

def Test_a_prediction_that_fails_says_why_and_inserts_nothing()
  g:imagewire_input = {size: '64x64', sandbox: {fail: 'content_refused'}}
  Edit('note.md', ['text'])
  Imagewire a fox
  Idle()
  Contains(Message('a fox: failed'), 'Nothing is billed')
  assert_equal(['text'], getline(1, '$'))
enddef

t.Run((name) => function(name))
