// The Node client, for kit.py.
import { createInterface } from "node:readline";
import { CallError, Client, PredictionFailed, ProcessError } from "../../../clients/node/src/index.js";

const client = new Client();

async function outcome({ generate, call, params }) {
  try {
    if (generate !== undefined) return { path: (await client.generate(generate)).files[0].path };
    return { result: await client.call(call, params) };
  } catch (error) {
    if (error instanceof CallError) {
      // Its message ends with the hint.
      const message = error.hint ? error.message.slice(0, -error.hint.length - 1) : error.message;
      return { error: { code: error.code, message, data: error.data } };
    }
    if (error instanceof PredictionFailed) return { failed: `${error.message} (billing: ${error.prediction.billing})` };
    if (error instanceof ProcessError) return { lost: error.message };
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await outcome(JSON.parse(line))));
}
await client.close();
