// Checked by TypeScript, never run: what must be accepted, and what must not.
import {
  CallError, Client, file, generate, ImagewireError, isDone, pathOf, PredictionFailed, ProcessError, reference, WaitTimeout,
} from "imagewire";
import type {
  Billing, ClientOptions, Deletion, FileKind, MapResult, Model, Page, Prediction, PredictionHandle, SavedFile, Status, SubmitOptions,
  Thumbnail, Update, Validation, Waited,
} from "imagewire";

const options: ClientOptions = { binary: "/bin/imagewire", provider: "sandbox", args: ["--log-level", "debug"], env: { HOME: undefined } };

export async function use(): Promise<string> {
  const client = new Client(options);
  const controller = new AbortController();
  const prediction: Prediction = await client.generate("a red fox", {
    input: { size: "64x64", seed: 7 },
    tags: ["boats"],
    signal: controller.signal,
    timeout: 1_000,
    onProgress: (it) => console.log(it.status, it.timings.total, it.eta_ms),
  });
  await client.result(prediction.id, { timeout: null, onProgress: async (it) => console.log(it.status) });
  const first: SavedFile | undefined = prediction.files[0];
  const kind: FileKind = first?.kind ?? "image";
  console.log(kind === "video", prediction.cost?.amount ?? 0, prediction.failure?.missing?.[0]);
  const page: Page = await client.list({ status: "failed", createdAfter: new Date(), limit: 5 });
  const waited: Waited = await client.wait(page.predictions.map((it) => it.id), { mode: "any" });
  for await (const it of client.updates(prediction.id, { signal: controller.signal })) console.log(it.revision);
  for await (const update of client.subscribe({ tag: "boats" })) show(update);
  for await (const it of client.predictions({ tag: "boats" })) if (isDone(it)) await client.delete([it.id]);
  const { deleted, kept, scrubbed }: Deletion = await client.delete([prediction.id], { files: true });
  console.log(deleted.length, kept?.[0], scrubbed);
  const thumbnail: Thumbnail = await client.thumbnail(prediction.id, { file: 1, size: 256, inline: true });
  console.log(thumbnail.width, thumbnail.base64?.length);
  const status: Status | undefined = waited.predictions[0]?.status;
  const { failure, files, provider_data } = await client.generate("a red fox");
  console.log(failure?.partial?.[0]?.path, files[0]?.duration_ms, provider_data?.["usage"]);
  const { amount, exact, missing } = await client.quote("a red fox", { input: { n: 2 } });
  console.log(amount.toFixed(2), exact, missing[0], (await client.balance("wavespeed")).currency);
  const models: readonly Model[] = await client.models({ provider: "sandbox", search: "fox", kind: "image" });
  const check: Validation = await client.validate("a red fox", { model: models[0]?.id });
  console.log(check.valid, check.problems[0]?.path, models[0]?.input_schema?.["type"], models[0]?.price ?? 0, models[0]?.edit_model);
  await client.close();
  return `${pathOf(prediction)} ${status} ${client.pid ?? "none"}`;
}

/** Fields beside the options, and files. */
export async function fields(client: Client, bytes: Uint8Array): Promise<PredictionHandle> {
  const shared: SubmitOptions = { size: "1024x1024", n: 2, maxCost: 1, tags: "book" };
  await client.quote("a fox", { ...shared, aspect_ratio: "1:1" });
  await client.validate("a fox", shared);
  console.log(pathOf(await generate("a fox", { size: "64x64", timeout: 5_000 })));
  const handle = await client.submit("add snow", { images: [file("fox.png"), bytes, new Blob(["bytes"])], mask: new URL("file:///fox.png") });
  for await (const { status, eta_ms, progress } of handle) console.log(status, eta_ms ?? 0, progress ?? 0);
  await handle.wait({ timeout: null, onProgress: ({ status }) => console.log(status) });
  await client.submit("again", { image: reference(handle) });
  console.log(handle.prediction.status, (await handle.cancel({ chain: true })).billing);
  return handle;
}

/** Both forms of results narrow. */
export async function many(client: Client): Promise<void> {
  for await (const { index, prediction, error } of client.map(["a", { prompt: "b", n: 2 }], { concurrency: 2, ordered: false, size: "64x64" })) {
    if (error) console.error(index, error.message);
    else console.log(index, pathOf(prediction));
  }
  const show = (result: MapResult): string => (result.prediction ? pathOf(result.prediction) : result.error.message);
  for await (const result of client.map(new Set(["a"]))) console.log(show(result));
}

/** Every option may be undefined, as where it comes from an option of the caller. */
export async function passing(client: Client, signal?: AbortSignal, timeout?: number | null, size?: string): Promise<void> {
  await client.generate("a fox", { signal, timeout, size, model: undefined, onProgress: undefined, input: undefined, tags: undefined });
  await (await client.submit("a fox", { signal, upload: undefined })).wait({ signal, timeout });
  await client.wait(["id"], { signal, timeout, mode: undefined });
  await client.list({ status: undefined, createdAfter: undefined });
  await client.thumbnail("id", { size: undefined });
  client.subscribe({ signal, tag: undefined });
  new Client({ binary: undefined, onLog: undefined });
}

/** What `await using client = new Client()` needs. */
export const disposable: { [Symbol.asyncDispose](): PromiseLike<void> } = new Client();

function show(update: Update): string {
  return update.prediction?.id ?? update.deleted ?? (update.reset ? "reset" : update.cursor);
}

export function explain(error: unknown): string {
  if (error instanceof PredictionFailed) return `${error.prediction.billing} ${error.prediction.failure?.hint ?? ""}`;
  if (error instanceof CallError) return `${error.code} ${error.path ?? ""} ${error.type === "queue_full"}`;
  if (error instanceof ProcessError) return `${error.type} ${error.tried?.join() ?? ""}`;
  if (error instanceof WaitTimeout) return error.prediction.id;
  return error instanceof ImagewireError ? ImagewireError.fromJSON(error.toJSON()).message : "something else";
}

export function refused(client: Client, prediction: Prediction, error: CallError): void {
  // @ts-expect-error an option in camel case is the client's own, and there is no such one
  void client.generate("a red fox", { timeOut: 5 });
  // @ts-expect-error an option keeps its type beside fields of any
  void client.generate("a red fox", { model: 5 });
  // @ts-expect-error there is no such status
  void client.list({ status: "done" });
  // @ts-expect-error a misspelt status
  void (prediction.status === "complete");
  // @ts-expect-error a misspelt kind
  void (prediction.files[0]?.kind === "picture");
  // @ts-expect-error a misspelt billing
  const billing: Billing = "charge";
  void billing;
  // @ts-expect-error a misspelt failure
  void (prediction.failure?.type === "content_refusal");
  // @ts-expect-error a misspelt error
  void (error.type === "queue full");
  // @ts-expect-error an id is a string
  void client.status(5);
  // @ts-expect-error what was said is not changed
  prediction.status = "failed";
  // @ts-expect-error it may be absent
  void prediction.input.prompt;
  // @ts-expect-error there may be none
  void prediction.files[0].path;
}
