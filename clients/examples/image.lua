-- lua image.lua "a red fox"
-- Lua opens a pipe in one direction only, so the request comes from a file. A program with a JSON library uses that.
local prompt = arg[1]
if not prompt then
  io.stderr:write('usage: image.lua PROMPT\n')
  os.exit(1)
end
local quoted = '"' .. prompt:gsub('[%c"\\]', function(c) return ('\\u%04x'):format(c:byte()) end) .. '"'
local name = os.tmpname()
local request = assert(io.open(name, 'w'))
request:write('{"jsonrpc":"2.0","id":1,"method":"submit","params":{"prompt":', quoted, ',"wait_ms":1800000}}\n')
request:close()
local replies = io.popen(("'%s' <'%s'"):format(os.getenv('IMAGEWIRE') or 'imagewire', name))
local reply = replies:read('*a')
replies:close()
os.remove(name)
if not reply:find('"status":"completed"', 1, true) then
  io.stderr:write(reply, '\n')
  os.exit(1)
end
for path in reply:gmatch('"path":"(.-)"') do print(path) end
