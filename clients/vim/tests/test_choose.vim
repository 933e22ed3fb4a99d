vim9script
# The model, the fields of its input, and the price.

import autoload 'imagewire/process.vim'
import autoload 'imagewire/schema.vim'
import './lib.vim' as t

const [Contains, Edit, Idle, Listed, Message, WaitFor] = [t.Contains, t.Edit, t.Idle, t.Listed, t.Message, t.WaitFor]

def Shown(): list<string>
  WaitFor('a popup', () => !empty(popup_list()))
  return getbufline(winbufnr(popup_list()[0]), 1, '$')
enddef

const catalogue = [
  {model_id: 'acme/painter', name: 'painter', type: 'text-to-image', base_price: 0.25, description: 'Paints in oil.', api_schema: {api_schemas: [
    {type: 'model_run', method: 'POST', server: '', api_path: '/api/v3/acme/painter', request_schema: {type: 'object',
      required: ['prompt'], properties: {prompt: {type: 'string'}, image: {type: 'string'}, transparent: {type: 'boolean'},
      size: {type: 'string', default: '1024*1024', enum: ['1024*1024', '1024*1536']}, seed: {type: 'integer', minimum: -1}}}}]}},
  {model_id: 'acme/mystery', name: 'mystery'}]

def Test_a_model_is_chosen_by_its_name_description_and_price()  # [editor 29]
  var provider = t.Provider(json_encode({catalogue: catalogue}))
  g:imagewire_configuration.model = 'acme/mystery'
  Edit('note.md')
  ImagewireModel
  var entries = Shown()
  assert_true(index(entries, 'acme/painter (painter) · $0.25 · Paints in oil.') >= 0, string(entries))
  assert_match('^acme/mystery (mystery) · in use · price unknown', entries[0] =~ 'mystery' ? entries[0] : entries[1])
  # Letters leave the entries that have these words.
  feedkeys('oil pai', 'tx')
  assert_equal(1, len(Shown()))
  feedkeys("\<CR>", 'tx')
  Contains(Message('the model is acme/painter'), ':ImagewireModel!')
  Imagewire a fox
  Idle()
  assert_equal('acme/painter', Listed('a fox')[0].model)
  ImagewireModel!
  Imagewire a yak
  Idle()
  assert_equal('acme/mystery', Listed('a yak')[0].model)
  # By its id, and words that none has.
  ImagewireModel acme/painter
  WaitFor('the choice', () => execute('messages') =~ 'the model is acme/painter.*the model is acme/painter')
  ImagewireModel!
  ImagewireModel of nobody
  Message('no model of the provider has these words')
  assert_equal(['acme/mystery', 'acme/painter'], getcompletion('ImagewireModel acme', 'cmdline'))
  t.EndProvider(provider)
enddef

def Test_the_size_and_other_choices_come_from_the_schema()  # [editor 30]
  var provider = t.Provider(json_encode({catalogue: catalogue}))
  g:imagewire_configuration.model = 'acme/painter'
  Edit('note.md')
  ImagewireInput
  var fields = Shown()
  assert_equal(['size · default 1024*1024', 'transparent', 'seed'], fields)
  feedkeys("size\<CR>", 'tx')
  assert_equal(['(as in the settings)', '1024*1024', '1024*1536'], Shown())
  feedkeys("1536\<CR>", 'tx')
  Message('size = 1024*1536')
  ImagewireInput transparent=true
  Message('transparent = true')
  ImagewireInput
  Shown()
  feedkeys("seed\<CR>", 'tx')
  # It is asked for when the list is gone.
  WaitFor('the seed', () => {
    feedkeys("\<C-U>7\<CR>", 't')
    sleep 10m
    return execute('messages') =~ 'seed = 7'
  })
  Imagewire a fox
  Idle()
  assert_equal([{prompt: 'a fox', size: '1024*1536', transparent: true, seed: 7}], t.Received(provider, 'submit'))
  # What the schema refuses is not kept.
  ImagewireInput size=3x3 seed=-7 colour=red
  Message('size cannot be "3x3"')
  Message('has no field "colour"')
  Contains(Message('seed is -7'), 'It was not changed')
  assert_equal(['size=1024*1024', 'size=1024*1536'], getcompletion('ImagewireInput size=', 'cmdline'))
  assert_equal(['size=', 'transparent=', 'seed='], getcompletion('ImagewireInput ', 'cmdline'))
  ImagewireInput!
  Imagewire a yak
  Idle()
  assert_equal({prompt: 'a yak'}, t.Received(provider, 'submit')[1])
  t.EndProvider(provider)
enddef

def Test_above_the_limit_the_price_is_asked()  # [editor 31]
  var provider = t.Provider('{"usd": 0.25}')
  g:imagewire_configuration.model = 'acme/painter'
  g:imagewire_ask_above = 0.1
  Edit('note.md')
  Imagewire a fox that is too dear
  Contains(join(Shown()), '$0.25. Make it?')
  feedkeys('n', 'tx')
  Contains(Message('not made'), 'Nothing was spent.')
  assert_equal(['', []], [imagewire#Statusline(), Listed('too dear')])
  Imagewire a fox that is wanted
  Shown()
  feedkeys('y', 'tx')
  Idle()
  assert_equal(['![a fox that is wanted](images/a-fox-that-is-wanted.png)'], getline(1, '$'))
  # Below the limit there is no question; where the price is not known, there is.
  g:imagewire_ask_above = 0.3
  Imagewire a cheap one
  Idle()
  Contains(getline(1, '$')->join(), 'a-cheap-one.png')
  t.EndProvider(provider)
  var mute = t.Provider('{"price": [{"do": "500", "times": "forever"}]}')
  g:imagewire_configuration.model = 'acme/painter'
  Imagewire a yak
  Contains(join(Shown()), 'The price is not known. Make it?')
  ImagewireCancel
  assert_equal([], popup_list())
  t.EndProvider(mute)
enddef

def Test_the_field_of_an_image_is_found_in_the_schema()
  for [names, wanted] in [
      [['prompt', 'image', 'images'], 'images'],
      [['mask_image', 'style_image'], 'style_image'],
      [['image_style', 'image_size'], ''],
      [['first_image', 'reference_images'], 'first_image']]
    var properties: dict<any> = {}
    for name in names
      properties[name] = {type: 'string'}
    endfor
    assert_equal(wanted, get(schema.ImageField({properties: properties}), 'name', ''), string(names))
  endfor
  assert_equal({name: 'images', isList: true}, schema.ImageField(v:null))
enddef

t.Run((name) => function(name))
