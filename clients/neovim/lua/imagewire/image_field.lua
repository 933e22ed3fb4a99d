--- The field of a model's input that takes an image, as `imagewire edit` chooses it.
local M = {}

--- The field of a schema that takes an image, and whether it takes a list: one of the usual names, otherwise the first that is
--- named for images, a required one before others. Nil where the schema has none.
local function field_in(schema)
  local function is_list(name)
    local kind = schema.properties[name].type
    return kind == 'array' or (type(kind) == 'table' and vim.tbl_contains(kind, 'array'))
  end
  for _, name in ipairs({ 'images', 'image', 'image_urls', 'image_url', 'input_images', 'input_image' }) do
    if schema.properties[name] then
      return name, is_list(name)
    end
  end
  local others = {}
  for name in pairs(schema.properties) do
    local words = '_' .. name:lower():gsub('-', '_') .. '_'
    local is_for_images = words:match('_images?_')
    for _, use in ipairs({ 'mask', 'size', 'num', 'count', 'format', 'last', 'end', 'tail', 'negative', 'strength', 'prompt', 'type' }) do
      is_for_images = is_for_images and not words:find('_' .. use .. '_', 1, true)
    end
    if is_for_images and not words:match('_images?_style_') and not schema.properties[name].enum then
      table.insert(others, name)
    end
  end
  local required = schema.required or {}
  table.sort(others, function(one, other)
    local first, second = vim.tbl_contains(required, one), vim.tbl_contains(required, other)
    if first ~= second then
      return first
    end
    return one < other
  end)
  if others[1] then
    return others[1], is_list(others[1])
  end
end

--- The field of a model that takes an image; nil if it is known to take none. The sandbox and servers without schemas take
--- `image`.
function M.of(model)
  local schema = model and type(model.input_schema) == 'table' and model.input_schema
  if not schema or not schema.properties or model.provider == 'sandbox' then
    return 'image', false
  end
  return field_in(schema)
end

return M
