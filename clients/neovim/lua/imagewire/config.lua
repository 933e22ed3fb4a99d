--- Settings. Each has a default, so `setup` is optional.
local M = {}

local defaults = {
  --- The program, or a list of it and its arguments. By default the variable IMAGEWIRE names it, or it is on the path, in
  --- ~/.local/bin, /usr/local/bin or /opt/homebrew/bin.
  program = 'imagewire',
  --- Where images go: a path seen from the document's folder, an absolute one, one that begins with `~`, or a function of
  --- the document's path that returns one; '' leaves them in imagewire's own folder.
  folder = 'images',
  --- Sent to the process once (`initialize.configuration`): provider, model, wavespeed_api_key, openai_api_key.
  --- A function is called for its value, so that a key need not be in a file.
  configuration = {},
  --- Further fields of the model's input, such as { size = '1024x1024' }.
  input = {},
  --- Filetype to function(path, alt) that returns the link, for filetypes that need another form.
  formats = {},
  --- Whether a link is a paragraph of its own below that of the cursor.
  own_paragraph = false,
  --- Whether LaTeX gets a figure with a caption.
  figure = false,
  --- A function of the prompt that returns the text of the link; by default that is the prompt.
  alt = false,
  --- Whether a changed image takes the place of the link to the old one; otherwise it follows it.
  replace = false,
  --- US dollars above which the price is asked first, or false.
  ask_above = false,
  --- Whether it is asked before the image under the cursor is sent to the provider.
  ask_upload = true,
  --- Whether images are shown at their links when a document is opened, where the terminal can.
  show = true,
}

M.values = vim.deepcopy(defaults)

--- Further types that settings may have, beside that of the default.
local others = { program = 'table', folder = 'function', alt = 'function', ask_above = 'number' }

--- Takes settings over the defaults; an unknown name is an error.
function M.setup(settings)
  settings = settings or {}
  for name, value in pairs(settings) do
    if defaults[name] == nil then
      error(('imagewire: unknown setting "%s"; see :help imagewire-settings'):format(name), 0)
    end
    local wanted = type(defaults[name])
    local fits = type(value) == wanted or type(value) == others[name]
    if name == 'program' and type(value) == 'table' then
      fits = #value > 0
    end
    if not fits then
      wanted = others[name] and ('%s or a %s'):format(wanted, others[name]) or wanted
      error(('imagewire: the setting "%s" is a %s, not a %s'):format(name, wanted, type(value)), 0)
    end
  end
  M.values = vim.tbl_extend('force', vim.deepcopy(defaults), settings)
end
--- Where programs are that shells find and an editor started by a desktop may not.
M.usual_places = { '~/.local/bin', '/usr/local/bin', '/opt/homebrew/bin' }

--- The program where no setting names it: the variable IMAGEWIRE, else the one on the path, else one at a usual place.
local function found()
  local named = vim.env.IMAGEWIRE
  if named and named ~= '' then
    return named
  end
  if vim.fn.executable(defaults.program) == 0 then
    for _, folder in ipairs(M.usual_places) do
      local path = vim.fn.expand(folder) .. '/' .. defaults.program
      if vim.fn.executable(path) == 1 then
        return path
      end
    end
  end
  return defaults.program
end

--- The command line, as a list.
function M.command()
  local program = M.values.program
  if program == defaults.program then
    program = found()
  end
  return type(program) == 'table' and vim.deepcopy(program) or { program }
end

--- The configuration for `initialize`, with functions replaced by the values that they return.
function M.configuration()
  local told = vim.empty_dict()
  for name, value in pairs(M.values.configuration) do
    if type(value) == 'function' then
      value = value()
    end
    told[name] = value
  end
  return told
end

return M
