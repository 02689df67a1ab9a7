// Drives a running Posthouse with OpenAI's own client. The Go test that starts
// it says where it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";

const base = process.env.POSTHOUSE_URL;
const story = [{ role: "user", content: "tell me a story" }];
const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "the weather in a city",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  },
];
const client = (options = {}) =>
  new OpenAI({ baseURL: `${base}/v1`, apiKey: "not-needed-here", maxRetries: 0, ...options });

test("a chat, whole and streamed, says the same", async () => {
  const whole = await client().chat.completions.create({ model: "demo/lab-chat:words=40", messages: story });
  const text = whole.choices[0].message.content;
  assert.equal(text.split(" ").length, 40);
  assert.equal(whole.choices[0].finish_reason, "stop");
  assert.ok(whole.usage.completion_tokens > 0);

  const stream = await client().chat.completions.create({
    model: "demo/lab-chat:words=40",
    messages: story,
    stream: true,
    stream_options: { include_usage: true },
  });
  let joined = "";
  let usage;
  for await (const chunk of stream) {
    joined += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(joined, text);
  assert.deepEqual(usage, whole.usage);
});

test("the fallback answers in place of a target that fails", async () => {
  const { data, response } = await client()
    .chat.completions.create({ model: "demo-fallback", messages: [{ role: "user", content: "你是谁" }] })
    .withResponse();
  assert.match(data.choices[0].message.content, /demo-chat/);
  // Asked, asked twice again after a pause, then the fallback.
  assert.equal(response.headers.get("x-posthouse-attempts"), "2");
});

test("tools are called, streamed, and their results used", async () => {
  const ask = [{ role: "user", content: "What is the weather in Paris?" }];
  const runner = client().chat.completions.stream({ model: "demo/lab-tools2", messages: ask, tools });
  const first = await runner.finalChatCompletion();
  const calls = first.choices[0].message.tool_calls;
  assert.equal(first.choices[0].finish_reason, "tool_calls");
  assert.equal(calls.length, 2);
  for (const call of calls) assert.equal(typeof JSON.parse(call.function.arguments).city, "string");

  const second = await client().chat.completions.create({
    model: "demo/lab-tools2",
    tools,
    messages: [
      ...ask,
      first.choices[0].message,
      ...calls.map((c) => ({ role: "tool", tool_call_id: c.id, content: "22 degrees and sunny" })),
    ],
  });
  assert.match(second.choices[0].message.content, /22 degrees and sunny/);
});

test("structured output fits its schema", async () => {
  const answer = await client().chat.completions.create({
    model: "demo/lab-chat",
    messages: story,
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "story",
        strict: true,
        schema: {
          type: "object",
          properties: { title: { type: "string" }, pages: { type: "integer" } },
          required: ["title", "pages"],
          additionalProperties: false,
        },
      },
    },
  });
  const parsed = JSON.parse(answer.choices[0].message.content);
  assert.equal(typeof parsed.title, "string");
  assert.ok(Number.isInteger(parsed.pages));
});

test("embeddings, models and responses", async () => {
  const embedded = await client().embeddings.create({ model: "demo-embed", input: ["a", "b"] });
  assert.equal(embedded.data.length, 2);
  assert.ok(embedded.data[0].embedding.length > 0);
  assert.notDeepEqual(embedded.data[0].embedding, embedded.data[1].embedding);

  const ids = [];
  for await (const model of client().models.list()) ids.push(model.id);
  assert.ok(ids.includes("demo-chat") && ids.includes("demo-fallback"), ids.join());

  const response = await client().responses.create({ model: "demo-chat", input: "who are you?" });
  assert.ok(response.output_text.length > 0);
});

test("speech and transcription pass through", async () => {
  const speech = await client().audio.speech.create({ model: "demo/demo-tts", voice: "alloy", input: "hello" });
  const bytes = Buffer.from(await speech.arrayBuffer());
  assert.ok(bytes.length > 0);
  const file = await OpenAI.toFile(bytes, "hello.wav");
  const heard = await client().audio.transcriptions.create({ model: "demo/demo-stt", file });
  assert.match(heard.text, /hello\.wav/);
});

test("errors are the client's own error classes", async () => {
  const create = (model, options) => client(options).chat.completions.create({ model, messages: story });
  await assert.rejects(create("no-such-model"), (e) => {
    assert.ok(e instanceof OpenAI.NotFoundError);
    assert.equal(e.code, "model_not_found");
    assert.match(e.message, /demo-chat/);
    assert.ok(e.requestID);
    return true;
  });
  await assert.rejects(create("demo/fault-e400ctx"), (e) => {
    assert.ok(e instanceof OpenAI.BadRequestError);
    assert.equal(e.code, "context_length_exceeded");
    return true;
  });
  await assert.rejects(create("demo/fault-e500"), OpenAI.InternalServerError);
  await assert.rejects(create("demo/lab-chat", { apiKey: "ph-mistyped" }), OpenAI.AuthenticationError);
});

test("a stream that breaks off is an error, never a short answer", async () => {
  const stream = await client().chat.completions.create({ model: "demo/fault-die", messages: story, stream: true });
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, OpenAI.APIError);
});

test("a client that leaves ends its stream", async () => {
  const stream = await client().chat.completions.create({ model: "demo/fault-never", messages: story, stream: true });
  for await (const _ of stream) break;
  assert.ok(stream.controller.signal.aborted);
});
