// A bot on Photon's SDK: takes one delivery by its own webhook(), and says what came of it.
import http from "node:http";
import { Spectrum } from "@spectrum-ts/core";

const app = await Spectrum({
  providers: [],
  webhookSecret: process.env.SECRET,
  options: { logLevel: "silent" },
});
const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const sent = new Request(`http://localhost${request.url}`, {
    method: "POST",
    headers: request.headers,
    body: Buffer.concat(chunks),
  });
  const answer = await app.webhook(sent, async () => {});
  response.writeHead(answer.status).end();
  console.log(JSON.stringify({ status: answer.status, text: await answer.text() }));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
