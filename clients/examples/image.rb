# ruby image.rb "a red fox"
require "json"
require "open3"

abort "usage: image.rb PROMPT" unless ARGV.size == 1
params = { prompt: ARGV.first, wait_ms: 1_800_000 }
request = { jsonrpc: "2.0", id: 1, method: "submit", params: params }
line, = Open3.capture2(ENV.fetch("IMAGEWIRE", "imagewire"), stdin_data: "#{JSON.generate(request)}\n")
abort "imagewire gave no reply" if line.empty?
reply = JSON.parse(line)
abort reply["error"]["message"] if reply["error"]
prediction = reply["result"]
abort "#{prediction["status"]}: #{prediction["error"]}" unless prediction["status"] == "completed"
puts prediction["files"].map { |file| file["path"] }
