vim9script
export def IsOn(): bool
  return false
enddef
export def Preview(where: dict<any>, path: string)
enddef
export def Refresh(buffer: number)
enddef
export def Show()
enddef
export def Hide()
enddef
export def InList(buffer: number, line: number, files: list<any>)
enddef
