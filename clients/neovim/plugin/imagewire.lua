-- The commands. Everything else is loaded by the first of them.
if vim.g.loaded_imagewire then
  return
end
vim.g.loaded_imagewire = true

if vim.fn.has('nvim-0.7') == 0 then
  vim.api.nvim_err_writeln('imagewire needs Neovim 0.7 or newer.')
  return
end

local command = vim.api.nvim_create_user_command

command('Imagewire', function(given)
  require('imagewire').command(given)
end, { nargs = '*', range = true, desc = 'Make an image and insert a link to it' })

command('ImagewireCancel', function(given)
  require('imagewire').cancel({ all = given.bang })
end, { bang = true, desc = 'Cancel an image in progress (!: all of them)' })

command('ImagewireList', function(given)
  require('imagewire').list(given.args)
end, { nargs = '*', desc = 'List images, newest first (with words: only images whose prompt has them)' })
