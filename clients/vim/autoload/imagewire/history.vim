vim9script
# What an image was made from, and what was made from it.

import autoload 'imagewire/change.vim'
import autoload 'imagewire/earlier.vim'
import autoload 'imagewire/pick.vim'
import autoload 'imagewire/place.vim'
import autoload 'imagewire/process.vim'
import autoload 'imagewire/say.vim'

# A chain of labels that leads back to itself ends here.
const longest = 50

# The prediction that another was made from, by its label, or ''.
def Before(prediction: dict<any>): string
  return prediction.tags->copy()->filter((_, tag) => tag =~ '^from:')->get(0, '')->substitute('^from:', '', '')
enddef

# Gets predictions by their ids, with their prompts; those that were deleted are left out.
def Get(ids: list<string>, Callback: func, found: list<dict<any>> = [])
  if empty(ids)
    Callback(found)
    return
  endif
  process.Request('status', {id: ids[0]}, (error, prediction) =>
    Get(ids[1 :], Callback, empty(error) ? found + [prediction] : found))
enddef

# The predictions that one was made from, the oldest first.
def Backwards(id: string, Callback: func, found: list<dict<any>> = [])
  if id == '' || len(found) == longest
    Callback(found)
    return
  endif
  process.Request('status', {id: id}, (error, prediction) => {
    if !empty(error)
      Callback(found)
    else
      Backwards(Before(prediction), Callback, [prediction] + found)
    endif
  })
enddef

# Those that were made from one.
def Forwards(id: string, Callback: func)
  process.Request('list', {tag: 'from:' .. id}, (error, page) =>
    Get(empty(error) ? reverse(mapnew(page.predictions, (_, prediction) => prediction.id)) : [], Callback))
enddef

def Entry(prediction: dict<any>, relation: string): string
  return printf('%s  %s, %s ago, %s', say.Short(earlier.PromptOf(prediction), 80), relation, earlier.Age(prediction.created_at),
    prediction.status)
enddef

def Insert(prediction: dict<any>, where: dict<any>)
  process.Request('result', {id: prediction.id, timeout_ms: 0}, (error, whole) => {
    if empty(error) && !empty(whole.files)
      earlier.Insert(whole, where)
      return
    endif
    place.Forget(where)
    say.Error(empty(error) ? 'this one has no image: ' .. whole.status : error.message)
  })
enddef

# Lists the history of the image under the cursor, and inserts the one that is chosen.
export def Open()
  var link = change.Link()
  if empty(link)
    return
  endif
  # The cursor may be elsewhere when the list is there.
  var where = place.AtLink(link)
  var Stop = (text: string) => {
    place.Forget(where)
    if text != ''
      say.Message(text)
    endif
  }
  change.Origin(link.path, (error, id) => {
    if id == ''
      Stop(error != '' ? error : 'imagewire did not make this image: ' .. fnamemodify(link.path, ':t'))
      return
    endif
    Backwards(id, (past) => Forwards(id, (next) => {
      var before = past[: -2]
      if empty(before) && empty(next)
        Stop('this image was made from no other, and none was made from it.')
        return
      endif
      var entries = mapnew(before, (_, prediction) => Entry(prediction, 'before'))
      extend(entries, mapnew(next, (_, prediction) => Entry(prediction, 'made from it')))
      pick.One('History:', entries, (index) => {
        if index < 0
          Stop('')
        else
          Insert(extend(copy(before), next)[index], where)
        endif
      })
    }))
  })
enddef
