#!/bin/sh
# One conversation with imagewire, in plain POSIX shell: proof that any language will do.
#
#   conversation.sh PROGRAM PROMPT
#
# A program is spawned, JSON-RPC goes into its stdin and comes out of its stdout, one message a line. That is all.
# Without a key the sandbox draws the picture: offline, free, and the same one every time.
set -eu

program=${1:?usage: conversation.sh PROGRAM PROMPT}
prompt=${2:?usage: conversation.sh PROGRAM PROMPT}

# The demonstration keeps to itself: a table and a folder of its own, and never a paid provider.
here=$(mktemp -d "${TMPDIR:-/tmp}/imagewire-demo.XXXXXX")
mkfifo "$here/requests" "$here/replies"
"$program" --provider sandbox --state-dir "$here/state" --output-dir "$here/pictures" \
  <"$here/requests" >"$here/replies" &
process=$!
exec 3>"$here/requests" 4<"$here/replies"

# Sends one message.
send() {
  printf '  -> %s\n' "$1"
  printf '%s\n' "$1" >&3
}

# Reads one message into $reply. `read -r` keeps backslashes as they are.
receive() {
  IFS= read -r reply <&4
  printf '  <- %s\n\n' "$reply"
}

# A JSON string: backslash and quote are escaped (a prompt with line breaks would need those escaped too).
quoted=$(printf '%s' "$prompt" | sed 's/\\/\\\\/g; s/"/\\"/g')

# The first member of that name with a string value. Enough for this; use a JSON parser for more.
member() { printf '%s' "$reply" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

echo "Submit: the reply has the id, and the prediction is on disk before it is written."
send '{"jsonrpc":"2.0","id":1,"method":"submit","params":{"prompt":"'"$quoted"'"}}'
receive
id=$(printf '%s' "$reply" | sed -n 's/.*"result":{"id":"\([^"]*\)".*/\1/p')

echo "Status: at once, however it stands."
send '{"jsonrpc":"2.0","id":2,"method":"status","params":{"id":"'"$id"'"}}'
receive

echo "Result: as soon as it is finished, at the latest after ten seconds."
send '{"jsonrpc":"2.0","id":3,"method":"result","params":{"id":"'"$id"'","timeout_ms":10000}}'
receive
path=$(member path)

echo "Good-bye: the end of input would do as well."
send '{"jsonrpc":"2.0","id":4,"method":"shutdown"}'
receive
send '{"jsonrpc":"2.0","method":"exit"}'
exec 3>&- 4<&-
wait "$process"
rm -f "$here/requests" "$here/replies"

if [ ! -s "$path" ]; then
  echo "There is no picture." >&2
  exit 1
fi
echo
echo "The picture: $path"
