vim9script
# The model and the fields of its input that are chosen for this session. For good they are settings.

import autoload 'imagewire/pick.vim'
import autoload 'imagewire/process.vim'
import autoload 'imagewire/say.vim'
import autoload 'imagewire/schema.vim'

# The chosen model; '' for that of the settings.
var model = ''
# The chosen fields, by model.
var fields: dict<dict<any>> = {}
# The ids of the catalogue, and the schemas by model, as last seen: for completion.
var known: list<string> = []
var schemas: dict<any> = {}
# A catalogue of more pages is not read to its end.
const most_pages = 100

export def Model(): string
  return model
enddef

# The fields that are chosen for a model; '' is the one in use.
export def Input(of = ''): dict<any>
  return copy(get(fields, of == Current() ? model : of ?? model, {}))
enddef

# The model in use, once the process is ready: the chosen one, that of the settings, or the provider's.
export def Current(): string
  return model ?? get(process.Offer(), 'model', '')
enddef

# Reads the provider's models that have some words, page by page.
def Catalogue(words: string, Callback: func, found: list<any> = [], cursor: any = v:null, pages = 1)
  var params: dict<any> = words == '' ? {} : {search: words}
  if cursor != v:null
    params.cursor = cursor
  endif
  process.Request('models', params, (error, page) => {
    if !empty(error)
      Callback(error.message, [])
      return
    endif
    var all = found + page.models
    if type(page.next_cursor) == v:t_string && pages < most_pages
      Catalogue(words, Callback, all, page.next_cursor, pages + 1)
      return
    endif
    known = uniq(sort(known + mapnew(all, (_, one) => one.id)))
    Callback('', all)
  })
enddef

export def PriceOf(price: any): string
  return index([v:t_number, v:t_float], type(price)) < 0 ? 'price unknown' : price == 0 ? 'free' : say.Dollars(price)
enddef

def Entry(one: dict<any>): string
  var name = type(one.name) == v:t_string && one.name != one.id ? ' (' .. one.name .. ')' : ''
  var kind = type(one.kind) == v:t_string && one.kind != 'image' ? ' · ' .. one.kind : ''
  var description = type(one.description) == v:t_string && one.description != '' ? ' · ' .. one.description : ''
  var use = one.id == Current() ? ' · in use' : ''
  return say.Short(printf('%s%s%s · %s%s%s', one.id, name, use, PriceOf(one.price), kind, description), 200)
enddef

def Use(one: dict<any>)
  model = one.id
  say.Message(printf('the model is %s (%s), until Vim ends or :ImagewireModel! resets it.', model, PriceOf(one.price)))
enddef

export def ResetModel()
  model = ''
  say.Message('the model is that of the settings again.')
enddef

# Chooses a model whose description has some words; one that is named by its id at once.
export def ChooseModel(words: string)
  Catalogue(words, (error, models) => {
    var exact = filter(copy(models), (_, one) => one.id ==# words)
    if error != ''
      say.Error(error)
    elseif !empty(exact)
      Use(exact[0])
    elseif empty(models)
      say.Message('no model of the provider has these words.')
    else
      pick.One('Model:', mapnew(models, (_, one) => Entry(one)), (index) => {
        if index >= 0
          Use(models[index])
        endif
      })
    endif
  })
enddef

# Gets the schema of the model in use, or says why there is none.
def WithSchema(Callback: func)
  # The reply says that the process is ready, and which model it has.
  process.Request('ping', {}, (failure, _) => {
    if !empty(failure)
      say.Error(failure.message)
      return
    endif
    var name = Current()
    process.Request('models', {model: name}, (error, page) => {
      if !empty(error)
        say.Error(error.message)
        return
      endif
      var found = get(page.models, 0, {})->get('input_schema', v:null)
      schemas[name] = found
      if empty(schema.Fields(found))
        say.Message(printf('the provider does not say what %s takes; g:imagewire_input can have any field.', name))
      else
        Callback(name, found)
      endif
    })
  })
enddef

# Keeps a field for the session, if the provider's schema allows its value.
def Set(name: string, field: string, value: any)
  process.Request('validate', {model: name, input: {prompt: 'a fox', [field]: value}}, (error, report) => {
    var problems = empty(error) ? filter(copy(report.problems), (_, problem) => problem.path =~ '^input\.' .. field) : []
    if !empty(error)
      say.Error(error.message)
    elseif !empty(problems)
      say.Error(problems[0].message .. '. It was not changed.')
    else
      fields[model] = extend(Input(), {[field]: value})
      say.Message(Chosen())
    endif
  })
enddef

def Unset(field: string)
  fields[model] = filter(Input(), (name, _) => name != field)
  say.Message(Chosen())
enddef

# What is chosen, in words.
def Chosen(): string
  var chosen = Input()
  return empty(chosen) ? 'the input is that of the settings.'
    : join(mapnew(sort(keys(chosen)), (_, name) => name .. ' = ' .. schema.Text(chosen[name])), ', ')
    .. ', until Vim ends or :ImagewireInput! resets it.'
enddef

def SetText(name: string, field: string, about: dict<any>, text: string)
  try
    Set(name, field, schema.Value(about, text))
  catch
    say.Error(printf('%s cannot be "%s": %s. It was not changed.', field, say.Short(text, 40), v:exception))
  endtry
enddef

def ChooseValue(name: string, field: string, about: dict<any>)
  var values = schema.Values(about)
  if !empty(values)
    pick.One(field .. ':', ['(as in the settings)'] + values, (index) => {
      if index == 0
        Unset(field)
      elseif index > 0
        SetText(name, field, about, values[index - 1])
      endif
    })
    return
  endif
  var question = say.Short(printf('%s (%s; empty: as in the settings)', field, schema.About(about)), &columns / 2)
  var text = input(question .. ': ', schema.Text(get(Input(), field, '')))
  redraw
  if text == ''
    Unset(field)
  else
    SetText(name, field, about, text)
  endif
enddef

def FieldEntry(field: string, about: dict<any>): string
  var value = has_key(Input(), field) ? ' = ' .. schema.Text(Input()[field]) : ''
  var words = schema.About(about)
  return say.Short(field .. value .. (words == '' ? '' : ' · ' .. words), 200)
enddef

export def ResetInput()
  fields[model] = {}
  say.Message(Chosen())
enddef

# Chooses a field of the input and its value; `NAME=VALUE` sets one at once.
export def ChooseInput(words: string)
  WithSchema((name, found) => {
    var all = schema.Fields(found)
    if words != ''
      for word in split(words)
        var [field, text] = [matchstr(word, '^[^=]*'), matchstr(word, '=\zs.*')]
        if !has_key(all, field) || word !~ '='
          say.Error(printf('%s has no field "%s". Write NAME=VALUE.', name, say.Short(field, 40)))
        else
          SetText(name, field, all[field], text)
        endif
      endfor
      return
    endif
    var choices = schema.Choices(found)
    pick.One(name .. ':', mapnew(choices, (_, field) => FieldEntry(field, all[field])), (index) => {
      if index >= 0
        # Later, when the list is off the screen: a free value is asked for in the last line.
        timer_start(0, (_) => ChooseValue(name, choices[index], all[choices[index]]))
      endif
    })
  })
enddef

# Waits a moment for what completion needs.
def Await(Condition: func(): bool)
  var start = reltime()
  while !Condition() && reltimefloat(reltime(start)) < 1
    sleep 10m
  endwhile
enddef

export def CompleteModel(lead: string): list<string>
  if empty(known)
    Catalogue('', (_, _) => 0)
    Await(() => !empty(known))
  endif
  return filter(copy(known), (_, id) => stridx(id, lead) >= 0)
enddef

export def CompleteInput(lead: string): list<string>
  if !has_key(schemas, Current())
    WithSchema((_, _) => 0)
    Await(() => has_key(schemas, Current()))
  endif
  var found = get(schemas, Current(), v:null)
  var all = schema.Fields(found)
  var field = matchstr(lead, '^[^=]*\ze=')
  var words = has_key(all, field) ? mapnew(schema.Values(all[field]), (_, value) => field .. '=' .. value)
    : mapnew(schema.Choices(found), (_, name) => name .. '=')
  return filter(words, (_, word) => stridx(word, lead) == 0)
enddef
