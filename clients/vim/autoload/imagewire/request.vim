vim9script
# What is sent for a document: the prompt, the chosen model and input, and where the files go.

import autoload 'imagewire/choose.vim'
import autoload 'imagewire/folder.vim'
import autoload 'imagewire/link.vim'

# Why nothing may be sent for a buffer, or ''. `directory` is where its images would go.
export def Refusal(prompt: string, buffer: number, directory: string): string
  if directory == ''
    return ''
  endif
  if !folder.IsWritable(directory)
    return printf('the folder %s cannot be written. Nothing was sent. See g:imagewire_folder.', fnamemodify(directory, ':~'))
  endif
  var path = printf('%s/%s.png', directory, link.NameFor(prompt) ?? 'image')
  if !link.IsPossible(folder.PathFrom(folder.Document(buffer), path, directory), getbufvar(buffer, '&filetype'))
    return 'a link into the folder of g:imagewire_folder would not be safe in this kind of text. Nothing was sent.'
  endif
  return ''
enddef

# The input for a model: the settings, and what was chosen in this session.
export def Input(model: string): dict<any>
  return copy(get(g:, 'imagewire_input', {}))->extend(choose.Input(model))
enddef

# The params of `submit` for a prompt.
export def For(prompt: string): dict<any>
  var params: dict<any> = {input: Input(choose.Model())->extend({prompt: prompt})}
  if choose.Model() != ''
    params.model = choose.Model()
  endif
  return params
enddef

# The params, with the labels and with where the files go. `from` is the prediction that this one is made from, or ''.
export def Saved(params: dict<any>, prompt: string, directory: string, from: string): dict<any>
  var whole = extend({tags: from == '' ? ['vim'] : ['vim', 'from:' .. from]}, params)
  if directory != ''
    whole.output_dir = directory
    var name = link.NameFor(prompt)
    if name != ''
      whole.output_name = name
    endif
  endif
  return whole
enddef
