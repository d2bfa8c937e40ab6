// Tries the OpenAI-compatible API with OpenAI's client for Node. Prints one JSON object with what it received.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: 0 });
const model = "simulator/fast";
const said = (content) => [{ role: "user", content }];
const tools = [
  {
    type: "function",
    function: {
      name: "get_weather",
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  },
];
const found = {};

const models = [];
for await (const each of client.models.list()) models.push(each.id);
found.models = models;

const chat = await client.chat.completions.create({ model, messages: said("Say a word. [[sim: tokens=10]]") });
found.chat = { finish: chat.choices[0].finish_reason, text: chat.choices[0].message.content, usage: chat.usage };

const stream = client.chat.completions.stream({
  model: "writer",
  messages: said("Say much. [[sim: tokens=30]]"),
  stream_options: { include_usage: true },
});
let streamed = "";
stream.on("content", (piece) => (streamed += piece));
found.stream = { text: streamed, final: await stream.finalContent(), usage: await stream.totalUsage() };
found.stream.text = streamed;

const runner = client.chat.completions.runTools({
  model,
  messages: said('Weather? [[sim: call=get_weather; args={"city": "Oslo"}]]'),
  tools: [{ type: "function", function: { ...tools[0].function, parse: JSON.parse, function: () => "17 degrees" } }],
});
found.tools = await runner.finalContent();

const response = await client.responses.create({ model, input: "Say a word. [[sim: tokens=10]]" });
found.response = { status: response.status, text: response.output_text };

const events = [];
const responding = client.responses.stream({ model, input: "Say much. [[sim: tokens=30]]" });
for await (const event of responding) events.push(event.type);
found.events = { types: events, text: (await responding.finalResponse()).output_text };

found.errors = [];
for (const wrong of [{ model: "nobody" }, { n: 2 }]) {
  try {
    await client.chat.completions.create({ model, messages: said("Hello"), ...wrong });
  } catch (error) {
    found.errors.push({ name: error.constructor.name, status: error.status, code: error.code, param: error.param });
  }
}

console.log(JSON.stringify(found));
