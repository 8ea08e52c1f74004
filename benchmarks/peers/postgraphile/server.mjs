// PostGraphile; for listeners with a subscription that a trigger's NOTIFY feeds, as its documentation shows.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { grafserv } from "postgraphile/grafserv/node";
import preset from "./graphile.config.mjs";

const server = createServer();
server.on("error", (error) => { console.error(error); process.exit(1); });
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(+process.env.PORT, "127.0.0.1", () => console.log("listening"));
