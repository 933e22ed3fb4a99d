// Sends back what it is sent, as a process or a thread.
import { parentPort } from "node:worker_threads";

if (parentPort) parentPort.on("message", (message) => parentPort.postMessage(message));
else process.on("message", (message) => process.send(message));
