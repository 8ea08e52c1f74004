// Parse Server with its GraphQL API. With RACE set, it has the music store's classes; without it, artists alone, with
// LiveQuery of them in the same process.
import express from "express";
import { createServer } from "node:http";
import parse from "parse-server";

const { ParseServer, ParseGraphQLServer } = parse;
const port = +process.env.PORT;
const race = Boolean(process.env.RACE);
const server = new ParseServer({
  databaseURI: `${process.env.DATABASE_URL}?max=8`,
  appId: "bench", masterKey: "bench", masterKeyIps: ["127.0.0.1", "::1"],
  serverURL: `http://127.0.0.1:${port}/parse`, silent: true, verbose: false, logLevel: "error", logsFolder: null,
  allowClientClassCreation: false,
  ...(race ? {} : { liveQuery: { classNames: ["Artist"] }, startLiveQueryServer: false }),
});
await server.start();
const app = express();
app.use("/parse", server.app);
await new ParseGraphQLServer(server, { graphQLPath: "/graphql" }).applyGraphQL(app);

const everybody = { "*": true };
const text = { type: "String" }, number = { type: "Number" };
const declare = (className, fields, method = "POST") => fetch(`http://127.0.0.1:${port}/parse/schemas/${className}`, {
  method,
  headers: { "X-Parse-Application-Id": "bench", "X-Parse-Master-Key": "bench", "Content-Type": "application/json" },
  body: JSON.stringify({
    className, fields,
    classLevelPermissions: { find: everybody, get: everybody, count: everybody, create: everybody, addField: {} },
  }),
});

const listening = createServer(app);
listening.listen(port, "127.0.0.1", async () => {
  if (race) {
    const track = { trackId: number, name: text, composer: text, milliseconds: number, bytes: number, unitPrice: number };
    await declare("Artist", { artistId: number, name: text });
    await declare("Track", track);
    await declare("Album", {
      albumId: number, title: text,
      artist: { type: "Pointer", targetClass: "Artist" }, tracks: { type: "Relation", targetClass: "Track" },
    });
    await declare("Track", { album: { type: "Pointer", targetClass: "Album" } }, "PUT");
  } else {
    await declare("Artist", { name: text });
    await ParseServer.createLiveQueryServer(listening);
  }
  console.log("listening");
});
