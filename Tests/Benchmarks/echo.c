// The physical limit: parses nothing, and answers each line with one fixed prediction of 414 bytes, or with one of as many
// bytes as the argument says.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char head[] =
    "{\"jsonrpc\":\"2.0\",\"id\":123456,\"result\":{\"id\":\"0192f7c2-8a7e-7cc1-bb6a-2f4f5a1c9d11\",\"model\":"
    "\"openai/gpt-image-1-high-fidelity\",\"status\":\"completed\",\"outputs\":["
    "\"https://d1q70pf5vjeyhc.cloudfront.net/predictions/0192f7c2/1.png\"],\"urls\":{\"get\":"
    "\"https://api.wavespeed.ai/api/v3/predictions/0192f7c2/result\"},\"has_nsfw_contents\":[false],"
    "\"created_at\":\"2023-04-01T12:34:56.789Z\",\"error\":\"";
static const char tail[] = "\",\"timings\":{\"inference\":12345}}}\n";
static char in[65536], reply[4096], out[sizeof reply * 4096];

int main(int count, char **arguments) {
  size_t fixed = sizeof head - 1 + sizeof tail - 1, length = count > 1 ? strtoul(arguments[1], 0, 10) : fixed;
  if (length < fixed || length > sizeof reply) return 2;
  memset(reply, 'x', length);
  memcpy(reply, head, sizeof head - 1);
  memcpy(reply + length - (sizeof tail - 1), tail, sizeof tail - 1);
  for (;;) {
    ssize_t got = read(0, in, sizeof in);
    if (got <= 0) return 0;
    size_t filled = 0;
    for (ssize_t i = 0; i < got; i++) {
      if (in[i] != '\n') continue;
      memcpy(out + filled, reply, length);
      filled += length;
    }
    for (size_t written = 0; written < filled;) {
      ssize_t now = write(1, out + written, filled - written);
      if (now <= 0) return 1;
      written += now;
    }
  }
}
