vim9script
# A list in a popup from which one entry is chosen. Typed letters leave only the entries that have these words.

# The entries that have all words of a query, by their index.
def Matching(entries: list<string>, query: string): list<number>
  var words = split(tolower(query))
  return range(len(entries))->filter((_, index) =>
    empty(filter(copy(words), (_, word) => stridx(tolower(entries[index]), word) < 0)))
enddef

def Fill(popup: number, view: dict<any>)
  view.shown = Matching(view.entries, view.query)
  popup_settext(popup, empty(view.shown) ? ['(none has these words)'] : mapnew(view.shown, (_, index) => view.entries[index]))
  popup_setoptions(popup, {title: printf(' %s %s', view.title, view.query == '' ? '' : view.query .. '_ ')})
  win_execute(popup, 'call cursor(1, 1)')
enddef

def Pressed(popup: number, key: string, view: dict<any>): bool
  if key == "\<CR>"
    var index = get(view.shown, line('.', popup) - 1, -1)
    if index >= 0
      popup_close(popup, index + 1)
    endif
  elseif key == "\<Esc>" || key == "\<C-C>"
    popup_close(popup, 0)
  elseif key == "\<Down>" || key == "\<C-N>" || key == "\<Up>" || key == "\<C-P>"
    win_execute(popup, 'normal! ' .. (key == "\<Down>" || key == "\<C-N>" ? 'j' : 'k'))
  elseif key == "\<PageDown>" || key == "\<PageUp>"
    win_execute(popup, "normal! " .. (key == "\<PageDown>" ? "\<C-D>" : "\<C-U>"))
  elseif key == "\<BS>" || key == "\<C-U>"
    view.query = key == "\<BS>" ? strcharpart(view.query, 0, strcharlen(view.query) - 1) : ''
    Fill(popup, view)
  elseif strcharlen(key) == 1 && key =~ '^[[:print:]]$'
    view.query ..= key
    Fill(popup, view)
  endif
  # The other keys, such as those of the mouse, do nothing.
  return true
enddef

# Shows entries, a line each, and calls back with the index of the one that is chosen, or with -1.
export def One(title: string, entries: list<string>, Callback: func)
  var view = {title: title, entries: entries, shown: range(len(entries)), query: ''}
  popup_create(entries, {
    title: ' ' .. title .. ' ', border: [], padding: [0, 1, 0, 1], pos: 'center', cursorline: true, wrap: false, mapping: false,
    minwidth: min([40, &columns - 8]), maxwidth: &columns - 8, maxheight: max([3, &lines - 6]), zindex: 200,
    filter: (popup, key) => Pressed(popup, key, view), filtermode: 'n',
    callback: (_, chosen) => Callback(type(chosen) == v:t_number && chosen > 0 ? chosen - 1 : -1),
  })
enddef
