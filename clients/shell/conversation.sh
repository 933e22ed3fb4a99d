#!/bin/sh
# One conversation with imagewire, in plain POSIX shell: proof that any language will do.
#
#   conversation.sh PROGRAM PROMPT
#
# A program is spawned, JSON-RPC goes into its stdin and comes out of its stdout, one message a line. That is all.
# Without a key the sandbox draws the image: offline, free, and the same one every time.
set -eu

program=${1:?usage: conversation.sh PROGRAM PROMPT}
prompt=${2:?usage: conversation.sh PROGRAM PROMPT}
if ! command -v "$program" >/dev/null; then
  echo "The program $program was not found." >&2
  exit 1
fi

# The demonstration uses its own database and output directory, and never a paid provider.
here=$(mktemp -d "${TMPDIR:-/tmp}/imagewire-demo.XXXXXX")

# Two named pipes are its stdin and its stdout. A pipe opens once both ends are there, so we open them in its order:
# descriptor 3 is written to, descriptor 4 is read from.
mkfifo "$here/requests" "$here/replies"
"$program" --provider sandbox --state-dir "$here/state" --output-dir "$here/images" \
  <"$here/requests" >"$here/replies" &
process=$!
exec 3>"$here/requests" 4<"$here/replies"
rm "$here/requests" "$here/replies"

# Prints an error and exits. Closing its stdin ends the process.
fail() {
  echo "$1" >&2
  exit 1
}
# Writing to a process that has ended must not end this script before its message.
trap '' PIPE

# Sends one message.
send() {
  printf '  -> %s\n' "$1"
  printf '%s\n' "$1" >&3 || fail "imagewire has ended."
}

# Reads one message into $reply. `read -r` keeps backslashes as they are. It sends one request at a time, so the next message
# is its reply; a program that sends several at once compares the `id`.
receive() {
  IFS= read -r reply <&4 || fail "imagewire has ended."
  printf '  <- %s\n\n' "$reply"
  case $reply in *'"error":{'*) fail "imagewire answered with an error; see its reply." ;; esac
}

# A JSON string without its quotes: backslash, quote and tab are escaped, lines are joined by \n, other control
# characters are left out.
tab=$(printf '\t')
quoted=$(printf '%s\n' "$prompt" | tr -d '\000-\010\013-\037' |
  sed 's/\\/\\\\/g; s/"/\\"/g; s/'"$tab"'/\\t/g' | awk '{ printf "%s%s", (NR > 1 ? "\\n" : ""), $0 }')

# The string that follows "NAME": in the reply. Enough for this script; elsewhere use a JSON parser.
member() { printf '%s' "$reply" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

echo "Submit: the reply has the id, and the prediction is on disk before it is written."
send '{"jsonrpc":"2.0","id":1,"method":"submit","params":{"prompt":"'"$quoted"'"}}'
receive
id=$(printf '%s' "$reply" | sed -n 's/.*"result":{"id":"\([^"]*\)".*/\1/p')

echo "Status: the prediction as it is now, at once."
send '{"jsonrpc":"2.0","id":2,"method":"status","params":{"id":"'"$id"'"}}'
receive

echo "Result: as soon as it is finished, at the latest after 50 seconds."
send '{"jsonrpc":"2.0","id":3,"method":"result","params":{"id":"'"$id"'","timeout_ms":50000}}'
receive
path=$(member path)

echo "Shut down: closing its input would also end it."
send '{"jsonrpc":"2.0","id":4,"method":"shutdown"}'
receive
send '{"jsonrpc":"2.0","method":"exit"}'
exec 3>&- 4<&-
wait "$process"

[ -s "$path" ] || fail "The file of the image is empty or missing."
echo
echo "The image: $path"
