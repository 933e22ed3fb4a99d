vim9script
# Questions that are answered with y or n. They hold up nothing: every other key does what it always does, and in Insert mode
# the letters are text.

# The questions that wait for the one that is shown, which is the first: {text, Callback, popup}.
var questions: list<dict<any>> = []

def Pressed(popup: number, key: string): bool
  if key ==? 'y' || key ==? 'n' || key == "\<Esc>"
    popup_close(popup, key ==? 'y' ? 1 : 0)
    return true
  endif
  return false
enddef

def Answered(question: dict<any>, answer: number)
  if empty(filter(copy(questions), (_, other) => other is question))
    return
  endif
  filter(questions, (_, other) => other isnot question)
  if !empty(questions)
    Show(questions[0])
  endif
  question.Callback(answer == 1)
enddef

def Show(question: dict<any>)
  question.popup = popup_create([question.text, 'Press y for yes, n for no.'], {
    title: ' imagewire ', border: [], padding: [0, 1, 0, 1], pos: 'botleft', line: &lines - &cmdheight - 1, col: 2,
    maxwidth: &columns - 6, zindex: 300, filter: Pressed, filtermode: 'n', mapping: false,
    callback: (_, answer) => Answered(question, type(answer) == v:t_number ? answer : 0),
  })
enddef

# Asks. Returns what `Withdraw` takes.
export def YesOrNo(text: string, Callback: func): dict<any>
  var question = {text: text, Callback: Callback, popup: 0}
  questions->add(question)
  if len(questions) == 1
    Show(question)
  endif
  return question
enddef

# Takes a question back; its function is not called.
export def Withdraw(question: dict<any>)
  var isShown = !empty(questions) && questions[0] is question
  filter(questions, (_, other) => other isnot question)
  if isShown
    popup_close(question.popup)
    if !empty(questions)
      Show(questions[0])
    endif
  endif
enddef
