--- Links to a picture, as each kind of text writes them, and names for its file.
local config = require('imagewire.config')
local say = require('imagewire.say')
local M = {}

--- Percent-encodes what would end or change a link; letters of other scripts stay readable.
local function url(path)
  return (path:gsub('[%c %%"#?<>()%[%]\\`{}|^]', function(character)
    return ('%%%02X'):format(character:byte())
  end))
end

local function markdown(path, alt)
  return ('![%s](%s)'):format(alt:gsub('[%[%]\\`<]', '\\%0'), url(path))
end

local function org(path)
  return ('[[file:%s]]'):format((path:gsub('[%[%]\\]', '\\%0')))
end

local function latex(path)
  return ('\\includegraphics[width=\\linewidth]{%s}'):format(path)
end

local entities = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }

local function html(path, alt)
  return ('<img src="%s" alt="%s">'):format(url(path):gsub('&', entities), (alt:gsub('[&<>"]', entities)))
end

--- By filetype; everything else is Markdown.
local formats = {
  org = org,
  tex = latex, plaintex = latex, latex = latex,
  html = html, xhtml = html, htmldjango = html, php = html, vue = html, svelte = html, astro = html,
}

--- The link to a file, for a filetype. A format of the user's that fails costs its form, never the link: then it is Markdown.
function M.to(path, prompt, filetype)
  local alt = say.short(prompt, 100)
  local own = config.values.formats[filetype]
  if not own then
    return (formats[filetype] or markdown)(path, alt)
  end
  local ok, text = pcall(own, path, alt)
  if ok and type(text) == 'string' then
    return text
  end
  say.error(('the function for "%s" in the setting "formats" failed: %s'):format(
    filetype, ok and 'it returned no text' or tostring(text)))
  return markdown(path, alt)
end

--- A file name made of the first words of a prompt, or nil where it has none of ASCII.
function M.name_for(prompt)
  local name = prompt:sub(1, 400):lower():gsub('[^a-z0-9]+', '-'):gsub('^%-+', '')
  if #name > 40 then
    name = name:sub(1, 40):gsub('%-[^-]*$', '')
  end
  name = name:gsub('%-+$', '')
  return name ~= '' and name or nil
end

return M
