// What a plain Node script would do in the program's place: parse a line, look the prediction up, write the reply.
import { createInterface } from "node:readline";

const prediction = {
  id: "0192f7c2-8a7e-7cc1-bb6a-2f4f5a1c9d11", model: "openai/gpt-image-1-high-fidelity", status: "completed",
  outputs: ["https://d1q70pf5vjeyhc.cloudfront.net/predictions/0192f7c2/1.png"],
  urls: { get: "https://api.wavespeed.ai/api/v3/predictions/0192f7c2/result" }, has_nsfw_contents: [false],
  created_at: "2023-04-01T12:34:56.789Z", error: "", timings: { inference: 12345 },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const request = JSON.parse(line);
  process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id: request.id, result: prediction }) + "\n");
});
