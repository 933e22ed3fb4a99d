vim9script
# Links to a picture, as each kind of text writes them, and names for its file.

import autoload 'imagewire/say.vim'

# Percent-encodes what would end or change a link; letters of other scripts stay readable.
def Url(path: string): string
  return substitute(path, '[[:cntrl:] %"#?<>()[\]\\`{}|^]', (match) => printf('%%%02X', char2nr(match[0])), 'g')
enddef

def Markdown(path: string, alt: string): string
  return printf('![%s](%s)', escape(alt, '[]\`<'), Url(path))
enddef

def Org(path: string, alt: string): string
  return printf('[[file:%s]]', escape(path, '[]\'))
enddef

def Latex(path: string, alt: string): string
  return printf('\includegraphics[width=\linewidth]{%s}', path)
enddef

def Entities(text: string): string
  var entities = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'}
  return substitute(text, '[&<>"]', (match) => entities[match[0]], 'g')
enddef

def Html(path: string, alt: string): string
  return printf('<img src="%s" alt="%s">', Entities(Url(path)), Entities(alt))
enddef

# By filetype; everything else is Markdown.
const formats = {
  org: Org,
  tex: Latex, plaintex: Latex, latex: Latex,
  html: Html, xhtml: Html, htmldjango: Html, php: Html, vue: Html, svelte: Html, astro: Html,
}

# The link to a file, for a filetype. A format of the user's that fails costs its form, never the link: then it is
# Markdown.
export def To(path: string, prompt: string, filetype: string): string
  var alt = say.Short(prompt, 100)
  var own: any = get(g:, 'imagewire_formats', {})
  if type(own) != v:t_dict || !has_key(own, filetype)
    return call(get(formats, filetype, Markdown), [path, alt])
  endif
  var reason = 'it returned no text'
  try
    var text: any = call(own[filetype], [path, alt])
    if type(text) == v:t_string
      return text
    endif
  catch
    reason = v:exception
  endtry
  say.Error(printf('the function for "%s" in g:imagewire_formats failed: %s', filetype, reason))
  return Markdown(path, alt)
enddef

# A file name made of the first words of a prompt, or '' where it has none of ASCII.
export def NameFor(prompt: string): string
  var name = trim(substitute(tolower(strpart(prompt, 0, 400)), '[^a-z0-9]\+', '-', 'g'), '-')
  if len(name) > 40
    name = trim(substitute(strpart(name, 0, 40), '-[^-]*$', '', ''), '-')
  endif
  return name
enddef
