// Drives a running Posthouse with the vendors' own clients: each of them against
// a vendor of each dialect. The Go test that starts it says where it is and
// which models there are; behind each is a fake that is as strict as the vendor.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { generateText, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { z } from "zod";

const base = process.env.POSTHOUSE_URL;
const models = process.env.POSTHOUSE_MODELS.split(",");
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const question = "What is the weather in Paris? The picture shows the place.";
const weather = "22 degrees and sunny";

const openai = () => new OpenAI({ baseURL: `${base}/v1`, apiKey: "not-needed-here", maxRetries: 0 });
const anthropic = () => new Anthropic({ baseURL: base, apiKey: "not-needed-here", maxRetries: 0 });
const google = () => new GoogleGenAI({ apiKey: "not-needed-here", httpOptions: { baseUrl: base } });

for (const model of models) {
  // OpenAI shows summaries of what was thought only to who asks for them, for
  // which chat completions and Anthropic's dialect have no words.
  const showsThoughts = model !== "by-responses";

  test(`openai: chat with ${model}`, async () => {
    const tools = [{ type: "function", function: { name: "get_weather", parameters: schema } }];
    const messages = [
      {
        role: "user",
        content: [
          { type: "text", text: question },
          { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
        ],
      },
    ];
    let thought = "";
    const ask = () =>
      openai()
        .chat.completions.stream({
          model,
          messages,
          tools,
          reasoning_effort: "low",
          stream_options: { include_usage: true },
        })
        .on("chunk", (chunk) => {
          thought += chunk.choices[0]?.delta.reasoning_content ?? "";
        })
        .finalChatCompletion();
    const first = await ask();
    assert.equal(thought !== "", showsThoughts);
    const { message, finish_reason } = first.choices[0];
    assert.equal(finish_reason, "tool_calls");
    assert.equal(message.tool_calls.length, 2);
    assert.ok(first.usage.completion_tokens > 0);
    messages.push(message);
    for (const call of message.tool_calls) {
      assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
      messages.push({ role: "tool", tool_call_id: call.id, content: weather });
    }
    const second = await ask();
    assert.match(second.choices[0].message.content, /22 degrees and sunny/);
    assert.equal(second.choices[0].finish_reason, "stop");
  });

  test(`openai: responses with ${model}`, async () => {
    const tools = [{ type: "function", name: "get_weather", parameters: schema, strict: false }];
    const input = [
      {
        role: "user",
        content: [
          { type: "input_text", text: question },
          { type: "input_image", image_url: `data:image/png;base64,${png}`, detail: "auto" },
        ],
      },
    ];
    const ask = () =>
      openai()
        .responses.stream({
          model,
          input,
          tools,
          store: false,
          reasoning: { effort: "low", summary: "auto" },
          include: ["reasoning.encrypted_content"],
        })
        .finalResponse();
    const first = await ask();
    assert.equal(first.status, "completed");
    const calls = first.output.filter((item) => item.type === "function_call");
    assert.equal(calls.length, 2);
    assert.ok(first.output.some((item) => item.type === "reasoning" && item.summary[0]?.text));
    assert.ok(first.usage.output_tokens > 0);
    for (const { parsed_arguments, ...item } of first.output) input.push(item);
    for (const call of calls) {
      assert.equal(typeof JSON.parse(call.arguments).city, "string");
      input.push({ type: "function_call_output", call_id: call.call_id, output: weather });
    }
    const second = await ask();
    assert.match(second.output_text, /22 degrees and sunny/);
  });

  test(`anthropic: messages with ${model}`, async () => {
    const tools = [{ name: "get_weather", input_schema: schema }];
    const messages = [
      {
        role: "user",
        content: [
          { type: "text", text: question },
          { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
        ],
      },
    ];
    const common = { model, tools, thinking: { type: "enabled", budget_tokens: 2048 }, max_tokens: 8192 };
    const first = await anthropic().messages.stream({ ...common, messages }).finalMessage();
    assert.equal(first.stop_reason, "tool_use");
    assert.ok(first.usage.output_tokens > 0);
    const calls = first.content.filter((block) => block.type === "tool_use");
    assert.equal(calls.length, 2);
    assert.equal(
      first.content.some((block) => block.type === "thinking" && block.thinking),
      showsThoughts,
    );
    for (const call of calls) assert.equal(typeof call.input.city, "string");
    messages.push({ role: "assistant", content: first.content });
    messages.push({
      role: "user",
      content: calls.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: weather })),
    });
    const second = await anthropic().messages.stream({ ...common, messages }).finalMessage();
    assert.equal(second.stop_reason, "end_turn");
    assert.match(second.content.map((block) => block.text ?? "").join(""), /22 degrees and sunny/);
    const counted = await anthropic().messages.countTokens({ model, messages, tools });
    assert.ok(counted.input_tokens > 10);
  });

  test(`google: generateContent with ${model}`, async () => {
    const contents = [
      { role: "user", parts: [{ text: question }, { inlineData: { mimeType: "image/png", data: png } }] },
    ];
    const config = {
      tools: [{ functionDeclarations: [{ name: "get_weather", parametersJsonSchema: schema }] }],
      thinkingConfig: { thinkingBudget: 2048, includeThoughts: true },
    };
    const ask = async () => {
      const parts = [];
      let usage;
      for await (const chunk of await google().models.generateContentStream({ model, contents, config })) {
        parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
        usage = chunk.usageMetadata ?? usage;
      }
      assert.ok(usage.totalTokenCount > 0);
      return parts;
    };
    const parts = await ask();
    const calls = parts.filter((part) => part.functionCall);
    assert.equal(calls.length, 2);
    assert.ok(parts.some((part) => part.thought && part.text));
    contents.push({ role: "model", parts });
    contents.push({
      role: "user",
      parts: calls.map(({ functionCall: { id, name } }) => ({
        functionResponse: { ...(id && { id }), name, response: { output: weather } },
      })),
    });
    const text = (await ask()).map((part) => (part.thought ? "" : (part.text ?? ""))).join("");
    assert.match(text, /22 degrees and sunny/);
    const counted = await google().models.countTokens({ model, contents });
    assert.ok(counted.totalTokens > 10);
  });

  for (const [name, provider] of [
    ["openai chat", () => createOpenAI({ baseURL: `${base}/v1`, apiKey: "x" }).chat(model)],
    ["openai responses", () => createOpenAI({ baseURL: `${base}/v1`, apiKey: "x" }).responses(model)],
    ["anthropic", () => createAnthropic({ baseURL: `${base}/v1`, apiKey: "x" })(model)],
    ["google", () => createGoogleGenerativeAI({ baseURL: `${base}/v1beta`, apiKey: "x" })(model)],
  ]) {
    test(`ai with ${name}: a tool loop with ${model}`, async () => {
      const loop = {
        model: provider(),
        maxRetries: 0,
        stopWhen: stepCountIs(4),
        providerOptions: {
          openai: {
            reasoningEffort: "low",
            // This fake keeps no answers, as OpenAI does for those who ask for
            // it. Answers of all other vendors are kept by Posthouse.
            ...(model === "by-responses" && name === "openai responses"
              ? { store: false, include: ["reasoning.encrypted_content"] }
              : {}),
          },
          anthropic: { thinking: { type: "enabled", budgetTokens: 2048 } },
          google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } },
        },
        tools: {
          get_weather: tool({ inputSchema: z.object({ city: z.string() }), execute: async () => weather }),
        },
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: question },
              { type: "image", image: `data:image/png;base64,${png}` },
            ],
          },
        ],
      };
      const whole = await generateText(loop);
      assert.match(whole.text, /22 degrees and sunny/);
      assert.equal(whole.steps.length, 2);
      const stream = streamText({ ...loop, onError: () => {} });
      let text = "";
      let thought = "";
      for await (const part of stream.fullStream) {
        if (part.type === "error") throw part.error;
        if (part.type === "text-delta") text += part.text;
        if (part.type === "reasoning-delta") thought += part.text;
      }
      // This client reads no reasoning in chat completions, and asks for none in
      // the Responses API of models that it does not know.
      if (name === "google" || (name === "anthropic" && showsThoughts)) assert.notEqual(thought, "");
      assert.match(text, /22 degrees and sunny/);
      assert.equal((await stream.steps).length, 2);
    });
  }
}

test("errors and lists are each client's own", async () => {
  await assert.rejects(
    anthropic().messages.create({ model: "nothing", max_tokens: 5, messages: [{ role: "user", content: "x" }] }),
    (e) => {
      assert.ok(e instanceof Anthropic.NotFoundError);
      assert.equal(e.error.error.type, "not_found_error");
      return true;
    },
  );
  await assert.rejects(google().models.generateContent({ model: "nothing", contents: "x" }), (e) => {
    assert.equal(e.status, 404);
    assert.match(e.message, /NOT_FOUND/);
    return true;
  });
  const listed = [];
  for await (const model of anthropic().models.list()) listed.push(model.id);
  assert.ok(listed.includes(models[0]), listed.join());
  const googles = [];
  for await (const model of await google().models.list()) googles.push(model.name);
  assert.ok(googles.includes(`models/${models[0]}`), googles.join());
});
