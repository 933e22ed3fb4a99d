// Faulty programs in the place of imagewire. The argument chooses one.
import { once } from "node:events";
import { createInterface } from "node:readline";

const kind = process.argv[2];
if (kind === "quits") {
  console.error("imagewire: error: There is no option quits.");
  process.exit(1);
}
if (["old", "ancient", "other", "babbles", "mute"].includes(kind)) console.error(`process ${process.pid}`);
const told = kind === "slow" && once(process, "SIGUSR2");
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (kind === "mute" || id === undefined) continue;
  if (kind === "babbles") console.log("Welcome to imagewire!");
  else if (method === "initialize") {
    const version = kind === "old" ? "0.0.9" : "7.1";
    const reply =
      kind === "ancient"
        ? { error: { code: -32601, message: "Method not found" } }
        : { result: { capabilities: {}, serverInfo: { name: kind === "other" ? "cat" : "imagewire", version } } };
    console.log(JSON.stringify({ jsonrpc: "2.0", id, ...reply }));
  } else if (kind === "dies") {
    console.error("imagewire: error: something broke");
    process.exit(9);
  } else if (kind === "slow") {
    // Writes each request to stderr, and answers after SIGUSR2.
    console.error(`${method} ${params.id ?? ""}`.trim());
    await told;
    console.log(JSON.stringify({ jsonrpc: "2.0", id, result: { id: "p1" } }));
  } else if (kind === "unread") {
    if (method === "result") continue;
    console.log(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32600, message: "Invalid Request" } }));
    console.log(JSON.stringify({ jsonrpc: "2.0", id, result: {} }));
  } else if (kind === "silent") {
    continue;
  } else if (kind === "chatty") {
    // Far more than a pipe holds, before the answer.
    process.stderr.write("x".repeat(2_000_000) + "\n");
    console.log(JSON.stringify({ jsonrpc: "2.0", id, result: { long: "é".repeat(3_000_000) } }));
  }
}
