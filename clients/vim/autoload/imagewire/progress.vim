vim9script
# The words for images in progress. The share and the time left are estimates from earlier predictions of the model.

# A time in milliseconds, such as `12 s` or `3 min`.
def Duration(milliseconds: number): string
  var seconds = max([1, (milliseconds + 999) / 1000])
  if seconds < 120
    return printf('%d s', seconds)
  endif
  return seconds < 7200 ? printf('%d min', (seconds + 30) / 60) : printf('%d h', (seconds + 1800) / 3600)
enddef

# Milliseconds until the image of a report is expected; -1 where that is not known.
export def Eta(report: dict<any>): number
  var eta = get(report, 'eta_ms', v:null)
  return type(eta) == v:t_number ? eta : -1
enddef

# For one image, from the value of a report: its share and the time left, or its status where nothing is expected.
export def Words(report: dict<any>): string
  if !has_key(report, 'progress')
    return report.message
  endif
  var eta = Eta(report)
  return printf('%d%% · %s', float2nr(report.progress * 100.0),
    eta >= 0 ? printf('about %s left', Duration(eta)) : 'longer than usual')
enddef

# For the status line, from dictionaries with `status` and `eta`: one image by its status, several by their number and the
# shortest time left.
export def Line(works: list<dict<any>>): string
  if len(works) < 2
    return empty(works) ? '' : 'imagewire: ' .. works[0].status
  endif
  var known = mapnew(works, (_, work) => work.eta)->filter((_, eta) => eta >= 0)
  return printf('imagewire: %d images ', len(works))
    .. (empty(known) ? 'in progress' : printf('· next in about %s', Duration(min(known))))
enddef
