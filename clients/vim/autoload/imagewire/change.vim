vim9script
# Makes a new image from the one whose link is under the cursor, or from a file: with new words, with another seed, or again.

import autoload 'imagewire/choose.vim'
import autoload 'imagewire/find.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/process.vim'
import autoload 'imagewire/request.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/schema.vim'
import autoload 'imagewire/work.vim'

# The link under the cursor, or empty after a message that says why its image cannot be used.
export def Link(): dict<any>
  var refusal = place.Refusal()
  if refusal != ''
    say.Error(refusal)
    return {}
  endif
  var link = find.Under()
  refusal = empty(link) ? 'no link to an image is under the cursor. Nothing was sent.'
    : link.isRemote ? 'the image of this link is not a file of this machine. Nothing was sent.' : FileRefusal(link.path)
  if refusal != ''
    say.Error(refusal)
    return {}
  endif
  return link
enddef

# Why a file cannot be changed, or ''.
export def FileRefusal(path: string): string
  var name = fnamemodify(path, ':t')
  return !filereadable(path) ? printf('the file of this link does not exist: %s. Nothing was sent.', name)
    : !find.IsImage(path) ? printf('%s is not an image that can be sent. Nothing was sent.', name) : ''
enddef

# The id of the prediction that made a file, or ''.
export def Origin(file: string, Callback: func)
  process.Request('list', {file: file, limit: 1}, (error, page) => {
    # A program that is older than this parameter, or a file that it cannot read.
    Callback(get(error, 'message', ''), empty(error) && !empty(page.predictions) ? page.predictions[0].id : '')
  })
enddef

# A file as the question names it: by its path, which tells whether it is one that the user means.
def Named(path: string, document: string): string
  var folder = fnamemodify(document, ':h') .. '/'
  return document != '' && stridx(path, folder) == 0 ? strpart(path, len(folder)) : fnamemodify(path, ':~')
enddef

# Asks before files are sent to the provider, unless the setting says that they may.
def Upload(the: dict<any>, files: list<string>, Next: func)
  if !get(g:, 'imagewire_ask_upload', true)
    Next()
    return
  endif
  # The reply says that the process is ready, and who the provider is.
  work.Learn(the, 'ping', {}, (_) => {
    var provider = get(process.Offer(), 'provider', 'the provider')
    var names = mapnew(files, (_, file) => Named(file, the.document))
    work.Confirm(the, printf('Send %s to %s?', join(names, ' and '), provider), Next)
  })
enddef

# The model that changes images for the one in use, and its field for an image.
def Editor(the: dict<any>, Next: func)
  # For the model that is in use; the process is ready by then.
  work.Learn(the, 'ping', {}, (_) => {
    var Asked = (page: dict<any>): dict<any> => get(page.models, 0, {})
    work.Learn(the, 'models', {model: choose.Current()}, (page) => {
      var base = Asked(page)
      var name: any = get(base, 'edit_model', v:null)
      if type(name) != v:t_string || name == get(base, 'id', '')
        Next(get(base, 'id', choose.Current()), Field(base))
      else
        work.Learn(the, 'models', {model: name}, (other) => Next(name, Field(Asked(other))))
      endif
    })
  })
enddef

def Field(model: dict<any>): dict<any>
  # The sandbox takes any field, and its schema names none for images.
  if get(model, 'provider', '') == 'sandbox'
    return {name: 'image', isList: false}
  endif
  var field = schema.ImageField(get(model, 'input_schema', v:null))
  if empty(field)
    throw printf('%s takes no image. Choose another with :ImagewireModel', model.id)
  endif
  return field
enddef

# Sends an image file with new words; the link goes to the place.
export def Change(words: string, file: string, where: dict<any>)
  work.Start(words, where, (the, Next) => Upload(the, [file], () => {
    Editor(the, (model, field) => Origin(file, (_, id) => work.Continue(the, () => {
      the.from = id
      var image = '@' .. file
      var input = request.Input(model)->extend({prompt: words, [field.name]: field.isList ? [image] : image})
      Next({model: model, input: input, upload: true})
    })))
  }))
enddef

# `:ImagewireChange [words]`: asks for the words where there are none.
export def Under(words: string)
  var link = Link()
  if empty(link)
    return
  endif
  var prompt = words
  if trim(prompt) == ''
    prompt = input(printf('Change %s how? ', say.Short(fnamemodify(link.path, ':t'), &columns / 2)))
    redraw
  endif
  if trim(prompt) != ''
    Change(prompt, link.path, place.AtLink(link))
  endif
enddef

# The files of this machine that an input names.
def Files(value: any): list<string>
  var kind = type(value)
  return kind == v:t_string ? (value =~ '^@/' ? [value[1 :]] : [])
    : kind == v:t_list ? flattennew(mapnew(value, (_, member) => Files(member)))
    : kind == v:t_dict ? flattennew(mapnew(values(value), (_, member) => Files(member))) : []
enddef

# Makes an image once more, with the fields of the input that are given in place of its own.
def Once(link: dict<any>, New: func)
  var name = fnamemodify(link.path, ':t')
  work.Start(fnamemodify(link.path, ':t:r'), place.AtLink(link), (the, Next) => {
    Origin(link.path, (error, id) => work.Continue(the, () => {
      if error != ''
        throw error
      elseif id == ''
        throw 'imagewire did not make this image: ' .. name
      endif
      work.Learn(the, 'status', {id: id, full: true}, (earlier) => {
        the.prompt = get(earlier.input, 'prompt', the.prompt)
        the.from = id
        var params: dict<any> = {model: earlier.model, provider: earlier.provider, input: extend(earlier.input, New())}
        var files = Files(filter(copy(earlier.input), (field, _) => field != 'prompt'))
        if empty(files)
          Next(params)
        else
          Upload(the, files, () => Next(extend(params, {upload: true})))
        endif
      })
    }))
  })
enddef

export def Vary()
  var link = Link()
  if !empty(link)
    Once(link, () => ({seed: rand() % 0x80000000}))
  endif
enddef

export def Again()
  var link = Link()
  if !empty(link)
    Once(link, () => ({}))
  endif
enddef
