--- Another editor: gives a command, prints the process id and the inserted link, and exits. With SECOND_LEAVES it does not wait
--- for the link; where that is 'cancelled', it gives another command and takes it back in the tick in which it ends.
local folder = os.getenv('SECOND_FOLDER')
local delay = tonumber(os.getenv('SECOND_DELAY'))
require('imagewire').setup({ program = os.getenv('IMAGEWIRE'), input = { size = '64x64', sandbox = { delay_ms = delay } } })
vim.cmd('edit ' .. folder .. '/second.md')
vim.cmd('Imagewire a boat of the second editor')
vim.wait(30000, function()
  return require('imagewire').statusline():match('processing') or require('imagewire').statusline() == ''
end, 5)
io.stdout:write('pid ' .. require('imagewire.process').pid() .. '\n')
if not os.getenv('SECOND_LEAVES') then
  vim.wait(30000, function()
    return require('imagewire').statusline() == ''
  end, 5)
  io.stdout:write('link ' .. vim.api.nvim_get_current_line() .. '\n')
end
io.stdout:flush()
if os.getenv('SECOND_LEAVES') == 'cancelled' then
  vim.cmd('Imagewire a yak given up')
  -- The submit is written in the next tick.
  vim.wait(1)
  vim.ui.select = function(items, _, choose) choose(items[2]) end
  vim.cmd('ImagewireCancel')
elseif os.getenv('SECOND_LEAVES') == 'at once' then
  vim.cmd('Imagewire a newt of the last moment')
end
vim.cmd('qall!')
