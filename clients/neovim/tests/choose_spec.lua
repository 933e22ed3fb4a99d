--- Choosing a model, the fields of its input, and whether the price is all right.
local t = require('harness')
local test, equal, contains = t.test, t.equal, t.contains
local imagewire = require('imagewire')

local text = { type = 'string' }

local function listed(id, properties, price)
  local schema = { type = 'object', properties = vim.tbl_extend('force', { prompt = text }, properties) }
  return { model_id = id, name = id, type = 'text-to-image', base_price = price, description = 'Paints ' .. id .. '.', api_schema = { api_schemas = {
    { type = 'model_run', server = '', api_path = '/' .. id, method = 'POST', request_schema = schema },
  } } }
end

local catalogue = vim.json.encode({ usd = 0.25, catalogue = {
  listed('acme/painter', {
    size = { type = 'string', default = '1024*1024', enum = { '1024*1024', '1024*1536' }, description = 'How large' },
    transparent = { type = 'boolean' }, seed = { type = 'integer', minimum = -1 }, image = text,
  }, 0.04),
  listed('acme/sketcher', { quality = { type = 'string', enum = { 'low', 'high' } } }, 0.005),
  listed('zoo/animals', {}, 0.1),
} })

local function newest()
  return t.call('status', { id = t.call('list', { limit = 1 }).predictions[1].id, full = true })
end

local function painter()
  t.settings({ input = {}, configuration = { model = 'acme/painter', wavespeed_api_key = 'wsk_SECRETsecret0123456789' } })
end

test('a model is chosen by its name, description and price, for the session [editor 29]', function()
  t.wavespeed(catalogue, function()
    painter()
    local entries
    t.choosing(function(items, options)
      entries = vim.tbl_map(options.format_item, items)
      return items[2]
    end, function()
      vim.cmd('ImagewireModel acme')
      t.message('model for this session: acme/sketcher, $0.005')
    end)
    equal(#entries, 2)
    t.matches(entries[1], '^acme/painter · %$0%.04 · Paints acme/painter%.')
    t.edit('note.md')
    vim.cmd('Imagewire a fox')
    t.idle()
    equal(newest().model, 'acme/sketcher')
    -- By its whole name without a question, and back to that of the settings.
    vim.cmd('ImagewireModel zoo/animals')
    t.message('model for this session: zoo/animals, $0.10')
    vim.cmd('ImagewireModel!')
    t.message('that of the settings')
    vim.cmd('Imagewire a fox')
    t.idle()
    equal(newest().model, 'acme/painter')
    vim.cmd('ImagewireModel no such words')
    t.message('no model has these words')
    equal(vim.fn.getcompletion('ImagewireModel acme/', 'cmdline'), { 'acme/painter', 'acme/sketcher' })
  end)
end)

test('size and other fields are chosen from the schema, for the session [editor 30]', function()
  t.wavespeed(catalogue, function()
    painter()
    local asked = {}
    t.choosing(function(items, options)
      table.insert(asked, vim.tbl_map(options.format_item, items))
      -- The size, which is first; then its second value.
      return #asked == 1 and items[1] or items[2]
    end, function()
      vim.cmd('ImagewireInput')
      t.message('size for this session: 1024*1536')
    end)
    equal(asked[1], { 'size: 1024*1024 (default) · How large', 'seed: …', 'transparent: …' })
    equal(asked[2], { '1024*1024', '1024*1536' })
    vim.cmd('ImagewireInput transparent=true')
    t.message('transparent for this session: true')
    t.answering('7', function()
      vim.cmd('ImagewireInput seed')
      t.message('seed for this session: 7')
    end)
    t.edit('note.md')
    vim.cmd('Imagewire a fox')
    t.idle()
    equal(newest().input, { prompt = 'a fox', size = '1024*1536', transparent = true, seed = 7 })
    for _, wrong in ipairs({ 'size=9*9', 'seed=x', 'seed=-2', 'seed=1.5', 'transparent=maybe', 'nothing=1' }) do
      t.messages = {}
      vim.cmd('ImagewireInput ' .. wrong)
      t.message('Nothing was changed')
    end
    equal(vim.fn.getcompletion('ImagewireInput s', 'cmdline'), { 'size=', 'seed=' })
    equal(vim.fn.getcompletion('ImagewireInput size=', 'cmdline'), { 'size=1024*1024', 'size=1024*1536' })
    vim.cmd('ImagewireInput!')
    vim.cmd('Imagewire a fox')
    t.idle()
    equal(newest().input, { prompt = 'a fox' })
  end)
end)

test('above ask_above the price is asked first; if the answer is no, nothing is sent [editor 31]', function()
  t.wavespeed(catalogue, function()
    painter()
    require('imagewire').setup(vim.tbl_extend('force', require('imagewire.config').values, { ask_above = 0.2 }))
    t.edit('note.md', { 'text' })
    local before = t.count()
    t.choosing(function(items, options)
      contains(options.prompt, 'a fox costs about $0.25. Make it?')
      return items[2]
    end, function()
      vim.cmd('Imagewire a fox')
      contains(t.message('cancelled. Nothing was spent. (a fox)').text, 'Nothing was spent.')
    end)
    t.idle()
    equal({ t.lines(), t.count() }, { { 'text' }, before })
    t.choosing(function(items) return items[1] end, function()
      vim.cmd('Imagewire a fox')
      t.idle()
    end)
    equal(t.lines(), { 'text![a fox](images/a-fox.png)' })
    -- Below it nobody is asked.
    require('imagewire').setup(vim.tbl_extend('force', require('imagewire.config').values, { ask_above = 0.3 }))
    t.choosing(function() error('asked') end, function()
      vim.cmd('Imagewire a yak')
      t.idle()
    end)
    contains(t.lines()[1], '![a yak](images/a-yak.png)')
  end)
end)

test('an unknown price is asked too, and cancelling meanwhile sends nothing [editor 31]', function()
  t.wavespeed('{"price": [{"do": "500", "times": "forever"}]}', function()
    imagewire.setup(vim.tbl_extend('force', require('imagewire.config').values, { ask_above = 1 }))
    t.edit('note.md', { 'text' })
    local before = t.count()
    local asked
    local select = vim.ui.select
    vim.ui.select = function(_, options) asked = options.prompt end
    vim.cmd('Imagewire a fox')
    t.wait_for('the question', function() return asked end)
    vim.ui.select = select
    contains(asked, 'an unknown price')
    vim.cmd('ImagewireCancel')
    contains(t.message('cancelled. Nothing was spent. (a fox)').text, 'Nothing was spent.')
    t.idle()
    equal({ t.lines(), t.count() }, { { 'text' }, before })
  end)
end)

test('a long list of models is in a window, which waits for no key', function()
  local models = {}
  for number = 1, 60 do
    table.insert(models, listed(('acme/model-%02d'):format(number), {}, 0.01))
  end
  local select = vim.ui.select
  vim.ui.select = t.select
  t.wavespeed(vim.json.encode({ catalogue = models }), function()
    vim.cmd('ImagewireModel')
    t.wait_for('the list', function() return #t.lines() == 61 end)
    contains(t.lines()[31], 'acme/model-30 · $0.01')
    vim.api.nvim_win_set_cursor(0, { 31, 0 })
    t.type('<CR>')
    t.message('model for this session: acme/model-30')
    equal(#vim.api.nvim_list_wins(), 1)
    vim.cmd('ImagewireModel')
    t.wait_for('the list', function() return #t.lines() == 61 end)
    t.type('q')
    equal(require('imagewire.choices').model, 'acme/model-30')
  end)
  vim.ui.select = select
end)
