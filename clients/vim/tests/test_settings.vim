vim9script
# The provider's key: what is said without one, and where it must not appear.

import autoload 'imagewire/process.vim'
import './lib.vim' as t

const [Contains, Edit, Idle, Message, Messages] = [t.Contains, t.Edit, t.Idle, t.Message, t.Messages]

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

t.Run((name) => function(name))
