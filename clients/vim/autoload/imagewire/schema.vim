vim9script
# What the schema of a model's input offers to choose, and which field takes an image.

const usual_images = ['images', 'image', 'image_urls', 'image_url', 'input_images', 'input_image']
# Words in the name of a field that say that it takes something else: `mask_image` is a mask, `image_style` is no image.
const other_uses = ['mask', 'size', 'num', 'count', 'format', 'last', 'end', 'tail', 'negative']
const uses_behind = ['style', 'prompt', 'strength', 'type', 'mode', 'name', 'weight', 'scale', 'fidelity', 'guidance', 'quality',
  'resolution', 'ratio', 'output']

# The types of a field.
def Types(field: dict<any>): list<string>
  var kind: any = get(field, 'type', '')
  return type(kind) == v:t_list ? mapnew(kind, (_, name) => string(name)->trim("'")) : [kind]
enddef

export def Fields(schema: any): dict<any>
  return type(schema) == v:t_dict && type(get(schema, 'properties', 0)) == v:t_dict ? schema.properties : {}
enddef

# The names of fields that take an image.
def Images(fields: dict<any>): list<string>
  return filter(sort(keys(fields)), (_, name) => {
    var words = split(tolower(name), '[_-]')
    var at = max([index(words, 'image'), index(words, 'images')])
    var kinds = Types(fields[name])
    return at >= 0 && (index(kinds, 'string') >= 0 || index(kinds, 'array') >= 0)
      && empty(filter(copy(words), (_, word) => index(other_uses, word) >= 0))
      && empty(filter(words[at :], (_, word) => index(uses_behind, word) >= 0))
  })
enddef

# The field that takes an image: {name, isList}; empty where the schema has none. Without a schema it is `images`.
export def ImageField(schema: any): dict<any>
  var fields = Fields(schema)
  if empty(fields)
    return {name: 'images', isList: true}
  endif
  var named = Images(fields)
  var required: list<any> = get(schema, 'required', [])
  var order = filter(copy(usual_images), (_, name) => has_key(fields, name))
    + filter(copy(named), (_, name) => index(required, name) >= 0) + named
  return empty(order) ? {} : {name: order[0], isList: index(Types(fields[order[0]]), 'array') >= 0}
enddef

# The names of fields that can be chosen: those with few values first.
export def Choices(schema: any): list<string>
  var fields = Fields(schema)
  var images = Images(fields)
  var scalar = filter(sort(keys(fields)), (_, name) => name != 'prompt' && index(images, name) < 0
    && (has_key(fields[name], 'enum') || !empty(filter(Types(fields[name]), (_, kind) =>
      index(['string', 'integer', 'number', 'boolean'], kind) >= 0))))
  var few = filter(copy(scalar), (_, name) => !empty(Values(fields[name])))
  return few + filter(scalar, (_, name) => index(few, name) < 0)
enddef

# The values that a field may have, as texts; empty where it is free.
export def Values(field: dict<any>): list<string>
  if type(get(field, 'enum', 0)) == v:t_list
    return mapnew(field.enum, (_, value) => Text(value))
  endif
  return index(Types(field), 'boolean') >= 0 ? ['true', 'false'] : []
enddef

# A value as people write it.
export def Text(value: any): string
  return type(value) == v:t_string ? value : json_encode(value)
enddef

# What was written as a value of a field. Throws where it is none.
export def Value(field: dict<any>, text: string): any
  var kinds = Types(field)
  if type(get(field, 'enum', 0)) == v:t_list
    for value in field.enum
      if Text(value) == text
        return value
      endif
    endfor
    kinds = []
  endif
  if index(kinds, 'boolean') >= 0 && text =~ '^\(true\|false\)$'
    return text == 'true'
  elseif index(kinds, 'integer') >= 0 && text =~ '^-\?\d\+$'
    return str2nr(text)
  elseif index(kinds, 'number') >= 0 && text =~ '^-\?\d\+\(\.\d\+\)\?$'
    return text =~ '\.' ? str2float(text) : str2nr(text)
  elseif index(kinds, 'string') >= 0
    return text
  endif
  return Refuse(empty(kinds) ? 'it must be one of ' .. join(Values(field), ', ') : 'its type is ' .. join(kinds, ' or '))
enddef

def Refuse(reason: string): any
  # Vim 9.0 demands a value after `throw`, and Vim 9.1 refuses it there as unreachable.
  if reason != ''
    throw reason
  endif
  return v:null
enddef

# What a person should know of a field: its limits, its default and its description.
export def About(field: dict<any>): string
  var parts: list<string> = []
  if has_key(field, 'minimum') && has_key(field, 'maximum')
    parts->add(printf('%s to %s', Text(field.minimum), Text(field.maximum)))
  endif
  if has_key(field, 'default')
    parts->add('default ' .. Text(field.default))
  endif
  var description: any = get(field, 'description', '')
  if type(description) == v:t_string && description != ''
    parts->add(description)
  endif
  return join(parts, ' · ')
enddef
