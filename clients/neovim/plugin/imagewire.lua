-- The commands. Everything else is loaded by the first of them, or by the first document that may have images.
if vim.g.loaded_imagewire then
  return
end
vim.g.loaded_imagewire = true

if vim.fn.has('nvim-0.7') == 0 then
  vim.api.nvim_err_writeln('imagewire needs Neovim 0.7 or newer.')
  return
end

local command = vim.api.nvim_create_user_command

--- Completion by a function of `imagewire.complete`.
local function completed(name)
  return function(...)
    return require('imagewire.complete')[name](...)
  end
end

command('Imagewire', function(given)
  require('imagewire').command(given)
end, { nargs = '*', range = true, complete = completed('prompts'), desc = 'Make an image and insert a link to it' })

command('ImagewireCancel', function(given)
  require('imagewire').cancel({ all = given.bang })
end, { bang = true, desc = 'Cancel an image in progress (!: all of them)' })

command('ImagewireList', function(given)
  require('imagewire').list(given.args)
end, { nargs = '*', complete = completed('prompts'), desc = 'List images, newest first (with words: only images whose prompt has them)' })

command('ImagewireChange', function(given)
  require('imagewire').change(given.args)
end, { nargs = '*', desc = 'Change the image under the cursor by words' })

command('ImagewireVary', function()
  require('imagewire').vary()
end, { desc = 'Make the image under the cursor once more, with another seed' })

command('ImagewireAgain', function()
  require('imagewire').again()
end, { desc = 'Make the image under the cursor once more, with the same input' })

command('ImagewireHistory', function()
  require('imagewire').history()
end, { desc = 'List what the image under the cursor was made from and what was made from it' })

command('ImagewireModel', function(given)
  require('imagewire').choose_model(given.args, { reset = given.bang })
end, { nargs = '*', bang = true, complete = completed('models'), desc = 'Choose the model for this session (!: reset)' })

command('ImagewireInput', function(given)
  require('imagewire').choose_input(given.args, { reset = given.bang })
end, { nargs = '*', bang = true, complete = completed('input'), desc = 'Choose size and other fields for this session (!: reset)' })

command('ImagewireShow', function()
  require('imagewire').show()
end, { desc = 'Show the images of this buffer at their links' })

command('ImagewireHide', function(given)
  require('imagewire').hide({ all = given.bang })
end, { bang = true, desc = 'Hide the images of this buffer (!: of all buffers)' })

for name, action in pairs({
  ['imagewire'] = 'Imagewire', ['imagewire-cancel'] = 'ImagewireCancel', ['imagewire-list'] = 'ImagewireList',
  ['imagewire-change'] = 'ImagewireChange', ['imagewire-vary'] = 'ImagewireVary', ['imagewire-again'] = 'ImagewireAgain',
  ['imagewire-history'] = 'ImagewireHistory', ['imagewire-model'] = 'ImagewireModel', ['imagewire-input'] = 'ImagewireInput',
  ['imagewire-show'] = 'ImagewireShow', ['imagewire-hide'] = 'ImagewireHide',
}) do
  vim.keymap.set({ 'n', 'i' }, ('<Plug>(%s)'):format(name), ('<Cmd>%s<CR>'):format(action))
end
-- With the selected text.
vim.keymap.set('x', '<Plug>(imagewire)', ':Imagewire<CR>')

vim.api.nvim_create_autocmd({ 'BufWinEnter', 'UIEnter' }, {
  group = vim.api.nvim_create_augroup('imagewire', {}),
  callback = function(event)
    if vim.bo[event.buf].buftype == '' and vim.api.nvim_buf_get_name(event.buf) ~= '' then
      require('imagewire.show').changed(event.buf)
    end
  end,
})
