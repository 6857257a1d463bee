// The official clients for Node at a gateway: one JSON line for each trial, with what came of it.
// node trials.mjs BASE_URL      (the gateway's, with /v1)
import assert from "node:assert/strict";
import { Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, handoff, setTracingDisabled, tool } from "@openai/agents";
import OpenAI, { BadRequestError } from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const CHAT = "/v1/chat/completions";
const RESPONSES = "/v1/responses";
const MODELS = "/v1/models";
const client = new OpenAI({ baseURL: process.argv[2], apiKey: "any", maxRetries: 0 });
const ask = { model: "auto", messages: [{ role: "user", content: "Where is the Louvre?" }] };
const question = ask.messages[0].content;
const asked = { model: "auto", input: question };
const City = z.object({ city: z.string() });
const where = { name: "where", description: "Finds.", parameters: { type: "object", properties: { city: { type: "string" } } } };

async function created() {
  const told = await client.chat.completions.create(ask);
  assert.equal(told.choices[0].message.content, "Paris.");
  assert.equal(told.usage.total_tokens, 15);
}

async function streamed() {
  const parts = [];
  let usage;
  const options = { ...ask, stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create(options)) {
    parts.push(chunk.choices[0]?.delta.content ?? "");
    usage = chunk.usage ?? usage;
  }
  assert.equal(parts.join(""), "Paris.");
  assert.equal(usage.total_tokens, 15);
}

async function streamedByHelper() {
  assert.equal(await client.chat.completions.stream(ask).finalContent(), "Paris.");
}

async function parsed() {
  const format = zodResponseFormat(City, "city");
  const told = await client.chat.completions.parse({ ...ask, response_format: format });
  assert.deepEqual(told.choices[0].message.parsed, { city: "Paris" });
}

async function ranTools() {
  const asked = [];
  const run = { ...where, parse: JSON.parse, function: ({ city }) => (asked.push(city), "It is there.") };
  const runner = client.chat.completions.runTools({ ...ask, tools: [{ type: "function", function: run }] });
  assert.equal(await runner.finalContent(), "Paris.");
  assert.deepEqual(asked, ["Paris", "Paris"]);
}

async function withHeaders() {
  const { data, response } = await client.chat.completions.create(ask).withResponse();
  assert.equal(data.choices[0].finish_reason, "stop");
  assert.ok(response.headers.get("x-portfolio-model"));
}

async function listed() {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.ok(names.includes("portfolio/simple"));
}

async function retrieved() {
  assert.equal((await client.models.retrieve("portfolio/simple")).id, "portfolio/simple");
}

async function responded() {
  const told = await client.responses.create(asked);
  assert.equal(told.output_text, "Paris.");
  assert.equal(told.usage.total_tokens, 15);
}

async function respondedInEvents() {
  const parts = [];
  for await (const event of await client.responses.create({ ...asked, stream: true })) parts.push(event.delta ?? "");
  assert.equal(parts.join(""), "Paris.");
}

async function respondedByHelper() {
  assert.equal((await client.responses.stream(asked).finalResponse()).output_text, "Paris.");
}

async function respondedToType() {
  const told = await client.responses.parse({ ...asked, text: { format: zodTextFormat(City, "city") } });
  assert.deepEqual(told.output_parsed, { city: "Paris" });
}

async function respondedWithCalls() {
  const tools = [{ type: "function", strict: false, ...where }];
  const told = await client.responses.create({ ...asked, tools });
  const results = told.output.map(({ call_id }) => ({ type: "function_call_output", call_id, output: "It is there." }));
  const input = [{ role: "user", content: question }, ...told.output, ...results];
  assert.equal((await client.responses.create({ model: "auto", input, tools })).output_text, "Paris.");
}

const byChats = () => new OpenAIChatCompletionsModel(client, "auto");
const byResponses = () => new OpenAIResponsesModel(client, "auto");
let model = byChats;
const runner = new Runner({ tracingDisabled: true });

async function ran() {
  const told = await runner.run(new Agent({ name: "guide", instructions: "Be short.", model: model() }), question);
  assert.equal(told.finalOutput, "Paris.");
}

async function ranStreamed() {
  const told = await runner.run(new Agent({ name: "guide", model: model() }), question, { stream: true });
  const parts = [];
  for await (const part of told.toTextStream()) parts.push(part);
  await told.completed;
  assert.equal(parts.join(""), "Paris.");
}

async function ranWithTool() {
  const asked = [];
  const finds = tool({ ...where, parameters: City, execute: ({ city }) => (asked.push(city), "It is there.") });
  const told = await runner.run(new Agent({ name: "guide", tools: [finds], model: model() }), question);
  assert.equal(told.finalOutput, "Paris.");
  assert.deepEqual(asked, ["Paris", "Paris"]);
}

async function ranToType() {
  const told = await runner.run(new Agent({ name: "guide", outputType: City, model: model() }), question);
  assert.deepEqual(told.finalOutput, { city: "Paris" });
}

async function ranWithHandoff() {
  const expert = new Agent({ name: "expert", model: model() });
  const guide = new Agent({ name: "guide", handoffs: [handoff(expert)], model: model() });
  const told = await runner.run(guide, question);
  assert.equal(told.lastAgent.name, "expert");
  assert.equal(told.finalOutput, "Paris.");
}

const TRIALS = [
  [CHAT, "`create()`, `usage`", "openai (Node)", created],
  [CHAT, "`stream` with `stream_options.include_usage`", "openai (Node)", streamed],
  [CHAT, "`stream()`", "openai (Node)", streamedByHelper],
  [CHAT, "`parse()` with a zod schema", "openai (Node)", parsed],
  [CHAT, "`runTools()`, calls in parallel", "openai (Node)", ranTools],
  [CHAT, "`withResponse()`, the headers", "openai (Node)", withHeaders],
  [CHAT, "`n`: 2", "openai (Node)", () => client.chat.completions.create({ ...ask, n: 2 })],
  [CHAT, "`logprobs`", "openai (Node)", () => client.chat.completions.create({ ...ask, logprobs: true })],
  [MODELS, "list", "openai (Node)", listed],
  [MODELS, "retrieve", "openai (Node)", retrieved],
  [CHAT, "`run()`", "Agents SDK (Node)", ran],
  [CHAT, "`run()` with `stream`", "Agents SDK (Node)", ranStreamed],
  [CHAT, "`tool()`", "Agents SDK (Node)", ranWithTool],
  [CHAT, "`outputType`", "Agents SDK (Node)", ranToType],
  [CHAT, "`handoffs`", "Agents SDK (Node)", ranWithHandoff],
  [RESPONSES, "`create()`, `usage`", "openai (Node)", responded],
  [RESPONSES, "`create()` with `stream`", "openai (Node)", respondedInEvents],
  [RESPONSES, "`stream()`", "openai (Node)", respondedByHelper],
  [RESPONSES, "`parse()` with a zod schema", "openai (Node)", respondedToType],
  [RESPONSES, "`tools`, two calls and their results", "openai (Node)", respondedWithCalls],
  [RESPONSES, "`background`", "openai (Node)", () => client.responses.create({ ...asked, background: true })],
  [RESPONSES, "`run()`", "Agents SDK (Node)", ran],
  [RESPONSES, "`run()` with `stream`", "Agents SDK (Node)", ranStreamed],
  [RESPONSES, "`tool()`", "Agents SDK (Node)", ranWithTool],
  [RESPONSES, "`outputType`", "Agents SDK (Node)", ranToType],
  [RESPONSES, "`handoffs`", "Agents SDK (Node)", ranWithHandoff],
];

/** Served, or refused with the name of what is refused; anything else is an error, and ends this program. */
async function resultOf(call) {
  try {
    await call();
    return "served";
  } catch (error) {
    if (error instanceof BadRequestError) return `refused: ${error.error.message}`;
    throw error;
  }
}

setTracingDisabled(true); // traces would go to OpenAI
for (const [endpoint, tried, by, call] of TRIALS) {
  model = endpoint === RESPONSES ? byResponses : byChats;
  console.log(JSON.stringify({ endpoint, tried, client: by, result: await resultOf(call) }));
}
