--- Runs every file *_spec.lua of this directory: the plugin in a real Neovim, against the real program and its sandbox.
package.path = 'tests/?.lua;' .. package.path
for _, file in ipairs(vim.fn.sort(vim.fn.glob('tests/*_spec.lua', true, true))) do
  dofile(file)
end
require('harness').run()
