// A real sign-in server: better-auth with the two plugins that Photon's dashboard uses, state in
// memory, and a project list that any valid session opens. Prints its address; ends with its
// standard input.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler, fromNodeHeaders } from "better-auth/node";
import { bearer, deviceAuthorization } from "better-auth/plugins";

const data = { user: [], session: [], account: [], verification: [], deviceCode: [] };
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const auth = betterAuth({
    baseURL: url,
    secret: "a secret for tests, of no use elsewhere",
    database: memoryAdapter(data),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [
      bearer(),
      deviceAuthorization({
        expiresIn: "30m",
        interval: "1s",
        verificationUri: "/device",
        schema: {},
        validateClient: (id) => id === "photon-cli",
      }),
    ],
  });
  const handle = toNodeHandler(auth);
  server.on("request", async (request, response) => {
    if (!request.url.startsWith("/api/projects")) return handle(request, response);
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    response.writeHead(session ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(session ? [] : { error: "Unauthorized" }));
  });
  console.log(url);
});
process.stdin.on("end", () => process.exit()).resume(); // ends with whoever started it
