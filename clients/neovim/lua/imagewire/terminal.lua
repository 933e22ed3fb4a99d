--- The terminal that Neovim runs in: whether it shows images by kitty's protocol with Unicode placeholders, and bytes for it.
---
--- kitty (since 0.28) and Ghostty do. They say so by TERM or variables of their own, or answer XTVERSION with their name, which
--- Neovim passes on since 0.10. Their answer to a query of the protocol itself would come as typed keys in older versions.
local M = {}

--- nil, as long as nobody asked; else { ok, reason }.
local known = nil
local asked = {}

local function names_one(text)
  text = (text or ''):lower()
  return text:find('kitty', 1, true) ~= nil or text:find('ghostty', 1, true) ~= nil
end

local function tmux(...)
  local ok, answer = pcall(vim.fn.system, { 'tmux', ... })
  return ok and vim.v.shell_error == 0 and vim.trim(answer) or ''
end

--- Inside tmux: the terminal outside, and whether tmux passes on what it does not know.
local function inside_tmux()
  local outer = tmux('display-message', '-p', '#{client_termname}')
  if not names_one(outer) then
    return false, ('the terminal outside tmux (%s) is neither kitty nor Ghostty'):format(outer ~= '' and outer or 'unknown')
  elseif not tmux('show-options', '-Apv', 'allow-passthrough'):match('^[oa][nl]') then
    return false, 'tmux passes no images on; allow it: tmux set -g allow-passthrough on'
  end
  return true
end

local function has_screen()
  for _, ui in ipairs(vim.api.nvim_list_uis()) do
    if ui.stdout_tty ~= false and not ui.ext_multigrid then
      return true
    end
  end
  return false
end

local function answer(ok, reason)
  known = { ok, reason }
  local waiting = asked
  asked = {}
  for _, callback in ipairs(waiting) do
    callback(ok, reason)
  end
end

--- Asks for the terminal's name, and takes no answer within 300 ms for one that shows no images.
local function query()
  local term = vim.env.TERM or 'unknown'
  local reason = ('the terminal (%s) did not say that it shows images: kitty and Ghostty do'):format(term)
  if vim.fn.has('nvim-0.10') == 0 then
    return answer(false, reason)
  end
  local listener
  listener = vim.api.nvim_create_autocmd('TermResponse', { callback = function(event)
    local sequence = type(event.data) == 'table' and event.data.sequence or event.data or vim.v.termresponse
    local name = tostring(sequence):match('^\27P>|(.*)')
    if name and not known then
      answer(names_one(name), names_one(name) and '' or ('the terminal (%s) shows no images: kitty and Ghostty do'):format(name))
    end
  end })
  M.write('\27[>q')
  vim.defer_fn(function()
    pcall(vim.api.nvim_del_autocmd, listener)
    if not known then
      answer(false, reason)
    end
  end, 300)
end

--- Calls with whether the terminal shows images, and why not.
function M.ask(callback)
  if known then
    return callback(known[1], known[2])
  end
  table.insert(asked, callback)
  if #asked > 1 then
    return
  elseif not has_screen() then
    -- Not for good: another interface may be attached later.
    asked = {}
    return callback(false, 'Neovim is in no terminal that shows images')
  elseif vim.env.TMUX then
    return answer(inside_tmux())
  elseif vim.env.STY or (vim.env.TERM or ''):match('^screen') or vim.env.ZELLIJ then
    return answer(false, 'screen and Zellij pass no images on')
  elseif vim.env.KITTY_WINDOW_ID or names_one(vim.env.TERM) or names_one(vim.env.TERM_PROGRAM) then
    return answer(true)
  end
  query()
end

--- Sends bytes to the terminal, through tmux.
function M.write(bytes)
  if vim.env.TMUX then
    bytes = '\27Ptmux;' .. bytes:gsub('\27', '\27\27') .. '\27\\'
  end
  if vim.api.nvim_ui_send then
    return vim.api.nvim_ui_send(bytes)
  end
  vim.api.nvim_chan_send(vim.v.stderr, bytes)
end

--- For the next interface, and for tests.
function M.forget()
  known = nil
end

return M
