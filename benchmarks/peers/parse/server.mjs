// Parse Server with its GraphQL API, and LiveQuery of artists in the same process.
import express from "express";
import { createServer } from "node:http";
import parse from "parse-server";

const { ParseServer, ParseGraphQLServer } = parse;
const port = +process.env.PORT;
const server = new ParseServer({
  databaseURI: `${process.env.DATABASE_URL}?max=8`,
  appId: "bench", masterKey: "bench", masterKeyIps: ["127.0.0.1", "::1"],
  serverURL: `http://127.0.0.1:${port}/parse`, silent: true, verbose: false, logLevel: "error", logsFolder: null,
  allowClientClassCreation: false,
  liveQuery: { classNames: ["Artist"] }, startLiveQueryServer: false,
});
await server.start();
const app = express();
app.use("/parse", server.app);
await new ParseGraphQLServer(server, { graphQLPath: "/graphql" }).applyGraphQL(app);
const listening = createServer(app);
listening.listen(port, "127.0.0.1", async () => {
  const everybody = { "*": true };
  await fetch(`http://127.0.0.1:${port}/parse/schemas/Artist`, {
    method: "POST",
    headers: { "X-Parse-Application-Id": "bench", "X-Parse-Master-Key": "bench", "Content-Type": "application/json" },
    body: JSON.stringify({
      className: "Artist", fields: { name: { type: "String" } },
      classLevelPermissions: { find: everybody, get: everybody, create: everybody, addField: {} },
    }),
  });
  await ParseServer.createLiveQueryServer(listening);
  console.log("listening");
});
